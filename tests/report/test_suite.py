"""The suite as a table, as CSV and as a heat map."""

from __future__ import annotations

import csv
import io

from tests.evaluation.test_suite import square, tried
from textrnn.report.html import render_section
from textrnn.report.suite import plot_suite, share, squares_csv, squares_table, theory

FOUND = [
    square(tried(test=0.998, longer=1.0, dev=1.0), tried(learning_rate=0.1, dev=0.2)),
    square(tried(test=0.5, longer=0.4766), cell="minGRU:3", hidden_size=32, state_numbers=96),
    square(tried(test=0.93, longer=0.05), problem="recall", cell="minGRU:3"),
]


def test_the_table_has_a_gap_where_nothing_was_learnt() -> None:
    assert squares_table(FOUND) == [
        ["test accuracy", "LSTM", "minGRU:3"],
        ["parity", ".99 / 1.00", ".50 / .48"],
        ["recall", "", ".93 / .05"],
    ]


def test_columns_have_an_order() -> None:
    assert squares_table(FOUND, ["SRN", "minGRU:3"])[0] == ["test accuracy", "minGRU:3", "LSTM"]


def test_only_all_is_all() -> None:
    assert [share(value) for value in (1.0, 0.9999, 0.994, 0.0, 0.004)] == ["1.00", ".99", ".99", ".00", ".00"]


def test_csv_has_a_line_for_each_length() -> None:
    rows = list(csv.DictReader(io.StringIO(squares_csv(FOUND))))
    assert len(rows) == 6
    assert rows[0] == {
        "problem": "parity", "cell": "LSTM", "length": "24", "accuracy": "0.9980", "whole": "0.9000",
        "learning_rate": "0.01", "steps": "100", "seconds": "4.0", "hidden_size": "64", "state_numbers": "128",
    }  # fmt: skip
    assert (rows[1]["length"], rows[1]["accuracy"]) == ("96", "1.0000")


def test_the_heat_map_has_its_texts() -> None:
    files = plot_suite(FOUND, {"parity": 0.5, "recall": 0.0625})
    assert set(files) == {"suite.png", "suite.svg", "suite.zh.png", "suite.zh.svg"}
    assert all(files[name].startswith(b"\x89PNG") for name in files if name.endswith(".png"))
    english, chinese = (files[name].decode("utf-8") for name in ("suite.svg", "suite.zh.svg"))
    for text in (english, chinese):
        for word in ("parity", "recall", "LSTM", "minGRU:3", ">.99<", ">1.00<", ">.48<", ">.05<", "(.50)", "(.06)"):
            assert word in text
    assert "upper left: at the length learnt from, up to 24" in english
    assert "左上：训练时的长度，最多 24" in chinese
    assert "Gated" not in english


def test_the_theory_stands_on_the_page_in_both_languages() -> None:
    section = render_section([theory({"parity": ("Only <those> that turn.", "只有能翻转的。"), "own": ("", "")})])
    assert section.count("<dd>") == 2
    assert "Only &lt;those&gt; that turn." in section
    assert "只有能翻转的。" in section
    assert "<b>own</b>" in section

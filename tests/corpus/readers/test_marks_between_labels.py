"""What joins the labels of a cell, what may join them, and what stands in names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.readers.files import error, pairs, read
from tests.corpus.readers.test_several import csv_text, how, some_sets, texts_of
from textrnn.corpus.check import ReadFiles
from textrnn.corpus.check.labels import perhaps_several_labels
from textrnn.corpus.readers import Rows
from textrnn.corpus.readers.rows import SeveralLabels


def table(tmp_path: Path, labels: list[str], **settings: object) -> Rows:
    rows = [("text", "tags"), *zip(texts_of(len(labels)), labels, strict=True)]
    return read(tmp_path, "a.csv", csv_text(rows), **settings)


@pytest.mark.parametrize(
    ("mark", "separator"),
    [("；", ";"), ("｜", "|"), ("、", "、"), ("; ", ";"), ("\n", "\n"), ("\r\n", "\n"), (" \n\n", "\n"), ("\n", None)],
)
def test_labels_are_cut_at_it(tmp_path: Path, mark: str, separator: str | None) -> None:
    settings = {} if separator else {"label_separator": r"\n"}
    found = table(tmp_path, [mark.join(each) for each in some_sets()], **settings)
    assert list(map(sorted, found.label_sets or ())) == list(map(sorted, some_sets()))
    assert how(found) == SeveralLabels("joined", "\n" if separator is None else separator, several=8)


def test_a_line_end_within_a_name_is_a_blank(tmp_path: Path) -> None:
    labels = ["science\nand nature", "sports", "news"] * 20
    assert table(tmp_path, labels).labels == ["science and nature", "sports", "news"] * 20


@pytest.mark.parametrize(
    "names",
    [
        ["R&D", "sales", "support"],
        ["TCP/IP", "UDP", "HTTP"],
        ["体育/健康", "财经", "科技"],
        ["体育/健康", "体育", "健康"],
        ["体育/健康", "体育/财经", "体育", "健康", "财经"],
        ["A+", "B+", "A", "B"],
        ["C++", "C", "C#"],
        ["New York", "New Orleans", "York", "Paris"],
        ["Q&A", "food & drink", "food"],
        ["AC/DC", "rock", "folk"],
    ],
)
def test_names_with_such_a_mark(tmp_path: Path, names: list[str]) -> None:
    labels = names * 12
    assert pairs(table(tmp_path, labels)) == list(zip(texts_of(len(labels)), labels, strict=True))


def findings(rows: Rows) -> list[str]:
    return list(map(str, perhaps_several_labels(ReadFiles({"train": rows}, sorted(set(rows.labels)), None))))


@pytest.mark.parametrize("mark", ["+", "&", " ", " & ", "/"])
def test_what_may_join_labels_is_pointed_out(tmp_path: Path, mark: str) -> None:
    labels = ["food", "drink", f"food{mark}drink", "music"] * 10
    rows = table(tmp_path, labels)
    assert rows.labels == labels
    (found,) = findings(rows)
    assert found.startswith(
        f"{tmp_path / 'a.csv'}:4: 10 rows of a class named like several others: 'food{mark}drink', beside 'food' and "
        "'drink', is a class of its own"
    )
    separator = mark.strip() or " "
    assert found.endswith(f"; if {separator!r} joins the labels of a row, say so with `label_separator='{separator}'`")
    sets = table(tmp_path, labels, label_separator=separator).label_sets
    assert (sets or [])[:4] == [("food",), ("drink",), ("food", "drink"), ("music",)]


@pytest.mark.parametrize("names", [["R&D", "R", "sales"], ["A+", "A", "B"], ["New York", "York", "Paris"], ["a", "b"]])
def test_other_names_are_not(tmp_path: Path, names: list[str]) -> None:
    assert findings(table(tmp_path, names * 12)) == []


def test_a_slash_between_many_labels_is_read(tmp_path: Path) -> None:
    found = table(tmp_path, ["a/b", "b/c", "a/c", "a", "b", "c"] * 10)
    assert (found.label_sets or [])[:3] == [("a", "b"), ("b", "c"), ("a", "c")]
    asked = table(tmp_path, ["a/b", "a", "b"] * 10, multi_label=True)
    assert (asked.label_sets or [])[0] == ("a", "b")


def test_a_mark_that_joins_nothing(tmp_path: Path) -> None:
    rows = csv_text([("text", "tags"), *zip(texts_of(4), "abab", strict=True)])
    assert error(tmp_path, "a.csv", rows, label_separator=r"\n") == (
        r"a.csv: no label has '\n' in it; expected `label_separator` to be what joins the labels of a row, or leave it "
        "out"
    )

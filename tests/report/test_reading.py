from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from textrnn.corpus.readers.rows import LeftOut, Reading
from textrnn.report.reading import all_understood, understood

COUNTS = (("train", 2000), ("dev", 250), ("test", 9))
LEFT_OUT = (LeftOut(3, "no-text", "the text is empty", "", None),) * 3


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (
            Reading(
                Path("shop/reviews.csv"),
                "UTF-8",
                "comma",
                True,
                ("review",),
                "stars",
                ("title", "user"),
                12_044,
                LEFT_OUT,
            ),
            "reviews.csv: UTF-8, comma, header; text = review, label = stars (also there: title, user); "
            "12,044 rows, 3 left out (no text: lines 3, 3, 3)",
        ),
        (
            Reading(Path("a.tsv"), "GB18030", "tab", False, ("column 2",), "column 1", (), 1),
            "a.tsv: GB18030, tab, no header; text = column 2, label = column 1; 1 row",
        ),
        (
            Reading(
                Path("a.xlsx"), "", "Excel workbook", True, ("title", "body"), "y", (), 7, details=("sheet 1 of 3",)
            ),
            "a.xlsx: Excel workbook, header; text = title + body, label = y; 7 rows; sheet 1 of 3",
        ),
        (
            Reading(Path("a.txt"), "UTF-8", "fastText", None, rows=5, damaged_lines=(2,)),
            "a.txt: UTF-8, fastText; 5 rows, 1 line with damaged bytes (line 2)",
        ),
        (
            Reading(Path("a.csv"), "UTF-8", "comma", True, ("t",), "l", tuple("abcdefghij"), 2_000, (), (1, 2)),
            "a.csv: UTF-8, comma, header; text = t, label = l (also there: a, b, c, d, e, f, g, h and 2 more); "
            "2,000 rows, 2 lines with damaged bytes (lines 1, 2)",
        ),
        (
            Reading(Path("\x1b[31m.csv"), "UTF-8", "comma", True, ("te\nxt" * 40,), "l", (), 2),
            "[31m.csv: UTF-8, comma, header; text = te xtte xtte xtte xtte xtte xtte xtte x…, label = l; 2 rows",
        ),
    ],
)
def test_what_was_understood_of_a_file(reading: Reading, said: str) -> None:
    assert understood(reading) == said


def test_files_that_are_alike_have_one_line() -> None:
    splits = [
        Reading(Path(f"{name}.txt"), "UTF-8", "tab", False, ("column 1",), "column 2", (), n) for name, n in COUNTS
    ]
    assert all_understood(splits) == [
        "train.txt, dev.txt, test.txt: UTF-8, tab, no header; text = column 1, label = column 2; 2,000, 250 and 9 rows"
    ]
    other = dataclasses.replace(splits[1], left_out=LEFT_OUT)
    assert all_understood([splits[0], other, splits[2]]) == list(map(understood, [splits[0], other, splits[2]]))
    assert all_understood(splits[:1]) == [understood(splits[0])]

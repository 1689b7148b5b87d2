from __future__ import annotations

from pathlib import Path

import pytest

from textrnn.corpus.readers.rows import LeftOut, Reading
from textrnn.report.reading import understood

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
            "12,044 rows, 3 left out",
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
            "a.txt: UTF-8, fastText; 5 rows, 1 line with damaged bytes",
        ),
        (
            Reading(Path("a.csv"), "UTF-8", "comma", True, ("t",), "l", tuple("abcdefghij"), 2_000, (), (1, 2)),
            "a.csv: UTF-8, comma, header; text = t, label = l (also there: a, b, c, d, e, f, g, h and 2 more); "
            "2,000 rows, 2 lines with damaged bytes",
        ),
        (
            Reading(Path("\x1b[31m.csv"), "UTF-8", "comma", True, ("te\nxt" * 40,), "l", (), 2),
            "[31m.csv: UTF-8, comma, header; text = te xtte xtte xtte xtte xtte xtte xtte x…, label = l; 2 rows",
        ),
    ],
)
def test_what_was_understood_of_a_file(reading: Reading, said: str) -> None:
    assert understood(reading) == said

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.evaluation.metrics import class_scores
from textrnn.report.text import class_table, confusion_table, display_width, shortened, table


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("财经", 4),
        ("ｆｕ", 4),
        ("한글", 4),
        ("日本a", 5),
        ("", 0),
        ("e\u0301", 1),  # combining marks
        ("\u0301", 0),
        ("q\u0303\u0323x", 2),
        ("a\u200db", 2),
        ("👍", 2),
        ("👍🏽", 2),  # with a skin tone
        ("❤️", 2),  # asked to be a picture
        ("👨\u200d👩\u200d👧", 2),
        ("🇩🇪", 2),
        ("a\tb\x07\n", 2),  # control characters, of which wcswidth says -1
        ("\x1b[31m财", 6),
        ("\x00\x7f\x9f", 0),
    ],
)
def test_width(text: str, width: int) -> None:
    assert display_width(text) == width


@given(st.text(), st.text())
def test_width_is_never_negative_and_grows(one: str, other: str) -> None:
    assert display_width(one) >= 0
    assert display_width(one) <= display_width(one + "\n" + other)


@given(st.text(), st.integers(1, 30))
def test_shortened_fits_whatever_the_text(text: str, widest: int) -> None:
    assert display_width(shortened(text, widest)) <= widest
    assert len(shortened(text, widest).splitlines()) <= 1


def test_shortened_cuts_no_character_in_two() -> None:
    assert shortened("ab👍🏽👍🏽", 5) == "ab👍🏽…"
    assert shortened("e\u0301e\u0301e\u0301e\u0301", 3) == "e\u0301e\u0301…"


def test_shortened_fits_and_stays_on_one_line() -> None:
    assert shortened("ab\ncd\x1b[31m", 20) == "ab cd [31m"
    assert shortened("财经新闻", 5) == "财经…"
    assert display_width(shortened("财" * 100, 76)) <= 76


def test_columns_line_up_in_a_terminal() -> None:
    confusion = np.array([[12, 3, 0], [0, 7, 1], [100, 0, 5]])
    text = confusion_table(confusion, ["财经", "sport", "한글"])
    assert text.splitlines() == [
        "true \\ predicted  财经  sport  한글",
        "财经                12      3     .",
        "sport                .      7     1",
        "한글               100      .     5",
    ]
    assert len({display_width(line) for line in text.splitlines()}) == 1


def test_long_names_become_indices() -> None:
    text = confusion_table(np.eye(2, dtype=int), ["a very long name", "another one"])
    assert text.splitlines()[0].split() == ["true", "\\", "predicted", "0", "1"]
    assert text.splitlines()[1].split() == ["0", "a", "very", "long", "name", "1", "."]


def test_too_many_classes_are_not_printed() -> None:
    names = [str(i) for i in range(200)]
    assert "200 classes are too many" in confusion_table(np.eye(200, dtype=int), names)


def test_class_table() -> None:
    text = class_table(class_scores(np.array([[3, 1], [0, 4]])), ["甲", "乙"], unweighted_f1=0.5)
    assert text.splitlines()[1].split() == ["甲", "1.0000", "0.7500", "0.8571", "4"]
    assert text.splitlines()[-1].split() == ["macro", "mean", "0.5000", "8"]


def test_table_of_uneven_rows() -> None:
    assert table([["a", "b"], ["long", "1", "x"]]) == "a     b\nlong  1  x"

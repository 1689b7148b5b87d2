from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.results import HOSTILE, made_result, split_of
from textrnn.corpus.formulas import without_apostrophe
from textrnn.corpus.readers.rows import Rows
from textrnn.evaluation.records import ClassifierFigures
from textrnn.report.errors_table import Answers, errors_csv
from textrnn.report.plain import as_cell
from textrnn.report.spreadsheet import harmless_cell

NAMES = ["财经", "体育", '=HYPERLINK("x")']


def answers_on(texts: list[str], labels: list[int], predictions: list[int], names: list[str] = NAMES) -> Answers:
    logits = np.random.default_rng(0).normal(size=(len(texts), len(names))).astype(np.float32)
    logits[np.arange(len(texts)), predictions] += 5
    figures = ClassifierFigures(logits, labels, 0.1, 1.5)
    assert figures.predictions.tolist() == predictions
    return Answers(split_of(texts, labels, names, Path("test.csv")), names, figures)


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


@given(
    st.lists(
        st.tuples(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])), st.integers(0, 2), st.integers(0, 2)),
        min_size=1, max_size=20,
    )
)  # fmt: skip
def test_the_file_has_the_wrong_rows_and_no_others(rows: list[tuple[str, int, int]]) -> None:
    texts, labels, predictions = map(list, zip(*rows, strict=True))
    answers = answers_on(texts, labels, predictions)
    header, *found = read(errors_csv(answers))
    assert header == ["line", "text", "true", "predicted", "probability"]
    wrong = [index for index, (_, label, taken) in enumerate(rows) if label != taken]
    probabilities = np.exp(answers.figures._without_smoothing / 1.5)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    assert [row[0] for row in found] == [str(2 * index + 1) for index in wrong]
    assert [row[4] for row in found] == [f"{probabilities[index].max():.4f}" for index in wrong]
    for row, index in zip(found, wrong, strict=True):
        assert row[1] in (texts[index], f"'{texts[index]}")
        assert [row[2].lstrip("'"), row[3].lstrip("'")] == [NAMES[labels[index]], NAMES[predictions[index]]]
        assert not any(cell.strip(" \u00a0\u3000").startswith(("=", "+", "-", "@")) for cell in row)


def test_hostile_texts_are_harmless() -> None:
    count = len(HOSTILE)
    content = errors_csv(answers_on(HOSTILE, [0] * count, [1] * count, HOSTILE))
    assert content.startswith(b"\xef\xbb\xbfline,text,true,predicted,probability\r\n")
    assert not set(content) & ({*range(32)} - set(b"\t\r\n"))
    found = read(content)[1:]
    assert len(found) == count
    assert found[0][1] == HOSTILE[0]
    assert found[HOSTILE.index("=cmd|' /C calc'!A0")][1] == "'=cmd|' /C calc'!A0"
    assert found[-1][1] == "'\ttab, \"quotes\"\nand; lines\nof 'all' kinds"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-5 degrees", "'-5 degrees"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\n=1"),
        ("  =1", "'  =1"),
        ("＝1+1", "'＝1+1"),
        ("a=1", "a=1"),
        ("1-2", "1-2"),
        ("\x00=1", "\ufffd=1"),
        ("", ""),
    ],
)
def test_formulas(text: str, cell: str) -> None:
    assert harmless_cell(text) == cell
    assert without_apostrophe(cell) == as_cell(text, 100)


def test_a_text_longer_than_a_cell_of_excel_is_cut() -> None:
    assert len(harmless_cell("x" * 10**6)) == 32_000


def test_without_a_wrong_row_there_is_the_header() -> None:
    assert errors_csv(answers_on(["a"], [0], [0])) == b"\xef\xbb\xbfline,text,true,predicted,probability\r\n"


def test_the_surest_errors_first() -> None:
    answers = answers_on([f"text {i}" for i in range(30)], [0] * 30, [i % 3 for i in range(30)])
    found = answers.most_confident_errors(7)
    wrong = [index for index in range(30) if index % 3]
    assert found == sorted(wrong, key=lambda index: -answers.confidences[index])[:7]


def test_where_rows_stand() -> None:
    result = made_result(["a", "b"], [0, 1], np.eye(2, dtype=np.float32), ["x", "y"])
    assert [result.answers.place(index) for index in range(2)] == ["1", "2"]
    root = Path("reviews")
    rows = Rows(root, ["a", "b"], ["x", "y"], [1, 1], [root / "x" / "1.txt", root / "y" / "2.txt"])
    result.dataset.test.rows = rows
    assert [result.answers.place(index) for index in range(2)] == ["x/1.txt", "y/2.txt"]

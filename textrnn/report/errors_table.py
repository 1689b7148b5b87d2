"""The answers on the test split row by row: which are wrong, how sure they were, and all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import Split
from textrnn.evaluation.records import ClassifierFigures
from textrnn.report.spreadsheet import spreadsheet

ERRORS_FILE = "errors.csv"
COLUMNS = ("line", "text", "true", "predicted", "probability")


@dataclass(frozen=True)
class Answers:
    """What is answered on the test split, with its texts.

    Attributes:
        linear: (N,) class indices that the linear model answers; None without one
    """

    split: Split
    class_names: Sequence[str]
    figures: ClassifierFigures
    linear: NDArray[np.int64] | None = None

    @cached_property
    def confidences(self) -> NDArray[np.float64]:
        """(N,): the calibrated probability of each answer."""
        return self.figures.confidences[1]

    @cached_property
    def wrong(self) -> NDArray[np.int64]:
        """Indices of the rows that are answered wrong."""
        return np.flatnonzero(~self.figures.right)

    @cached_property
    def linear_right(self) -> NDArray[np.bool_] | None:
        """(N,): which rows the linear model answers right."""
        return None if self.linear is None else self.linear == np.asarray(self.figures.labels)

    def most_confident_errors(self, count: int) -> list[int]:
        """Indices of the wrong rows whose answers were surest."""
        surest_first = np.argsort(-self.confidences[self.wrong], kind="stable")
        return [int(index) for index in self.wrong[surest_first[:count]]]

    def place(self, index: int) -> str:
        """See :func:`place_of`."""
        return place_of(self.split, index)

    def true(self, index: int) -> str:
        """The name of a row's class."""
        return self.class_names[self.figures.labels[index]]

    def predicted(self, index: int) -> str:
        """The name of the class that is answered."""
        return self.class_names[int(self.figures.predictions[index])]

    def linear_answer(self, index: int) -> str:
        """The name of the class that the linear model answers; empty without one."""
        return "" if self.linear is None else self.class_names[int(self.linear[index])]


def place_of(split: Split, index: int) -> str:
    """Where a row stands: its line; of a folder for each class, its file; of texts in memory, its number from 1."""
    rows = split.rows
    if rows is None:
        return str(index + 1)
    if rows.files is None:
        return str(rows.line_numbers[index])
    path = rows.files[index]
    inside = path.relative_to(rows.path) if path.is_relative_to(rows.path) else path
    return str(inside.as_posix())


def errors_csv(answers: Answers) -> bytes:
    """Every wrong row, in the order of the test split, for spreadsheets."""
    return spreadsheet(
        COLUMNS,
        (
            (
                answers.place(index),
                answers.split.texts[index],
                answers.true(index),
                answers.predicted(index),
                float(answers.confidences[index]),
            )
            for index in answers.wrong.tolist()
        ),
    )

"""Answers with several labels, row by row: which are wrong, how, and all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import Split
from textrnn.evaluation.label_scores import LabelRows
from textrnn.evaluation.multi_label import LabelFigures
from textrnn.report.errors_table import place_of
from textrnn.report.spreadsheet import spreadsheet

COLUMNS = ("line", "text", "true", "predicted", "missed", "wrongly_given", "surest")
BETWEEN = "|"  # labels in a cell, as the reader of labelled files takes them


@dataclass(frozen=True)
class LabelAnswers:
    """What is answered on the test split, with its texts.

    Attributes:
        linear: the labels that the linear model gives; None without one
    """

    split: Split
    class_names: Sequence[str]
    figures: LabelFigures
    linear: LabelRows | None = None

    @cached_property
    def wrong(self) -> NDArray[np.int64]:
        """Indices of the rows with a label that is missed or wrongly given."""
        return np.flatnonzero(~self.figures.right)

    @cached_property
    def surest(self) -> NDArray[np.float64]:
        """(N,): of each row, how sure the model was of its worst mistake; 0 of a row without one."""
        scores, shares = self.figures.scores, self.figures.probabilities
        sure = np.where(scores.is_true, 1 - shares, shares)
        found = np.zeros(scores.row_count)
        at = self.figures.is_taken != scores.is_true
        np.maximum.at(found, scores.rows[at], sure[at])
        return found

    def most_confident_errors(self, count: int) -> list[int]:
        """Indices of the wrong rows, those with the surest mistakes first."""
        order = np.argsort(-self.surest[self.wrong], kind="stable")
        return [int(index) for index in self.wrong[order[:count]]]

    def place(self, index: int) -> str:
        """See :func:`textrnn.report.errors_table.place_of`."""
        return place_of(self.split, index)

    def named(self, rows: LabelRows, index: int) -> list[str]:
        """The names of a row's labels."""
        own = rows.indices[int(rows.offsets[index]) : int(rows.offsets[index + 1])]
        return [self.class_names[label] for label in own.tolist()]

    def true(self, index: int) -> list[str]:
        """The labels that a row has."""
        return self.named(self.figures.truth, index)

    def predicted(self, index: int) -> list[str]:
        """The labels that a row is given."""
        return self.named(self.figures.predictions, index)

    def linear_answer(self, index: int) -> list[str]:
        """The labels that the linear model gives; none without one."""
        return [] if self.linear is None else self.named(self.linear, index)


def label_errors_csv(answers: LabelAnswers) -> bytes:
    """Every wrong row, in the order of the test split, for spreadsheets."""

    def row(index: int) -> tuple[str | float, ...]:
        true, predicted = answers.true(index), answers.predicted(index)
        missed, wrong = (
            [name for name in these if name not in those] for these, those in ((true, predicted), (predicted, true))
        )
        cells = (BETWEEN.join(names) for names in (true, predicted, missed, wrong))
        return (answers.place(index), answers.split.texts[index], *cells, float(answers.surest[index]))

    return spreadsheet(COLUMNS, (row(index) for index in answers.wrong.tolist()))

"""The confusion matrix of a page: few enough classes to look at, and the texts of each cell.

Shapes: N test texts, C classes, K rows and columns shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.metrics import confused_pairs, confusion_matrix, row_shares
from textrnn.report.errors_table import Answers
from textrnn.report.plain import json_for_page, plain

MATRIX_CLASSES, MOST_CONFUSED = 40, 30  # with more classes than the first, that many of those confused most
OTHERS = "all others"
WRONG_TEXTS, RIGHT_TEXTS = 20, 10  # of a cell beside the diagonal, on it
TEXT_BYTES = 900_000  # of all texts together
MAX_NAME, MAX_ANSWER = 60, 40  # characters


@dataclass(frozen=True)
class MatrixView:
    """What of the confusion matrix is shown.

    Attributes:
        answers: on the test split
        classes: indices of the classes that have a row and a column of their own
    """

    answers: Answers
    classes: list[int]

    @classmethod
    def of(cls, answers: Answers) -> MatrixView:
        """All classes, or of very many those that are confused most, and one row and column for all others."""
        count = len(answers.class_names)
        if count <= MATRIX_CLASSES:
            return cls(answers, list(range(count)))
        confusion = answers.figures.confusion
        largest = np.argsort(-confusion.sum(axis=1), kind="stable").tolist()
        pairs = confused_pairs(confusion, count * MOST_CONFUSED)
        ordered = dict.fromkeys([index for true, predicted, _ in pairs for index in (true, predicted)] + largest)
        return cls(answers, sorted(list(ordered)[:MOST_CONFUSED]))

    @property
    def left_out(self) -> int:
        """Classes that share one row and one column."""
        return len(self.answers.class_names) - len(self.classes)

    @property
    def names(self) -> list[str]:
        """(K,)"""
        shown = [plain(self.answers.class_names[index], MAX_NAME) for index in self.classes]
        return [*shown, OTHERS] if self.left_out else shown

    @cached_property
    def _row_of(self) -> NDArray[np.int64]:
        """(C,): class index -> row and column."""
        rows = np.full(len(self.answers.class_names), len(self.classes), dtype=np.int64)
        rows[self.classes] = np.arange(len(self.classes))
        return rows

    def _matrix(self, predictions: NDArray[np.int64]) -> NDArray[np.int64]:
        truth = self._row_of[np.asarray(self.answers.figures.labels)]
        return confusion_matrix(truth, self._row_of[predictions], len(self.names))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(K, K), true classes down."""
        return self._matrix(self.answers.figures.predictions)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """(K, K): of each true class."""
        return row_shares(self.counts)

    @cached_property
    def linear_counts(self) -> NDArray[np.int64] | None:
        """(K, K): the linear model's."""
        return None if self.answers.linear is None else self._matrix(self.answers.linear)

    @cached_property
    def texts(self) -> dict[tuple[int, int], list[dict[str, Any]]]:
        """By cell, the texts that are shown: of mistakes the surest, of right answers the least sure.

        There are no more of them than fit the page; each cell has one before any has two.
        """
        found: dict[tuple[int, int], list[dict[str, Any]]] = {}
        cells, left = self._indices_by_cell(), TEXT_BYTES
        for rank in range(max(WRONG_TEXTS, RIGHT_TEXTS)):
            for cell, indices in cells:
                if rank < len(indices):
                    entry = self._entry(indices[rank], cell)
                    left -= len(json_for_page(entry).encode("utf-8")) + 1
                    if left < 0:
                        return found
                    found.setdefault(cell, []).append(entry)
        return found

    def _indices_by_cell(self) -> list[tuple[tuple[int, int], list[int]]]:
        """Of each cell, the indices of the texts that may be shown; mistakes first, the largest cells first."""
        figures, size = self.answers.figures, len(self.names)
        truth, predicted = self._row_of[np.asarray(figures.labels)], self._row_of[figures.predictions]
        cell_of = truth * size + predicted
        surest_first = -self.answers.confidences * np.where(figures.right, -1.0, 1.0)  # right answers the other way
        order = np.lexsort((surest_first, figures.right, cell_of))
        found = []
        for part in np.split(order, np.flatnonzero(np.diff(cell_of[order])) + 1) if len(order) else []:
            true, taken = divmod(int(cell_of[part[0]]), size)
            most = RIGHT_TEXTS if figures.right[part[0]] else WRONG_TEXTS
            found.append(((true, taken), len(part), part[:most].tolist()))
        found.sort(key=lambda cell: (cell[0][0] == cell[0][1], -cell[1]))
        return [(cell, indices) for cell, _, indices in found]

    def _entry(self, index: int, cell: tuple[int, int]) -> dict[str, Any]:
        answers, own = self.answers, len(self.classes)
        entry: dict[str, Any] = {
            "line": plain(answers.place(index), MAX_NAME),
            "text": plain(answers.split.texts[index]),
            "probability": round(float(answers.confidences[index]), 4),
        }
        if answers.linear is not None:
            entry["linear"] = plain(answers.linear_answer(index), MAX_ANSWER)
        if own in cell:  # which of all the others?
            entry |= {
                "true": plain(answers.true(index), MAX_ANSWER),
                "predicted": plain(answers.predicted(index), MAX_ANSWER),
            }
        return entry

    def to_json(self) -> str:
        """For the script of the page."""
        linear = self.linear_counts
        return json_for_page(
            {
                "names": self.names,
                "counts": self.counts.tolist(),
                "linear": None if linear is None else linear.tolist(),
                "texts": {f"{true},{predicted}": texts for (true, predicted), texts in self.texts.items()},
            }
        )

    def rows(self) -> Sequence[tuple[str, list[tuple[int, float]]]]:
        """For the table: the name of each true class, and (texts, share of the class) by predicted class."""
        cells = zip(self.counts.tolist(), self.shares.tolist(), strict=True)
        return [
            (name, list(zip(counts, shares, strict=True)))
            for name, (counts, shares) in zip(self.names, cells, strict=True)
        ]

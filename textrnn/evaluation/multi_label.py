"""Figures of answers with several labels a row.

Shapes: N rows, C classes, S logits that are kept, M labels of all rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.label_scores import LabelCalibration, LabelRows, LabelScores
from textrnn.evaluation.metrics import ONE_SIDED, ClassScores

MOST_PAIRS_OF_A_ROW = 2_500  # of a row with very many wrong labels, no pairs are counted


class Taken(NamedTuple):
    """The labels that are answered: those of row i are ``indices[offsets[i]:offsets[i + 1]]``, rising."""

    indices: NDArray[np.int32]
    offsets: NDArray[np.int64]


@dataclass(frozen=True)
class MissedPair:
    """Two labels that fail together.

    Attributes:
        true: a label of the rows that was missed
        other: a label that was missed with it, or taken in its place
        taken: whether `other` was taken, which the rows do not have
        count: rows
        examples: indices of the first of them
    """

    true: int
    other: int
    taken: bool
    count: int
    examples: list[int]


@dataclass(frozen=True)
class LabelFigures:
    """A classifier's answers on a split, and figures computed from them.

    Attributes:
        truth: the labels of each row
        thresholds: (C,): a label is taken where its probability is at least that
    """

    scores: LabelScores
    truth: LabelRows
    calibration: LabelCalibration
    thresholds: NDArray[np.float64]

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """(S,): calibrated."""
        return self.calibration.of_kept(self.scores)

    @cached_property
    def is_taken(self) -> NDArray[np.bool_]:
        """(S,)"""
        taken: NDArray[np.bool_] = self.probabilities >= self.thresholds[self.scores.classes]
        return taken

    @cached_property
    def predictions(self) -> Taken:
        """The labels that are answered, row by row."""
        scores = self.scores
        counts = np.bincount(scores.rows[self.is_taken], minlength=scores.row_count)
        order = np.lexsort((scores.classes, scores.rows))
        classes = scores.classes[order][self.is_taken[order]]
        return Taken(classes.astype(np.int32), np.concatenate([[0], np.cumsum(counts)]))

    @cached_property
    def tables(self) -> NDArray[np.int64]:
        """(C, 2, 2): of each label, rows without it above those with it, not taken before taken: [[tn, fp], [fn,
        tp]]."""
        scores, classes, size = self.scores, self.scores.classes, self.scores.class_count
        hits = np.bincount(classes[self.is_taken & scores.is_true], minlength=size)
        taken, true = np.bincount(classes[self.is_taken], minlength=size), scores.label_counts
        missed, wrong = true - hits, taken - hits
        right = scores.row_count - hits - missed - wrong
        return np.stack([np.stack([right, wrong], axis=1), np.stack([missed, hits], axis=1)], axis=1)

    @cached_property
    def of_labels(self) -> ClassScores:
        """Precision, recall and F1 of each label, and its rows; 0 where there is nothing to divide by."""
        return label_scores(self.tables)

    @cached_property
    def micro_f1(self) -> float:
        """F1 of all labels of all rows thrown together."""
        return micro_f1(self.tables)

    @cached_property
    def macro_f1(self) -> float:
        """Mean F1 of all labels, those that neither occur nor are taken with 0, as scikit-learn has it."""
        return float(self.of_labels.f1.mean())

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(N,): which rows get all their labels and no others."""
        scores = self.scores
        wrong = np.bincount(scores.rows[self.is_taken != scores.is_true], minlength=scores.row_count)
        found: NDArray[np.bool_] = wrong == 0
        return found

    @property
    def exact_match(self) -> float:
        """Share of rows that are all right."""
        return float(self.right.mean()) if len(self.right) else 0.0

    @cached_property
    def hamming_loss(self) -> float:
        """Share of wrong answers, when it is asked of each row and each label whether it is one of its labels."""
        cells = self.scores.row_count * self.scores.class_count
        return float(self.tables[:, [0, 1], [1, 0]].sum() / max(1, cells))

    @property
    def ranking_average_precision(self) -> float:
        """How far up the labels of a row stand among all, by probability: 1 where they are the likeliest."""
        return self.scores.precision

    @property
    def loss(self) -> float:
        """Cross-entropy of the calibrated probabilities, nats per row, summed over the labels."""
        return self.scores.after.loss / max(1, self.scores.row_count)

    @property
    def uncalibrated_loss(self) -> float:
        """The same of the network's own probabilities."""
        return self.scores.before.loss / max(1, self.scores.row_count)

    @property
    def calibration_errors(self) -> tuple[float, float]:
        """Expected calibration error over all rows and labels, before and after calibration."""
        return self.scores.before.calibration_error, self.scores.after.calibration_error

    @property
    def labels_a_row(self) -> tuple[float, float]:
        """How many labels a row has, and how many it is given, on average."""
        rows = max(1, self.scores.row_count)
        return float(self.scores.is_true.sum() / rows), float(self.is_taken.sum() / rows)

    @cached_property
    def has_learnt(self) -> bool:
        """Whether labels are taken where they are true more often than blind answers of the same shares would be (5 %).

        Source: Mantel & Haenszel 1959: the tables of all labels together.
        """
        tables, rows = self.tables.astype(np.float64), float(self.scores.row_count)
        true, taken = tables[:, 1].sum(axis=1), tables[:, :, 1].sum(axis=1)
        expected = true * taken / max(1.0, rows)
        spread = true * (rows - true) * taken * (rows - taken) / max(1.0, rows**2 * (rows - 1))
        ahead = float((tables[:, 1, 1] - expected).sum())
        return ahead > 1e-9 and ahead > ONE_SIDED * math.sqrt(float(spread.sum()))

    def missed_pairs(self, count: int, examples: int) -> list[MissedPair]:
        """The pairs of labels that fail together most often, `count` at most, each with `examples` rows at most."""
        scores, size = self.scores, self.scores.class_count
        wrong = self.is_taken != scores.is_true
        rows, classes, missed = scores.rows[wrong], scores.classes[wrong], scores.is_true[wrong]
        if not len(rows):
            return []
        codes, of_rows = _pairs(rows, classes.astype(np.int64), missed, size)
        found, counts = np.unique(codes, return_counts=True)
        pairs = []
        for at in np.lexsort((found, -counts))[:count].tolist():
            code = int(found[at])
            taken, rest = divmod(code, size * size)
            true, other = divmod(rest, size)
            those = of_rows[codes == code][:examples].tolist()
            pairs.append(MissedPair(true, other, bool(taken), int(counts[at]), those))
        return pairs


def _pairs(
    rows: NDArray[np.int32], classes: NDArray[np.int64], missed: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """A number for each pair of wrong labels of a row, one of them missed, and the row: (taken * C + missed) * C + the
    other one."""
    codes, of_rows = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(rows)], strict=True):
        lost, wrong = classes[start:end][missed[start:end]], classes[start:end][~missed[start:end]]
        if len(lost) * (len(lost) + len(wrong)) > MOST_PAIRS_OF_A_ROW or not len(lost):
            continue
        together = np.triu_indices(len(lost), 1)
        lost = np.sort(lost)
        both = lost[together[0]] * size + lost[together[1]]
        instead = (size + np.repeat(lost, len(wrong))) * size + np.tile(wrong, len(lost))
        codes.append(np.concatenate([both, instead]))
        of_rows.append(np.full(len(codes[-1]), rows[start], np.int32))
    return np.concatenate(codes), np.concatenate(of_rows)


def label_scores(tables: NDArray[np.int64]) -> ClassScores:
    """(C, 2, 2) counts -> precision, recall, F1 and rows of each label."""
    hits = tables[:, 1, 1].astype(np.float64)
    taken, support = tables[:, :, 1].sum(axis=1), tables[:, 1].sum(axis=1)
    precision = np.divide(hits, taken, out=np.zeros_like(hits), where=taken > 0)
    recall = np.divide(hits, support, out=np.zeros_like(hits), where=support > 0)
    f1 = np.divide(2 * hits, taken + support, out=np.zeros_like(hits), where=taken + support > 0)
    return ClassScores(precision, recall, f1, support)


def micro_f1(tables: NDArray[np.int64]) -> float:
    """F1 of the summed counts; 0 where nothing is true and nothing taken."""
    hits, wrong = int(tables[:, 1, 1].sum()), int(tables[:, 0, 1].sum() + tables[:, 1, 0].sum())
    return 2 * hits / (2 * hits + wrong) if hits + wrong else 0.0


def label_report(figures: LabelFigures, class_names: Sequence[str], pairs: Sequence[MissedPair]) -> dict[str, Any]:
    """The section of ``metrics.json`` on a scored split."""
    of_labels, tables = figures.of_labels, figures.tables.tolist()
    return {
        "micro_f1": figures.micro_f1,
        "macro_f1": figures.macro_f1,
        "exact_match": figures.exact_match,
        "hamming_loss": figures.hamming_loss,
        "ranking_average_precision": figures.ranking_average_precision,
        "loss": figures.loss,
        "rows": figures.scores.row_count,
        "labels_a_row": dict(zip(("true", "taken"), figures.labels_a_row, strict=True)),
        "labels": list(class_names),
        "per_label": {
            name: {
                "precision": float(of_labels.precision[index]),
                "recall": float(of_labels.recall[index]),
                "f1": float(of_labels.f1[index]),
                "support": int(of_labels.support[index]),
                "threshold": float(figures.thresholds[index]),
                "confusion": tables[index],
            }
            for index, name in enumerate(class_names)
        },
        "missed_together": [
            {
                "missed": class_names[pair.true],
                "taken" if pair.taken else "also_missed": class_names[pair.other],
                "rows": pair.count,
            }
            for pair in pairs
        ],
    }

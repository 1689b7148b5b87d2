"""Cross-validation of labelled texts: which of them are learnt from in each fold, and what came of it.

Shapes: n labelled texts, N texts in all, K n-grams, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.calibration import cross_entropy, fit_temperature
from textrnn.evaluation.out_of_fold import assign_folds

FOLDS = 5


@dataclass(frozen=True)
class Part:
    """What is learnt from in one fold, or in the end: rows of labelled texts, then all texts without labels.

    Attributes:
        own: (k,) of the labelled texts, those that are learnt from
        held_out: of the labelled texts, those that are not; empty in the end
        labels: (k,) of `own`
    """

    own: NDArray[np.int64]
    held_out: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """(k,) where the labelled texts stand among those of the part: at the beginning."""
        return np.arange(len(self.own))

    def texts(self, labelled: int, total: int) -> NDArray[np.int64]:
        """Rows of all texts: those of `own`, then those without labels."""
        return np.concatenate([self.own, np.arange(labelled, total)])


def parts_of(
    labels: NDArray[np.int64], different: NDArray[np.int64], *, folds: int = FOLDS, seed: int = 0
) -> list[Part]:
    """The folds, and behind them the whole.

    Rows whose class has no text beside them are learnt in every fold, and never judged. No more folds than a usual
    class has texts, so that a class seldom misses in what is learnt.

    Args:
        labels: (n,) class indices.
        different: (n,) equal for copies of a text.
    """
    everyone = np.arange(len(labels))
    whole = Part(everyone, everyone[:0], labels)
    pairs = np.unique(np.stack([labels, different]), axis=1)
    texts_of = np.bincount(pairs[0], minlength=int(labels.max()) + 1)
    judged = texts_of[labels] > 1
    count = int(min(folds, max(2, np.median(texts_of[texts_of > 0]))))
    if not judged.any():
        return [whole]
    fold_of = assign_folds(different, labels, np.random.default_rng(seed), count)
    found = []
    for fold in range(count):
        held_out = (fold_of == fold) & judged
        if held_out.any():
            found.append(Part(everyone[~held_out], everyone[held_out], labels[~held_out]))
    return [*found, whole]


def judged(out_of_fold: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Accuracy, calibrated loss in nats per row, and the temperature, over the rows that were judged.

    Args:
        out_of_fold: (n, C) scores; NaN for rows that were not.
    """
    rows = np.isfinite(out_of_fold).all(axis=1)
    if not rows.any():
        return math.nan, math.inf, 1.0
    scores, given = out_of_fold[rows], labels[rows]
    temperature = fit_temperature(scores, given)
    right = float((scores.argmax(axis=1) == given).mean())
    return right, cross_entropy(scores, given, temperature), temperature


def numbered(values: Iterable[Hashable]) -> NDArray[np.int64]:
    """(n,) a number for each value, the same for equal ones."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def equal_rows(features: Any) -> NDArray[np.int64]:
    """(n,) a number for each row of sparse features (n, K), the same for equal ones: copies of a text, to the model."""
    rows = features.tocsr()
    rows.sort_indices()
    ends = zip(rows.indptr, rows.indptr[1:], strict=False)
    return numbered((rows.indices[at:end].tobytes(), rows.data[at:end].tobytes()) for at, end in ends)

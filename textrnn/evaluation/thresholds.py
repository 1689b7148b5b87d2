"""Where rows have several labels: how probable each must be to be taken, fitted on rows not learnt from.

Shapes: S probabilities, C classes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.label_scores import LabelCalibration, LabelScores

SHRINKAGE = 200.0  # rows that have the label, at which they and the probabilities say as much; see benchmarks/LOG.md
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.1, 0.95
USUAL_THRESHOLD = 0.5  # of a label that nothing is known of


class _Sorted(NamedTuple):
    """Probabilities class by class, in each the highest first."""

    order: NDArray[np.int64]
    classes: NDArray[np.int64]
    first: NDArray[np.bool_]


def _by_class(classes: NDArray[np.int32], probabilities: NDArray[np.float64]) -> _Sorted:
    order = np.lexsort((-probabilities, classes))
    ordered = classes[order].astype(np.int64)
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return _Sorted(order, ordered, first)


def _sums_within(values: NDArray[np.float64], first: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(S,): of each run that begins where `first` says so, the sum up to here."""
    sums: NDArray[np.float64] = np.cumsum(values)
    starts = np.flatnonzero(first)
    before = np.concatenate([[0.0], sums])[starts]
    within: NDArray[np.float64] = sums - np.repeat(before, np.diff([*starts, len(values)]))
    return within


def thresholds_of(scores: LabelScores, calibration: LabelCalibration) -> NDArray[np.float64]:
    """(C,): the thresholds of a split; what is not kept of it counts, too, as far as it is known."""
    classes, shares, counts = calibration.of_rest(scores)
    return fit_thresholds(
        np.concatenate([scores.classes, classes]),
        np.concatenate([calibration.of_kept(scores), shares]),
        np.concatenate([scores.is_true, np.zeros(len(classes), dtype=np.bool_)]),
        scores.class_count,
        counts=np.concatenate([np.ones(len(scores.classes), dtype=np.int64), counts]),
    )


def fit_thresholds(
    classes: NDArray[np.int32],
    probabilities: NDArray[np.float64],
    is_true: NDArray[np.bool_],
    class_count: int,
    *,
    counts: NDArray[np.int64] | None = None,
    shrinkage: float = SHRINKAGE,
) -> NDArray[np.float64]:
    """(C,): for each class the threshold with the highest F1, halfway between two probabilities.

    A class of few rows would get one by accident. Its labels are therefore mixed with the calibrated probabilities,
    which say what F1 is to be expected (Lipton et al. 2014 choose by them alone): of n rows that have the label, the
    labels count n / (n + `shrinkage`).

    Args:
        classes: (S,): of which class each probability is.
        probabilities: (S,): calibrated.
        is_true: (S,): whether the row has the label.
        counts: (S,): how many rows each stands for; None: one.
    """
    thresholds = np.full(class_count, USUAL_THRESHOLD)
    if not len(classes):
        return thresholds
    order, of_class, first = _by_class(classes, probabilities)
    shares, truth = probabilities[order], is_true[order].astype(np.float64)
    rows = np.ones(len(shares)) if counts is None else counts[order].astype(np.float64)
    true = np.bincount(of_class, weights=rows * truth, minlength=class_count)
    trust = true / (true + shrinkage) if shrinkage else np.ones(class_count)
    mixed = rows * (trust[of_class] * truth + (1 - trust[of_class]) * shares)
    expected = np.bincount(of_class, weights=mixed, minlength=class_count)
    hits, taken = _sums_within(mixed, first), _sums_within(rows, first)
    scores = 2 * hits / np.maximum(taken + expected[of_class], 1e-12)
    last = np.append(first[1:], True)
    following = np.where(last, 0.0, np.append(shares[1:], 0.0))
    scores[(shares == following) & ~last] = -1.0  # equal probabilities are taken together
    halfway = (shares + following) / 2
    best = np.lexsort((-scores, of_class))[first]  # lexsort is stable: the highest of equally good thresholds
    thresholds[of_class[best]] = np.clip(halfway[best], LOWEST_THRESHOLD, HIGHEST_THRESHOLD)
    return thresholds

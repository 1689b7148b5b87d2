"""Accuracy by what texts are like: how long they are, how many rows their class learns from, how sure answers are.

Shapes: N texts, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textrnn.evaluation.metrics import wilson_interval

LENGTH_GROUPS = 8
RELIABILITY_BINS = 15  # those of the expected calibration error


@dataclass(frozen=True)
class Group:
    """Texts that have something in common.

    Attributes:
        low, high: the smallest and the largest value among them
        rows: how many there are
        right: of them, answered right
        linear_right: of them, answered right by the linear model; None without one
        classes: of how many classes
    """

    low: int
    high: int
    rows: int
    right: int
    linear_right: int | None
    classes: int

    @property
    def accuracy(self) -> float:
        """Share answered right."""
        return self.right / self.rows

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on such texts lies, with 95 % confidence."""
        return wilson_interval(self.right, self.rows)

    @property
    def linear_accuracy(self) -> float | None:
        """The linear model's."""
        return None if self.linear_right is None else self.linear_right / self.rows


def by_value(
    values: ArrayLike,
    upper: ArrayLike,
    labels: ArrayLike,
    right: NDArray[np.bool_],
    linear_right: NDArray[np.bool_] | None = None,
) -> list[Group]:
    """Groups by a value of each text; those without a text are left out.

    Args:
        values: (N,)
        upper: the largest value of each group, ascending; the last is at least the largest of all.
        labels: (N,) class indices.
        right, linear_right: (N,): whether the network, the linear model answers right.
    """
    of_text, truth = np.asarray(values), np.asarray(labels)
    group_of = np.searchsorted(np.asarray(upper), of_text, side="left")
    found = []
    for group in np.unique(group_of):
        at = group_of == group
        found.append(
            Group(
                low=int(of_text[at].min()),
                high=int(of_text[at].max()),
                rows=int(at.sum()),
                right=int(right[at].sum()),
                linear_right=None if linear_right is None else int(linear_right[at].sum()),
                classes=len(np.unique(truth[at])),
            )
        )
    return found


def by_length(
    texts: Sequence[str], labels: ArrayLike, right: NDArray[np.bool_], linear_right: NDArray[np.bool_] | None = None
) -> list[Group]:
    """Groups of about as many texts each, by their number of characters."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    shares = np.arange(1, LENGTH_GROUPS + 1) / LENGTH_GROUPS
    return by_value(lengths, np.unique(np.quantile(lengths, shares, method="higher")), labels, right, linear_right)


def by_training_rows(
    training_counts: ArrayLike,
    labels: ArrayLike,
    right: NDArray[np.bool_],
    linear_right: NDArray[np.bool_] | None = None,
) -> list[Group]:
    """Groups of texts by the rows that their class has to learn from: up to 1, 2, 5, 10, 20, 50 and so on.

    Args:
        training_counts: (C,)
    """
    counts = np.asarray(training_counts)[np.asarray(labels)]
    upper = [step * 10**power for power in range(len(str(counts.max()))) for step in (1, 2, 5)]
    upper.append(10 ** len(str(counts.max())))
    return by_value(counts, upper, labels, right, linear_right)


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers that are about equally sure.

    Attributes:
        low, high: the bounds of their confidence; the lower one is not of the bin
        rows: how many there are
        confidence: on average
        accuracy: share of them that is right
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


def reliability(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], bins: int = RELIABILITY_BINS
) -> list[ReliabilityBin]:
    """Bins of equal width, those without an answer left out.

    Args:
        confidences: (N,): the probability of each answer.
        right: (N,)

    Source: Guo et al. 2017, equations 1 and 2.
    """
    bin_of = np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)
    found = []
    for index in np.unique(bin_of):
        at = bin_of == index
        found.append(
            ReliabilityBin(
                low=int(index) / bins,
                high=(int(index) + 1) / bins,
                rows=int(at.sum()),
                confidence=float(confidences[at].mean()),
                accuracy=float(right[at].mean()),
            )
        )
    return found

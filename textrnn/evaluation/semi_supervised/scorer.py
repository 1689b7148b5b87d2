"""A linear model over n-grams, whatever it was fitted by; and how its scores become shares of classes.

Shapes: N texts, K n-grams, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textrnn.evaluation.calibration import softmax

BALANCING_ROUNDS = 3  # of one step towards the shares and one back to sums of one; more of them change little
SMALLEST = 1e-12


@dataclass(frozen=True)
class LinearScorer:
    """Scores of classes that are sums over the n-grams of a text.

    Attributes:
        weights: (C, K)
        biases: (C,)
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]

    def scores(self, features: Any) -> NDArray[np.float64]:
        """(N, K) sparse -> (N, C)."""
        found: NDArray[np.float64] = np.asarray(features @ self.weights.T) + self.biases
        return found


def class_shares(labels: ArrayLike, class_count: int) -> NDArray[np.float64]:
    """(rows,) class indices -> (C,) shares that sum to one, as if one more row of each class had been seen."""
    counts = np.bincount(np.asarray(labels, dtype=np.int64), minlength=class_count) + 1.0
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


def balanced(
    probabilities: NDArray[np.float64], shares: NDArray[np.float64], rounds: int = BALANCING_ROUNDS
) -> NDArray[np.float64]:
    """(N, C) probabilities, moved so that each class gets about its share of all texts; rows sum to one.

    Without it, a mixture lets one class take the texts of the others: classes are then as common as the few labels
    make the model believe, not as they are.

    Args:
        shares: (C,), that sum to one.

    Source: Sinkhorn 1967; distribution alignment, Berthelot et al. 2020 (ReMixMatch), section 3.1.
    """
    found = probabilities
    for _ in range(rounds):
        found = found * (shares / np.maximum(found.mean(axis=0), SMALLEST))
        found = found / np.maximum(found.sum(axis=1, keepdims=True), SMALLEST)
    return found


def guesses(
    scores: ArrayLike,
    shares: NDArray[np.float64],
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    temperature: float,
) -> NDArray[np.float64]:
    """(N, C) scores -> (N, C) how much each text is of each class; labelled rows are wholly of their class.

    Args:
        shares: (C,) of the classes among all texts.
        rows: of the labelled texts.
        labels: their class indices.
        temperature: by which scores are divided.
    """
    found = balanced(softmax(scores, temperature), shares)
    found[rows] = np.eye(len(shares))[labels]
    return found

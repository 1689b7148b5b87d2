"""A linear SVM that learns from the guesses of another model: of each class, the texts that it is surest of.

Shapes: N texts, K n-grams, C classes.

Source: Scudder 1965 (self-training); no more texts of a class than its share, Zou et al. 2018 (class-balanced).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.linear.solver import OF_ONE_KIND, fitted, weights_by_class
from textrnn.evaluation.semi_supervised.scorer import LinearScorer

SUREST = 0.9  # of each class's share; 0.3 costs seven points with 10 labels a class, 0.6 two


def fit_to_guesses(
    features: Any,
    soft_labels: NDArray[np.float64],
    rows: NDArray[np.int64],
    shares: NDArray[np.float64],
    *,
    surest: float = SUREST,
    seed: int = 0,
) -> LinearScorer:
    """The SVM, fitted to the labelled rows and to the surest guesses.

    Args:
        features: (N, K) sparse, of labelled and unlabelled texts.
        soft_labels: (N, C) how much each text is of each class.
        rows: of the labelled texts, which are learnt whatever the others are.
        shares: (C,) of the classes among all texts.
        surest: part of a class's share that is learnt at most.
    """
    learnt = np.union1d(rows, surest_rows(soft_labels, surest * shares))
    model = fitted(features[learnt], soft_labels[learnt].argmax(axis=1), OF_ONE_KIND, seed=seed)
    return LinearScorer(*weights_by_class(model, len(shares)))


def surest_rows(soft_labels: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Of each class, the rows that are most of it, the surest first; no more than its share of all rows, rounded up.

    Args:
        soft_labels: (N, C).
        shares: (C,).
    """
    guessed, sureness = soft_labels.argmax(axis=1), soft_labels.max(axis=1)
    most = np.ceil(shares * len(soft_labels)).astype(np.int64)
    found = []
    for label, count in enumerate(most.tolist()):
        of_class = np.flatnonzero(guessed == label)
        found.append(of_class[np.argsort(-sureness[of_class], kind="stable")[:count]])
    return np.concatenate(found)

"""A mixture of multinomials, one for each class, fitted to few labelled and many unlabelled texts by EM.

Shapes: N texts, K n-grams, C classes.

Source: Nigam, McCallum, Thrun & Mitchell 2000 (naive Bayes with EM; unlabelled texts weigh less), on TF-IDF weights of
norm one (Rennie et al. 2003) and with classes kept as common as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.calibration import softmax
from textrnn.evaluation.semi_supervised.scorer import LinearScorer, balanced, class_shares

SMOOTHING = 0.02  # counts added to every n-gram of every class; 0.003 to 0.03 are as good, 0.1 costs points
UNLABELLED_WEIGHT = 0.2  # of a text without a label against one with; 0.2 to 1 are as good
ROUNDS = 10


def fit_mixture(
    features: Any,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    class_count: int,
    *,
    unlabelled_weight: float = UNLABELLED_WEIGHT,
    smoothing: float = SMOOTHING,
    rounds: int = ROUNDS,
) -> LinearScorer:
    """The mixture as a scorer: a text's scores are its log-likelihoods under the classes.

    Args:
        features: (N, K) sparse, not negative, of labelled and unlabelled texts.
        rows: of the labelled ones.
        labels: their class indices.
        unlabelled_weight: what a text without a label counts.
        rounds: of EM; 0: the labelled texts alone.
    """
    shares = class_shares(labels, class_count)
    certain = np.eye(class_count)[labels]
    by_ngram = features.T.tocsr()
    scorer = _fitted(by_ngram[:, rows], certain, smoothing)
    for _ in range(rounds):
        belonging = unlabelled_weight * balanced(softmax(scorer.scores(features)), shares)
        belonging[rows] = certain
        scorer = _fitted(by_ngram, belonging, smoothing)
    return scorer


def _fitted(by_ngram: Any, belonging: NDArray[np.float64], smoothing: float) -> LinearScorer:
    """The M step.

    Args:
        by_ngram: (K, N) sparse.
        belonging: (N, C) what each text counts in each class.
    """
    counts = np.asarray(by_ngram @ belonging).T + smoothing  # (C, K)
    logarithms = np.log(counts / counts.sum(axis=1, keepdims=True))
    return LinearScorer(logarithms, np.zeros(len(counts)))

"""The linear model on the labelled texts alone, in the form of the others.

Shapes: N texts, K n-grams, C classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.linear.solver import fitted, inverse_penalty, weights_by_class
from textrnn.evaluation.semi_supervised.scorer import LinearScorer


def fit_to_labels(
    features: Any, rows: NDArray[np.int64], labels: NDArray[np.int64], class_count: int, *, seed: int = 0
) -> LinearScorer:
    """A linear SVM of the labelled rows.

    Args:
        features: (N, K) sparse; how rare an n-gram is may be known from all texts.
    """
    own = features[rows]
    model = fitted(own, labels, inverse_penalty(own, labels, seed=seed), seed=seed)
    return LinearScorer(*weights_by_class(model, class_count))

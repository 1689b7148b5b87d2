"""Which texts to label next: those the model is least sure of, spread over what there is.

Shapes: N texts, K n-grams, C classes.

Source: margins, Scheffer et al. 2001; one of each cluster, Nguyen & Smeulders 2004; Zhdanov 2019 (k-means over a
shortlist).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHORTLIST = 10  # texts for each that is asked for: the least sure ones
DIRECTIONS = 50  # of the space in which texts are near to each other
MOST_TEXTS = 20_000  # clustered


def rows_to_label(features: Any, probabilities: NDArray[np.float64], count: int, *, seed: int = 0) -> NDArray[np.int64]:
    """(count,) rows, the least sure first; fewer where there are not so many texts.

    The least sure ones are put into as many clusters as rows are asked for; of each, the least sure one is taken.

    Args:
        features: (N, K) sparse.
        probabilities: (N, C).
        seed: of the clusters.
    """
    margins = margins_of(probabilities)
    shortlist = np.argsort(margins, kind="stable")[: min(max(count * SHORTLIST, count), max(count, MOST_TEXTS))]
    if len(shortlist) <= count:
        return shortlist
    clusters = _clusters(features[shortlist], count, seed)
    _, first = np.unique(clusters, return_index=True)  # the shortlist is in order: its first of a cluster is least sure
    taken = set(first.tolist())
    rest = (row for row in range(len(shortlist)) if row not in taken)
    while len(taken) < count:  # clusters may be fewer
        taken.add(next(rest))
    return shortlist[sorted(taken)]


def margins_of(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, C) -> (N,) by how much the likeliest class is ahead of the next."""
    two = np.sort(probabilities, axis=1)[:, -2:]
    margins: NDArray[np.float64] = two[:, 1] - two[:, 0]
    return margins


def _clusters(features: Any, count: int, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.preprocessing import normalize

    directions = min(DIRECTIONS, features.shape[1] - 1, features.shape[0] - 1)
    if directions < 1:
        return np.zeros(features.shape[0], dtype=np.int64)
    points = normalize(TruncatedSVD(directions, random_state=seed).fit_transform(features))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: NDArray[np.int64] = MiniBatchKMeans(count, random_state=seed, n_init=1).fit_predict(points)
    return found

"""What a linear model reads otherwise where there are few labelled texts of each class, if cross-validation says so.

How rare an n-gram is can hardly be seen in a few texts, but among how many classes it is spread can; long n-grams, of
which each text has its own, must not take the place of short ones; and the name of a class, if it is a word, is a
short text of that class.

Shapes: N texts, K n-grams, C classes.

Source: Dumais 1991 (weights by entropy, there over documents).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEW_PER_CLASS = 30  # texts; of more, nothing of this helped
MOST_SCORES = 100_000  # texts times classes; of more, cross-validation would take too long
LEAST = 0.05  # of the weight of an n-gram that all classes have alike
WEIGHT_OF_NAMES = 0.5  # beside that of a text
SURELY = 1.0  # standard deviations by which more texts must be answered right


@dataclass(frozen=True)
class Reading:
    """How n-grams are weighed, and what is read beside the texts.

    Attributes:
        by_class: n-grams count more the fewer classes they are spread over, and those of each length for themselves
        names: the names of the classes are learnt as texts of theirs
    """

    by_class: bool = False
    names: bool = False


USUAL = Reading()


@dataclass(frozen=True)
class Columns:
    """What the columns of features are.

    Attributes:
        idf: (K,) the weights of n-grams in them
        parts: (K,) to which part each belongs: those of one part have a norm of their own in each text
        by_length: (K,) the same, n-grams of each length for themselves
    """

    idf: NDArray[np.float64]
    parts: NDArray[np.int64]
    by_length: NDArray[np.int64]


@dataclass(frozen=True)
class FewRows:
    """Texts that a linear model is to learn, and how they may be read.

    Attributes:
        features: (N, K) sparse TF-IDF
        names: (C, K) sparse, those of the names of the classes; None: names are no words, or not to be read
    """

    features: Any
    columns: Columns
    names: Any = None

    def learnt(
        self, reading: Reading, rows: NDArray[np.int64], labels: NDArray[np.int64], class_count: int
    ) -> tuple[Any, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Features, labels and weights of what is learnt of some rows, and the (K,) weights of n-grams.

        Args:
            labels: (N,), of all rows.
        """
        own, given = self.features[rows], labels[rows]
        counts = np.ones(len(rows))
        weights = self.columns.idf
        beside = self.names if reading.names else None
        if reading.by_class:
            weights = spread_weights(own, given, class_count, beside)
        own = self.read(own, reading, weights)
        if beside is not None:
            from scipy.sparse import vstack

            own = vstack([own, self.read(beside, reading, weights)]).tocsr()
            given = np.concatenate([given, np.arange(class_count)])
            counts = np.concatenate([counts, np.full(class_count, WEIGHT_OF_NAMES)])
        return own, given, counts, weights

    def read(self, features: Any, reading: Reading, weights: NDArray[np.float64]) -> Any:
        """TF-IDF features as another reading has them."""
        return reweighted(features, self.columns, weights) if reading.by_class else features


def spread_weights(features: Any, labels: ArrayLike, class_count: int, names: Any = None) -> NDArray[np.float64]:
    """(K,): 1 for an n-gram that one class has alone, next to nothing for one that all have alike: one less the entropy
    of the classes among its occurrences, as a share of the greatest.

    Args:
        features: (N, K) sparse, at least 0.
        names: (C, K) sparse, of texts that count less.
    """
    from scipy.sparse import csr_matrix

    given = np.asarray(labels)
    of_class = csr_matrix((np.ones(len(given)), (given, np.arange(len(given)))), shape=(class_count, len(given)))
    found = of_class @ features
    if names is not None:
        found = found + WEIGHT_OF_NAMES * names
    found = found.tocsc()
    totals = np.asarray(found.sum(axis=0)).ravel()
    shares = found.data / np.repeat(totals, np.diff(found.indptr))
    found.data = shares * np.log(shares)
    negative_entropy = np.asarray(found.sum(axis=0)).ravel()
    weights: NDArray[np.float64] = 1.0 + LEAST + negative_entropy / np.log(class_count)
    return weights


def reweighted(features: Any, columns: Columns, weights: NDArray[np.float64]) -> Any:
    """TF-IDF features with other weights of n-grams, those of each length with a norm of their own.

    The norm of a part is what it is in `features` (1, or less where a part counts less).
    """
    found = features.tocsr(copy=True).astype(np.float64)
    rows = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))

    def norms(parts: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        place = rows * (int(parts.max(initial=0)) + 1) + parts[found.indices]
        sums = np.bincount(place, values * values)
        shown: NDArray[np.float64] = np.sqrt(sums)[place]
        return shown

    before = norms(columns.parts, found.data)
    values = found.data * (weights / columns.idf)[found.indices]
    found.data = values * before / norms(columns.by_length, values)
    return found


def are_words(names: Sequence[str]) -> bool:
    """Whether the names of classes say something: no numbers, codes or single letters."""
    return all(sum(map(str.isalpha, name)) >= 2 and not any(map(str.isdigit, name)) for name in names)


def is_few(labels: ArrayLike, class_count: int) -> bool:
    """Whether there are few texts of each class, two of each at least."""
    counts = np.bincount(np.asarray(labels), minlength=class_count)
    few = counts.mean() <= FEW_PER_CLASS and len(np.asarray(labels)) * class_count <= MOST_SCORES
    return bool(few and counts.min() >= 2 and class_count > 1)


def is_surely_better(right: NDArray[np.bool_], usual: NDArray[np.bool_]) -> bool:
    """Whether (N,) answers are right more often than others, by more than chance; or (divisions, N), which count as one
    on average, for they are of the same texts."""
    rounds = 1 if right.ndim == 1 else len(right)
    better, worse = (right & ~usual).sum() / rounds, (usual & ~right).sum() / rounds
    return bool(better - worse > SURELY * np.sqrt(better + worse))

"""A linear model learnt, whatever n-grams its features are of: how they are read, the penalty and the temperature are
found by cross-validation where texts are few.

Shapes: N texts, K n-grams, C classes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textrnn.evaluation.folds import equal_rows, parts_of
from textrnn.evaluation.linear.few_rows import USUAL, FewRows, Reading, is_few, is_surely_better
from textrnn.evaluation.linear.solver import (
    FOLDS,
    calibrated,
    divisions,
    fitted,
    temperature_of,
    weights_by_class,
    work_of_folds,
)

INVERSE_PENALTY = 0.25  # scikit-learn's C, of features whose parts have norms of one
MOST_COMPARED = 1_000_000_000  # work of cross-validation to choose how few rows are read: some minutes


@dataclass(frozen=True)
class LearntLinear:
    """A linear model, and how it reads.

    Attributes:
        inverse: scikit-learn's C
        temperature: by which scores are divided
        ngram_weights: (K,) what takes the place of inverse document frequencies; None: they are kept
    """

    model: Any
    inverse: float
    temperature: float
    reading: Reading = USUAL
    ngram_weights: NDArray[np.float64] | None = None

    def read(self, features: Any, texts: FewRows) -> Any:
        """(N, K) TF-IDF features as the model reads them."""
        return features if self.ngram_weights is None else texts.read(features, self.reading, self.ngram_weights)

    @property
    def in_words(self) -> str:
        """What is unusual about it, in words; may be nothing."""
        how = ["n-grams weighed by how few classes have them"] if self.reading.by_class else []
        return ", ".join([*how, *(["the names of the classes learnt, too"] if self.reading.names else [])])


def learn_linear(
    texts: FewRows,
    labels: ArrayLike,
    class_count: int,
    *,
    inverse: float | None = None,
    names: bool | None = None,
    weights: NDArray[np.float64] | None = None,
    balanced: bool = False,
    seed: int = 0,
) -> LearntLinear:
    """Fit a linear SVM.

    Args:
        labels: (N,) class indices, of two classes at least.
        inverse: scikit-learn's C, where it is given.
        names: whether the names of classes are learnt; None: as cross-validation says.
        weights: (N,) what each text counts.
        balanced: each class counts alike.
    """
    given = np.asarray(labels, dtype=np.int64)
    how: dict[str, Any] = {"balanced": balanced, "seed": seed}
    found, temperature = calibrated(texts.features, given, class_count, inverse, weights=weights, **how)
    with_names = (False,) if texts.names is None or names is False else (True,) if names else (False, True)
    readings = [Reading(by_class, named) for by_class in (False, True) for named in with_names]
    work = work_of_folds(texts.features, class_count) * len(readings)
    if weights is None and not balanced and is_few(given, class_count) and work <= MOST_COMPARED:
        usual = LearntLinear(None, found, temperature, readings[0])
        best = _best_of(readings, usual, texts, given, class_count, inverse or INVERSE_PENALTY, seed)
    else:
        best = LearntLinear(None, found, temperature, Reading(names=bool(names and texts.names is not None)))
    own, of_rows, counts, ngram_weights = texts.learnt(best.reading, np.arange(len(given)), given, class_count)
    if weights is not None:
        counts[: len(weights)] *= weights
    model = fitted(own, of_rows, best.inverse, weights=counts, **how)
    return dataclasses.replace(best, model=model, ngram_weights=ngram_weights if best.reading.by_class else None)


def out_of_fold(
    texts: FewRows,
    labels: ArrayLike,
    class_count: int,
    learnt: LearntLinear,
    *,
    weights: NDArray[np.float64] | None = None,
    balanced: bool = False,
    seed: int = 0,
) -> NDArray[np.float64]:
    """(N, C) scores by models that read as one that was learnt, with its penalty, and have not learnt these texts nor
    copies of them; NaN for texts that nobody can judge.

    Args:
        labels, weights, balanced, seed: as :func:`learn_linear` was given them.
    """
    given = np.asarray(labels, dtype=np.int64)
    scores = np.full((len(given), class_count), np.nan)
    how: dict[str, Any] = {"weights": weights, "balanced": balanced, "seed": seed}
    for part in parts_of(given, equal_rows(texts.features), seed=seed)[:-1]:
        if len(np.unique(part.labels)) > 1:
            scores[part.held_out] = _scored(
                texts, part.own, part.held_out, given, class_count, learnt.reading, learnt.inverse, **how
            )
    return scores


def _best_of(
    readings: list[Reading],
    usual: LearntLinear,
    texts: FewRows,
    labels: NDArray[np.int64],
    class_count: int,
    inverse: float,
    seed: int,
) -> LearntLinear:
    """The reading that answers best out of fold, if it is surely better than the first.

    Args:
        inverse: scikit-learn's C, where n-grams are weighed by classes.
    """
    rounds = divisions(labels, class_count, min(FOLDS, int(np.bincount(labels).min())), seed=seed)
    best, first, most = usual, np.zeros((0, 0), dtype=np.bool_), 0
    for reading in readings:
        penalty = inverse if reading.by_class else usual.inverse
        scores = np.zeros((len(rounds), len(labels), class_count))
        for index, learnt, held_out in ((index, *part) for index, parts in enumerate(rounds) for part in parts):
            scores[index, held_out] = _scored(texts, learnt, held_out, labels, class_count, reading, penalty, seed=seed)
        right = scores.argmax(axis=2) == labels
        if reading == usual.reading:
            first, most = right, int(right.sum())
        elif right.sum() > most and is_surely_better(right, first):
            best, most = LearntLinear(None, penalty, temperature_of(scores, labels), reading), int(right.sum())
    return best


def _scored(
    texts: FewRows,
    learnt: NDArray[np.int64],
    held_out: NDArray[np.int64],
    labels: NDArray[np.int64],
    class_count: int,
    reading: Reading,
    inverse: float,
    *,
    weights: NDArray[np.float64] | None = None,
    balanced: bool = False,
    seed: int = 0,
) -> NDArray[np.float64]:
    """(rows held out, C) scores by a model of other rows."""
    own, given, counts, ngram_weights = texts.learnt(reading, learnt, labels, class_count)
    if weights is not None:
        counts[: len(learnt)] *= weights[learnt]
    model = fitted(own, given, inverse, weights=counts, balanced=balanced, seed=seed)
    by_class, biases = weights_by_class(model, class_count)
    scores: NDArray[np.float64] = texts.read(texts.features[held_out], reading, ngram_weights) @ by_class.T + biases
    return scores

"""The weights of a linear model: one linear SVM for each class against the others, the penalty fitted to the texts.

Shapes: N texts, K n-grams, C classes.

Source: Fan et al. 2008 (LIBLINEAR); Rifkin & Klautau 2004 (one class against the others).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textrnn.evaluation.calibration import fit_temperature

INVERSE_PENALTIES = (0.25, 0.5, 1.0)  # scikit-learn's C; tried on few texts
BY_DEFAULT = 0.25  # of many texts; features that are TF-IDF twice, words and pieces
OF_ONE_KIND = 0.5  # features of a norm of one
FEW_TEXTS = 10_000  # of which several penalties are tried
FOLDS = 3
MOST_ROUNDS, REPEATED = 10, 30_000  # divisions into folds; texts times classes times divisions, roughly
MOST_WORK = 200_000_000  # of cross-validation: numbers that are not zero, times classes, each time they are learnt
USUAL_TEMPERATURE = 0.3  # of margins


def inverse_penalty(features: Any, labels: ArrayLike, *, seed: int = 0) -> float:
    """scikit-learn's C: of few texts, the one that answers best out of fold; of many, one that is right for most.

    Args:
        features: (N, K) sparse.
        labels: (N,) class indices.
    """
    return calibrated(features, labels, int(np.max(np.asarray(labels), initial=0)) + 1, seed=seed)[0]


def calibrated(
    features: Any,
    labels: ArrayLike,
    class_count: int,
    inverse: float | None = None,
    *,
    weights: NDArray[np.float64] | None = None,
    balanced: bool = False,
    seed: int = 0,
) -> tuple[float, float]:
    """scikit-learn's C, and the temperature that makes probabilities of the scores, by cross-validation; of many texts,
    those that are right for most. Where texts are long, some are drawn for it, as many as take some ten seconds.

    Args:
        features: (N, K) sparse.
        labels: (N,) class indices.
        inverse: C, where it is given.
        weights: (N,) what each text counts.
        balanced: each class counts alike.
    """
    given = np.asarray(labels)
    usual = inverse or (BY_DEFAULT if norm_of(features) > 1.3 else OF_ONE_KIND)
    if len(given) >= FEW_TEXTS:
        return usual, USUAL_TEMPERATURE
    candidates = INVERSE_PENALTIES if inverse is None else (inverse,)
    affordable = MOST_WORK / max(1, work_of_folds(features, class_count) * len(candidates))
    if affordable < 1:
        rows = _drawn(given, affordable, seed)
        features, given, weights = features[rows], given[rows], None if weights is None else weights[rows]
    counts = np.bincount(given)
    if counts[counts > 0].min(initial=len(given)) < FOLDS or (counts > 0).sum() < 2:
        return usual, USUAL_TEMPERATURE
    rounds = divisions(given, class_count, FOLDS, seed=seed)[: max(1, int(affordable))]
    scores = {candidate: np.zeros((len(rounds), len(given), class_count)) for candidate in candidates}
    for index, learnt, held_out in ((index, *part) for index, parts in enumerate(rounds) for part in parts):
        of_learnt = None if weights is None else weights[learnt]
        for candidate in candidates:
            model = fitted(features[learnt], given[learnt], candidate, weights=of_learnt, balanced=balanced, seed=seed)
            by_class, biases = weights_by_class(model, class_count)
            scores[candidate][index, held_out] = features[held_out] @ by_class.T + biases
    right = {candidate: int((found.argmax(axis=2) == given).sum()) for candidate, found in scores.items()}
    # Among equals, the usual one, or the nearest to it.
    best = max(right, key=lambda candidate: (right[candidate], -abs(np.log(candidate / usual))))
    return best, temperature_of(scores[best], given)


def divisions(
    labels: NDArray[np.int64], class_count: int, folds: int, *, seed: int = 0
) -> list[list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Divisions into folds, each a list of (rows that are learnt, rows held out); of few texts, several, for one says
    little.

    Args:
        labels: (N,) class indices.
        seed: of the first.
    """
    from sklearn.model_selection import StratifiedKFold

    rounds = min(MOST_ROUNDS, max(1, REPEATED // (len(labels) * class_count)))
    return [
        list(StratifiedKFold(folds, shuffle=True, random_state=(seed + index) % 2**32).split(labels, labels))
        for index in range(rounds)
    ]


def temperature_of(scores: NDArray[np.float64], labels: ArrayLike) -> float:
    """By which (divisions, N, C) scores out of fold are divided: the geometric mean of what is best in each."""
    return float(np.exp(np.mean([np.log(fit_temperature(part, labels)) for part in scores])))


def work_of_folds(features: Any, class_count: int) -> int:
    """What cross-validation has to learn of features (N, K): numbers that are not zero, times classes."""
    return int(features.nnz) * class_count * (FOLDS - 1)


def _drawn(labels: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """(n,) rising: a share of the rows, every class as common as it was."""
    order = np.random.default_rng(seed).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    return np.sort(by_class[np.unique((np.arange(int(len(labels) * share)) / share).astype(np.int64))])


def norm_of(features: Any) -> float:
    """The mean Euclidean norm of the rows (N, K)."""
    squares = np.asarray(features.multiply(features).sum(axis=1))
    return float(np.sqrt(squares).mean()) if len(squares) else 0.0


def fitted(
    features: Any,
    labels: ArrayLike,
    inverse: float,
    *,
    weights: NDArray[np.float64] | None = None,
    balanced: bool = False,
    seed: int = 0,
) -> Any:
    """scikit-learn's LinearSVC.

    Args:
        features: (N, K) sparse.
        labels: (N,) class indices, of two classes at least.
        inverse: scikit-learn's C.
        weights: (N,) what each text counts.
        balanced: each class counts alike.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=inverse, class_weight="balanced" if balanced else None, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(features, labels, sample_weight=weights)


def weights_by_class(model: Any, class_count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of a linear model of scikit-learn's, (C, K) weights and (C,) biases; a class that it has not seen loses always.

    Args:
        class_count: of all classes.
    """
    weights, biases = model.coef_, model.intercept_
    if len(weights) == 1:  # of two classes, scikit-learn keeps those of the second
        weights, biases = np.concatenate([-weights, weights]), np.concatenate([-biases, biases])
    found = np.zeros((class_count, weights.shape[1]))
    of_class = np.full(class_count, min(-1.0, float(biases.min()) - 1.0))
    found[model.classes_], of_class[model.classes_] = weights, biases
    return found, of_class

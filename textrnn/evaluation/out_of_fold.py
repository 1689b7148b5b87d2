"""Probabilities of labelled texts by linear models that have not learnt from them: TF-IDF and logistic regression, out
of fold.

Shapes: N texts, C classes.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textrnn.evaluation.calibration import fit_temperature, softmax

FOLDS = 5
FEW_TEXTS, ROUNDS_FOR_FEW = 10_000, 3  # of few texts, several divisions into folds are averaged: it costs seconds
MOST_WORK = 200_000_000  # numbers that are not zero, times classes, each time they are learnt: some ten seconds
MANY_CHARACTERS = 3_000_000  # of all texts: n-grams of two at most are read, in half of the time
INVERSE_PENALTY = 3.0  # scikit-learn's C; see benchmarks/LOG.md
TOLERANCE = 0.1  # of liblinear's dual solver; a finer one ranks no better


def out_of_fold_probabilities(
    texts: Sequence[str], labels: ArrayLike, class_count: int, *, seed: int = 0
) -> NDArray[np.float64]:
    """Calibrated probabilities of every class for every text, by models fitted to the texts of the other folds.

    Weights of n-grams (IDF) are counted over all texts, once: no label goes into them.

    Args:
        labels: (N,) class indices.
        seed: of the division into folds, and of the solver.

    Returns:
        (N, C); NaN for rows that nobody can judge: the only text of a class, or one whose class no other fold has.
    """
    classes = np.asarray(labels, dtype=np.int64)
    found = np.full((len(classes), class_count), np.nan)
    different = _different_texts(texts)
    # A class of a single text cannot be learnt without it; nor should another text be said to belong there.
    pairs = np.unique(np.stack([classes, different]), axis=1) if len(classes) else np.empty((2, 0), dtype=np.int64)
    learnable = np.bincount(pairs[0], minlength=class_count) > 1
    kept = np.flatnonzero(learnable[classes])
    if learnable.sum() < 2:
        return found
    features = _features([texts[row] for row in kept.tolist()])
    generator = np.random.default_rng(seed)
    work = features.nnz * int(learnable.sum()) * (FOLDS - 1)
    rounds = ROUNDS_FOR_FEW if len(kept) < FEW_TEXTS and work * ROUNDS_FOR_FEW <= MOST_WORK else 1
    scores = np.zeros((len(kept), class_count))
    for _ in range(rounds):
        folds = assign_folds(different[kept], classes[kept], generator)
        scores += _scores(features, classes[kept], folds, class_count, seed) / rounds
    judged = np.isfinite(scores[np.arange(len(kept)), classes[kept]])
    scores, kept = scores[judged], kept[judged]
    found[kept] = softmax(scores, fit_temperature(scores, classes[kept])) if len(kept) else 0.0
    return found


def assign_folds(
    different: NDArray[np.int64], labels: NDArray[np.int64], generator: np.random.Generator, folds: int = FOLDS
) -> NDArray[np.int64]:
    """The fold of each row: copies of a text in one, every class spread over all of them.

    scikit-learn's StratifiedGroupKFold does the same with a loop over the groups, in minutes for 45,000 texts.

    Args:
        different: (N,) equal for copies of a text.
        labels: (N,) class indices.
    """
    _, first, copies = np.unique(different, return_index=True, return_inverse=True)
    order = generator.permutation(len(first))
    order = order[np.argsort(labels[first][order], kind="stable")]
    fold_of = np.empty(len(first), dtype=np.int64)
    fold_of[order] = np.arange(len(first)) % folds
    return fold_of[copies]


def _different_texts(texts: Sequence[str]) -> NDArray[np.int64]:
    """(N,) a number for each text, the same for copies; upper case and white space make no difference."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault("".join(text.split()).casefold(), len(numbers)) for text in texts]
    return np.array(found, dtype=np.int64)


def _features(texts: list[str]) -> Any:
    """(N, n-grams) sparse."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    longest = 2 if sum(map(len, texts)) > MANY_CHARACTERS else 3
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, longest), sublinear_tf=True, min_df=2)
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # no n-gram stands in two texts
        return vectorizer.set_params(min_df=1).fit_transform([text or " " for text in texts])


def _scores(
    features: Any, labels: NDArray[np.int64], folds: NDArray[np.int64], class_count: int, seed: int
) -> NDArray[np.float64]:
    """(N, C) logits out of fold, one model for each class; of a class that the other folds do not have, -inf."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    scores = np.full((len(labels), class_count), -np.inf)
    for fold in np.unique(folds):
        held_out = folds == fold
        train, train_labels, rows = features[~held_out], labels[~held_out], features[held_out]
        present = np.unique(train_labels)
        for label in present if len(present) > 1 else ():
            model = LogisticRegression(
                C=INVERSE_PENALTY, solver="liblinear", dual=True, tol=TOLERANCE, random_state=seed
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(train, train_labels == label)
            scores[held_out, label] = model.decision_function(rows)
    return scores

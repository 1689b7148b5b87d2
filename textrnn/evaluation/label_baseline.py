"""The linear model beside a network that gives several labels: TF-IDF, a logistic regression for each label against all
others, and thresholds fitted on the dev split, as the network's are.

Shapes: N rows, C classes.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.label_calibration import fit_label_calibration
from textrnn.evaluation.label_scores import PIECE_CELLS, LabelCalibration, LabelRows, collect
from textrnn.evaluation.linear.features import CutIntoWords, features_named, fit_vectorizer
from textrnn.evaluation.multi_label import LabelFigures
from textrnn.evaluation.thresholds import thresholds_of

MOST_WORK = 1_000_000_000  # labels times numbers that are not zero in the features: a minute or two
MOST_WEIGHTS = 100_000_000  # labels times n-grams: 800 MB
INVERSE_PENALTY = 3.0  # scikit-learn's C
TOLERANCE = 0.1  # of liblinear's dual solver


class LabelledRows(NamedTuple):
    """Texts and the classes of each."""

    texts: Sequence[str]
    labels: LabelRows


@dataclass(frozen=True)
class LabelBaseline:
    """Results and costs of the linear model.

    Attributes:
        figures: on the test split
        seconds: to train, to fit the thresholds and to answer the test split
        training_seconds: of them, to train and to fit the thresholds
        parameters: weights of the linear models and of the n-grams
        size: bytes of those, in single precision, and of the n-grams themselves as UTF-8
        texts_per_second: answered, from raw texts to logits
    """

    figures: LabelFigures
    name: str
    seconds: float
    training_seconds: float = 0.0
    parameters: int = 0
    size: int = 0
    texts_per_second: float = 0.0


def label_baseline(
    train: LabelledRows,
    dev: LabelledRows,
    test: LabelledRows,
    class_count: int,
    *,
    words: CutIntoWords | None = None,
    repeats: int = 1,
) -> LabelBaseline | None:
    """Train the linear models and score them on the test split; None where there are too many labels.

    Args:
        dev: to fit calibration and thresholds on.
        words: cuts a text into words, where words have spaces; see :func:`vectorizer_for`.
        repeats: how often the test split is answered; the quickest time counts.
    """
    started = time.perf_counter()
    vectorizer, features = fit_vectorizer(words, train.texts)
    if not is_quick(features, class_count):
        return None
    weights, biases = one_against_all(features, train.labels, class_count)
    of_dev = vectorizer.transform(dev.texts)
    scores = collect(_logits(of_dev, weights, biases), dev.labels, class_count)
    calibration = fit_label_calibration(scores)
    thresholds = thresholds_of(scores, calibration)
    trained = time.perf_counter()
    took, figures = _answered(vectorizer, weights, biases, test, calibration, thresholds)
    timings = [
        took,
        *(_answered(vectorizer, weights, biases, test, calibration, thresholds)[0] for _ in range(repeats - 1)),
    ]
    ngrams = vectorizer.get_feature_names_out()
    parameters = weights.size + biases.size + len(ngrams)
    return LabelBaseline(
        figures=figures,
        name=f"TF-IDF ({features_named(words)}) + logistic regression for each label",
        seconds=trained - started + timings[0],
        training_seconds=trained - started,
        parameters=parameters,
        size=4 * parameters + sum(len(ngram.encode("utf-8", "replace")) for ngram in ngrams),
        texts_per_second=len(test.texts) / max(1e-9, min(timings)),
    )


def is_quick(features: Any, class_count: int) -> bool:
    """Whether so many logistic regressions on these features are a matter of a minute or two, and fit the memory."""
    return bool(class_count * features.nnz <= MOST_WORK and class_count * features.shape[1] <= MOST_WEIGHTS)


def one_against_all(
    features: Any,
    labels: LabelRows,
    class_count: int,
    *,
    weights: NDArray[np.float64] | None = None,
    inverse: float | None = None,
    balanced: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(C, features) weights and (C,) biases, each label against all rows without it.

    Args:
        features: (N, features) sparse.
        weights: (N,) what each row counts.
        inverse: scikit-learn's C.
        balanced: rows with a label and without count alike.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    rows = np.repeat(np.arange(len(labels.offsets) - 1), np.diff(labels.offsets))
    by_label, biases = np.zeros((class_count, features.shape[1])), np.zeros(class_count)
    inverse = inverse or INVERSE_PENALTY
    how: dict[str, Any] = {"class_weight": "balanced" if balanced else None, "random_state": 0}
    for label in range(class_count):
        own = np.zeros(features.shape[0], dtype=np.bool_)
        own[rows[labels.indices == label]] = True
        if not 0 < own.sum() < len(own):  # nothing to learn: always, or never
            biases[label] = 10.0 if own.any() else -10.0
            continue
        model = LogisticRegression(C=inverse, solver="liblinear", dual=True, tol=TOLERANCE, **how)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features, own, sample_weight=weights)
        by_label[label], biases[label] = model.coef_[0], model.intercept_[0]
    return by_label, biases


def _logits(
    features: Any, weights: NDArray[np.float64], biases: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Rows and their logits, piece by piece."""
    step, count = max(1, PIECE_CELLS // len(biases)), features.shape[0]
    for start in range(0, count, step):
        rows = np.arange(start, min(start + step, count))
        yield rows, np.asarray(features[rows] @ weights.T + biases, dtype=np.float32)


def _answered(
    vectorizer: Any,
    weights: NDArray[np.float64],
    biases: NDArray[np.float64],
    test: LabelledRows,
    calibration: LabelCalibration,
    thresholds: NDArray[np.float64],
) -> tuple[float, LabelFigures]:
    """The test split from raw texts to figures, and the seconds that took."""
    began = time.perf_counter()
    pieces = _logits(vectorizer.transform(test.texts), weights, biases)
    scores = collect(pieces, test.labels, len(biases), calibration)
    return time.perf_counter() - began, LabelFigures(scores, test.labels, calibration, thresholds)

"""The linear model that every network is compared with: TF-IDF of n-grams and a linear SVM.

Source: Joachims 1998 (SVM on TF-IDF); scikit-learn's TfidfVectorizer and LinearSVC.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textrnn.evaluation.linear.features import CutIntoWords, columns_of, features_named, fit_vectorizer
from textrnn.evaluation.linear.few_rows import FewRows, are_words
from textrnn.evaluation.linear.learning import LearntLinear, learn_linear
from textrnn.evaluation.linear.solver import weights_by_class
from textrnn.evaluation.metrics import accuracy, confusion_matrix


@dataclass(frozen=True)
class LinearModel:
    """The trained linear model: scikit-learn's vectorizer of :func:`vectorizer_for`, and LinearSVC."""

    vectorizer: Any
    learnt: LearntLinear
    texts: FewRows

    @property
    def classifier(self) -> Any:
        """LinearSVC."""
        return self.learnt.model

    def features(self, texts: Sequence[str]) -> Any:
        """(texts, n-grams) sparse, as it reads them."""
        return self.learnt.read(self.vectorizer.transform(texts), self.texts)

    def scores(self, texts: Sequence[str], class_count: int) -> NDArray[np.float64]:
        """(texts, C) margins; a class that it has not seen loses always.

        Args:
            class_count: of all classes.
        """
        weights, biases = weights_by_class(self.classifier, class_count)
        found: NDArray[np.float64] = self.features(texts) @ weights.T + biases
        return found

    def telling(self, texts: Sequence[str], labels: ArrayLike, rivals: ArrayLike, count: int) -> list[str]:
        """The n-grams that speak most, in these texts, for one class against another; the strongest first.

        Args:
            labels, rivals: (texts,): for which class, and against which, text by text.
            count: n-grams returned, at most; none of them part of another.
        """
        features, weights = self.features(texts), self._weights_by_class()
        strength = np.zeros(features.shape[1])
        for row, label, rival in zip(range(len(texts)), np.asarray(labels), np.asarray(rivals), strict=True):
            at = slice(features.indptr[row], features.indptr[row + 1])
            columns = features.indices[at]
            for sign, index in ((1.0, int(label)), (-1.0, int(rival))):
                if index in weights:  # not a class without training texts
                    strength[columns] += sign * features.data[at] * weights[index][columns]
        names, found = _readable_names(self.vectorizer), list[str]()
        for column in np.argsort(-strength[: len(names)], kind="stable")[: 50 * count]:
            name = str(names[column])
            readable = len(name) > 1 and name.isprintable() and not any(map(str.isspace, name))
            if strength[column] > 0 and readable and not any(name in other or other in name for other in found):
                found.append(name)
        return found[:count]

    def _weights_by_class(self) -> dict[int, NDArray[np.float64]]:
        """(n-grams,) for each class that it has seen."""
        weights = self.classifier.coef_
        if len(weights) == 1:  # of two classes, scikit-learn keeps those of the second
            weights = np.concatenate([-weights, weights])
        return dict(zip(map(int, self.classifier.classes_), weights, strict=True))


def _readable_names(vectorizer: Any) -> Any:
    """The n-grams of the first columns: all of them, or of words and pieces of words, the words."""
    parts = getattr(vectorizer, "transformer_list", [("", vectorizer)])
    return parts[0][1].get_feature_names_out()


@dataclass(frozen=True)
class Baseline:
    """Results and costs of the linear model.

    Attributes:
        predictions: (N,) class indices on the test split
        confusion: (C, C) counts on the test split
        seconds: to train and to predict the test split
        name: what it is
        model: as it was trained
        training_seconds: of them, to train
        parameters: weights of the linear model and of the n-grams
        size: bytes of those, in single precision, and of the n-grams themselves as UTF-8
        texts_per_second: predicted, from raw texts to classes
    """

    predictions: NDArray[np.int64]
    confusion: NDArray[np.int64]
    seconds: float
    name: str = "TF-IDF + LinearSVC"
    model: LinearModel | None = None
    training_seconds: float = 0.0
    parameters: int = 0
    size: int = 0
    texts_per_second: float = 0.0

    @property
    def accuracy(self) -> float:
        """Share of test rows predicted right."""
        return accuracy(self.confusion)


def fit_linear(
    texts: Sequence[str],
    labels: ArrayLike,
    class_count: int,
    *,
    words: CutIntoWords | None = None,
    class_names: Sequence[str] = (),
    seed: int = 0,
) -> LinearModel:
    """Train the linear model.

    Args:
        labels: (texts,) class indices, of two classes at least.
        words: cuts a text into words and marks, where words have spaces between them.
        class_names: that may say something of the texts; none: they are not known.
    """
    vectorizer, features = fit_vectorizer(words, texts)
    names = vectorizer.transform(class_names) if class_names and are_words(class_names) else None
    rows = FewRows(features, columns_of(vectorizer), names)
    return LinearModel(vectorizer, learn_linear(rows, labels, class_count, seed=seed), rows)


def linear_baseline(
    train_texts: list[str],
    train_labels: list[int],
    test_texts: list[str],
    test_labels: list[int],
    class_count: int,
    *,
    words: CutIntoWords | None = None,
    class_names: Sequence[str] = (),
    repeats: int = 1,
) -> Baseline:
    """Train the linear model and score it on the test split.

    Args:
        words: cuts a text into words and marks, where words have spaces between them.
        class_names: that may say something of the texts; none: they are not known.
        repeats: how often the test split is predicted; the quickest time counts.
    """
    started = time.perf_counter()
    model = fit_linear(train_texts, train_labels, class_count, words=words, class_names=class_names)
    classifier = model.classifier
    trained = time.perf_counter()
    timings = []
    for _ in range(repeats):
        began = time.perf_counter()
        predictions = classifier.predict(model.features(test_texts))
        timings.append(time.perf_counter() - began)
    ngrams = model.vectorizer.get_feature_names_out()
    parameters = classifier.coef_.size + classifier.intercept_.size + len(ngrams)
    return Baseline(
        predictions=np.asarray(predictions, dtype=np.int64),
        name=f"TF-IDF ({', '.join(filter(None, [features_named(words), model.learnt.in_words]))}) + LinearSVC",
        model=model,
        confusion=confusion_matrix(test_labels, predictions, class_count),
        seconds=trained - started + timings[0],
        training_seconds=trained - started,
        parameters=parameters,
        size=4 * parameters + sum(len(ngram.encode("utf-8", "replace")) for ngram in ngrams),
        texts_per_second=len(test_texts) / min(timings),
    )

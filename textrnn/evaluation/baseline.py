"""The linear model that every network is compared with: TF-IDF of character n-grams and a linear SVM.

Source: Joachims 1998 (SVM on TF-IDF); scikit-learn's TfidfVectorizer and LinearSVC.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.metrics import accuracy, confusion_matrix

BASELINE_NAME = "TF-IDF (characters 1-3) + LinearSVC"


@dataclass(frozen=True)
class Baseline:
    """Results and costs of the linear model.

    Attributes:
        confusion: (C, C) counts on the test split
        seconds: to train and to predict the test split
        training_seconds: of them, to train
        parameters: weights of the linear model and of the n-grams
        size: bytes of those, in single precision, and of the n-grams themselves as UTF-8
        texts_per_second: predicted, from raw texts to classes
    """

    confusion: NDArray[np.int64]
    seconds: float
    training_seconds: float = 0.0
    parameters: int = 0
    size: int = 0
    texts_per_second: float = 0.0

    @property
    def accuracy(self) -> float:
        """Share of test rows predicted right."""
        return accuracy(self.confusion)


def linear_baseline(
    train_texts: list[str],
    train_labels: list[int],
    test_texts: list[str],
    test_labels: list[int],
    class_count: int,
    *,
    repeats: int = 1,
) -> Baseline:
    """Train the linear model and score it on the test split.

    Args:
        repeats: how often the test split is predicted; the quickest time counts.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    started = time.perf_counter()
    # An n-gram seen once is noise in a large set, but all there is in a tiny one.
    min_texts = 2 if len(train_texts) >= 1000 else 1
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=min_texts)
    features = vectorizer.fit_transform(train_texts)
    classifier = LinearSVC(C=0.5, random_state=0).fit(features, train_labels)
    trained = time.perf_counter()
    timings = []
    for _ in range(repeats):
        began = time.perf_counter()
        predictions = classifier.predict(vectorizer.transform(test_texts))
        timings.append(time.perf_counter() - began)
    parameters = classifier.coef_.size + classifier.intercept_.size + vectorizer.idf_.size
    return Baseline(
        confusion=confusion_matrix(test_labels, predictions, class_count),
        seconds=trained - started + timings[0],
        training_seconds=trained - started,
        parameters=parameters,
        size=4 * parameters + sum(len(ngram.encode("utf-8", "replace")) for ngram in vectorizer.vocabulary_),
        texts_per_second=len(test_texts) / min(timings),
    )

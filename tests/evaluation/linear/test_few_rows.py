"""What a linear model reads otherwise where there are few labelled texts of each class."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import entropy

from textrnn.evaluation.linear.features import columns_of, fit_vectorizer
from textrnn.evaluation.linear.few_rows import (
    FewRows,
    Reading,
    are_words,
    is_few,
    is_surely_better,
    reweighted,
    spread_weights,
)
from textrnn.evaluation.linear.learning import learn_linear

TEXTS = ["山水风景", "水边的山", "山里有雨", "数字一二", "二三数字", "数一数", "猫和小狗", "小猫小狗", "狗"]
LABELS = [0, 0, 0, 1, 1, 1, 2, 2, 2]
NAMES = ["山水", "数字", "猫狗"]


def test_ngrams_count_more_the_fewer_classes_have_them() -> None:
    features = csr_matrix(np.random.default_rng(1).random((9, 20)) * (np.random.default_rng(2).random((9, 20)) < 0.5))
    features = features[:, np.asarray(features.sum(axis=0)).ravel() > 0].tocsr()
    by_class = np.stack([features.toarray()[np.array(LABELS) == label].sum(axis=0) for label in range(3)])
    np.testing.assert_allclose(spread_weights(features, LABELS, 3), 1.05 - entropy(by_class) / np.log(3))
    assert spread_weights(csr_matrix(np.ones((9, 1))), LABELS, 3) == pytest.approx(0.05)
    assert spread_weights(csr_matrix(np.eye(9)), LABELS, 3) == pytest.approx(1.05)


def test_each_length_has_a_norm_of_its_own() -> None:
    vectorizer, features = fit_vectorizer(None, TEXTS)
    columns = columns_of(vectorizer)
    weights = np.linspace(0.1, 2.0, features.shape[1])
    found = reweighted(features, columns, weights).toarray()
    lengths = np.array([len(ngram) for ngram in vectorizer.get_feature_names_out()])
    counts = np.array([[text.count(ngram) for ngram in vectorizer.get_feature_names_out()] for text in TEXTS])
    expected = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0.0) * weights
    for length in (1, 2, 3):
        of_length = expected[:, lengths == length]
        norms = np.linalg.norm(of_length, axis=1, keepdims=True)
        np.testing.assert_allclose(found[:, lengths == length], of_length / np.where(norms, norms, 1.0), atol=1e-12)


def test_names_are_learnt_as_texts_that_count_less() -> None:
    vectorizer, features = fit_vectorizer(None, TEXTS)
    texts = FewRows(features, columns_of(vectorizer), vectorizer.transform(NAMES))
    learnt, labels, counts, weights = texts.learnt(Reading(names=True), np.arange(9), np.array(LABELS), 3)
    assert learnt.shape == (12, features.shape[1])
    assert labels.tolist() == [*LABELS, 0, 1, 2]
    assert counts.tolist() == [1.0] * 9 + [0.5] * 3
    assert (learnt[:9] != features).nnz == 0
    assert (weights == vectorizer.idf_).all()
    required = learn_linear(texts, LABELS, 3, names=True)
    assert required.reading.names
    assert required.in_words.endswith("the names of the classes learnt, too")
    assert not learn_linear(texts, LABELS, 3, names=False).reading.names


def test_nothing_of_it_where_there_are_many_texts_of_a_class() -> None:
    vectorizer, features = fit_vectorizer(None, TEXTS * 11)
    many = FewRows(features, columns_of(vectorizer), vectorizer.transform(NAMES))
    assert learn_linear(many, LABELS * 11, 3).reading == Reading()
    assert not is_few(LABELS * 11, 3)
    assert not is_few([0] * 5 + [1], 2)
    assert is_few(LABELS, 3)


def test_only_words_are_names_that_say_something() -> None:
    assert are_words(NAMES)
    assert are_words(["sports", "science & technology"])
    assert not are_words(["0", "1"])
    assert not are_words(["A", "B"])
    assert not are_words(["class1", "class2"])


def test_more_by_chance_is_not_surely_more() -> None:
    usual = np.zeros(40, dtype=bool)
    right = usual.copy()
    right[0] = True
    assert not is_surely_better(right, usual)
    right[:2] = True
    assert is_surely_better(right, usual)
    assert not is_surely_better(usual, usual)
    chance = usual.copy()
    chance[0] = True
    assert not is_surely_better(np.stack([chance] * 10), np.stack([usual] * 10))  # ten divisions of the same texts
    assert is_surely_better(np.stack([right] * 10), np.stack([usual] * 10))

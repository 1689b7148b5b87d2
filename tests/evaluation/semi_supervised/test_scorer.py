"""Shares of classes: hypothesis for the properties, scikit-learn for naive Bayes, a loop in plain Python for EM."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.naive_bayes import MultinomialNB

from textrnn.evaluation.linear.solver import fitted as solved
from textrnn.evaluation.linear.solver import weights_by_class
from textrnn.evaluation.semi_supervised.mixture import fit_mixture
from textrnn.evaluation.semi_supervised.scorer import LinearScorer, balanced, class_shares, guesses
from textrnn.evaluation.semi_supervised.self_training import fit_to_guesses, surest_rows


def drawn(rows: int, columns: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).dirichlet(np.ones(columns), size=rows)


@given(st.integers(1, 60), st.integers(2, 6), st.integers(0, 1000))
def test_balanced_rows_sum_to_one_and_classes_come_near_their_shares(rows: int, classes: int, seed: int) -> None:
    shares = drawn(1, classes, seed + 1)[0]
    before = drawn(rows, classes, seed)
    found = balanced(before, shares)
    assert np.allclose(found.sum(axis=1), 1)

    def gap(p: NDArray[np.float64]) -> float:
        return float((shares * np.log(shares / np.maximum(p.mean(axis=0), 1e-300))).sum())

    assert gap(found) <= gap(before) + 1e-9  # each of Sinkhorn's steps brings the means nearer, in this divergence


def test_class_shares_count_one_more_row_of_each() -> None:
    assert class_shares([0, 0, 2], 3).tolist() == pytest.approx([3 / 6, 1 / 6, 2 / 6])


def test_guesses_leave_labelled_rows_their_label() -> None:
    scores = np.array([[5.0, 0.0], [0.0, 5.0], [1.0, 1.0]])
    found = guesses(scores, np.array([0.5, 0.5]), np.array([0]), np.array([1]), 1.0)
    assert found[0].tolist() == [0, 1]
    assert found[1, 1] > 0.9
    assert np.allclose(found.sum(axis=1), 1)


def counts(rows: int, columns: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).poisson(0.7, size=(rows, columns)).astype(float)


def test_without_rounds_the_mixture_is_scikit_learns_naive_bayes() -> None:
    x, labels = counts(12, 7, 0), np.array([0, 1, 2] * 4)
    ours = fit_mixture(csr_matrix(x), np.arange(12), labels, 3, rounds=0, smoothing=0.5)
    theirs = MultinomialNB(alpha=0.5, fit_prior=False).fit(x, labels)
    assert np.allclose(ours.weights, theirs.feature_log_prob_)


def test_a_round_of_em_is_what_a_loop_gives() -> None:
    x, labels, smoothing, weight = counts(9, 5, 1), [0, 1, 0], 0.1, 0.3
    found = fit_mixture(
        csr_matrix(x), np.arange(3), np.array(labels), 2, rounds=1, smoothing=smoothing, unlabelled_weight=weight
    )

    def fitted(belonging: list[list[float]]) -> list[list[float]]:
        logarithms = []
        for c in range(2):
            sums = [smoothing + sum(belonging[i][c] * x[i][k] for i in range(9)) for k in range(5)]
            logarithms.append([math.log(s / sum(sums)) for s in sums])
        return logarithms

    certain = [[float(c == label) for c in range(2)] for label in labels]
    first = fitted(certain + [[0.0, 0.0]] * 6)
    shares = [3 / 5, 2 / 5]
    rows = []
    for i in range(9):
        raised = [math.exp(sum(first[c][k] * x[i][k] for k in range(5))) for c in range(2)]
        rows.append([r / sum(raised) for r in raised])
    for _ in range(3):
        means = [sum(row[c] for row in rows) / 9 for c in range(2)]
        rows = [[row[c] * shares[c] / means[c] for c in range(2)] for row in rows]
        rows = [[value / sum(row) for value in row] for row in rows]
    belonging = certain + [[weight * value for value in row] for row in rows[3:]]
    assert np.allclose(found.weights, fitted(belonging))


def topics(rows: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Texts of two classes, each with 30 words of its own, five of which stand in a text."""
    generator = np.random.default_rng(seed)
    labels = np.arange(rows) % 2
    x = np.zeros((rows, 70))
    for row, label in enumerate(labels):
        x[row, generator.choice(30, 5, replace=False) + 30 * label] = 1
        x[row, 60 + generator.choice(10, 3, replace=False)] = 1
    return x, labels


def test_texts_without_labels_make_up_for_labels() -> None:
    x, labels = topics(400, 0)
    few = np.arange(4)
    new, truth = topics(200, 1)
    alone = LinearScorer(*weights_by_class(solved(csr_matrix(x[few]), labels[few], 1.0), 2))
    mixture = fit_mixture(csr_matrix(x), few, labels[few], 2)
    shares = class_shares(labels[few], 2)
    soft = guesses(mixture.scores(csr_matrix(x)), shares, few, labels[few], 1.0)
    student = fit_to_guesses(csr_matrix(x), soft, few, shares)
    right = [float((m.scores(csr_matrix(new)).argmax(axis=1) == truth).mean()) for m in (alone, mixture, student)]
    assert right[0] < 0.95
    assert right[1] > 0.99
    assert right[2] > 0.99


def test_the_surest_rows_of_a_class_are_no_more_than_its_share() -> None:
    soft = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.3, 0.7], [0.95, 0.05]])
    assert surest_rows(soft, np.array([0.4, 0.4])).tolist() == [4, 0, 3]
    assert surest_rows(soft, np.array([0.0, 0.01])).tolist() == [3]


def test_all_labelled_rows_are_learnt_however_small_the_share() -> None:
    soft = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    found = fit_to_guesses(csr_matrix(np.eye(6)), soft, np.arange(5), np.array([0.5, 0.5]), surest=0.01)
    assert (np.abs(found.weights[:, :5]) > 0.1).all()
    assert (found.weights[:, 5] == 0).all()  # a guess that is not among the surest

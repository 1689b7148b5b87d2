"""Thresholds against trying every one of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from textrnn.evaluation.thresholds import HIGHEST_THRESHOLD, LOWEST_THRESHOLD, USUAL_THRESHOLD, fit_thresholds


def flat(
    shares: NDArray[np.float64], truth: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.bool_]]:
    classes = np.tile(np.arange(shares.shape[1], dtype=np.int32), len(shares))
    order = np.random.default_rng(0).permutation(len(classes))
    return classes[order], shares.ravel()[order], truth.ravel()[order]


def f1(truth: NDArray[np.bool_], taken: NDArray[np.bool_]) -> float:
    return 2 * float((truth & taken).sum()) / max(1, int(truth.sum() + taken.sum()))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 10_000), st.sampled_from([1, 2, 9]))
def test_without_shrinkage_each_has_the_best_f1_there_is(rows: int, classes: int, seed: int, digits: int) -> None:
    generator = np.random.default_rng(seed)
    shares = generator.uniform(0.12, 0.9, (rows, classes)).round(digits)  # with ties, where there are few digits
    truth = generator.random((rows, classes)) < shares
    found = fit_thresholds(*flat(shares, truth), classes, shrinkage=0.0)
    for label in range(classes):
        tried = [f1(truth[:, label], shares[:, label] >= cut) for cut in np.unique(shares[:, label])]
        best = f1(truth[:, label], shares[:, label] >= found[label])
        assert best == pytest.approx(max(tried))


def test_it_lies_halfway_between_two_probabilities() -> None:
    shares = np.array([[0.9], [0.7], [0.4], [0.2]])
    truth = np.array([[True], [True], [False], [False]])
    assert fit_thresholds(*flat(shares, truth), 1, shrinkage=0.0) == pytest.approx([0.55])


def test_few_rows_do_not_decide_alone() -> None:
    """A single row with a label, of low probability: by itself it would have the label given to everybody."""
    shares = np.linspace(0.9, 0.1, 40)[:, None]
    truth = np.zeros((40, 1), dtype=bool)
    truth[36] = True
    alone = fit_thresholds(*flat(shares, truth), 1, shrinkage=0.0)[0]
    expected = fit_thresholds(*flat(shares, truth), 1, shrinkage=1e12)[0]
    held_back = fit_thresholds(*flat(shares, truth), 1)[0]
    assert alone < 0.2 < held_back
    assert abs(held_back - expected) < 0.1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_by_probabilities_alone_it_is_half_the_f1_that_is_expected(seed: int) -> None:
    """Lipton, Elkan & Narayanaswamy 2014, theorem 1."""
    shares = np.sort(np.random.default_rng(seed).beta(1, 3, 5000))[:, None]
    threshold = fit_thresholds(*flat(shares, np.zeros_like(shares, dtype=bool)), 1)[0]
    taken = shares[shares >= threshold]
    expected = 2 * taken.sum() / (len(taken) + shares.sum())
    assert threshold == pytest.approx(expected / 2, abs=0.01)


def test_it_stays_within_bounds_and_knows_labels_of_which_there_is_nothing() -> None:
    shares = np.full((5, 1), 0.001)
    found = fit_thresholds(*flat(shares, np.zeros((5, 1), dtype=bool)), 3)
    assert found.tolist() == [LOWEST_THRESHOLD, USUAL_THRESHOLD, USUAL_THRESHOLD]
    high = fit_thresholds(*flat(np.full((5, 1), 0.999), np.ones((5, 1), dtype=bool)), 1)
    assert LOWEST_THRESHOLD <= high[0] <= HIGHEST_THRESHOLD
    assert fit_thresholds(np.empty(0, np.int32), np.empty(0), np.empty(0, np.bool_), 2).tolist() == [0.5, 0.5]

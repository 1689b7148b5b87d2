from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from textrnn.evaluation.groups import by_length, by_training_rows, by_value, reliability


@given(st.lists(st.tuples(st.integers(1, 1000), st.booleans()), min_size=1, max_size=200))
def test_reliability_is_that_of_scikit_learn(answers: list[tuple[int, bool]]) -> None:
    confidences = np.array([value / 1000 for value, _ in answers])
    right = np.array([value for _, value in answers])
    found = reliability(confidences, right)
    shares, means = calibration_curve(right, confidences, n_bins=15, strategy="uniform")
    np.testing.assert_allclose([part.accuracy for part in found], shares)
    np.testing.assert_allclose([part.confidence for part in found], means)
    assert sum(part.rows for part in found) == len(answers)
    assert all(part.low - 1e-9 <= part.confidence <= part.high + 1e-9 for part in found)


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans(), st.booleans()), min_size=1, max_size=100))
def test_accuracy_by_length_is_that_of_the_texts_between_the_bounds(rows: list[tuple[int, bool, bool]]) -> None:
    texts = ["字" * length for length, _, _ in rows]
    lengths = np.array([length for length, _, _ in rows])
    right, linear = (np.array([row[at] for row in rows]) for at in (1, 2))
    groups = by_length(texts, [0] * len(rows), right, linear)
    assert 1 <= len(groups) <= 8
    assert sum(group.rows for group in groups) == len(rows)
    for group in groups:
        at = (lengths >= group.low) & (lengths <= group.high)
        assert group.rows == at.sum()
        assert group.accuracy == pytest.approx(right[at].mean())
        assert group.linear_accuracy == pytest.approx(linear[at].mean())
        assert group.interval[0] <= group.accuracy <= group.interval[1]
    assert all(before.high < after.low for before, after in itertools.pairwise(groups))


def test_accuracy_by_training_rows_by_hand() -> None:
    # classes with 1, 2, 3, 5, 6 and 1,000 rows to learn from, two test texts of each
    labels = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    right = np.array([0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1], dtype=bool)
    groups = by_training_rows([1, 2, 3, 5, 6, 1000], labels, right)
    found = [(group.low, group.high, group.classes, group.rows, group.right, group.linear_right) for group in groups]
    assert found == [
        (1, 1, 1, 2, 0, None),
        (2, 2, 1, 2, 1, None),
        (3, 5, 2, 4, 3, None),
        (6, 6, 1, 2, 2, None),
        (1000, 1000, 1, 2, 2, None),
    ]


def test_groups_without_a_text_are_left_out() -> None:
    groups = by_value([1, 9], [3, 6, 9], [0, 1], np.array([True, False]))
    assert [(group.low, group.high) for group in groups] == [(1, 1), (9, 9)]

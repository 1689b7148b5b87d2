"""Rows to label next: unsure ones, of every kind."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from textrnn.evaluation.semi_supervised.next_rows import margins_of, rows_to_label


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.integers(1, 40), st.integers(2, 5), st.integers(1, 50), st.integers(0, 99))
def test_as_many_different_rows_as_there_are(rows: int, classes: int, count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(classes), size=rows)
    features = csr_matrix(generator.random((rows, 6)))
    found = rows_to_label(features, probabilities, count, seed=seed).tolist()
    assert len(found) == len(set(found)) == min(rows, count)
    margins = margins_of(probabilities)[found]
    assert (np.diff(margins) >= 0).all()


def test_the_margin_is_between_the_two_likeliest() -> None:
    assert np.allclose(margins_of(np.array([[0.2, 0.5, 0.3], [0.0, 0.0, 1.0]])), [0.2, 1.0])


def test_of_each_kind_the_least_sure_row() -> None:
    kinds = np.repeat(np.arange(3), 10)
    features = csr_matrix(np.eye(4)[kinds])
    sureness = 0.5 + np.arange(30) / 100  # those of the first kind are all less sure than those of the others
    probabilities = np.stack([sureness, 1 - sureness], axis=1)
    assert rows_to_label(features, probabilities, 3).tolist() == [0, 10, 20]

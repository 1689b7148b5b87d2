from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from textrnn.evaluation.metrics import (
    accuracy,
    class_scores,
    classification_report,
    confused_pairs,
    confusion_matrix,
    macro_f1,
    wilson_interval,
)

pairs = st.integers(2, 6).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1, max_size=60),
    )
)


@given(pairs)
def test_against_scikit_learn(case: tuple[int, list[tuple[int, int]]]) -> None:
    classes, rows = case
    truth, guess = [t for t, _ in rows], [g for _, g in rows]
    confusion = confusion_matrix(truth, guess, classes)
    labels = list(range(classes))
    np.testing.assert_array_equal(confusion, oracle.confusion_matrix(truth, guess, labels=labels))
    scores = class_scores(confusion)
    expected = oracle.precision_recall_fscore_support(truth, guess, labels=labels, zero_division=0)
    for found, wanted in zip((scores.precision, scores.recall, scores.f1, scores.support), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert accuracy(confusion) == pytest.approx(oracle.accuracy_score(truth, guess))
    assert macro_f1(confusion) == pytest.approx(oracle.f1_score(truth, guess, average="macro", zero_division=0))


def test_confused_pairs_are_ordered_and_stable() -> None:
    confusion = np.array([[5, 2, 1], [2, 9, 0], [4, 0, 3]])
    assert confused_pairs(confusion, 3) == [(2, 0, 4), (0, 1, 2), (1, 0, 2)]
    assert confused_pairs(np.eye(3, dtype=np.int64), 3) == []


def test_report_is_plain_values() -> None:
    report = classification_report(np.array([[3, 1], [0, 4]]), 0.5, ["甲", "乙"])
    assert report["confusion_matrix"] == [[3, 1], [0, 4]]
    assert report["accuracy"] == 7 / 8
    assert report["per_class"]["甲"] == {"precision": 1.0, "recall": 0.75, "f1": pytest.approx(6 / 7), "support": 4}
    assert report["labels"] == ["甲", "乙"]


@pytest.mark.parametrize(("hits", "count", "expected"), [(0, 10, (0.0, 0.27753)), (8, 10, (0.49016, 0.94332))])
def test_wilson_interval_against_published_figures(hits: int, count: int, expected: tuple[float, float]) -> None:
    """Statsmodels' proportion_confint(hits, count, method="wilson")."""
    assert wilson_interval(hits, count) == pytest.approx(expected, abs=1e-4)
    low, high = wilson_interval(count - hits, count)
    assert (1 - high, 1 - low) == pytest.approx(expected, abs=1e-4)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_interval_solves_its_equation(count: int, share: float) -> None:
    """At its ends, the observed share is 1.96 standard errors away."""
    hits = round(share * count)
    for end in wilson_interval(hits, count):
        if 1e-9 < end < 1 - 1e-9:
            distance = abs(hits / count - end) / np.sqrt(end * (1 - end) / count)
            assert distance == pytest.approx(1.959963984540054, rel=1e-6)
    assert wilson_interval(0, 0) == (0.0, 1.0)

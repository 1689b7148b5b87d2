"""Temperature and calibration error against torch's optimizer and a calculation bin by bin."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from textrnn.evaluation.calibration import (
    cross_entropy,
    expected_calibration_error,
    fit_temperature,
    penalised_loss,
    softmax,
    without_smoothing,
)


def example(seed: int, rows: int = 400, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, classes))
    drawn = np.array([generator.choice(classes, p=row) for row in softmax(logits)])
    return logits, drawn


@pytest.mark.parametrize("stretched", [0.2, 1.0, 7.0])
def test_the_temperature_undoes_what_stretched_the_logits(stretched: float) -> None:
    logits, labels = example(0, rows=20_000)
    assert fit_temperature(logits * stretched, labels) == pytest.approx(stretched, rel=0.05)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_no_temperature_nearby_is_better(seed: int) -> None:
    logits, labels = example(seed)
    found = fit_temperature(logits, labels)
    least = penalised_loss(logits, labels, found)
    expected = torch.nn.functional.cross_entropy(torch.from_numpy(logits / found), torch.from_numpy(labels)).item()
    assert least == pytest.approx(expected + np.log(found) ** 2 / 0.5 / len(labels))
    for other in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0):
        assert least <= penalised_loss(logits, labels, found * other)


def test_a_temperature_has_bounds() -> None:
    logits, labels = example(0, rows=20_000)
    assert fit_temperature(logits * 1e4, labels) == pytest.approx(64.0, rel=1e-3)


def test_a_few_answers_that_are_all_right_are_not_believed() -> None:
    logits, labels = np.array([[2.0, 0.0], [0.0, 1.0], [1.5, 0.0], [0.0, 0.5], [1.0, 0.0]]), np.array([0, 1, 0, 1, 0])
    found = fit_temperature(logits, labels)
    assert 0.4 < found < 1.0
    assert fit_temperature(np.empty((0, 2)), []) == 1.0
    surer = penalised_loss(logits * 3, labels, fit_temperature(logits * 3, labels))
    assert 0 < surer < penalised_loss(logits, labels, found)  # which of two evaluations is better can still be told


def test_weighted_cross_entropy_by_hand() -> None:
    logits, labels = [[1.0, 0.0], [0.0, 2.0]], [0, 0]
    losses = [np.log(1 + np.exp(-1)), np.log(1 + np.exp(2))]
    assert cross_entropy(logits, labels, weights=np.array([3.0, 1.0])) == pytest.approx((3 * losses[0] + losses[1]) / 4)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 20))
def test_calibration_error_bin_by_bin(seed: int, bins: int) -> None:
    logits, labels = example(seed, rows=60)
    shares = softmax(logits * 2)
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    expected = 0.0
    for index in range(bins):
        inside = (confidence > index / bins) & (confidence <= (index + 1) / bins)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(shares, labels, bins) == pytest.approx(expected)


def test_by_hand() -> None:
    """Four answers, 80 % sure, three of them right: off by 5 points. One that is certain and wrong: by 100."""
    assert expected_calibration_error([[0.8, 0.2]] * 4, [0, 0, 0, 1]) == pytest.approx(0.05)
    assert expected_calibration_error([[1.0, 0.0]], [1]) == 1.0
    assert expected_calibration_error(np.empty((0, 2)), []) == 0.0


def test_smoothing_undone_by_hand() -> None:
    """Of three classes, 0.1 spread: 0.9 * 0.7 + 1 / 30 was 0.7; what is below its share of the smoothing is next to
    nothing."""
    shares = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]])
    found = np.exp(without_smoothing(np.log(0.9 * shares + 0.1 / 3), 0.1))
    np.testing.assert_allclose(found[0], shares[0], atol=1e-12)
    np.testing.assert_allclose(found[1], np.array([1.0, 1e-4, 1e-4]) / 1.0002, atol=1e-12)
    logits = np.array([[3.0, -1.0, 0.5]])
    np.testing.assert_allclose(softmax(without_smoothing(logits, 0.0)), softmax(logits))

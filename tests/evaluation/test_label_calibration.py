"""Calibration of labels: what was shifted is found again, few rows are held back, and the rest counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from textrnn.corpus.label_sets import LabelSets
from textrnn.evaluation.label_calibration import (
    BIAS_DEVIATION,
    OWN_DEVIATION,
    SLOPE_DEVIATION,
    fit_label_calibration,
)
from textrnn.evaluation.label_scores import LabelScores, collect, sigmoid
from textrnn.evaluation.thresholds import thresholds_of


def scored(logits: NDArray[np.float64], truth: NDArray[np.bool_], *, most_kept: int = 1 << 20) -> LabelScores:
    def pieces() -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        yield np.arange(len(logits)), logits.astype(np.float32)

    return collect(pieces(), LabelSets.of(np.flatnonzero(row) for row in truth), logits.shape[1], most_kept=most_kept)


def made(rows: int, classes: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1.0, 2.0, (rows, classes))
    return logits, generator.random(logits.shape) < sigmoid(logits)


def test_what_was_stretched_and_shifted_is_found_again() -> None:
    logits, truth = made(20_000, 3, 0)
    shifts = np.array([-0.7, 0.0, 0.9])
    found = fit_label_calibration(scored(logits * 2.5 + shifts, truth))
    assert found.temperature == pytest.approx(2.5, rel=0.05)
    assert found.biases == pytest.approx(-shifts / 2.5, abs=0.08)
    errors = [scored(x, truth).before.calibration_error for x in (logits, logits * 2.5 + shifts)]
    after = found.probabilities(logits * 2.5 + shifts)
    assert abs(after.mean(axis=0) - truth.mean(axis=0)).max() < 0.01
    assert errors[0] < 0.01 < errors[1]


def test_newton_finds_what_scipy_finds() -> None:
    logits, truth = made(80, 2, 4)
    found = fit_label_calibration(scored(logits, truth))

    def common(x: NDArray[np.float64]) -> float:
        at = x[0] * logits + x[1]
        prior = (x[0] - 1) ** 2 / SLOPE_DEVIATION**2 + x[1] ** 2 / BIAS_DEVIATION**2
        return float((np.logaddexp(0, at) - truth * at).sum() + prior / 2)

    slope, bias = minimize(common, [1.0, 0.0]).x

    def own(x: NDArray[np.float64]) -> float:
        at = slope * logits + bias + x
        return float((np.logaddexp(0, at) - truth * at).sum() + (x**2).sum() / OWN_DEVIATION**2 / 2)

    assert 1 / found.temperature == pytest.approx(slope, abs=1e-3)
    assert found.biases == pytest.approx(bias + minimize(own, [0.0, 0.0]).x, abs=1e-3)


def test_a_handful_of_rows_all_right_does_not_make_it_certain() -> None:
    logits = np.array([[2.0, -2.0], [-2.0, 2.0]])
    found = fit_label_calibration(scored(logits, logits > 0))
    assert found.probabilities(logits).max() < 0.99


def test_without_rows_nothing_is_changed() -> None:
    found = fit_label_calibration(scored(np.empty((0, 2)), np.empty((0, 2), dtype=bool)))
    assert (found.temperature, found.biases.tolist()) == (1.0, [0.0, 0.0])


def test_logits_that_are_not_kept_count_as_well() -> None:
    logits, truth = made(300, 1100, 9)
    logits -= 3
    truth &= logits > -2
    whole, part = (fit_label_calibration(scored(logits, truth, most_kept=kept)) for kept in (1 << 20, 300 * 40))
    assert part.temperature == pytest.approx(whole.temperature, rel=0.02)
    assert part.biases[0] == pytest.approx(whole.biases[0], abs=0.03)


def test_the_bias_of_a_class_counts_what_is_not_kept_as_well() -> None:
    """Else, of many rows and labels, only the likeliest would count, and every label would seem too rarely given."""
    generator = np.random.default_rng(2)
    logits, truth = made(600, 150, 9)
    logits = logits - 2 + generator.normal(size=150)
    truth &= generator.random(truth.shape) < sigmoid(logits)
    whole, part = (scored(logits, truth, most_kept=kept) for kept in (1 << 20, 600 * 20))
    assert len(part.logits) < 0.2 * len(whole.logits)
    of_whole, of_part = map(fit_label_calibration, (whole, part))
    assert of_part.temperature == pytest.approx(of_whole.temperature, rel=1e-3)
    np.testing.assert_allclose(of_part.biases, of_whole.biases, atol=0.01)
    classes, shares, counts = of_part.of_rest(part)
    assert counts.sum() + len(part.logits) == logits.size
    kept = np.bincount(part.classes, weights=of_part.of_kept(part), minlength=150)
    rest = np.bincount(classes, weights=counts * shares, minlength=150)
    np.testing.assert_allclose(kept + rest, of_part.probabilities(logits).sum(axis=0), rtol=0.01)
    differ = np.abs(thresholds_of(whole, of_whole) - thresholds_of(part, of_part))
    assert np.median(differ) < 0.002
    assert np.quantile(differ, 0.9) < 0.04  # a bin is a tenth of a logit wide

"""Calibrated probabilities: label smoothing is undone, then one temperature for all is fitted on texts that the network
did not learn from.

Shapes: N texts, C classes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 1 / 64, 64.0
SMALLEST_PROBABILITY = 1e-4
PRIOR_DEVIATION = 0.5  # of the logarithm of a temperature, in the penalty below
GOLDEN_SECTION = (math.sqrt(5) - 1) / 2


def softmax(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """(N, C) logits -> (N, C) probabilities of logits / temperature.

    Not SciPy's, which gives the same numbers: a prediction should not have to wait for its import.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return probabilities


def without_smoothing(logits: ArrayLike, label_smoothing: float) -> NDArray[np.float64]:
    """(N, C) logits of a network that learnt from smoothed labels -> (N, C) log-probabilities of the labels themselves.

    Such a network learns q = (1 - s) p + s / C (Szegedy et al. 2016, equation 3); hence p = (q - s / C)
    / (1 - s). No temperature can undo that: it would make medium probabilities too high before the high ones are high
    enough. Probabilities below 1e-4, where the noise of q is larger than they are, become 1e-4.
    """
    smoothed = softmax(logits)
    shares = np.maximum((smoothed - label_smoothing / smoothed.shape[1]) / (1 - label_smoothing), SMALLEST_PROBABILITY)
    logarithms: NDArray[np.float64] = np.log(shares / shares.sum(axis=1, keepdims=True))
    return logarithms


def cross_entropy(
    logits: ArrayLike, labels: ArrayLike, temperature: float = 1.0, weights: NDArray[Any] | None = None
) -> float:
    """Mean cross-entropy, nats per text.

    Args:
        weights: (N,) of the texts.
    """
    from scipy.special import log_softmax

    log_probabilities = log_softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)
    return -float(np.average(log_probabilities[np.arange(len(log_probabilities)), np.asarray(labels)], weights=weights))


def penalised_loss(
    logits: ArrayLike, labels: ArrayLike, temperature: float, weights: NDArray[Any] | None = None
) -> float:
    """Cross-entropy, and a penalty for temperatures far from 1: a normal prior on the logarithm.

    Without it, a few texts that are all answered right would have the lowest temperature of all. For thousands of texts
    the penalty is negligible.
    """
    prior = math.log(temperature) ** 2 / (2 * PRIOR_DEVIATION**2)
    return cross_entropy(logits, labels, temperature, weights) + prior / len(np.asarray(labels))


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature with the least :func:`penalised_loss`, by golden section, between 1/64 and 64; 1.0 without texts.

    SciPy's bounded minimisation finds it to more digits, which changes the figures of every run from the fourth on (see
    benchmarks/LOG.md).

    Source: Guo et al. 2017, section 4.2 (there without a penalty).
    """
    if len(np.asarray(labels)) == 0:
        return 1.0

    def loss(log_temperature: float) -> float:
        return penalised_loss(logits, labels, math.exp(log_temperature))

    low, high = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    left, right = high - GOLDEN_SECTION * (high - low), low + GOLDEN_SECTION * (high - low)
    left_loss, right_loss = loss(left), loss(right)
    while high - low > 1e-3:
        if left_loss <= right_loss:
            high, right, right_loss = right, left, left_loss
            left = high - GOLDEN_SECTION * (high - low)
            left_loss = loss(left)
        else:
            low, left, left_loss = left, right, right_loss
            right = low + GOLDEN_SECTION * (high - low)
            right_loss = loss(right)
    return math.exp((low + high) / 2)


def expected_calibration_error(probabilities: ArrayLike, labels: ArrayLike, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy, over bins of equal width.

    Source: Guo et al. 2017, equation 3 (Naeini et al. 2015), with the 15 bins of their experiments.
    """
    shares = np.asarray(probabilities, dtype=np.float64)
    confidence = shares.max(axis=1)
    right = shares.argmax(axis=1) == np.asarray(labels)
    if len(right) == 0:
        return 0.0
    bin_of = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)  # (lower, upper]
    gaps = np.bincount(bin_of, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(right))

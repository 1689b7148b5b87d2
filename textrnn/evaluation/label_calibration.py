"""Calibrated probabilities of labels: one temperature for all, and a bias for each, fitted on rows not learnt from.

Shapes: S logits that are kept, C classes.
"""

from __future__ import annotations

import numpy as np

from textrnn.evaluation.label_scores import MIDDLES, MOST_OWN_BIASES, LabelCalibration, LabelScores, sigmoid

SLOPE_DEVIATION, BIAS_DEVIATION, OWN_DEVIATION = 0.5, 2.0, 0.5  # of the normal priors that hold few rows back
LOWEST_SLOPE, HIGHEST_SLOPE = 1 / 64, 64.0
ROUNDS = 30


def fit_label_calibration(scores: LabelScores) -> LabelCalibration:
    """Temperature and biases with the least cross-entropy, and a penalty for those far from 1 and 0.

    Network and loss may count the labels otherwise than they are spread (weights of classes, noise): that shifts the
    logits of a class, which its bias undoes.

    Source: Platt 1999, with priors in the place of his smoothed targets; Newton's method.
    """
    slope, bias = _fit_common(scores)
    biases = np.full(scores.class_count, bias)
    if scores.class_count <= MOST_OWN_BIASES and len(scores.logits):
        own = _fit_own(scores, slope, biases)
        biases = biases + own
    return LabelCalibration(1 / slope, biases)


def _fit_common(scores: LabelScores) -> tuple[float, float]:
    """The slope (1 / temperature) and the bias of all classes together."""
    if not len(scores.logits):
        return 1.0, 0.0
    logits = np.concatenate([scores.logits.astype(np.float64), MIDDLES])
    counts = np.concatenate([np.ones(len(scores.logits)), scores.rest.sum(axis=0)])
    truth = np.concatenate([scores.is_true.astype(np.float64), np.zeros(len(MIDDLES))])
    there = counts > 0
    logits, counts, truth = logits[there], counts[there], truth[there]

    def penalised(slope: float, bias: float) -> float:
        at = slope * logits + bias
        prior = (slope - 1) ** 2 / SLOPE_DEVIATION**2 + bias**2 / BIAS_DEVIATION**2
        return float((counts * (np.logaddexp(0.0, at) - truth * at)).sum() + prior / 2)

    slope, bias = 1.0, 0.0
    loss = penalised(slope, bias)
    for _ in range(ROUNDS):
        shares = sigmoid(slope * logits + bias)
        gaps, spread = counts * (shares - truth), counts * shares * (1 - shares)
        gradient = np.array(
            [(gaps * logits).sum() + (slope - 1) / SLOPE_DEVIATION**2, gaps.sum() + bias / BIAS_DEVIATION**2]
        )
        cross = (spread * logits).sum()
        curvature = np.array(
            [
                [(spread * logits**2).sum() + 1 / SLOPE_DEVIATION**2, cross],
                [cross, spread.sum() + 1 / BIAS_DEVIATION**2],
            ]
        )
        change = np.linalg.solve(curvature, gradient)
        for halving in range(20):
            tried = (slope - change[0] / 2**halving, bias - change[1] / 2**halving)
            better = penalised(*tried)
            if tried[0] >= LOWEST_SLOPE and better <= loss:
                break
        else:
            break
        settled = loss - better < 1e-9 * max(1.0, abs(loss))
        slope, bias, loss = float(tried[0]), float(tried[1]), better
        if settled:
            break
    return min(HIGHEST_SLOPE, slope), bias


def _fit_own(scores: LabelScores, slope: float, biases: np.ndarray) -> np.ndarray:
    """(C,): what is added to the bias of each class."""
    base = slope * scores.logits + biases[scores.classes]
    counts = scores.label_counts.astype(np.float64)
    own = np.zeros(scores.class_count)
    used = scores.rest.any(axis=0)
    rest, of_rest = scores.rest[:, used], slope * MIDDLES[used] + biases[:, None]
    for _ in range(ROUNDS):
        shares, others = sigmoid(base + own[scores.classes]), sigmoid(of_rest + own[:, None])
        expected = np.bincount(scores.classes, weights=shares, minlength=scores.class_count)
        spread = np.bincount(scores.classes, weights=shares * (1 - shares), minlength=scores.class_count)
        expected += (rest * others).sum(axis=1)
        spread += (rest * others * (1 - others)).sum(axis=1)
        change = (expected - counts + own / OWN_DEVIATION**2) / (spread + 1 / OWN_DEVIATION**2)
        own -= np.clip(change, -1.0, 1.0)
        if np.abs(change).max() < 1e-6:
            break
    return own

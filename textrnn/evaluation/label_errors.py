"""Rows whose label is probably wrong: confident learning on probabilities by models that have not learnt from the rows.

Shapes: N rows, C classes.

Source: Northcutt, Jiang, Chuang 2021 (Confident Learning, JAIR 70), sections 3.1 and 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textrnn.evaluation.calibration import fit_temperature, penalised_loss, softmax

ROUNDING = 1e-6  # probabilities that near to each other are equal
LOWEST_THRESHOLD = 2e-6
UNLIKELY = 0.1  # a label at least that probable, and one likelier than a class drawn blindly, is no suspect
NETWORK_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
SMALLEST_PROBABILITY = 1e-6  # in logarithms


@dataclass(frozen=True)
class Suspect:
    """A row whose label is probably wrong.

    Attributes:
        row_index: in its split, from 0
        given: index of the class that the row has
        suggested: index of the class that the models think it is of
        probability: of the suggested class, as models see it that have not learnt from this row; not the probability
            that the label is wrong, which also depends on how many labels are wrong
        self_confidence: the same of the given class, by which suspects are ranked
        split: ``train``, ``dev`` or ``test``; empty where there are no splits
    """

    row_index: int
    given: int
    suggested: int
    probability: float
    self_confidence: float
    split: str = ""


def confident_thresholds(probabilities: NDArray[np.float64], labels: ArrayLike) -> NDArray[np.float64]:
    """(C,) the mean probability of each class over the rows that have it; infinite for a class without rows.

    Source: equation 2.
    """
    given = np.asarray(labels, dtype=np.int64)
    class_count = probabilities.shape[1]
    rows = np.bincount(given, minlength=class_count)
    sums = np.bincount(given, weights=probabilities[np.arange(len(given)), given], minlength=class_count)
    means = np.maximum(sums / np.maximum(rows, 1), LOWEST_THRESHOLD)
    return np.where(rows > 0, means, np.inf)


def confident_classes(probabilities: NDArray[np.float64], labels: ArrayLike) -> NDArray[np.int64]:
    """(N,) the class that each row is counted for in the confident joint; -1 for rows that reach no threshold.

    Of several classes whose threshold a row reaches, the most probable counts.

    Source: equation 1.
    """
    reached = probabilities >= confident_thresholds(probabilities, labels) - ROUNDING
    counted = np.where(reached.sum(axis=1) > 1, probabilities.argmax(axis=1), reached.argmax(axis=1))
    return np.where(reached.any(axis=1), counted, -1).astype(np.int64)


def expected_errors(probabilities: NDArray[np.float64], labels: ArrayLike) -> float:
    """How many labels are wrong, by the confident joint: its shares off the diagonal, class by class, of all rows.

    Rows that reach no threshold are taken to be as often wrong as the others of their class. Where the models are often
    wrong, it is too high: their errors count as well.

    Source: equation 3.
    """
    given, counted = np.asarray(labels, dtype=np.int64), confident_classes(probabilities, labels)
    class_count = probabilities.shape[1]
    right = np.bincount(given[counted == given], minlength=class_count).clip(min=1)  # one of each class, as in cleanlab
    wrong = np.bincount(given[(counted >= 0) & (counted != given)], minlength=class_count)
    return float((np.bincount(given, minlength=class_count) * wrong / (wrong + right)).sum())


def find_suspects(probabilities: NDArray[np.float64], labels: ArrayLike) -> list[Suspect]:
    """The rows whose label is probably wrong, the most suspicious first.

    At most as many as confident learning expects; which they are, the probability of the given label says alone. That
    finds more than the rows off the diagonal of the joint themselves (see benchmarks/LOG.md): many a wrong label stands
    on a text of which no class is certain. Where the models are often wrong, most of the later suspects are right.

    Args:
        probabilities: (N, C) by models that have not learnt from the rows; rows of NaN are not judged.
        labels: (N,) class indices.
    """
    given = np.asarray(labels, dtype=np.int64)
    judged = np.flatnonzero(~np.isnan(probabilities).any(axis=1))
    if len(judged) == 0:
        return []
    probabilities, given = probabilities[judged], given[judged]
    likeliest, highest = probabilities.argmax(axis=1), probabilities.max(axis=1)
    self_confidence = probabilities[np.arange(len(given)), given]
    highest_of_suspects = max(UNLIKELY, 1 / probabilities.shape[1])
    lowest = np.argsort(self_confidence, kind="stable")[: round(expected_errors(probabilities, given))]
    return [
        Suspect(
            row_index=int(judged[row]),
            given=int(given[row]),
            suggested=int(likeliest[row]),
            probability=float(highest[row]),
            self_confidence=float(self_confidence[row]),
        )
        for row in lowest
        if self_confidence[row] < min(highest_of_suspects, highest[row] - ROUNDING)
    ]


def combine_probabilities(
    linear: NDArray[np.float64], network: NDArray[np.float64], labels: ArrayLike
) -> NDArray[np.float64]:
    """What two models think together: a weighted geometric mean, calibrated anew.

    The network's weight is the one of :data:`NETWORK_WEIGHTS` that makes the labels most probable: with few rows,
    it may have nothing to add.

    Args:
        linear: (N, C).
        network: (N, C) by one that has not learnt from the rows; where a row is NaN, `linear` stands.
        labels: (N,) class indices.
    """
    both = ~np.isnan(linear).any(axis=1) & ~np.isnan(network).any(axis=1)
    if not both.any():
        return linear
    given = np.asarray(labels)[both]
    logarithms = [np.log(np.maximum(shares[both], SMALLEST_PROBABILITY)) for shares in (linear, network)]
    least, combined = np.inf, linear.copy()
    for weight in NETWORK_WEIGHTS:
        logits = (1 - weight) * logarithms[0] + weight * logarithms[1]
        temperature = fit_temperature(logits, given)
        loss = penalised_loss(logits, given, temperature)
        if loss < least:
            least, combined[both] = loss, softmax(logits, temperature)
    return combined

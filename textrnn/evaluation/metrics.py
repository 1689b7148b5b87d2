"""Figures computed from counts: pure functions, no framework."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

ONE_SIDED = 1.6448536269514722  # quantile of the normal distribution at 95 %


def confusion_matrix(labels: ArrayLike, predictions: ArrayLike, class_count: int) -> NDArray[np.int64]:
    """(C, C) counts, true classes down, predicted classes across, including classes that do not occur."""
    truth, guess = np.asarray(labels, dtype=np.int64), np.asarray(predictions, dtype=np.int64)
    return np.bincount(truth * class_count + guess, minlength=class_count**2).reshape(class_count, class_count)


@dataclass(frozen=True)
class ClassScores:
    """Per class (C,): shares between 0 and 1, and the number of rows. 0 where a share has nothing to divide by."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]


def class_scores(confusion: NDArray[np.int64]) -> ClassScores:
    """Precision, recall, F1 and support of each class."""
    hits = np.diag(confusion).astype(np.float64)
    predicted, support = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, support, out=np.zeros_like(hits), where=support > 0)
    f1 = np.divide(2 * hits, predicted + support, out=np.zeros_like(hits), where=predicted + support > 0)
    return ClassScores(precision, recall, f1, support)


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Share of rows on the diagonal."""
    return float(np.trace(confusion) / max(1, confusion.sum()))


def row_shares(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """(C, C) counts -> (C, C) shares of each true class; 0 for a class without rows."""
    shares: NDArray[np.float64] = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    return shares


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """Where a share of `hits` in `count` lies with 95 % confidence; (0, 1) of none.

    Source: Wilson 1927.
    """
    if count == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    share, spread = hits / count, z * z / count
    centre = (share + spread / 2) / (1 + spread)
    reach = z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, min(share, centre - reach)), min(1.0, max(share, centre + reach))  # rounding aside


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that occur, in truth or in prediction (as scikit-learn does without fixed labels)."""
    occurring = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    return float(class_scores(confusion).f1[occurring].mean()) if occurring.any() else 0.0


def has_learnt(confusion: NDArray[np.int64]) -> bool:
    """Whether the answers go with the true classes more than blind ones of the same shares would (kappa, 5 %).

    Source: Cohen 1960; Fleiss, Cohen & Everitt 1969 for the spread of kappa where there is no agreement.
    """
    shares = confusion / max(1, confusion.sum())
    truth, answered = shares.sum(axis=1), shares.sum(axis=0)
    by_chance = float(truth @ answered)
    spread = by_chance + by_chance**2 - float((truth * answered * (truth + answered)).sum())
    agreement = float(np.trace(shares)) - by_chance
    return agreement > 1e-9 and agreement > ONE_SIDED * math.sqrt(max(0.0, spread) / confusion.sum())


def confused_pairs(confusion: NDArray[np.int64], count: int) -> list[tuple[int, int, int]]:
    """The `count` largest off-diagonal cells as (true class, predicted class, rows), largest first."""
    size = len(confusion)
    cells = [(int(confusion[i, j]), i, j) for i in range(size) for j in range(size) if i != j and confusion[i, j]]
    return [(i, j, rows) for rows, i, j in sorted(cells, key=lambda cell: (-cell[0], cell[1], cell[2]))[:count]]


def perplexity(nats: float) -> float:
    """exp of the mean cross-entropy (nats per token): as if the model chose among so many equally likely tokens."""
    return math.exp(nats) if nats < 700 else math.inf


def bits(nats: float) -> float:
    """Nats -> bits."""
    return nats / math.log(2)


def classification_report(confusion: NDArray[np.int64], loss: float, class_names: list[str]) -> dict[str, Any]:
    """The section of ``metrics.json`` on a scored split.

    Args:
        loss: mean cross-entropy, nats per row.
    """
    scores = class_scores(confusion)
    return {
        "accuracy": accuracy(confusion),
        "macro_f1": macro_f1(confusion),
        "loss": loss,
        "labels": class_names,
        "confusion_matrix": confusion.tolist(),
        "per_class": {
            name: {
                "precision": float(scores.precision[index]),
                "recall": float(scores.recall[index]),
                "f1": float(scores.f1[index]),
                "support": int(scores.support[index]),
            }
            for index, name in enumerate(class_names)
        },
    }

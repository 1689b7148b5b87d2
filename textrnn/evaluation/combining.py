"""How the logits of two models are put together: each answer is a weighted sum of all logits of both, with weights that
are fitted on texts that neither has learnt from.

A share of one number for all classes does not know that one model tells some classes apart better, or which class is
meant where another is mistaken for it. That takes C * C numbers a model, hence many texts.

Shapes: N texts, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEVIATION = 0.15  # of a weight, from what it is where both are mixed by a share; of the normal prior for it
TEXTS_A_WEIGHT = 40  # at least: with half as many, nothing is gained, and with fewer, something lost
MOST_PRODUCTS = 30_000_000  # of texts, weights and classes: where there are more, it would take long
STEPS = 100


@dataclass(frozen=True)
class Combination:
    """logits = (1 - share) * own @ of_own + share * others @ of_others + added.

    Attributes:
        share: of the other model
        of_own, of_others: (C, C), near the identity
        added: (C,)
    """

    share: float
    of_own: NDArray[np.float64]
    of_others: NDArray[np.float64]
    added: NDArray[np.float64]

    def __call__(self, own: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, C), (N, C) -> (N, C)."""
        mixed = (1 - self.share) * own @ self.of_own + self.share * others @ self.of_others + self.added
        return mixed.astype(np.float32)


def fit_combination(
    own: NDArray[np.float32], others: NDArray[np.float32], labels: NDArray[np.int64], share: float
) -> Combination | None:
    """The weights with the least cross-entropy, and a penalty for those far from the mean of both by a share.

    Args:
        own, others: (N, C) logits.
        labels: (N,) class indices.
        share: of the others, by which both are mixed so far.

    Returns:
        None where only one model has a share, of too few texts, of too many for so many classes, and of two classes:
        each can be mistaken for the other alone, which a share and a temperature know.

    Source: Wolpert 1992 (stacking); Guo et al. 2017, section 4.2 (a matrix of one model).
    """
    texts, classes = own.shape
    weights = 2 * classes**2 + classes
    if not 0 < share < 1 or classes < 3:
        return None
    if texts < TEXTS_A_WEIGHT * weights or texts * weights > MOST_PRODUCTS:
        return None
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    read = np.concatenate([own, others, np.ones((texts, 1))], axis=1, dtype=np.float64)
    one = np.eye(classes)
    start = np.concatenate([(1 - share) * one, share * one, np.zeros((1, classes))])
    targets = one[labels]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        change = flat.reshape(start.shape) - start
        # einsum, unlike a product of matrices, sums in an order that does not depend on the number of threads
        answers = log_softmax(np.einsum("nk,kc->nc", read, start + change), axis=1)
        gradient = np.einsum("nk,nc->kc", read, np.exp(answers) - targets) + change / DEVIATION**2
        penalty = float((change**2).sum()) / (2 * DEVIATION**2)
        return (penalty - float((targets * answers).sum())) / texts, gradient.ravel() / texts

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    of_own, of_others, added = np.split(found.reshape(start.shape), [classes, 2 * classes])
    return Combination(share, of_own / (1 - share), of_others / share, added[0])

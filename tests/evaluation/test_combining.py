"""Weights for each class in the answers of two models, fitted on texts that neither has learnt from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from textrnn.evaluation import combining
from textrnn.evaluation.combining import DEVIATION, fit_combination

Logits = NDArray[np.float32]


def drawn(texts: int, seed: int = 0) -> tuple[Logits, Logits, NDArray[np.int64]]:
    """Two models of three classes: the first takes the last two for one another, the other does not."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, texts)
    own = 4.0 * np.eye(3)[labels] + generator.normal(size=(texts, 3))
    swapped = generator.random(texts) < 0.4
    own[swapped] = own[swapped][:, [0, 2, 1]]
    others = 1.5 * np.eye(3)[labels] + generator.normal(size=(texts, 3))
    others[:, 0] *= 0.1
    return own.astype(np.float32), others.astype(np.float32), labels


def test_new_texts_are_told_better_than_by_a_share() -> None:
    combined = fit_combination(*drawn(20_000), 0.3)
    assert combined is not None
    own, others, labels = drawn(20_000, seed=1)
    answers = combined(own, others), own + 0.3 * (others - own)
    right, before = (float((logits.argmax(axis=1) == labels).mean()) for logits in answers)
    assert right > before + 0.01


def test_nothing_is_left_to_gain() -> None:
    """At what was found, torch's cross-entropy and the prior have no slope."""
    own, others, labels = drawn(2000)
    found = fit_combination(own, others, labels, 0.4)
    assert found is not None
    parts = [
        torch.tensor(part, requires_grad=True) for part in (0.6 * found.of_own, 0.4 * found.of_others, found.added)
    ]
    logits = torch.from_numpy(own).double() @ parts[0] + torch.from_numpy(others).double() @ parts[1] + parts[2]
    np.testing.assert_allclose(logits.detach(), found(own, others), atol=1e-4)
    loss = functional.cross_entropy(logits, torch.from_numpy(labels))
    start = (0.6 * torch.eye(3), 0.4 * torch.eye(3), torch.zeros(3))
    squares = sum(((part - first) ** 2).sum() for part, first in zip(parts, start, strict=True))
    (loss + squares / (2 * DEVIATION**2 * len(labels))).backward()
    for part in parts:
        assert part.grad is not None
        assert part.grad.abs().max() < 2e-4


@pytest.mark.parametrize(
    ("texts", "share"),
    [(40 * 21 - 1, 0.5), (2000, 0.0), (2000, 1.0), (0, 0.5)],
    ids=["too few texts", "the network alone", "the linear model alone", "no texts"],
)
def test_the_share_is_left_as_it_is(texts: int, share: float) -> None:
    assert fit_combination(*drawn(texts), share) is None


def test_of_two_classes() -> None:
    own, others, labels = drawn(4000)
    two = labels < 2
    assert fit_combination(own[two, :2], others[two, :2], labels[two], 0.5) is None


def test_where_it_would_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fit_combination(*drawn(40 * 21), 0.5) is not None
    monkeypatch.setattr(combining, "MOST_PRODUCTS", 40 * 21 * 21 - 1)
    assert fit_combination(*drawn(40 * 21), 0.5) is None

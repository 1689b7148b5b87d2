"""Rows that are of several classes in part: what they add to the loss."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.factories import DEV, TRAIN
from textrnn.config import TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.training.objectives.classification import ClassificationObjective

CONFIG = TrainConfig(batch_size=12, evaluate_every=5, label_smoothing=0.1)
ROWS = torch.arange(12)


class Fixed(torch.nn.Module):
    """Answers these logits (B, C), whatever the texts are."""

    def __init__(self, logits: Tensor):
        super().__init__()
        self.logits = logits

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.logits


def loss_of(texts: LabelledTexts, logits: Tensor) -> float:
    objective = ClassificationObjective(texts, DEV, CONFIG, 3)
    return float(objective.loss(Fixed(logits), texts.batch(ROWS)).value)


def softened(soft_labels: NDArray[np.float64]) -> LabelledTexts:
    whole = np.zeros((len(TRAIN), 3), dtype=np.float32)
    whole[: len(soft_labels)] = soft_labels
    return TRAIN.softened(whole)


def test_wholly_of_its_label_is_the_same_as_no_soft_label() -> None:
    logits = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    certain = np.eye(3)[TRAIN.labels[:12].numpy()]
    assert loss_of(softened(certain), logits) == pytest.approx(loss_of(TRAIN, logits), rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_row_in_parts_is_the_mean_of_its_parts(weighted: bool) -> None:
    generator = np.random.default_rng(1)
    logits, parts = torch.tensor(generator.normal(size=(12, 3))), generator.dirichlet(np.ones(3), size=12)
    texts = softened(parts)
    weights = generator.random(len(TRAIN)) + 0.5 if weighted else np.ones(len(TRAIN))
    texts = texts.weighted(weights) if weighted else texts
    logarithms = logits.log_softmax(dim=1).numpy()
    targets = 0.9 * parts + 0.1 / 3
    expected = (weights[:12] * -(targets * logarithms).sum(axis=1)).sum() / (12 * weights.mean())
    assert loss_of(texts, logits) == pytest.approx(expected, rel=1e-5)


def test_selected_rows_keep_their_parts() -> None:
    parts = np.random.default_rng(2).dirichlet(np.ones(3), size=12)
    chosen = softened(parts).select(torch.tensor([3, 1]))
    assert chosen.soft_labels is not None
    assert np.allclose(chosen.soft_labels.numpy(), parts[[3, 1]])
    assert dataclasses.replace(chosen, soft_labels=None).batch(torch.tensor([0])).soft_labels is None

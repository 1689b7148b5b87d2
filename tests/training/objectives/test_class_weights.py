"""Classes that count alike, however few their rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from tests.factories import DEV, TRAIN, short
from tests.factories import new_classifier as new_model
from textrnn.corpus.batches import LabelledTexts
from textrnn.evaluation.calibration import fit_temperature
from textrnn.training.objectives.classification import ClassificationObjective, balanced_weights, predict_logits


def test_balanced_weights_against_scikit_learn() -> None:
    labels = torch.tensor([0, 2, 2, 1, 0, 0, 0])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels.numpy())
    np.testing.assert_allclose(balanced_weights(labels, 3), expected, rtol=1e-6)
    assert balanced_weights(labels, 5).tolist()[3:] == [1.0, 1.0]  # no rows: nothing is weighed by it


def test_balanced_loss_by_hand() -> None:
    """Each row counts with the weight of its class, in the training loss and in what chooses the weights."""
    model = new_model().eval()
    config = short(class_weight="balanced", label_smoothing=0.0)
    objective = ClassificationObjective(TRAIN, DEV, config, 3)
    weights = balanced_weights(TRAIN.labels, 3)
    batch = TRAIN.batch(torch.arange(16))
    log_probabilities = model(batch.token_ids, batch.lengths).log_softmax(dim=1)
    of_rows = -log_probabilities[torch.arange(16), batch.labels]
    expected = (of_rows * weights[batch.labels]).sum() / weights[batch.labels].sum()
    assert objective.loss(model, batch).value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert objective.loss(model, batch).reported.item() == pytest.approx(of_rows.mean().item(), rel=1e-5)
    scores = objective.evaluate(model)
    logits = predict_logits(model, DEV)
    temperature = fit_temperature(logits.numpy(), DEV.labels.numpy())
    of_dev = functional.cross_entropy(logits / temperature, DEV.labels, weight=weights).item()
    penalty = math.log(temperature) ** 2 / 0.5 / len(DEV)
    assert objective.criterion(scores) == pytest.approx(of_dev + penalty, rel=1e-5)
    assert scores["dev_loss"] == pytest.approx(functional.cross_entropy(logits, DEV.labels).item(), rel=1e-5)


def test_smoothing_does_not_teach_the_rare_class() -> None:
    """One row in a hundred, label smoothing: what the loss of a row of the common class asks for is the common
    class."""
    labels = torch.tensor([0] * 99 + [1])
    rows = LabelledTexts(
        torch.ones(100, dtype=torch.int32), torch.arange(100), torch.ones(100, dtype=torch.long), labels
    )
    objective = ClassificationObjective(rows, rows, short(class_weight="balanced", label_smoothing=0.1), 2)

    class Constant(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.logits = torch.nn.Parameter(torch.zeros(1, 2))

        def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            return self.logits.expand(len(lengths), 2)

    model = Constant()
    objective.loss(model, rows.batch(torch.tensor([0]))).value.backward()
    assert model.logits.grad is not None
    assert model.logits.grad[0, 0] < 0 < model.logits.grad[0, 1]  # a step along it makes class 0 likelier

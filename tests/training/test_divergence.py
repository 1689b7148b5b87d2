"""A training that made the network worse than guessing is told from one that has not learnt, or cannot."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.factories import DEV, TRAIN, kept, learn, new_classifier, short
from textrnn.errors import DivergedError
from textrnn.training.history import History
from textrnn.training.objectives.base import loss_of_shares
from textrnn.training.objectives.classification import ClassificationObjective
from textrnn.training.train_eval import refuse_diverged

GUESSING = math.log(10)


def history(first: float, train: float, dev: float) -> History:
    row = {"step": 40, "train_loss": train, "dev_loss": dev}
    return History(train_loss=[first, *[train] * 39], evaluations=[row], best_step=40)


def test_guessing_by_hand() -> None:
    """Three of four: with one more of each, shares of 4/6 and 2/6."""
    found = loss_of_shares(torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1]), 2)
    assert found == pytest.approx(-(math.log(4 / 6) + math.log(2 / 6)) / 2)
    objective = ClassificationObjective(TRAIN, DEV, short(), 3)
    assert objective.guessing_loss() == pytest.approx(math.log(3), abs=1e-6)


def test_guessing_with_weights_by_hand() -> None:
    """Half of the rows count nine times as much: who learns from labels by chance answers 0.9 and 0.1."""
    labels = torch.arange(len(TRAIN)) % 2
    rows = dataclasses.replace(TRAIN, labels=labels)
    objective = ClassificationObjective(rows.weighted(np.where(labels == 0, 9.0, 1.0)), rows, short(), 2)
    assert objective.guessing_loss() == pytest.approx(-(math.log(0.9) + math.log(0.1)) / 2, abs=1e-6)


def test_guessing_with_balanced_classes_by_hand() -> None:
    """One row in four is of the rare class, and both classes are taught to be as likely."""
    rows = dataclasses.replace(TRAIN, labels=(torch.arange(len(TRAIN)) % 4 == 0).long())
    objective = ClassificationObjective(rows, rows, short(class_weight="balanced"), 2)
    assert objective.guessing_loss() == pytest.approx(math.log(2), abs=0.01)  # shares have one more of each


def test_diverged() -> None:
    with pytest.raises(DivergedError) as caught:
        refuse_diverged(history(2.31, 73.379, 2.6371), GUESSING)
    assert str(caught.value) == (
        "training: diverged, the loss rose from 2.31 to 73.38, and the best weights have dev loss 2.637, where guessing "
        "has 2.30; expected less than that: try a lower `learning_rate` (nothing was saved)"
    )


@pytest.mark.parametrize(
    ("first", "train", "dev"),
    [
        (2.31, 9.0, 2.2),  # it went wild, but better weights are kept
        (2.43, 2.62, 2.46),  # a few steps with noise
        (7.5, 7.4, 7.1),  # one step from large first weights
        (2.31, 0.3, 3.5),  # learnt by heart: labels that teach nothing
    ],
)
def test_not_diverged(first: float, train: float, dev: float) -> None:
    refuse_diverged(history(first, train, dev), GUESSING)


def test_of_a_few_steps_nothing_is_said() -> None:
    short_one = history(2.31, 73.379, 2.6371)
    del short_one.train_loss[10:]
    refuse_diverged(short_one, GUESSING)


def test_nothing_is_left_to_go_on_with(tmp_path: Path) -> None:
    for settings in ({"learning_rate": 50.0}, {"learning_rate": 1e38, "optimizer": "sgd", "clip_norm": 0.0}):
        checkpoint = kept(tmp_path / "c" / "checkpoint.safetensors")
        with pytest.raises(DivergedError):
            learn(new_classifier(), short(**settings), checkpoint=checkpoint)
        assert not checkpoint.path.exists()

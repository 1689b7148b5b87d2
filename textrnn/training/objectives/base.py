"""What the training loop needs from a task."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

BatchType = TypeVar("BatchType")


class Loss(NamedTuple):
    """The loss of one batch.

    Attributes:
        value: scalar, what the gradient is taken of
        reported: scalar, detached: mean cross-entropy, nats per example, before the update
        examples: what the mean is over: texts, or characters
    """

    value: Tensor
    reported: Tensor
    examples: int


def summed_cross_entropy(logits: Tensor, labels: Tensor) -> float:
    """(B, C) logits, (B,) classes -> nats, summed over the rows.

    The sum is exact, so that its order, which depends on the number of threads, changes nothing.
    """
    return math.fsum(functional.cross_entropy(logits.double(), labels, reduction="none").tolist())


class Objective(ABC, Generic[BatchType]):
    """One kind of training. An epoch's batches depend on the seed and the epoch's number alone."""

    size_settings = "`batch_size` or `hidden_size`"  # to reduce when out of memory

    @abstractmethod
    def batch_count(self, epoch: int) -> int:
        """How many batches an epoch (from 1) has."""

    @abstractmethod
    def batches(self, epoch: int) -> Sequence[BatchType]:
        """The batches of an epoch, in order; each is made when it is asked for."""

    @abstractmethod
    def loss(self, network: nn.Module, batch: BatchType) -> Loss:
        """The loss of a batch, with a graph behind it."""

    @abstractmethod
    def tokens(self, batch: BatchType) -> int:
        """How many tokens the network reads of a batch, padding counted: by it, the time of steps is compared."""

    @abstractmethod
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Score the held-out data: ``dev_loss`` (nats per example) and whatever else goes into history.csv."""

    def criterion(self, scores: Mapping[str, float]) -> float:
        """Score to minimise when weights are chosen: the dev loss."""
        return scores["dev_loss"]

    def guessing_loss(self) -> float | None:
        """The dev loss of an answer that pays no heed to the input; None where no run is held against it."""
        return None

    @abstractmethod
    def evaluation_seconds(self, network: nn.Module) -> float:
        """How long :meth:`evaluate` will take, estimated from a part of it."""

    @abstractmethod
    def is_due(self, step: int, epoch: int, at_epoch_end: bool) -> bool:
        """Whether to :meth:`evaluate` after this step."""

    def sample(self, step: int) -> str | None:
        """What the network that is trained writes after `step` steps, at no change to it; None of one that does not
        write."""
        return None

    def summary(self, train_loss: float) -> Mapping[str, float]:
        """Further figures for history.csv that follow from the mean training loss since the last evaluation."""
        return {}

    def state_dict(self) -> dict[str, Tensor]:
        """What a checkpoint needs beside the weights: state kept from one batch to the next."""
        return {}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what :meth:`state_dict` gave."""


def loss_of_shares(learnt_from: Tensor, answers: Tensor, count: int) -> float:
    """Mean -ln p of answers, nats, where each has the share that it has in what was learnt from.

    Args:
        learnt_from, answers: int64, each from 0 to `count` - 1.
    """
    counts = torch.bincount(learnt_from.cpu(), minlength=count) + 1.0  # one more of each, so that none is impossible
    return -float((counts / counts.sum()).double().log()[answers.cpu()].mean())

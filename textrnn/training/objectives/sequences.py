"""Learning the answer to a whole sequence: cross-entropy over the answers.

Shapes: B batch, T time (tokens), C classes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import MemoryTrainConfig
from textrnn.corpus.sequences import LabelledSequences
from textrnn.errors import ConfigError
from textrnn.randomness import epoch_generator
from textrnn.training.objectives.base import Loss, Objective, summed_cross_entropy
from textrnn.training.threads import Threads


class SequenceBatch(NamedTuple):
    """Tokens (B, T) and the answers (B,), int64."""

    tokens: Tensor
    labels: Tensor

    @classmethod
    def from_split(cls, split: LabelledSequences, device: torch.device) -> SequenceBatch:
        """A whole split."""
        return cls(torch.from_numpy(split.tokens).to(device), torch.from_numpy(split.labels).to(device))


@torch.inference_mode()
def score(network: nn.Module, split: SequenceBatch, threads: Threads | None = None) -> tuple[float, float]:
    """Accuracy, and mean cross-entropy in nats, of a split.

    Args:
        threads: that compute; by default as many as are quickest.
    """
    network.eval()
    threads = threads or Threads.on(split.labels.device)
    with threads.piece(split.tokens.numel()):
        logits, labels = network(split.tokens).float().cpu(), split.labels.cpu()  # not every device has doubles
    right = int((logits.argmax(dim=1) == labels).sum())
    loss = summed_cross_entropy(logits, labels)
    return right / len(labels), loss / len(labels)


class SequenceObjective(Objective[SequenceBatch]):
    """Cross-entropy of the answers, judged by the dev split.

    Args:
        config: fitted to the data (:meth:`MemoryTrainConfig.fitted_to`).

    Raises:
        ConfigError: if `config` is not fitted.
    """

    size_settings = "`batch_size`, `lengths` or `hidden_size`"

    def __init__(self, train: SequenceBatch, dev: SequenceBatch, config: MemoryTrainConfig):
        if config.batch_size is None or config.evaluate_every is None:
            raise ConfigError("batch_size is open; expected MemoryTrainConfig.fitted_to(...) first")
        self.train, self.dev, self.config = train, dev, config
        self.batch_size, self.evaluate_every = config.batch_size, config.evaluate_every
        self.threads = Threads.on(train.labels.device, config.threads)  # of evaluations

    def batch_count(self, epoch: int) -> int:
        return math.ceil(len(self.train.labels) / self.batch_size)

    def batches(self, epoch: int) -> Sequence[SequenceBatch]:
        tokens, labels = self.train
        if self.config.shuffle:
            order = torch.randperm(len(labels), generator=epoch_generator(self.config.seed, epoch)).to(labels.device)
            tokens, labels = tokens[order], labels[order]
        parts = zip(tokens.split(self.batch_size), labels.split(self.batch_size), strict=True)
        return [SequenceBatch(*part) for part in parts]

    def loss(self, network: nn.Module, batch: SequenceBatch) -> Loss:
        cross_entropy = functional.cross_entropy(network(batch.tokens).float(), batch.labels)
        rows = len(batch.labels)
        return Loss(cross_entropy * rows if self.config.summed_loss else cross_entropy, cross_entropy.detach(), rows)

    def tokens(self, batch: SequenceBatch) -> int:
        return batch.tokens.numel()

    def is_due(self, step: int, epoch: int, at_epoch_end: bool) -> bool:
        return step % self.evaluate_every == 0

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        accuracy, loss = score(network, self.dev, self.threads)
        return {"dev_loss": loss, "dev_accuracy": accuracy}

    def criterion(self, scores: Mapping[str, float]) -> float:
        """The number of wrong answers, ties broken by the loss; or the loss alone."""
        loss = scores["dev_loss"]
        if self.config.select_by == "loss":
            return loss
        return (1 - scores["dev_accuracy"]) * len(self.dev.labels) + 0.5 * loss / (1 + loss)

    def evaluation_seconds(self, network: nn.Module) -> float:
        """Measured (twice, because the first call is slower)."""
        score(network, self.dev, self.threads)
        started = time.perf_counter()
        score(network, self.dev, self.threads)
        return time.perf_counter() - started

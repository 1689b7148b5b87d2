"""Learning the answers to sequences: cross-entropy over all that is asked.

A single answer after the last token is one way to ask; the other is to ask at any of the steps, at several or at one.
What follows the last question of a row is never read, so that rows of different lengths need no lengths: behind the
shorter ones stand tokens that change nothing, since the networks read from left to right.

Shapes: B batch, T time (tokens), C classes, N all that is asked of a batch.
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
from textrnn.corpus.batches import shuffled_batches, sorted_batches
from textrnn.corpus.sequences import NOTHING, LabelledSequences
from textrnn.errors import ConfigError
from textrnn.randomness import epoch_generator
from textrnn.training.objectives.base import Loss, Objective, summed_cross_entropy
from textrnn.training.threads import Threads

NEARLY_ALL = 0.995  # of dev, from which on longer sequences decide


class SequenceBatch(NamedTuple):
    """Rows of tokens and what is asked of them.

    Attributes:
        tokens: int64, (B, T)
        labels: int64, (B,): the answers after the last token; or (B, T): after each token, ``NOTHING`` where nothing is
            asked
    """

    tokens: Tensor
    labels: Tensor

    @classmethod
    def from_split(cls, split: LabelledSequences, device: torch.device) -> SequenceBatch:
        """A whole split."""
        alike = split.labels.ndim == 1 and (split.tokens[:, -1] != NOTHING).all()
        labels = split.labels if alike else split.targets
        tokens = split.tokens.clip(min=0)  # any token will do where a row has ended
        return cls(*(torch.from_numpy(part).to(device, torch.int64) for part in (tokens, labels)))

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What a network is called with: the tokens, and bool, (B, T), where something is asked, if not at the end."""
        return (self.tokens,) if self.labels.ndim == 1 else (self.tokens, self.labels != NOTHING)

    @property
    def answers(self) -> Tensor:
        """(N,): the labels of all that is asked, row after row; the network gives its logits in the same order."""
        return self.labels if self.labels.ndim == 1 else self.labels[self.labels != NOTHING]

    @property
    def lengths(self) -> Tensor:
        """(B,), on the CPU: how many tokens have to be read of each row."""
        if self.labels.ndim == 1:
            return torch.full((len(self.tokens),), self.tokens.shape[1])
        places = torch.arange(1, self.tokens.shape[1] + 1, device=self.labels.device)
        return ((self.labels != NOTHING) * places).amax(dim=1).cpu()

    def rows(self, rows: Tensor, longest: int) -> SequenceBatch:
        """Some rows (B,), so many tokens of each."""
        rows = rows.to(self.labels.device)
        labels = self.labels[rows] if self.labels.ndim == 1 else self.labels[rows, :longest]
        return SequenceBatch(self.tokens[rows, :longest], labels)


class Score(NamedTuple):
    """How well a split is answered.

    Attributes:
        accuracy: share of the answers that are right
        loss: mean cross-entropy, nats per answer
        whole: share of the sequences all of whose answers are right
    """

    accuracy: float
    loss: float
    whole: float


@torch.inference_mode()
def score(network: nn.Module, split: SequenceBatch, threads: Threads | None = None) -> Score:
    """How well a network answers.

    Args:
        threads: that compute; by default as many as are quickest.
    """
    network.eval()
    threads = threads or Threads.on(split.labels.device)
    lengths = split.lengths
    single = split.labels.ndim == 1
    parts = [split] if single else [split.rows(rows, int(lengths[rows].max())) for rows in sorted_batches(lengths)]
    losses, right, whole, asked = [], 0, 0, 0
    for part in parts:
        with threads.piece(part.tokens.numel()):
            logits, labels = network(*part.inputs).float().cpu(), part.answers.cpu()  # not every device has doubles
        is_right = logits.argmax(dim=1) == labels
        right, asked = right + int(is_right.sum()), asked + len(labels)
        whole += int(is_right.sum()) if single else _whole_rows(part, is_right)
        losses.append(summed_cross_entropy(logits, labels))
    return Score(right / asked, math.fsum(losses) / asked, whole / len(split.labels))


def _whole_rows(part: SequenceBatch, is_right: Tensor) -> int:
    """How many rows have no wrong answer, (N,) answers being right or not."""
    rows = (part.labels != NOTHING).nonzero()[:, 0].cpu()
    wrong = torch.zeros(len(part.labels)).index_add(0, rows, (~is_right).float())
    return int((wrong == 0).sum())


class SequenceObjective(Objective[SequenceBatch]):
    """Cross-entropy of the answers, judged by the dev split.

    Args:
        config: fitted to the data (:meth:`MemoryTrainConfig.fitted_to`).
        longer: longer sequences, by which weights are told apart that answer nearly all of dev.

    Raises:
        ConfigError: if `config` is not fitted.
    """

    size_settings = "`batch_size`, `lengths` or `hidden_size`"

    def __init__(
        self, train: SequenceBatch, dev: SequenceBatch, config: MemoryTrainConfig, longer: SequenceBatch | None = None
    ):
        if config.batch_size is None or config.evaluate_every is None:
            raise ConfigError("batch_size is open; expected MemoryTrainConfig.fitted_to(...) first")
        self.train, self.dev, self.config, self.longer = train, dev, config, longer
        self.batch_size, self.evaluate_every = config.batch_size, config.evaluate_every
        self.threads = Threads.on(train.labels.device, config.threads)  # of evaluations
        self.lengths = train.lengths

    def batch_count(self, epoch: int) -> int:
        return math.ceil(len(self.train.labels) / self.batch_size)

    def batches(self, epoch: int) -> Sequence[SequenceBatch]:
        generator = epoch_generator(self.config.seed, epoch)
        if not self.config.shuffle:
            groups = list(torch.arange(len(self.lengths)).split(self.batch_size))
        elif self.lengths.min() == self.lengths.max():
            groups = list(torch.randperm(len(self.lengths), generator=generator).split(self.batch_size))
        else:  # rows of similar lengths together, so that little is read in vain
            groups = shuffled_batches(self.lengths, self.batch_size, generator)
        return [self.train.rows(rows, int(self.lengths[rows].max())) for rows in groups]

    def loss(self, network: nn.Module, batch: SequenceBatch) -> Loss:
        answers = batch.answers
        cross_entropy = functional.cross_entropy(network(*batch.inputs).float(), answers)
        value = cross_entropy * len(answers) if self.config.summed_loss else cross_entropy
        return Loss(value, cross_entropy.detach(), len(answers))

    def tokens(self, batch: SequenceBatch) -> int:
        return batch.tokens.numel()

    def is_due(self, step: int, epoch: int, at_epoch_end: bool) -> bool:
        return step % self.evaluate_every == 0

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        found = score(network, self.dev, self.threads)
        scores = {"dev_loss": found.loss, "dev_accuracy": found.accuracy}
        if self.longer is not None and found.accuracy >= NEARLY_ALL:
            scores["dev_longer"] = score(network, self.longer, self.threads).accuracy
        return scores

    def criterion(self, scores: Mapping[str, float]) -> float:
        """The number of wrong answers, ties broken by the loss; or the loss alone.

        Where longer sequences were answered, their share of wrong answers, which is less than any number of them.
        """
        loss = scores["dev_loss"]
        if self.config.select_by == "loss":
            return loss
        if "dev_longer" in scores:
            return (1 - scores["dev_longer"]) * len(self.dev.labels) * (1 - NEARLY_ALL) + 0.5 * loss / (1 + loss)
        return (1 - scores["dev_accuracy"]) * len(self.dev.labels) + 0.5 * loss / (1 + loss)

    def evaluation_seconds(self, network: nn.Module) -> float:
        """Measured (twice, because the first call is slower)."""
        score(network, self.dev, self.threads)
        started = time.perf_counter()
        score(network, self.dev, self.threads)
        return time.perf_counter() - started

"""Learning to tell the next token of texts, each read by itself, with the encoder of a classifier.

Shapes: N predictions, V vocabulary, K candidates.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch
from torch import nn

from textrnn.config import FitConfig
from textrnn.corpus.batches import Batch, LabelledTexts, shuffled_batches, sorted_batches
from textrnn.evaluation.metrics import perplexity
from textrnn.models.next_token import NextTokenNetwork
from textrnn.randomness import epoch_generator
from textrnn.training.objectives.base import Loss, Objective
from textrnn.training.objectives.classification import BatchesOfRows
from textrnn.training.threads import Threads

CANDIDATES = 512  # drawn for each batch; of a vocabulary of not many more tokens, all are taken
SMALL_VOCABULARY = 2 * CANDIDATES
LOGITS_AT_ONCE = 1 << 22  # while texts are scored


class NextTokenObjective(Objective[Batch]):
    """Cross-entropy of the next token, of the backward direction the one before, judged by held-out texts.

    Args:
        train: rows to learn from; labels and weights are not looked at.
        held_out: rows scored at every evaluation.
        config: with `batch_size` and `evaluate_every`, settled.
    """

    def __init__(self, train: LabelledTexts, held_out: LabelledTexts, config: FitConfig):
        self.train, self.held_out = train, held_out
        self.size_settings = train.size_settings
        self.batch_size, self.seed = config.batch_size, config.seed
        self.evaluate_every = config.evaluate_every
        self.threads = Threads.on(train.starts.device, config.threads)  # of evaluations

    def batch_count(self, epoch: int) -> int:
        return math.ceil(len(self.train) / self.batch_size)

    def batches(self, epoch: int) -> Sequence[Batch]:
        rows = shuffled_batches(self.train.lengths, self.batch_size, epoch_generator(self.seed, epoch))
        return BatchesOfRows(self.train, rows)

    def loss(self, network: nn.Module, batch: Batch) -> Loss:
        assert isinstance(network, NextTokenNetwork)
        expected, targets = network(batch.token_ids, batch.lengths)
        if len(network.shares) <= SMALL_VOCABULARY:
            losses = network.losses(expected, targets)
        else:
            losses = network.losses_among(expected, targets, network.draw_candidates(CANDIDATES))
        loss = losses.sum() / max(1, len(targets))  # texts of one token tell nothing
        return Loss(loss, loss.detach(), len(targets))

    def tokens(self, batch: Batch) -> int:
        return batch.token_ids.numel()

    def is_due(self, step: int, epoch: int, at_epoch_end: bool) -> bool:
        return self.evaluate_every is not None and step % self.evaluate_every == 0

    @torch.inference_mode()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        assert isinstance(network, NextTokenNetwork)
        network.eval()
        total, count = 0.0, 0
        texts = self.held_out
        for rows in self.threads.over(sorted_batches(texts.lengths), lambda rows: float(texts.lengths[rows].sum())):
            batch = texts.batch(rows)
            expected, targets = network(batch.token_ids, batch.lengths)
            at_once = max(1, LOGITS_AT_ONCE // len(network.bias))
            for some, their in zip(expected.split(at_once), targets.split(at_once), strict=True):
                total += math.fsum(network.losses(some, their).tolist())
            count += len(targets)
        loss = total / max(1, count)
        return {"dev_loss": loss, "dev_perplexity": perplexity(loss)}

    def evaluation_seconds(self, network: nn.Module) -> float:
        """Measured: there are few held-out texts."""
        started = time.perf_counter()
        self.evaluate(network)
        return time.perf_counter() - started

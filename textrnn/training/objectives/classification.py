"""Learning to classify texts: cross-entropy over batches of texts of similar length.

Shapes: B batch, C classes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import TrainConfig
from textrnn.corpus.batches import Batch, LabelledTexts, WindowSample, shuffled_batches, sorted_batches
from textrnn.evaluation.calibration import fit_temperature, penalised_loss, without_smoothing
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.randomness import epoch_generator
from textrnn.training.objectives.base import Loss, Objective, loss_of_shares, summed_cross_entropy
from textrnn.training.threads import Threads


@dataclass(frozen=True)
class Evaluation:
    """A scored split, in the order of its rows.

    Attributes:
        loss: mean cross-entropy, nats per row
        accuracy: share of rows predicted right
        predictions: int64, (rows,): class indices
        logits: (rows, C), on the CPU
    """

    loss: float
    accuracy: float
    predictions: NDArray[np.int64]
    logits: Tensor


@torch.inference_mode()
def predict_logits(network: ClassifierNetwork, texts: LabelledTexts, threads: Threads | None = None) -> Tensor:
    """Logits (rows, C) on the CPU, in the order of the rows.

    Args:
        threads: that compute; by default as many as are quickest.
    """
    network.eval()
    logits: Tensor | None = None
    threads = threads or Threads.on(texts.labels.device)
    for rows in threads.over(sorted_batches(texts.lengths), lambda rows: float(texts.lengths[rows].sum())):
        batch = texts.batch(rows)
        scored = network(*batch.inputs, **batch.beside).float().cpu()
        if logits is None:
            logits = torch.empty(len(texts), scored.shape[1])
        logits[rows] = scored
    assert logits is not None, "no rows to score"
    return logits


def evaluate(network: ClassifierNetwork, texts: LabelledTexts, threads: Threads | None = None) -> Evaluation:
    """Score a split; the loss is summed over all rows and divided once.

    Args:
        threads: that compute; by default as many as are quickest.
    """
    logits = predict_logits(network, texts, threads)
    labels = texts.labels.cpu()
    loss = summed_cross_entropy(logits, labels) / len(labels)
    predictions = logits.argmax(dim=1)
    return Evaluation(loss, int((predictions == labels).sum()) / len(labels), predictions.numpy(), logits)


def balanced_weights(labels: Tensor, class_count: int, row_weights: Tensor | None = None) -> Tensor:
    """(rows,) class indices -> (C,): rows / (classes * rows of the class); all classes then weigh the same.

    A class without rows gets 1, which is never used.

    Args:
        row_weights: (rows,): what each row counts; None: one.
    """
    if row_weights is not None:
        shares = torch.bincount(labels, row_weights, minlength=class_count)
        return torch.where(shares > 0, row_weights.sum() / (int((shares > 0).sum()) * shares), 1.0)
    counts = torch.bincount(labels, minlength=class_count)
    return torch.where(counts > 0, len(labels) / (int((counts > 0).sum()) * counts.clamp(min=1)), 1.0)


class BatchesOfRows(Sequence[Batch]):
    """Batches cut out of the data when they are asked for.

    Args:
        sample: what is read of long texts; None: all.
        seed: of the windows that are drawn; each batch has a generator of its own, so that a run may go on with any.
    """

    def __init__(self, texts: LabelledTexts, rows: list[Tensor], sample: WindowSample | None = None, seed: int = 0):
        self.texts, self.rows, self.sample, self.seed = texts, rows, sample, seed

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Batch:  # type: ignore[override]  # no slices are taken
        if self.sample is None:
            return self.texts.batch(self.rows[index])
        generator = torch.Generator().manual_seed(self.seed + index)
        return self.texts.sampled_batch(self.rows[index], self.sample, generator)


class ClassificationObjective(Objective[Batch]):
    """Cross-entropy with label smoothing on the training split, judged by the dev split.

    Args:
        train: rows to learn from.
        dev: rows scored at every evaluation, never learnt from.
        config: settled, see :func:`textrnn.tasks.settings.settle`.
        sample: what is read of long training texts; None: all.
    """

    def __init__(
        self,
        train: LabelledTexts,
        dev: LabelledTexts,
        config: TrainConfig,
        class_count: int,
        *,
        sample: WindowSample | None = None,
    ):
        self.train, self.dev, self.window_sample = train, dev, sample
        self.size_settings = train.size_settings
        self.batch_size, self.evaluate_every = config.batch_size, config.evaluate_every
        self.smoothing, self.class_count = config.label_smoothing, class_count
        self.seed, self.consistency = config.seed, config.consistency
        self.threads = Threads.on(train.labels.device, config.threads)  # of evaluations
        self.class_weights: Tensor | None = None
        if config.class_weight == "balanced":
            self.class_weights = balanced_weights(train.labels, class_count, train.weights)
        self.mean_weight = None if train.weights is None else float(train.weights.double().mean())

    def batch_count(self, epoch: int) -> int:
        return math.ceil(len(self.train) / self.batch_size)

    def batches(self, epoch: int) -> Sequence[Batch]:
        generator, lengths = epoch_generator(self.seed, epoch), self.train.lengths
        if self.window_sample is None:
            return BatchesOfRows(self.train, shuffled_batches(lengths, self.batch_size, generator))
        rows = shuffled_batches(lengths.clamp(max=self.window_sample.tokens), self.batch_size, generator)
        of_windows = int(torch.randint(2**62, (1,), generator=generator))
        return BatchesOfRows(self.train, rows, self.window_sample, of_windows)

    def loss(self, network: nn.Module, batch: Batch) -> Loss:
        if not self.consistency:
            return self.loss_of(network(*batch.inputs, **batch.beside).float(), batch)
        twice = batch.twice()
        logits = network(*twice.inputs, **twice.beside).float()
        mean = self.loss_of(logits, twice)
        return Loss(mean.value + self.consistency / 4 * self.disagreement(*logits.chunk(2)), mean.reported, len(batch))

    def disagreement(self, some: Tensor, others: Tensor) -> Tensor:
        """(B, C), (B, C) logits -> both Kullback-Leibler divergences of the answers, nats, the mean of the rows.

        Source: Liang et al. 2021, equation 2.
        """
        # In the sum of both, what makes the shares add up to one cancels.
        return ((self.shares_of(some) - self.shares_of(others)) * (some - others)).sum(dim=1).mean()

    def shares_of(self, logits: Tensor) -> Tensor:
        """(B, C) -> (B, C): the probabilities that logits stand for."""
        return logits.softmax(dim=1)

    def loss_of(self, logits: Tensor, batch: Batch) -> Loss:
        """(B, C) logits of a batch -> its loss."""
        weights = self._weights(batch.labels, batch.weights)
        targets = batch.labels if batch.soft_labels is None else batch.soft_labels
        if weights is None:
            value = functional.cross_entropy(logits, targets, label_smoothing=self.smoothing)
        else:
            # Each row counts with the weight of its class. (torch's own `weight` weighs the smoothed part by the
            # classes it is spread over: with one row in a hundred, every row would be taught to be of the rare class.)
            losses = functional.cross_entropy(logits, targets, label_smoothing=self.smoothing, reduction="none")
            # By the mean weight of all rows, not of these: else a heavy row would count the less among its neighbours.
            total = weights.sum() if self.mean_weight is None else self.mean_weight * len(batch)
            value = (weights * losses).sum() / total
        return Loss(value, functional.cross_entropy(logits.detach(), batch.labels), len(batch))

    def _weights(self, labels: Tensor, of_rows: Tensor | None) -> Tensor | None:
        """(B,) what rows count, by their classes and of themselves; None: all alike."""
        if self.class_weights is None:
            return of_rows
        of_classes = self.class_weights[labels]
        return of_classes if of_rows is None else of_classes * of_rows

    def tokens(self, batch: Batch) -> int:
        return batch.token_ids.numel()

    def is_due(self, step: int, epoch: int, at_epoch_end: bool) -> bool:
        return step % self.evaluate_every == 0

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        assert isinstance(network, ClassifierNetwork)
        scored = evaluate(network, self.dev, self.threads)
        labels = self.dev.labels.cpu().numpy()
        logits = without_smoothing(scored.logits.numpy(), self.smoothing)
        weights = self._weights(self.dev.labels, self.dev.weights)
        of_rows = None if weights is None else weights.cpu().numpy()
        calibrated = penalised_loss(logits, labels, fit_temperature(logits, labels), of_rows)
        return {"dev_loss": scored.loss, "dev_calibrated_loss": calibrated, "dev_accuracy": scored.accuracy}

    def criterion(self, scores: Mapping[str, float]) -> float:
        """The dev loss of calibrated probabilities, classes weighted as in training.

        Without the calibration, a network that is right more often but too sure of itself would lose to one that has
        hardly learnt; and a saved model answers calibrated.
        """
        return scores["dev_calibrated_loss"]

    def guessing_loss(self) -> float:
        """That of answering every text with the shares of the classes in the training split.

        The losses that it is compared with count all rows alike. Where weights teach other shares than those, the best
        answers have a loss that is higher by ln(mean of the weights) - mean of ln(weights), at most (Jensen).
        """
        loss = loss_of_shares(self.train.labels, self.dev.labels, self.class_count)
        weights = self._weights(self.train.labels, self.train.weights)
        if weights is None:
            return loss
        weights = weights.double()
        return loss + float(weights.mean().log() - weights.log().mean())

    def evaluation_seconds(self, network: nn.Module) -> float:
        """Estimated from one batch of the dev split (scored twice, because the first call is slower)."""
        assert isinstance(network, ClassifierNetwork)
        sample = self.dev.select(next(sorted_batches(self.dev.lengths)))
        self.score(network, sample)
        started = time.perf_counter()
        self.score(network, sample)
        seconds = time.perf_counter() - started
        return seconds * float(self.dev.lengths.sum() / sample.lengths.sum())

    def score(self, network: ClassifierNetwork, texts: LabelledTexts) -> None:
        """What takes the time of an evaluation."""
        predict_logits(network, texts, self.threads)

"""Learning to give texts several labels: sigmoid cross-entropy over batches of texts of similar length.

The labels of a batch are pairs of row and class, so that nothing is as large as rows times classes but the logits of
one batch: of a row, the loss is the sum of softplus(logit) over all classes, less the logits of its labels.

Shapes: B batch, C classes, M labels of all rows of a batch.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import TrainConfig
from textrnn.corpus.batches import Batch, LabelledTexts, LabelPairs, WindowSample, sorted_batches
from textrnn.corpus.label_sets import LabelSets
from textrnn.evaluation.label_calibration import fit_label_calibration
from textrnn.evaluation.label_scores import PIECE_CELLS, LabelCalibration, LabelScores, collect
from textrnn.evaluation.multi_label import LabelFigures
from textrnn.evaluation.thresholds import thresholds_of
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.training.objectives.base import Loss
from textrnn.training.objectives.classification import ClassificationObjective
from textrnn.training.threads import Threads

HEAVIEST_LABEL = 100.0  # what a label counts at most where classes are balanced
KEPT_WHILE_TRAINING = 1 << 20  # logits of an evaluation on dev


@torch.inference_mode()
def label_logits(
    network: ClassifierNetwork, texts: LabelledTexts, threads: Threads | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Rows (B,) and their logits (B, C), piece by piece; a piece has bounded rows times classes."""
    network.eval()
    threads = threads or Threads.on(texts.token_ids.device)
    most = max(1, PIECE_CELLS // network.classifier.out_features)
    pieces = (rows for batch in sorted_batches(texts.lengths) for rows in batch.split(most))
    for rows in threads.over(pieces, lambda rows: float(texts.lengths[rows].sum())):
        with torch.inference_mode():
            batch = texts.batch(rows)
            logits = network(*batch.inputs, **batch.beside).float().cpu().numpy()
        yield rows.numpy(), logits


def score_labels(
    network: ClassifierNetwork,
    texts: LabelledTexts,
    truth: LabelSets,
    calibration: LabelCalibration | None = None,
    *,
    threads: Threads | None = None,
    most_kept: int | None = None,
) -> LabelScores:
    """Score a split; see :func:`textrnn.evaluation.label_scores.collect`."""
    bounds = {} if most_kept is None else {"most_kept": most_kept}
    pieces = label_logits(network, texts, threads)
    return collect(pieces, truth, network.classifier.out_features, calibration, **bounds)


def fitted_figures(scores: LabelScores, truth: LabelSets) -> LabelFigures:
    """Calibration and thresholds fitted on a split, and the figures that they give there."""
    calibration = fit_label_calibration(scores)
    return LabelFigures(scores, truth, calibration, thresholds_of(scores, calibration))


def label_weights(counts: Tensor, rows: float) -> Tensor:
    """(C,) rows of each class -> (C,) what a label counts against its absence, so that both weigh the same in all."""
    return ((rows - counts) / counts.clamp(min=1e-9)).clamp(1 / HEAVIEST_LABEL, HEAVIEST_LABEL)


def label_loss(
    logits: Tensor, pairs: LabelPairs, label_weights: Tensor | None = None, smoothing: Tensor | None = None
) -> Tensor:
    """(B, C) logits -> (B,): cross-entropy of each row, nats, summed over the classes.

    Args:
        label_weights: (C,): what each label counts where it is true; None: as much as where it is not.
        smoothing: (2, C): targets are not 0 and 1 but the first and the second of these; None: 0 and 1.
    """
    losses = functional.softplus(logits).sum(dim=1)
    own = logits[pairs.rows, pairs.classes]
    if smoothing is not None:
        low, high = smoothing
        losses = losses - logits @ low
        own = own * (high - low)[pairs.classes]
    of_labels = own
    if label_weights is not None:
        of_labels = own - (label_weights[pairs.classes] - 1) * functional.softplus(-logits[pairs.rows, pairs.classes])
    return losses.index_add(0, pairs.rows, -of_labels)


class MultiLabelObjective(ClassificationObjective):
    """Sigmoid cross-entropy on the training split, judged by the dev split.

    Args:
        train: rows to learn from, with several labels each.
        dev: rows scored at every evaluation, never learnt from.
        dev_labels: their labels.
        config: settled, see :func:`textrnn.tasks.settings.settle`.
        sample: what is read of long training texts; None: all.
    """

    def __init__(
        self,
        train: LabelledTexts,
        dev: LabelledTexts,
        dev_labels: LabelSets,
        config: TrainConfig,
        class_count: int,
        *,
        sample: WindowSample | None = None,
    ):
        assert train.classes is not None, "one label a row"
        assert train.label_starts is not None
        super().__init__(train, dev, _without_class_weights(config), class_count, sample=sample)
        self.dev_labels = dev_labels
        sizes, row_weights = train.label_starts.diff(), train.weights
        of_labels = None if row_weights is None else torch.repeat_interleave(row_weights, sizes)
        counts = torch.bincount(train.classes, of_labels, minlength=class_count).double()
        rows = float(len(train)) if row_weights is None else float(row_weights.double().sum())
        self.shares = ((counts + 0.5) / (rows + 1.0)).cpu()  # half a row more of each, so that none is impossible
        self.label_weights: Tensor | None = None
        if config.class_weight == "balanced":
            self.label_weights = label_weights(counts, rows).float()
        self.targets: Tensor | None = None
        if self.smoothing:  # towards the share of each class, which the mean target then still is
            low = self.smoothing * self.shares.float().to(train.classes.device)
            self.targets = torch.stack([low, 1 - self.smoothing + low])

    def shares_of(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def loss_of(self, logits: Tensor, batch: Batch) -> Loss:
        assert batch.label_pairs is not None
        plain = self.label_weights is None and self.targets is None
        losses = label_loss(logits, batch.label_pairs, self.label_weights, self.targets)
        reported = losses.detach() if plain else label_loss(logits.detach(), batch.label_pairs)
        value = losses.mean()
        if batch.weights is not None and self.mean_weight is not None:
            value = (batch.weights * losses).sum() / (self.mean_weight * len(batch))
        return Loss(value, reported.mean(), len(batch))

    @property
    def train_labels(self) -> LabelSets:
        """Of the training split."""
        assert self.train.classes is not None, "one label a row"
        assert self.train.label_starts is not None
        return LabelSets(self.train.classes.cpu().numpy().astype(np.int32), self.train.label_starts.cpu().numpy())

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Score the dev split, with thresholds that are fitted there for these figures alone."""
        assert isinstance(network, ClassifierNetwork)
        scores = score_labels(network, self.dev, self.dev_labels, threads=self.threads, most_kept=KEPT_WHILE_TRAINING)
        figures = fitted_figures(scores, self.dev_labels)
        return {
            "dev_loss": figures.uncalibrated_loss,
            "dev_calibrated_loss": calibrated_loss(figures),
            "dev_macro_f1": figures.macro_f1,
            "dev_micro_f1": figures.micro_f1,
        }

    def guessing_loss(self) -> float:
        """That of answering every text with the share of each label in the training split."""
        shares = self.shares.numpy()
        counts = self.dev_labels.counts(self.class_count)
        rows = len(self.dev_labels)
        loss = -float((counts * np.log(shares) + (rows - counts) * np.log1p(-shares)).sum()) / rows
        if self.label_weights is None:
            return loss
        weights = self.label_weights.cpu().double().numpy()  # the best answers to weighted labels have these shares
        weighted = weights * shares / (weights * shares + 1 - shares)
        return -float((counts * np.log(weighted) + (rows - counts) * np.log1p(-weighted)).sum()) / rows

    def score(self, network: ClassifierNetwork, texts: LabelledTexts) -> None:
        for _ in label_logits(network, texts, self.threads):
            pass


def _without_class_weights(config: TrainConfig) -> TrainConfig:
    """Those of one class a row, which several labels have not."""
    return dataclasses.replace(config, class_weight="none")


def calibrated_loss(figures: LabelFigures) -> float:
    """Nats per row, calibrated; what is not kept counts, too, as far as it is known of which classes it is."""
    scores, shares = figures.scores, np.clip(figures.probabilities, 1e-12, 1 - 1e-12)
    losses = np.where(scores.is_true, -np.log(shares), -np.log1p(-shares))
    _, others, counts = figures.calibration.of_rest(scores)
    of_others = -counts * np.log1p(-np.minimum(others, 1 - 1e-12))
    return (math.fsum(losses) + math.fsum(of_others)) / max(1, scores.row_count)

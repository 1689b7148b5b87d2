"""Linear models over the n-grams that a network reads: solved in place of training, or mixed with a trained network.

Shapes: N texts, K n-grams, C classes.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from textrnn.config import TrainConfig
from textrnn.corpus.batches import LabelledTexts, sorted_batches
from textrnn.evaluation.calibration import cross_entropy, fit_temperature, penalised_loss, without_smoothing
from textrnn.evaluation.linear.solver import calibrated, fitted, weights_by_class
from textrnn.models.classifiers import bilstm_ngram, linear
from textrnn.models.classifiers.ngram_classifier import NgramClassifier
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.objectives.classification import ClassificationObjective, predict_logits

MOST_WEIGHTS = 100_000_000  # of a linear model beside a network
SHARES = tuple(step / 20 for step in range(21))
USUAL_SHARE, DEVIATION = 0.5, 0.25  # of the linear model, where dev says nothing; of the prior for it


def is_solved(network: nn.Module) -> TypeGuard[linear.Model]:
    """Whether the weights of a network are found by a solver, not step by step."""
    return isinstance(network, linear.Model)


def solve(
    network: linear.Model, objective: ClassificationObjective, config: TrainConfig, listener: Listener
) -> History:
    """Find the weights of a linear model; its history is of one step."""
    started = time.perf_counter()
    listener.on_start(1, 0, None)
    try:
        inverse = _take_linear(network, objective, config, network.inverse_penalty)
        train_logits = predict_logits(network, objective.train, objective.threads)
        loss = float(functional.cross_entropy(train_logits, objective.train.labels.cpu()))
        seconds = time.perf_counter() - started
        history = History([loss], [0.0], [1], [len(objective.train)], threads=Counter({config.threads or 1: 1}))
        listener.on_step(1, loss)
        row = {"step": 1, "epoch": 1, "passes": 1.0, "seconds": seconds, "train_loss": loss}
        history.evaluations.append({**row, **objective.evaluate(network)})
        history.best_step = 1
        history.best_loss = objective.criterion(history.best)
        history.stopped_by = f"solved with C={inverse:g}"
        history.seconds = time.perf_counter() - started
        history.evaluation_seconds = history.seconds - seconds
        listener.on_evaluation(
            {**history.best, "learning_rate": 0.0, "examples_per_second": history.examples_per_second}, True
        )
    finally:
        listener.on_end()
    return history


@dataclass(frozen=True)
class Mixing:
    """A trained network, a linear model, and their mixture, on the dev split.

    Attributes:
        share: of the linear model in the mixture
        accuracies, losses: of the network alone, the mixture and the linear model alone; losses are of calibrated
            probabilities, nats per text
    """

    share: float
    accuracies: tuple[float, float, float]
    losses: tuple[float, float, float]


def mix_with_linear(network: nn.Module, objective: ClassificationObjective, config: TrainConfig) -> Mixing | None:
    """Take a linear model into a trained network that wants one; its share is what dev says is best.

    The shares are judged as the saved model answers: label smoothing undone, calibrated.
    """
    if not (isinstance(network, bilstm_ngram.Model) and network.takes_linear):
        return None
    if network.sparse_size * objective.class_count > MOST_WEIGHTS or objective.train.labels.unique().numel() < 2:
        return None
    own = predict_logits(network, objective.dev, objective.threads).numpy()
    _take_linear(network, objective, config, None)
    network.share.fill_(1.0)
    of_linear = predict_logits(network, objective.dev, objective.threads).numpy()
    labels = objective.dev.labels.cpu().numpy()
    share = best_share(own, of_linear, labels, objective.smoothing)
    network.share.fill_(share)
    every = [own, own + share * (of_linear - own), of_linear]
    accuracies = [float((logits.argmax(axis=1) == labels).mean()) for logits in every]
    smoothed = [without_smoothing(logits, objective.smoothing) for logits in every]
    losses = [cross_entropy(logits, labels, fit_temperature(logits, labels)) for logits in smoothed]
    return Mixing(share, (accuracies[0], accuracies[1], accuracies[2]), (losses[0], losses[1], losses[2]))


def best_share(
    own: NDArray[np.float32], of_linear: NDArray[np.float32], labels: NDArray[np.int64], smoothing: float
) -> float:
    """The share of the linear model in the mean of two (N, C) logits with the least calibrated loss, and a penalty for
    shares far from a half: a normal prior, which weighs as much as one text."""

    def loss(share: float) -> float:
        logits = without_smoothing(own + share * (of_linear - own), smoothing)
        prior = (share - USUAL_SHARE) ** 2 / (2 * DEVIATION**2)
        return penalised_loss(logits, labels, fit_temperature(logits, labels)) + prior / max(1, len(labels))

    return min(SHARES, key=loss) if len(labels) else USUAL_SHARE


def _take_linear(
    network: NgramClassifier, objective: ClassificationObjective, config: TrainConfig, inverse: float | None
) -> float:
    """Fit a linear model to the training split and put it into a network. Returns scikit-learn's C."""
    features, labels = sparse_features(network, objective.train), objective.train.labels.cpu().numpy()
    weights, intercepts = np.zeros((objective.class_count, network.sparse_size)), np.zeros(objective.class_count)
    if len(np.unique(labels)) > 1:
        of_rows = None if objective.train.weights is None else objective.train.weights.cpu().double().numpy()
        how: dict[str, Any] = {"balanced": config.class_weight == "balanced", "seed": config.seed % 2**32}
        inverse, temperature = calibrated(features, labels, objective.class_count, inverse, weights=of_rows, **how)
        model = fitted(features, labels, inverse, weights=of_rows, **how)
        weights, intercepts = (part / temperature for part in weights_by_class(model, objective.class_count))
    network.take_linear(torch.from_numpy(weights), torch.from_numpy(intercepts))
    return inverse or math.nan


@torch.inference_mode()
def sparse_features(network: NgramClassifier, texts: LabelledTexts) -> Any:
    """(N, K) sparse: what a linear model reads of texts, in the order of the rows."""
    from scipy.sparse import csr_matrix

    parts = []
    for rows in sorted_batches(texts.lengths):
        of_text, columns, values = (part.cpu() for part in network.sparse_features(*texts.batch(rows).inputs))
        parts.append((rows[of_text].numpy(), columns.numpy(), values.double().numpy()))
    in_rows, in_columns, found = map(np.concatenate, zip(*parts, strict=True))
    return csr_matrix((found, (in_rows, in_columns)), shape=(len(texts), network.sparse_size))

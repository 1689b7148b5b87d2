"""Linear models over the n-grams that a network reads: solved in place of training, or mixed with a trained network.

Shapes: N texts, K n-grams, C classes.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textrnn.config import TrainConfig
from textrnn.corpus.batches import LabelledTexts, sorted_batches
from textrnn.corpus.label_sets import LabelSets
from textrnn.errors import ConfigError
from textrnn.evaluation.calibration import cross_entropy, fit_temperature, penalised_loss, without_smoothing
from textrnn.evaluation.label_baseline import INVERSE_PENALTY, MOST_WEIGHTS, is_quick, one_against_all
from textrnn.evaluation.label_scores import collect
from textrnn.evaluation.linear.few_rows import Columns, FewRows
from textrnn.evaluation.linear.learning import LearntLinear, learn_linear
from textrnn.evaluation.linear.solver import calibrated, fitted, weights_by_class
from textrnn.evaluation.multi_label import LabelFigures
from textrnn.models.classifiers import bilstm_ngram, linear
from textrnn.models.classifiers.ngram_classifier import NgramClassifier
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.objectives.classification import ClassificationObjective, predict_logits
from textrnn.training.objectives.multi_label import MultiLabelObjective, calibrated_loss, fitted_figures

MOST_SOLVED = 250_000_000  # of one alone: 2 GB
MOST_LOGITS = 20_000_000  # of the dev split
SHARES = tuple(step / 20 for step in range(21))
USUAL_SHARE, DEVIATION = 0.5, 0.25  # of the linear model, where dev says nothing; of the prior for it


def is_solved(network: nn.Module) -> TypeGuard[linear.Model]:
    """Whether the weights of a network are found by a solver, not step by step."""
    return isinstance(network, linear.Model)


def solve(
    network: linear.Model,
    objective: ClassificationObjective,
    config: TrainConfig,
    listener: Listener,
    names: LabelledTexts | None = None,
) -> History:
    """Find the weights of a linear model; its history is of one step.

    Args:
        names: the names of the classes, where they are words and each text has one label.

    Raises:
        ConfigError: for more weights than the memory of a usual machine holds.
    """
    weights = network.sparse_size * objective.class_count
    if weights > MOST_SOLVED:
        raise ConfigError(
            f"`model` Linear: {network.sparse_size:,} n-grams times {objective.class_count:,} classes are too many "
            "weights; expected another model, or fewer n-grams by `max_ngrams`"
        )
    started = time.perf_counter()
    listener.on_start(1, 0, None)
    try:
        features = sparse_features(network, objective.train)
        solved_with = _solve_alone(network, objective, config, features, names)
        loss = _mean_loss(network, objective)
        seconds = time.perf_counter() - started
        history = History([loss], [0.0], [1], [len(objective.train)], threads=Counter({config.threads or 1: 1}))
        listener.on_step(1, loss)
        row = {"step": 1, "epoch": 1, "passes": 1.0, "seconds": seconds, "train_loss": loss}
        history.evaluations.append({**row, **objective.evaluate(network)})
        history.best_step = 1
        history.best_loss = objective.criterion(history.best)
        history.stopped_by = f"solved with {solved_with}"
        history.seconds = time.perf_counter() - started
        history.evaluation_seconds = history.seconds - seconds
        listener.on_evaluation(
            {**history.best, "learning_rate": 0.0, "examples_per_second": history.examples_per_second}, True
        )
    finally:
        listener.on_end()
    return history


@dataclass(frozen=True)
class Beside:
    """A linear model to be mixed with a network.

    Attributes:
        weights: (C, K)
        intercepts: (C,)
        seconds: that it took
    """

    weights: Tensor
    intercepts: Tensor
    seconds: float


@dataclass(frozen=True)
class Mixing:
    """A trained network, a linear model, and their mixture, on the dev split.

    Attributes:
        share: of the linear model in the mixture
        measure: what `scores` are: ``accuracy``, or ``macro F1`` where a text has several labels
        scores, losses: of the network alone, the mixture and the linear model alone; losses are of calibrated
            probabilities, nats per text
    """

    share: float
    measure: str
    scores: tuple[float, float, float]
    losses: tuple[float, float, float]


class Judge(Protocol):
    """What logits (N, C) of the dev split are worth, once they are answered as the saved model does."""

    measure: str

    def penalised(self, logits: NDArray[np.float32]) -> float:
        """The mean loss, nats per text, and a penalty for a temperature far from 1."""

    def shown(self, logits: NDArray[np.float32]) -> tuple[float, float]:
        """The measure, and the mean loss."""


@dataclass(frozen=True)
class JudgeOfClasses:
    """One label a text: label smoothing undone, one temperature.

    Attributes:
        labels: (N,) class indices
    """

    labels: NDArray[np.int64]
    smoothing: float
    measure = "accuracy"

    def penalised(self, logits: NDArray[np.float32]) -> float:
        plain = without_smoothing(logits, self.smoothing)
        return penalised_loss(plain, self.labels, fit_temperature(plain, self.labels))

    def shown(self, logits: NDArray[np.float32]) -> tuple[float, float]:
        plain = without_smoothing(logits, self.smoothing)
        right = float((logits.argmax(axis=1) == self.labels).mean())
        return right, cross_entropy(plain, self.labels, fit_temperature(plain, self.labels))


@dataclass(frozen=True)
class JudgeOfLabels:
    """Several labels a text: a temperature, biases and thresholds."""

    truth: LabelSets
    class_count: int
    measure = "macro F1"

    def penalised(self, logits: NDArray[np.float32]) -> float:
        return calibrated_loss(self._figures(logits))

    def shown(self, logits: NDArray[np.float32]) -> tuple[float, float]:
        figures = self._figures(logits)
        return figures.macro_f1, calibrated_loss(figures)

    def _figures(self, logits: NDArray[np.float32]) -> LabelFigures:
        scores = collect([(np.arange(len(self.truth)), logits)], self.truth, self.class_count)
        return fitted_figures(scores, self.truth)


def solve_beside(network: nn.Module, objective: ClassificationObjective, config: TrainConfig) -> Beside | None:
    """The linear model that a network wants to be mixed with, trained or still to be trained; None: it wants none, or
    it would be too large."""
    if not (isinstance(network, bilstm_ngram.Model) and network.takes_linear):
        return None
    if network.sparse_size * objective.class_count > MOST_WEIGHTS or not _has_something_to_tell(objective):
        return None
    if len(objective.dev) * objective.class_count > MOST_LOGITS:
        return None
    started = time.perf_counter()
    features = sparse_features(network, objective.train)
    if isinstance(objective, MultiLabelObjective) and not is_quick(features, objective.class_count):
        return None
    weights, intercepts, _ = _solved(network, objective, config, None, features)
    return Beside(weights.float(), intercepts, time.perf_counter() - started)


def mix_with_linear(network: bilstm_ngram.Model, objective: ClassificationObjective, beside: Beside) -> Mixing:
    """Take a linear model into a trained network; its share is what dev says is best.

    The shares are judged as the saved model answers.
    """
    judge: Judge = JudgeOfClasses(objective.dev.labels.cpu().numpy(), objective.smoothing)
    if isinstance(objective, MultiLabelObjective):
        judge = JudgeOfLabels(objective.dev_labels, objective.class_count)
    own = predict_logits(network, objective.dev, objective.threads).numpy()
    network.take_linear(beside.weights, beside.intercepts)
    network.share.fill_(1.0)
    of_linear = predict_logits(network, objective.dev, objective.threads).numpy()
    share = best_share(own, of_linear, judge)
    network.share.fill_(share)
    (own_score, own_loss), (score, loss), (linear_score, linear_loss) = map(
        judge.shown, (own, own + share * (of_linear - own), of_linear)
    )
    return Mixing(share, judge.measure, (own_score, score, linear_score), (own_loss, loss, linear_loss))


def _has_something_to_tell(objective: ClassificationObjective) -> bool:
    """Whether there are two classes in the training split."""
    labels = objective.train.labels if objective.train.classes is None else objective.train.classes
    return bool(labels.unique().numel() > 1)


def best_share(own: NDArray[np.float32], of_linear: NDArray[np.float32], judge: Judge) -> float:
    """The share of the linear model in the mean of two (N, C) logits with the least loss, and a penalty for shares far
    from a half: a normal prior, which weighs as much as one text."""

    def penalised(share: float) -> float:
        prior = (share - USUAL_SHARE) ** 2 / (2 * DEVIATION**2)
        return judge.penalised(own + share * (of_linear - own)) + prior / len(own)

    return min(SHARES, key=penalised) if len(own) else USUAL_SHARE


@torch.inference_mode()
def _mean_loss(network: nn.Module, objective: ClassificationObjective) -> float:
    """Nats per training row."""
    network.eval()
    losses = [objective.loss(network, objective.train.batch(rows)) for rows in sorted_batches(objective.train.lengths)]
    return sum(float(loss.reported) * loss.examples for loss in losses) / len(objective.train)


def _solve_alone(
    network: linear.Model,
    objective: ClassificationObjective,
    config: TrainConfig,
    features: Any,
    names: LabelledTexts | None,
) -> str:
    """Fit a linear model and put it into its network. Returns how it was found, in words."""
    labels = objective.train.labels.cpu().numpy()
    if isinstance(objective, MultiLabelObjective) or len(np.unique(labels)) < 2 or not features.nnz:
        of_classes, intercepts, inverse = _solved(network, objective, config, network.inverse_penalty, features)
        network.take_linear(of_classes, intercepts)
        return f"C={inverse:g}"
    columns = Columns(*(part.cpu().numpy() for part in network.columns_of_ngrams()))
    texts = FewRows(features, columns, None if names is None else sparse_features(network, names))
    learnt: LearntLinear = learn_linear(
        texts,
        labels,
        objective.class_count,
        inverse=network.inverse_penalty,
        names=network.class_names,
        weights=None if objective.train.weights is None else objective.train.weights.cpu().double().numpy(),
        balanced=config.class_weight == "balanced",
        seed=config.seed % 2**32,
    )
    if learnt.ngram_weights is not None:
        network.reweigh(torch.from_numpy(learnt.ngram_weights))
    weights, biases = weights_by_class(learnt.model, objective.class_count)
    network.take_linear(torch.from_numpy(weights / learnt.temperature), torch.from_numpy(biases / learnt.temperature))
    return f"C={learnt.inverse:g}" + (f": {learnt.in_words}" if learnt.in_words else "")


def _solved(
    network: NgramClassifier,
    objective: ClassificationObjective,
    config: TrainConfig,
    inverse: float | None,
    features: Any,
) -> tuple[Tensor, Tensor, float]:
    """A linear model fitted to the training split: (C, K), (C,), and scikit-learn's C; NaN where there is nothing to
    learn from, and all classes are as likely."""
    weights, intercepts = np.zeros((objective.class_count, network.sparse_size)), np.zeros(objective.class_count)
    if not features.nnz:  # texts that are empty, or have nothing in common
        return torch.from_numpy(weights), torch.from_numpy(intercepts), math.nan
    of_rows = None if objective.train.weights is None else objective.train.weights.cpu().double().numpy()
    balanced = config.class_weight == "balanced"
    if isinstance(objective, MultiLabelObjective):
        how: dict[str, Any] = {"balanced": balanced, "inverse": inverse, "weights": of_rows}
        weights, intercepts = one_against_all(features, objective.train_labels, objective.class_count, **how)
        return torch.from_numpy(weights), torch.from_numpy(intercepts), inverse or INVERSE_PENALTY
    labels = objective.train.labels.cpu().numpy()
    if len(np.unique(labels)) > 1:
        how = {"balanced": balanced, "seed": config.seed % 2**32, "weights": of_rows}
        inverse, temperature = calibrated(features, labels, objective.class_count, inverse, **how)
        model = fitted(features, labels, inverse, **how)
        weights, intercepts = (part / temperature for part in weights_by_class(model, objective.class_count))
    return torch.from_numpy(weights), torch.from_numpy(intercepts), inverse or math.nan


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

"""A linear model beside a trained network, and their mixture, whose shares dev decides.

Shapes: N texts, K n-grams, C classes.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textrnn.config import TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.label_sets import LabelSets
from textrnn.evaluation.calibration import cross_entropy, fit_temperature, penalised_loss, without_smoothing
from textrnn.evaluation.combining import Combination, fit_combination
from textrnn.evaluation.label_baseline import MOST_WEIGHTS, is_quick
from textrnn.evaluation.label_scores import collect
from textrnn.evaluation.linear.few_rows import WEIGHT_OF_NAMES, is_few
from textrnn.evaluation.linear.learning import learn_linear
from textrnn.evaluation.linear.solver import fitted, weights_by_class
from textrnn.evaluation.multi_label import LabelFigures
from textrnn.models.classifiers import bilstm_ngram
from textrnn.models.classifiers.ngram_classifier import NgramClassifier
from textrnn.training.linear import Beside, how_of, solved, sparse_features, taken_over, texts_of
from textrnn.training.objectives.classification import ClassificationObjective, predict_logits
from textrnn.training.objectives.multi_label import MultiLabelObjective, calibrated_loss, fitted_figures

MOST_LOGITS = 20_000_000  # of the dev split
SHARES = tuple(step / 20 for step in range(21))
DEVIATION = 0.25  # of the prior for the share of the linear model


@dataclass(frozen=True)
class Prior:
    """What is thought of the share of the linear model before dev has said anything.

    Attributes:
        share: the likeliest
        weight: texts of dev that it counts as much as
    """

    share: float = 0.5
    weight: float = 1.0


USUAL_PRIOR = Prior()
FEW_ROWS, PRIOR_OF_FEW = 1000, Prior(1.0, 3.0)  # of fewer rows, a network learns little, and few of dev say who knows


@dataclass(frozen=True)
class Mixing:
    """A trained network, a linear model, and their mixture, on the dev split.

    Attributes:
        share: of the linear model in the mixture
        measure: what `scores` are: ``accuracy``, or ``macro F1`` where a text has several labels
        scores, losses: of the network alone, the mixture and the linear model alone; losses are of calibrated
            probabilities, nats per text
        by_class: whether the mixture has weights of its own for each class
    """

    share: float
    measure: str
    scores: tuple[float, float, float]
    losses: tuple[float, float, float]
    by_class: bool = False


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


def reads_few(objective: ClassificationObjective) -> bool:
    """Whether n-grams may be weighed otherwise, for there are few rows of each class."""
    if isinstance(objective, MultiLabelObjective):
        return False
    return is_few(objective.train.labels.cpu().numpy(), objective.class_count)


def solve_beside(
    network: nn.Module, objective: ClassificationObjective, config: TrainConfig, names: LabelledTexts | None
) -> Beside | None:
    """The linear model that a network wants to be mixed with, trained or still to be trained; None: it wants none, or
    it would be too large.

    Where there are few rows of each class, the n-grams of the network may get other weights.

    Args:
        names: those of the classes, where they are words and each text has one label.
    """
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
    if not reads_few(objective) or not features.nnz:
        found = solved(network, objective, config, None, features)
    else:
        found = _of_few(network, objective, config, features, names)
    return dataclasses.replace(found, seconds=time.perf_counter() - started)


def solve_again(
    network: bilstm_ngram.Model,
    objective: ClassificationObjective,
    config: TrainConfig,
    beside: Beside,
    names: LabelledTexts | None,
) -> None:
    """Put another linear model in the place of the one that is mixed in: with the same penalty, temperature and weights
    of n-grams, it learns the rows of dev, too."""
    from scipy.sparse import vstack

    parts = (objective.train, objective.dev)
    features = [sparse_features(network, part) for part in parts]
    labels = [part.labels.cpu().numpy() for part in parts]
    counts = [np.ones(len(part)) if part.weights is None else part.weights.cpu().double().numpy() for part in parts]
    if beside.names and names is not None:
        features.append(sparse_features(network, names))
        labels.append(np.arange(objective.class_count))
        counts.append(np.full(objective.class_count, WEIGHT_OF_NAMES))
    how = how_of(objective, config)
    how["weights"] = np.concatenate(counts)
    model = fitted(vstack(features).tocsr(), np.concatenate(labels), beside.inverse, **how)
    weights, biases = (part / beside.temperature for part in weights_by_class(model, objective.class_count))
    network.take_linear(torch.from_numpy(weights).float(), torch.from_numpy(biases))


def mix_with_linear(network: bilstm_ngram.Model, objective: ClassificationObjective, beside: Beside) -> Mixing:
    """Take a linear model into a trained network; its share is what dev says is best, and where dev has many rows, so
    are the weights of each class.

    The shares are judged as the saved model answers.
    """
    labels = objective.dev.labels.cpu().numpy()
    judge: Judge = JudgeOfClasses(labels, 0.0)
    alone: Judge = JudgeOfClasses(labels, objective.smoothing)
    if isinstance(objective, MultiLabelObjective):
        judge = alone = JudgeOfLabels(objective.dev_labels, objective.class_count)
    own = predict_logits(network, objective.dev, objective.threads).numpy()
    network.take_linear(beside.weights, beside.intercepts)
    network.share.fill_(1.0)
    of_linear = predict_logits(network, objective.dev, objective.threads).numpy()
    share = best_share(own, of_linear, judge, alone, prior_of(objective))
    network.share.fill_(share)
    mixed, combination = own + share * (of_linear - own), _combination(objective, own, of_linear, share)
    if combination is not None:
        of_own, of_others, added = (
            torch.from_numpy(part).float() for part in (combination.of_own, combination.of_others, combination.added)
        )
        network.combine(of_own, of_others, added)
        mixed = combination(own, of_linear)
    own_score, own_loss = alone.shown(own)
    score, loss = judge.shown(mixed) if share else (own_score, own_loss)
    linear_score, linear_loss = judge.shown(of_linear)
    scores, losses = (own_score, score, linear_score), (own_loss, loss, linear_loss)
    return Mixing(share, judge.measure, scores, losses, combination is not None)


def _combination(
    objective: ClassificationObjective, own: NDArray[np.float32], of_linear: NDArray[np.float32], share: float
) -> Combination | None:
    """The weights of both logits (N, C) of the dev split in the answer of each class; None: by the share alone, as
    where rows or classes are weighted, since weights fitted to plain rows would undo that."""
    weighted = objective.class_weights is not None or objective.train.weights is not None
    if weighted or isinstance(objective, MultiLabelObjective):
        return None
    return fit_combination(own, of_linear, objective.dev.labels.cpu().numpy(), share)


def _has_something_to_tell(objective: ClassificationObjective) -> bool:
    """Whether there are two classes in the training split."""
    labels = objective.train.labels if objective.train.classes is None else objective.train.classes
    return bool(labels.unique().numel() > 1)


def prior_of(objective: ClassificationObjective) -> Prior:
    """That of few rows, or of many."""
    few = len(objective.train) < FEW_ROWS or reads_few(objective)
    return PRIOR_OF_FEW if few and not isinstance(objective, MultiLabelObjective) else USUAL_PRIOR


def smoothing_to_undo(network: nn.Module, smoothing: float) -> float:
    """The label smoothing that the logits of a trained network have in them: none, once a linear model that has learnt
    without is mixed in. Undone all the same, medium probabilities become too low, and those of errors 1.00."""
    return 0.0 if isinstance(network, bilstm_ngram.Model) and float(network.share) > 0 else smoothing


def best_share(
    own: NDArray[np.float32],
    of_linear: NDArray[np.float32],
    judge: Judge,
    alone: Judge | None = None,
    prior: Prior = USUAL_PRIOR,
) -> float:
    """The share of the linear model in the mean of two (N, C) logits with the least loss, and a penalty for shares far
    from the likeliest: a normal prior.

    Args:
        alone: what judges the network without a linear model; None: the same.
    """

    def penalised(share: float) -> float:
        unlikely = prior.weight * (share - prior.share) ** 2 / (2 * DEVIATION**2)
        by = judge if share or alone is None else alone
        return by.penalised(own + share * (of_linear - own)) + unlikely / len(own)

    return min(SHARES, key=penalised) if len(own) else prior.share


def _of_few(
    network: NgramClassifier,
    objective: ClassificationObjective,
    config: TrainConfig,
    features: Any,
    names: LabelledTexts | None,
) -> Beside:
    """A linear model of few rows of each class, to be mixed with a network, whose n-grams are weighed as it reads."""
    labels = objective.train.labels.cpu().numpy()
    learnt = learn_linear(
        texts_of(network, features, names), labels, objective.class_count, **how_of(objective, config)
    )
    weights, intercepts = taken_over(network, learnt, objective.class_count)
    return Beside(weights.float(), intercepts, 0.0, learnt.inverse, learnt.temperature, learnt.reading.names)

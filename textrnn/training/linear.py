"""Linear models over the n-grams that a network reads: solved in place of training, or mixed with a trained network.

Shapes: N texts, K n-grams, C classes.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textrnn.config import TrainConfig
from textrnn.corpus.batches import LabelledTexts, sorted_batches
from textrnn.errors import ConfigError
from textrnn.evaluation.folds import judged
from textrnn.evaluation.label_baseline import INVERSE_PENALTY, one_against_all
from textrnn.evaluation.linear.few_rows import Columns, FewRows
from textrnn.evaluation.linear.learning import LearntLinear, learn_linear, out_of_fold
from textrnn.evaluation.linear.solver import calibrated, fitted, weights_by_class
from textrnn.models.classifiers import linear
from textrnn.models.classifiers.ngram_classifier import NgramClassifier
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.objectives.classification import ClassificationObjective
from textrnn.training.objectives.multi_label import MultiLabelObjective

MOST_SOLVED = 250_000_000  # of one alone: 2 GB


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

    Without a dev split, its scores are those of cross-validation, and nobody is told of an evaluation.

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
        solved_with, scores = _solve_alone(network, objective, config, features, names)
        loss = _mean_loss(network, objective)
        seconds = time.perf_counter() - started
        history = History([loss], [0.0], [1], [len(objective.train)], threads=Counter({config.threads or 1: 1}))
        listener.on_step(1, loss)
        row = {"step": 1, "epoch": 1, "passes": 1.0, "seconds": seconds, "train_loss": loss}
        history.cross_validated = not len(objective.dev)
        history.evaluations.append({**row, **(scores or objective.evaluate(network))})
        history.best_step = 1
        history.best_loss = objective.criterion(history.best)
        history.stopped_by = f"solved with {solved_with}"
        history.seconds = time.perf_counter() - started
        history.evaluation_seconds = history.seconds - seconds
        if not history.cross_validated:
            pace = {"learning_rate": 0.0, "examples_per_second": history.examples_per_second}
            listener.on_evaluation({**history.best, **pace}, True)
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
        inverse: scikit-learn's C
        temperature: by which scores were divided
        names: whether the names of the classes are learnt as texts of theirs
    """

    weights: Tensor
    intercepts: Tensor
    seconds: float
    inverse: float = math.nan
    temperature: float = 1.0
    names: bool = False


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
) -> tuple[str, dict[str, float]]:
    """Fit a linear model and put it into its network.

    Returns:
        How it was found, in words; and without a dev split, the scores of cross-validation.
    """
    labels = objective.train.labels.cpu().numpy()
    if isinstance(objective, MultiLabelObjective) or len(np.unique(labels)) < 2 or not features.nnz:
        found = solved(network, objective, config, network.inverse_penalty, features)
        network.take_linear(found.weights, found.intercepts)
        return f"C={found.inverse:g}", {} if len(objective.dev) else _by_guessing(objective.class_count)
    texts, how = texts_of(network, features, names), how_of(objective, config)
    learnt: LearntLinear = learn_linear(
        texts, labels, objective.class_count, inverse=network.inverse_penalty, names=network.class_names, **how
    )
    scores: dict[str, float] = {}
    if not len(objective.dev):
        learnt, scores = _cross_validated(learnt, texts, labels, objective.class_count, how)
    network.take_linear(*taken_over(network, learnt, objective.class_count))
    return f"C={learnt.inverse:g}" + (f": {learnt.in_words}" if learnt.in_words else ""), scores


def texts_of(network: NgramClassifier, features: Any, names: LabelledTexts | None) -> FewRows:
    """(N, K) features of a network with what its columns are, and those of the names of the classes."""
    columns = Columns(*(part.cpu().numpy() for part in network.columns_of_ngrams()))
    return FewRows(features, columns, None if names is None else sparse_features(network, names))


def how_of(objective: ClassificationObjective, config: TrainConfig) -> dict[str, Any]:
    """What rows and classes count, and the seed."""
    of_rows = objective.train.weights
    return {
        "weights": None if of_rows is None else of_rows.cpu().double().numpy(),
        "balanced": config.class_weight == "balanced",
        "seed": config.seed % 2**32,
    }


def taken_over(network: NgramClassifier, learnt: LearntLinear, class_count: int) -> tuple[Tensor, Tensor]:
    """The weights (C, K) and (C,) of a linear model, calibrated; the network weighs its n-grams as the model does."""
    if learnt.ngram_weights is not None:
        network.reweigh(torch.from_numpy(learnt.ngram_weights))
    weights, biases = (part / learnt.temperature for part in weights_by_class(learnt.model, class_count))
    return torch.from_numpy(weights), torch.from_numpy(biases)


def _cross_validated(
    learnt: LearntLinear, texts: FewRows, labels: NDArray[np.int64], class_count: int, how: dict[str, Any]
) -> tuple[LearntLinear, dict[str, float]]:
    """A linear model as sure of itself as it may be by what others like it say of texts that they have not learnt, and
    their scores."""
    accuracy, loss, temperature = judged(out_of_fold(texts, labels, class_count, learnt, **how), labels)
    if not math.isfinite(loss):  # no class has two texts that differ
        return learnt, _by_guessing(class_count)
    scores = {"dev_loss": loss, "dev_calibrated_loss": loss, "dev_accuracy": accuracy}
    return dataclasses.replace(learnt, temperature=temperature), scores


def _by_guessing(class_count: int) -> dict[str, float]:
    """The scores of who knows nothing."""
    loss = math.log(class_count)
    return {"dev_loss": loss, "dev_calibrated_loss": loss, "dev_accuracy": 1 / class_count}


def solved(
    network: NgramClassifier,
    objective: ClassificationObjective,
    config: TrainConfig,
    inverse: float | None,
    features: Any,
) -> Beside:
    """A linear model fitted to the training split, read in the usual way; where there is nothing to learn from, all
    classes are as likely, and scikit-learn's C is NaN."""
    weights, intercepts = np.zeros((objective.class_count, network.sparse_size)), np.zeros(objective.class_count)
    penalty, temperature, how = math.nan, 1.0, how_of(objective, config)
    labels = objective.train.labels.cpu().numpy()
    if not features.nnz:  # texts that are empty, or have nothing in common
        pass
    elif isinstance(objective, MultiLabelObjective):
        penalty = inverse or INVERSE_PENALTY
        kept = {"balanced": how["balanced"], "inverse": inverse, "weights": how["weights"]}
        weights, intercepts = one_against_all(features, objective.train_labels, objective.class_count, **kept)
    elif len(np.unique(labels)) > 1:
        penalty, temperature = calibrated(features, labels, objective.class_count, inverse, **how)
        model = fitted(features, labels, penalty, **how)
        weights, intercepts = (part / temperature for part in weights_by_class(model, objective.class_count))
    found = torch.from_numpy(weights), torch.from_numpy(intercepts)
    return Beside(found[0].float(), found[1], 0.0, penalty, temperature)


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

"""The linear model that the ladder is climbed with: its n-grams are those of all texts, and it takes in the weights of
the best rung, to be saved and to answer like any other model.

Shapes: N texts in all, K n-grams, C classes.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from textrnn.config import TASK_CONFIGS, ClassifierSettings, Run
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.heap import Heap
from textrnn.corpus.vocab import Vocabulary
from textrnn.evaluation.semi_supervised.rungs import Ladder, Standing
from textrnn.models.classifiers import linear
from textrnn.models.registry import find_model
from textrnn.saved.classifier import Classifier
from textrnn.tasks.classify import DatasetFacts, Learnt, build_classifier
from textrnn.tasks.settings import settle
from textrnn.training.history import History
from textrnn.training.linear import sparse_features


@dataclass(frozen=True)
class Ground:
    """A linear model that knows the n-grams of all texts, and has learnt nothing yet.

    Attributes:
        features: (N, K) sparse: labelled texts, then the heap
    """

    settings: ClassifierSettings
    network: linear.Model
    vocabulary: Vocabulary
    features: Any


def ground_of(dataset: Dataset, heap: Heap, run: Run) -> Ground:
    """Count the n-grams of the labelled texts and the heap."""
    texts = [*dataset.train.texts, *heap.texts]
    every = Dataset(dataset.name, dataset.class_names, Split(texts, [0] * len(texts)), Split([], []), Split([], []))
    settings: ClassifierSettings = settle(as_linear(run), None, DatasetFacts(every))
    encoded = every.encoded(settings.data)
    network = build_classifier(settings, encoded, len(dataset.class_names), None, torch.device("cpu"))
    assert isinstance(network, linear.Model)
    rows = LabelledTexts.from_encoded(encoded.train, every.train.labels)
    return Ground(settings, network, encoded.vocabulary, sparse_features(network, rows))


def as_linear(run: Run) -> Run:
    """The run of the linear model, with the settings that it has; vectors and what is learnt first are none of them."""
    entry, config = find_model(linear.NAME), TASK_CONFIGS["classify"]
    known = {
        field.name
        for group in (entry.config_class, config.data, config.training)
        for field in dataclasses.fields(group)
    }
    dropped = {"embedding", "freeze_embedding", "embedding_size", "batch_size", "init_from", "pretrain"}
    named = {name: value for name, value in run.named.items() if name in known - dropped}
    return dataclasses.replace(run, model_name=entry.name, named=named)


def as_learnt(ground: Ground, ladder: Ladder, best: Standing, dataset: Dataset) -> Learnt:
    """The linear model with the weights of the best rung, calibrated out of fold."""
    weights, biases = (torch.from_numpy(part / best.temperature) for part in (best.scorer.weights, best.scorer.biases))
    ground.network.take_linear(weights.float(), biases.float())
    classifier = Classifier(ground.settings, ground.network.eval(), ground.vocabulary, dataset.class_names, 1.0)
    rung, dev_loss = best.rung, best.rung.loss or 0.0
    scores = {"dev_loss": dev_loss, "dev_calibrated_loss": dev_loss, "dev_accuracy": rung.accuracy or 0.0}
    loss = _loss(ladder, best)
    history = History([loss], [0.0], [1], [ground.features.shape[0]], best_step=1, best_loss=dev_loss)
    history.threads, history.seconds, history.stopped_by = Counter({1: 1}), rung.seconds, "solved"
    history.cross_validated = True
    row = {"step": 1, "epoch": 1, "passes": 1.0, "seconds": rung.seconds, "train_loss": loss}
    history.evaluations.append({**row, **scores})
    return Learnt(classifier, history)


def _loss(ladder: Ladder, best: Standing) -> float:
    """Of the labelled texts, which it has learnt, nats per text."""
    whole = ladder.parts[-1]
    scores = best.scores[-1][: len(whole.own)] / best.temperature
    found = torch.nn.functional.cross_entropy(torch.from_numpy(scores), torch.from_numpy(whole.labels))
    return float(np.round(float(found), 6))

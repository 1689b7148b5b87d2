"""Two things about classifiers: what layer normalisation does to the loss curve, and how padding makes one forget."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from textrnn.config import PAD_ID, DataConfig, TrainConfig
from textrnn.corpus.batches import Batch, LabelledTexts
from textrnn.corpus.catalog import find_dataset
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.tokenizers import words_are_spaced
from textrnn.corpus.vocab import Vocabulary
from textrnn.errors import Interrupted
from textrnn.models.classifiers.base import TextClassifier
from textrnn.models.registry import find_model
from textrnn.randomness import seeded
from textrnn.report.html import Figure, Paragraph, Table
from textrnn.report.memory import plot_dev_losses, plot_padding
from textrnn.report.text import table
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.registry import Experiment
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench
from textrnn.tasks.resuming import Say, StopWhen
from textrnn.training.events import ListenerGroup
from textrnn.training.objectives.classification import ClassificationObjective, evaluate
from textrnn.training.train_eval import choose_device, fit

EXPERIMENT = Experiment(
    name="normalisation",
    meaning="classifiers: layer normalisation or none; RNN and LSTM as the padding grows, read two ways",
    place=6,
    models=("BiLSTM_LN", "LSTM", "RNN"),
    lengths=(24, 48, 96, 192),
    accepts=("lengths", "dataset"),
    trains="classifiers",
    folders=("together",),
    shortest=8,
    shortest_means="tokens of a padded text",
    defaults="10 epochs, batches of 64, learning rate 0.003, padded to 24, 48, 96 and 192 tokens",
)
DATASET = "headlines"
SIZES = {"embedding_size": 64, "hidden_size": 64, "dropout": 0.2, "embedding_dropout": 0.2}
TRAINING = {"epochs": 10, "batch_size": 64, "learning_rate": 3e-3, "label_smoothing": 0.0}
WITHOUT, WITH = "without layer normalisation", "with layer normalisation"
READINGS = {"padded": "the last padded step is read, as tutorials do", "proper": "the last token of the text is read"}
PADDED_MODELS = ("RNN", "LSTM")


@dataclass(frozen=True)
class PaddedTexts(LabelledTexts):
    """Texts that are all padded to one length.

    Attributes:
        width: tokens after padding
        reads_padding: whether the padding passes for text, so that the last step of a text is the last padded one
    """

    width: int = 0
    reads_padding: bool = False

    def batch(self, rows: torch.Tensor) -> Batch:
        """The rows (B,) as one batch, (B, width)."""
        token_ids, lengths, labels = super().batch(rows)
        token_ids = functional.pad(token_ids, (0, self.width - token_ids.shape[1]), value=PAD_ID)
        return Batch(token_ids, torch.full_like(lengths, self.width) if self.reads_padding else lengths, labels)


@dataclass(frozen=True)
class _Texts:
    """The three splits as token ids."""

    dataset: Dataset
    vocabulary: Vocabulary
    splits: dict[str, LabelledTexts]

    def padded(self, width: int, *, reads_padding: bool) -> dict[str, LabelledTexts]:
        return {
            name: PaddedTexts(
                texts.token_ids, texts.starts, texts.lengths, texts.labels, width=width, reads_padding=reads_padding
            )
            for name, texts in self.splits.items()
        }


def run(request: MemoryRequest, bench: Bench) -> None:
    """Train the classifiers; both parts use the same texts, cut to the shortest padded length."""
    training = TrainConfig.from_dict({**TRAINING, **_of_classifiers(request)})
    texts = _read(request, training, longest=min(request.lengths))
    curves, figures = {}, {}
    for label, model, more in (
        (WITHOUT, "LSTM", {"bidirectional": True}),
        (WITH, "BiLSTM_LN", {}),
    ):
        curves[label], figures[label] = _train(bench, texts, texts.splits, model, {"pooling": "max", **more}, training)
        bench.say(f"{label}: {figures[label]['test']:.4f} on test, {figures[label]['seconds']:.1f} s")
    accuracies: dict[str, dict[str, dict[int, float]]] = {reading: {} for reading in READINGS}
    seconds: dict[str, dict[str, dict[int, float]]] = {reading: {} for reading in READINGS}
    for reading in READINGS:
        for model in PADDED_MODELS:
            for width in request.lengths:
                splits = texts.padded(width, reads_padding=reading == "padded")
                _, found = _train(bench, texts, splits, model, {"pooling": "last"}, training)
                accuracies[reading].setdefault(model, {})[width] = found["test"]
                seconds[reading].setdefault(model, {})[width] = found["seconds"]
                bench.say(f"{model}, padded to {width}, {READINGS[reading]}: {found['test']:.4f} on test")
    _findings(request, texts, training, curves, figures, accuracies, seconds, bench.say).save(request)


def _of_classifiers(request: MemoryRequest) -> dict[str, Any]:
    """The training settings that were named and that classifiers have, too."""
    known = {field.name for field in dataclasses.fields(TrainConfig)}
    return {name: value for name, value in request.train_settings.items() if name in known}


def _read(request: MemoryRequest, training: TrainConfig, *, longest: int) -> _Texts:
    data = DataConfig(dataset=DATASET if request.dataset is None else request.dataset)
    dataset = load_dataset(find_dataset(data.dataset), data)
    data = data.fitted_to(words_are_spaced=words_are_spaced(dataset.train.texts))
    vocabulary = Vocabulary.build_as_set(dataset.train.texts, data)
    device = choose_device(training.device)
    splits = {
        name: LabelledTexts.from_encoded(vocabulary.encode(split.texts, longest=longest), split.labels, device)
        for name, split in (("train", dataset.train), ("dev", dataset.dev), ("test", dataset.test))
    }
    return _Texts(dataset, vocabulary, splits)


def _train(
    bench: Bench, texts: _Texts, splits: dict[str, LabelledTexts], model: str, settings: dict[str, Any],
    training: TrainConfig,
) -> tuple[list[dict[str, float]], dict[str, float]]:  # fmt: skip
    """Train a classifier; its looks at dev, and its figures."""
    entry = find_model(model)
    config = training.fitted_to(len(splits["train"]), len(splits["dev"]))
    with seeded(config.seed, torch.device("cpu")):
        network: TextClassifier = entry.build(
            entry.config_class.from_dict({**SIZES, **settings}),
            vocabulary_size=len(texts.vocabulary),
            class_count=len(texts.dataset.class_names),
        )
    network = network.to(splits["train"].labels.device)
    objective = ClassificationObjective(splits["train"], splits["dev"], config)
    objective.memory_flags = "--lengths or --batch-size"
    try:
        listener = ListenerGroup([*bench.listeners, StopWhen(bench.should_stop)])
        history = fit(network, objective, config, listener=listener)
    except Interrupted as error:
        raise Interrupted("the normalisation experiment was stopped; nothing was saved", resumable=False) from error
    test = evaluate(network, splits["test"])
    figures = {
        "dev": history.best["dev_accuracy"], "test": test.accuracy, "test_loss": test.loss, "seconds": history.seconds
    }  # fmt: skip
    return history.evaluations, figures


def _findings(
    request: MemoryRequest,
    texts: _Texts,
    training: TrainConfig,
    curves: dict[str, list[dict[str, float]]],
    figures: dict[str, dict[str, float]],
    accuracies: dict[str, dict[str, dict[int, float]]],
    seconds: dict[str, dict[str, dict[int, float]]],
    say: Say,
) -> Findings:
    name, (shortest, longest) = texts.dataset.name, (min(request.lengths), max(request.lengths))
    of_norm = [["BiLSTM, max pooling", "test accuracy", "test loss", "seconds"]]
    of_norm += [
        [label, f"{found['test']:.4f}", f"{found['test_loss']:.4f}", f"{found['seconds']:.1f}"]
        for label, found in figures.items()
    ]
    of_padding = [["test accuracy, padded to", *map(str, request.lengths)]]
    for reading, by_model in accuracies.items():
        for model, by_length in by_model.items():
            of_padding.append([f"{model}, {READINGS[reading]}", *(f"{by_length[n]:.4f}" for n in request.lengths)])
    labels = np.array(texts.dataset.test.labels)
    chance = float(np.bincount(labels).max() / len(labels))
    say(f"\n{table(of_norm)}\n\n{table(of_padding)}\n")
    plots = plot_dev_losses(curves, title=f"BiLSTM on {name}, with and without layer normalisation")
    plots |= plot_padding(
        {READINGS[reading]: by_model for reading, by_model in accuracies.items()},
        chance=chance,
        title=f"{name} padded to {shortest} to {longest} tokens",
    )
    settings = "the same settings, seed and order of batches"
    section = [
        Paragraph([f"{name}: the same BiLSTM classifier twice; {settings}."]),
        Table(of_norm),
        Figure(plots["layer_norm.svg"], "losses with and without layer normalisation"),
        Paragraph([f"The same texts, cut to {shortest} tokens, with more and more padding behind them."]),
        Table(of_padding),
        Figure(plots["padding.svg"], "test accuracy against the padded length, read two ways"),
    ]
    metrics = {
        "recipe": "default",
        "lengths": {str(width): {"test": accuracies["proper"]["LSTM"][width]} for width in request.lengths},
        "dataset": name,
        "layer_normalisation": {"without": figures[WITHOUT], "with": figures[WITH]},
        "padding": {
            reading: {
                model: {
                    str(width): {"test": accuracy, "seconds": seconds[reading][model][width]}
                    for width, accuracy in by_length.items()
                }
                for model, by_length in by_model.items()
            }
            for reading, by_model in accuracies.items()
        },
        "always_the_commonest_class": chance,
        "settings": {"training": training.to_dict(), "hyper_parameters": SIZES},
    }
    return Findings(request.models, metrics, plots, section)

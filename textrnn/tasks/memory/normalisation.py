"""Two things about classifiers: what layer normalisation does to the loss curve, and how padding makes one forget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn import functional

from textrnn.config import PAD_ID, ClassifierSettings, Run, TrainConfig
from textrnn.corpus.batches import Batch, LabelledTexts
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.vocab import EncodedTexts
from textrnn.errors import Note
from textrnn.report.html import Figure, Paragraph, Table
from textrnn.report.memory import plot_dev_losses, plot_padding
from textrnn.report.memory_captions import CAPTIONS
from textrnn.tasks.classify import DatasetFacts, RowsOfTexts, learn
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.registry import Experiment
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench
from textrnn.tasks.settings import combine, settle
from textrnn.training.events import ListenerGroup
from textrnn.training.objectives.classification import evaluate

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
TRAINING = {"epochs": 10, "batch_size": 64, "learning_rate": 3e-3, "label_smoothing": 0.0, "precision": "fp32"}
WITHOUT, WITH = "without layer normalisation", "with layer normalisation"
TWINS = {WITHOUT: ("LSTM", {"bidirectional": True}), WITH: ("BiLSTM_LN", {})}
READINGS = {"padded": "the last padded step is read, as tutorials do", "proper": "the last token of the text is read"}
PADDED_MODELS = ("RNN", "LSTM")


@dataclass(frozen=True)
class PaddedTexts(LabelledTexts):
    """Texts that are all padded to one length.

    Attributes:
        width: tokens after padding
        reads_padding: whether the padding passes for text, so that the last step of a text is the last padded one
    """

    size_settings: ClassVar[str] = "`lengths` or `batch_size`"
    width: int = 0
    reads_padding: bool = False

    def batch(self, rows: torch.Tensor) -> Batch:
        """The rows (B,) as one batch, (B, width)."""
        batch = super().batch(rows)
        token_ids = functional.pad(batch.token_ids, (0, self.width - batch.token_ids.shape[1]), value=PAD_ID)
        lengths = torch.full_like(batch.lengths, self.width) if self.reads_padding else batch.lengths
        return Batch(token_ids, lengths, batch.labels, batch.weights)  # its len() is that of the rows: no _replace


def padded_texts(
    encoded: EncodedTexts, labels: list[int], device: torch.device, *, width: int, reads_padding: bool
) -> PaddedTexts:
    """Padded texts of encoded ones."""
    texts = LabelledTexts.from_encoded(encoded, labels, device)
    return PaddedTexts(**vars(texts), width=width, reads_padding=reads_padding)


@dataclass(frozen=True)
class _Trained:
    """What became of a classifier: its evaluations on dev, and its figures on test."""

    evaluations: list[dict[str, float]]
    dev: float
    test: float
    test_loss: float
    seconds: float

    def figures(self) -> dict[str, float]:
        """For ``metrics.json``."""
        return {name: value for name, value in vars(self).items() if name != "evaluations"}


Padded = dict[str, dict[str, dict[int, _Trained]]]  # by reading, model and width


class _WithoutNotes(ListenerGroup):
    """Of the many trainings, what becomes of each is told here."""

    def on_note(self, note: Note) -> None:
        pass


def run(request: MemoryRequest, bench: Bench) -> None:
    """Train the classifiers; both parts use the same texts, cut to the shortest padded length."""
    of_classifiers = {name: value for name, value in request.named.items() if name in TrainConfig.__dataclass_fields__}
    dataset_name = DATASET if request.dataset is None else request.dataset
    named = {**SIZES, **TRAINING, **of_classifiers, "dataset": dataset_name, "pad_size": min(request.lengths)}
    settings: ClassifierSettings = combine(Run("classify", named=named))
    dataset = load_dataset(find_dataset(dataset_name), settings.data)
    twins = {}
    for label, (model, more) in TWINS.items():
        twins[label] = _train(bench, dataset, model, {**named, "pooling": "max", **more})
        bench.note("classifier_learnt", what=label, test=twins[label].test, seconds=twins[label].seconds)
    padded: Padded = {reading: {model: {} for model in PADDED_MODELS} for reading in READINGS}
    for reading, by_model in padded.items():
        for model, by_width in by_model.items():
            for width in request.lengths:
                rows = partial(padded_texts, width=width, reads_padding=reading == "padded")
                by_width[width] = found = _train(bench, dataset, model, {**named, "pooling": "last"}, rows)
                what = f"{model}, padded to {width}, {READINGS[reading]}"
                bench.note("classifier_tested", what=what, test=found.test)
    _findings(request, bench, dataset, settings.training, twins, padded).save(request)


def _train(
    bench: Bench,
    dataset: Dataset,
    model: str,
    named: Mapping[str, Any],
    rows: RowsOfTexts = LabelledTexts.from_encoded,
) -> _Trained:
    settings = settle(Run("classify", model, named), None, DatasetFacts(dataset))
    learnt = learn(dataset, settings, _WithoutNotes([bench.listener]), rows=rows)
    network, history = learnt.classifier.network, learnt.history
    device = next(network.parameters()).device
    test = evaluate(network, rows(dataset.encoded(settings.data).test, dataset.test.labels, device))
    return _Trained(history.evaluations, history.best["dev_accuracy"], test.accuracy, test.loss, history.seconds)


def _findings(
    request: MemoryRequest,
    bench: Bench,
    dataset: Dataset,
    training: TrainConfig,
    twins: dict[str, _Trained],
    padded: Padded,
) -> Findings:
    name, (shortest, longest) = dataset.name, (min(request.lengths), max(request.lengths))
    of_norm = [["BiLSTM, max pooling", "test accuracy", "test loss", "seconds"]]
    of_norm += [
        [label, f"{found.test:.4f}", f"{found.test_loss:.4f}", f"{found.seconds:.1f}"] for label, found in twins.items()
    ]
    of_padding = [["test accuracy, padded to", *map(str, request.lengths)]]
    for reading, by_model in padded.items():
        for model, by_width in by_model.items():
            of_padding.append([f"{model}, {READINGS[reading]}", *(f"{by_width[n].test:.4f}" for n in request.lengths)])
    labels = np.array(dataset.test.labels)
    chance = float(np.bincount(labels).max() / len(labels))
    bench.note("tables", tables=[of_norm, of_padding])
    curves = {label: found.evaluations for label, found in twins.items()}
    accuracies = {
        READINGS[reading]: {
            model: {width: found.test for width, found in by_width.items()} for model, by_width in by_model.items()
        }
        for reading, by_model in padded.items()
    }
    plots = plot_dev_losses(curves, title=f"BiLSTM on {name}, with and without layer normalisation")
    plots |= plot_padding(accuracies, chance=chance, title=f"{name} padded to {shortest} to {longest} tokens")
    settings = "the same settings, seed and order of batches"
    section = [
        Paragraph([f"{name}: the same BiLSTM classifier twice; {settings}."]),
        Table(of_norm),
        Figure(plots["layer_norm.svg"], "losses with and without layer normalisation", *CAPTIONS["layer_norm"]),
        Paragraph([f"The same texts, cut to {shortest} tokens, with more and more padding behind them."]),
        Table(of_padding),
        Figure(plots["padding.svg"], "test accuracy against the padded length, read two ways", *CAPTIONS["padding"]),
    ]
    metrics = {
        "lengths": {str(width): {"test": padded["proper"]["LSTM"][width].test} for width in request.lengths},
        "dataset": name,
        "layer_normalisation": {"without": twins[WITHOUT].figures(), "with": twins[WITH].figures()},
        "padding": {
            reading: {
                model: {str(width): {"test": found.test, "seconds": found.seconds} for width, found in by_width.items()}
                for model, by_width in by_model.items()
            }
            for reading, by_model in padded.items()
        },
        "always_the_commonest_class": chance,
        "settings": {"training": training.to_dict(), "hyper_parameters": SIZES},
    }
    return Findings(request.models, metrics, plots, section)

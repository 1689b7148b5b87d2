"""Several models on one data set, side by side, with the linear model always among them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.config import ClassifierSettings, Run
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.embeddings import TOKENIZER_FILE, VECTORS_FILE
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.download import Progress
from textrnn.errors import ConfigError, Note, TrainingError
from textrnn.evaluation.label_baseline import LabelBaseline
from textrnn.evaluation.metrics import has_learnt, macro_f1
from textrnn.evaluation.records import ComparisonEntry
from textrnn.files import exclusive_use, write_together
from textrnn.models.registry import find_model
from textrnn.report.comparison import Comparison
from textrnn.report.notes import WITHOUT_PREFIX, words
from textrnn.report.repeat import RUN_FILE, request_file
from textrnn.saved.answers import answer
from textrnn.saved.beginning import Beginning
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.folder import METRICS_FILE, MODEL_FILE, VOCAB_FILE, read_json
from textrnn.tasks.classify import scored, train_baseline, train_on
from textrnn.tasks.common import held, is_finished, kept_settings
from textrnn.tasks.labelling import AnyBaseline
from textrnn.tasks.model_folders import announce_folder, placed_together, with_content
from textrnn.tasks.pretraining import refuse_without_layers
from textrnn.tasks.settings import combine
from textrnn.training.events import Listener, ListenerGroup
from textrnn.training.train_eval import choose_device

FOLDER = "comparison"
REPEATS = 3  # timings of the predictions, of which the quickest counts
MOST_TIMED = 10_000  # test texts
MODEL_FILES = (MODEL_FILE, VOCAB_FILE, VECTORS_FILE, TOKENIZER_FILE)  # whose size is told


def compare(runs: Sequence[Run], listener: Listener, *, on_download: Progress | None = None) -> Path:
    """Train one model for each run, all on the same data set, and leave the table in the returned folder.

    The models themselves are kept where each run has its folder.

    Args:
        listener: told of every step, evaluation and note; asked whether to stop.

    Raises:
        TextRNNError: for anything the user can mend.
    """
    runs = placed_together(runs)
    first = runs[0]
    announce_folder(first, listener)
    assert first.folder is not None
    folder = first.folder.parent / FOLDER
    data = combine(first).data
    source = find_dataset(data.dataset, on_progress=on_download)
    runs = list(map(with_content, runs))
    _refuse_beginnings(runs)
    with exclusive_use(folder):
        dataset = load_dataset(source, data)
        for note in dataset.notes:
            listener.on_note(note)
        linear = train_baseline(dataset, repeats=REPEATS)
        found, failed = [] if linear is None else [_linear(linear, dataset)], []
        for entry in found:
            listener.on_note(Note("compared", entry=entry))
        told = {words(note) for note in dataset.notes}
        for run in runs:
            try:
                entry = _train_one(run, dataset, linear, _OfOneModel(run.model_name, listener, told))
            except TrainingError as error:  # diverged, or out of memory: the others may do better
                failed.append(Note("failed", model=run.model_name, error=error))
                listener.on_note(failed[-1])
                continue
            found.append(entry)
            listener.on_note(Note("compared", entry=entry))
        comparison = Comparison(dataset.name, [*dataset.notes, *failed], found)
        listener.on_note(Note("comparison", comparison=comparison))
        write_together(folder, {RUN_FILE: comparison_file(runs, folder), **comparison.to_files()})
    return folder


def _refuse_beginnings(runs: Sequence[Run]) -> None:
    """Raises the error for a model that cannot begin as was asked, before any of them is trained.

    Raises:
        ConfigError: that names the models that can.
    """
    for run in (run for run in runs if not is_finished(run, Listener())):
        settings: ClassifierSettings = combine(run)
        refuse_without_layers(settings)
        if settings.data.init_from is not None:
            Beginning.load(settings.data.init_from).refuse_misfit(find_model(run.model_name))


def comparison_file(runs: Sequence[Run], folder: Path) -> bytes:
    """The file of flags that repeats a comparison."""
    named = {name: value for run in runs for name, value in run.named.items()}
    models = [run.model_name for run in runs]
    seed = {"seed": combine(runs[0]).training.seed}
    return request_file({"task": "classify", "compare": models, **named, **seed}, folder)


def _train_one(run: Run, dataset: Dataset, linear: AnyBaseline | None, listener: Listener) -> ComparisonEntry:
    """Train a model, or take it where that was done before, and judge it."""
    assert run.folder is not None
    if not is_finished(run, listener):
        with held(run):
            train_on(dataset, run, listener, kept=kept_settings(run, listener), baseline=lambda _: linear)
    device = choose_device(str(run.named.get("device", "auto")))
    return _judge(load_classifier(run.folder, device), run.folder, dataset)


class _OfOneModel(ListenerGroup):
    """Lets what a user should know of one training through, with the name of its model; the rest is in its report.

    Args:
        told: what was told of an earlier model, or of the data, and is not told again.
    """

    def __init__(self, model: str, listener: Listener, told: set[str]):
        super().__init__([listener])
        self.model, self.told = model, told

    def on_note(self, note: Note) -> None:
        matters = note.kind in {"finished", "going_on"} or note.kind not in WITHOUT_PREFIX
        if matters and words(note) not in self.told:
            self.told.add(words(note))
            super().on_note(Note("of_model", model=self.model, note=note))


def _judge(classifier: Classifier, folder: Path, dataset: Dataset) -> ComparisonEntry:
    """What the table says of a trained model."""
    metrics = read_json(folder / METRICS_FILE)
    texts = dataset.test.texts[:MOST_TIMED]
    timings = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        answer(classifier, texts, top_k=1)
        timings.append(time.perf_counter() - started)
    test = metrics["test"]
    tested = test["rows"] if dataset.multi_label else sum(map(sum, test["confusion_matrix"]))
    if tested != len(dataset.test) or test["labels"] != dataset.class_names:
        raise ConfigError(
            f"`resume`: the finished model in {folder} was scored on other data ({tested:,} test texts instead of "
            f"{len(dataset.test):,}, or other classes); expected one of this data: leave out `resume` to train it again"
        )
    return ComparisonEntry(
        name=classifier.settings.model_name,
        correct=round(test["exact_match" if dataset.multi_label else "accuracy"] * len(dataset.test)),
        texts=len(dataset.test),
        macro_f1=test["macro_f1"],
        seconds=metrics["train"]["seconds"],
        parameters=sum(parameter.numel() for parameter in classifier.network.parameters()),
        size=sum((folder / name).stat().st_size for name in MODEL_FILES if (folder / name).is_file()),
        texts_per_second=len(texts) / min(timings),
        right=_right(classifier, dataset),
        has_learnt=metrics["verdict"]["has_learnt"] if dataset.multi_label else _has_learnt(test),
        micro_f1=test.get("micro_f1"),
    )


def _right(classifier: Classifier, dataset: Dataset) -> NDArray[np.bool_]:
    """Which of the first test texts are answered right."""
    test = dataset.test.first(MOST_TIMED)
    result = scored(classifier, dataclasses.replace(dataset, test=test, _encoded={}), classifier.encode(test.texts))
    return result.figures.right


def _has_learnt(test: Mapping[str, Any]) -> bool:
    return has_learnt(np.array(test["confusion_matrix"]))


def _linear(linear: AnyBaseline, dataset: Dataset) -> ComparisonEntry:
    if isinstance(linear, LabelBaseline):
        figures = linear.figures
        return ComparisonEntry(
            name=linear.name,
            correct=int(figures.right.sum()),
            texts=len(figures.right),
            macro_f1=figures.macro_f1,
            seconds=linear.training_seconds,
            parameters=linear.parameters,
            size=linear.size,
            texts_per_second=linear.texts_per_second,
            right=figures.right[:MOST_TIMED],
            has_learnt=figures.has_learnt,
            micro_f1=figures.micro_f1,
        )
    return ComparisonEntry(
        name=linear.name,
        correct=int(linear.confusion.trace()),
        texts=int(linear.confusion.sum()),
        macro_f1=macro_f1(linear.confusion),
        seconds=linear.training_seconds,
        parameters=linear.parameters,
        size=linear.size,
        texts_per_second=linear.texts_per_second,
        right=(linear.predictions == np.array(dataset.test.labels))[:MOST_TIMED],
        has_learnt=has_learnt(linear.confusion),
    )

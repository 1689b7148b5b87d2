"""From few labelled rows and a heap of texts to a saved model and its report."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split, load_dataset
from textrnn.corpus.heap import Heap, cleared, read_heap
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.download import Progress
from textrnn.errors import Note
from textrnn.evaluation.semi_supervised.rungs import Rung
from textrnn.report.classification import ClassificationResult
from textrnn.tasks.classify import (
    DatasetFacts,
    Learnt,
    introduce,
    judge,
    learn,
    shown_settings,
    train_baseline,
)
from textrnn.tasks.common import announce_replacement, held, keep
from textrnn.tasks.few_labels.ladder import climb_linear
from textrnn.tasks.few_labels.student import as_calibrated, climb_student
from textrnn.tasks.model_folders import announce_folder, placed, with_content
from textrnn.tasks.settings import combine, settle
from textrnn.training.events import Listener
from textrnn.training.train_eval import choose_device

BUDGET = 300.0  # seconds, where none was named
FOR_LINEAR = 0.5  # of the budget, at most


@dataclasses.dataclass(frozen=True)
class FewLearnt:
    """What came of few labels and a heap.

    Attributes:
        rungs: of the ladder, in the order in which they were tried
    """

    learnt: Learnt
    rungs: tuple[Rung, ...]


def train(
    run: Run,
    unlabelled: str,
    listener: Listener | None = None,
    *,
    on_download: Progress | None = None,
    baseline: bool = True,
) -> tuple[Run, ClassificationResult]:
    """Learn from a data set of few labels and a file or folder of texts without, score once, and keep everything.

    Args:
        unlabelled: the path of the texts, as it was typed.
        listener: told of every step, evaluation and note; asked whether to stop.
        baseline: whether the linear model is trained on the labels alone, to compare with.

    Raises:
        TextRNNError: for anything the user can mend.
    """
    listener = listener or Listener()
    run = placed(run)
    announce_folder(run, listener)
    source = find_dataset(combine(run).data.dataset, on_progress=on_download)
    run = with_content(run)
    with held(run):
        config = combine(run)
        choose_device(config.training.device)  # a wrong one shows before anything is read
        heap = read_heap(unlabelled, config.data)
        dataset = load_dataset(source, config.data)
        if source.dev is None:
            dataset = without_dev(dataset)
        heap = cleared(heap, dataset)
        return run, train_on(dataset, heap, run, listener, baseline=baseline)


def without_dev(dataset: Dataset) -> Dataset:
    """The data set with the rows that were split off for dev among those that are learnt: labels are few, and
    cross-validation needs no dev split."""
    train, dev = dataset.train, dataset.dev
    rows = None
    if train.rows is not None and dev.rows is not None:
        numbers = np.concatenate([np.asarray(part.rows.line_numbers) for part in (train, dev) if part.rows])
        order = np.argsort(numbers, kind="stable")
    else:
        order = np.arange(len(train) + len(dev))
    texts, labels = [*train.texts, *dev.texts], [*train.labels, *dev.labels]
    weights = None if train.weights is None or dev.weights is None else np.concatenate([train.weights, dev.weights])
    whole = Split(
        [texts[row] for row in order],
        [labels[row] for row in order],
        rows,
        None if weights is None else weights[order],
    )
    notes = [_without_dev(note) if note.kind == "split_made" else note for note in dataset.notes]
    notes = [note for note in notes if note.kind != "split_made" or note["missing"]]
    return dataclasses.replace(dataset, train=whole, dev=Split([], []), notes=notes, _encoded={})


def _without_dev(note: Note) -> Note:
    """The note on splits that were made, when dev is none of them after all."""
    rows = dict(note["rows"])
    rows["train"] += rows.pop("dev", 0)
    return Note("split_made", **{**note.facts, "missing": [s for s in note["missing"] if s != "dev"], "rows": rows})


def train_on(
    dataset: Dataset, heap: Heap, run: Run, listener: Listener, *, baseline: bool = True
) -> ClassificationResult:
    """As :func:`train`, on texts that are in memory."""
    announce_replacement(run.folder, listener)
    few = learn_few(dataset, heap, run, listener)
    learnt = few.learnt
    shown = dataclasses.replace(dataset, vocabulary=learnt.classifier.vocabulary, _encoded={})
    linear = partial(train_baseline, dataset)() if baseline else None
    result = dataclasses.replace(judge(learnt, shown, linear), rungs=few.rungs, unlabelled=len(heap))
    listener.on_note(Note("judged", result=result))
    files, notes = result.to_files(shown_settings(learnt.classifier), run=learnt.classifier.settings)
    beside = {"unlabelled": heap.name, **({} if baseline else {"baseline": False})}
    keep(run, learnt.classifier, files, notes, listener, beside=beside)
    return result


def learn_few(dataset: Dataset, heap: Heap, run: Run, listener: Listener) -> FewLearnt:
    """The ladder, and the model that stands on its highest rung.

    Args:
        dataset: whose training rows are all that is labelled.
        heap: cleared of the data set's own texts.

    Raises:
        Interrupted: if the listener asked to stop; nothing is kept of a ladder that was not climbed.
    """
    budget = combine(run).training.budget or BUDGET
    seed = combine(run).training.seed
    listener.on_note(Note("heap", heap=heap, labelled=len(dataset.train), classes=len(dataset.class_names)))
    ladder = climb_linear(dataset, heap, listener, seconds=FOR_LINEAR * budget, seed=seed)
    if not ladder.helps:
        listener.on_note(Note("heap_of_no_use", labelled=len(dataset.train)))
        return FewLearnt(_labels_alone(dataset, run, listener, budget - ladder.spent), tuple(ladder.rungs))
    student = climb_student(ladder, dataset, heap, run, listener, seconds=budget - ladder.spent)
    listener.on_note(Note("rung", rung=student.rung))
    classifier = as_calibrated(student)
    classifier.read = [reading.to_dict() for reading in dataset.readings]
    return FewLearnt(Learnt(classifier, student.learnt.history), (*ladder.rungs, student.rung))


def _labels_alone(dataset: Dataset, run: Run, listener: Listener, seconds: float) -> Learnt:
    """The network, trained on the labelled rows as ever, and calibrated on them."""
    alone = dataclasses.replace(dataset, dev=dataset.train, _encoded={})
    facts = DatasetFacts(alone)
    settings = settle(run, None, facts)
    settings = settings.replaced({"budget": max(1.0, round(seconds, 1))})
    introduce(alone, settings, facts.vectors(settings), listener)
    return learn(alone, settings, listener, vectors=facts.vectors(settings))

"""From few labelled rows and a heap of texts to a saved model and its report."""

from __future__ import annotations

import dataclasses
from functools import partial

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.heap import Heap, cleared, read_heap
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.download import Progress
from textrnn.errors import ConfigError, Note
from textrnn.evaluation.semi_supervised.rungs import Rung
from textrnn.models.registry import SOLVED
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
from textrnn.tasks.few_labels.linear import as_learnt, as_linear, ground_of
from textrnn.tasks.few_labels.student import as_calibrated, climb_student
from textrnn.tasks.few_rows import refuse_several_labels, without_dev
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
    choose: bool = True,
) -> tuple[Run, ClassificationResult]:
    """Learn from a data set of few labels and a file or folder of texts without, score once, and keep everything.

    Args:
        unlabelled: the path of the texts, as it was typed.
        listener: told of every step, evaluation and note; asked whether to stop.
        baseline: whether the linear model is trained on the labels alone, to compare with.
        choose: whether a linear model takes the place of the run's network where that is no better.

    Returns:
        The run in its own folder, which has the name of the model that came of it; and its result.

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
        refuse_several_labels(dataset)
        if source.dev is None:
            dataset = without_dev(dataset)
        heap = cleared(heap, dataset)
    return train_on(dataset, heap, run, listener, baseline=baseline, choose=choose)


def train_on(
    dataset: Dataset, heap: Heap, run: Run, listener: Listener, *, baseline: bool = True, choose: bool = True
) -> tuple[Run, ClassificationResult]:
    """As :func:`train`, on texts that are in memory."""
    refuse_several_labels(dataset)
    few = learn_few(dataset, heap, run, listener, choose=choose)
    learnt = few.learnt
    run = _of_model(run, learnt.classifier.settings.model_name, listener)
    shown = dataclasses.replace(dataset, vocabulary=learnt.classifier.vocabulary, _encoded={})
    linear = train_baseline(dataset) if baseline else None
    judged = judge(learnt, shown, linear)
    assert isinstance(judged, ClassificationResult), "one label a row"
    result = dataclasses.replace(judged, rungs=few.rungs, unlabelled=len(heap))
    listener.on_note(Note("judged", result=result))
    files, notes = result.to_files(shown_settings(learnt.classifier), run=learnt.classifier.settings)
    beside = {"unlabelled": heap.name, **({} if baseline else {"baseline": False})}
    announce_replacement(run.folder, listener)
    with held(run):
        keep(run, learnt.classifier, files, notes, listener, beside=beside)
    return run, result


def _of_model(run: Run, model_name: str, listener: Listener) -> Run:
    """The run of the model that came of it, in its own folder; says so where that is another than the run's."""
    if model_name == run.model_name:
        return run
    folder = None if run.folder is None else run.folder.with_name(model_name)
    listener.on_note(Note("linear_is_best", other=run.model_name))
    return dataclasses.replace(as_linear(run), folder=folder)


def learn_few(dataset: Dataset, heap: Heap, run: Run, listener: Listener, *, choose: bool = True) -> FewLearnt:
    """The ladder, and the model that stands on its highest rung.

    Args:
        dataset: whose training rows are all that is labelled.
        heap: cleared of the data set's own texts.
        choose: whether a linear model takes the place of the run's network where that is no better.

    Raises:
        ConfigError: for weights of classes, of which the ladder knows nothing.
        Interrupted: if the listener asked to stop; nothing is kept of a ladder that was not climbed.
    """
    settings = combine(run)
    if settings.training.class_weight != "none":
        raise ConfigError(
            f"`class_weight` {settings.training.class_weight}: cannot stand beside `unlabelled`, which takes the "
            "classes to be as common as among the labelled rows; expected one of them"
        )
    budget, seed = settings.training.budget or BUDGET, settings.training.seed
    listener.on_note(Note("heap", heap=heap, labelled=len(dataset.train), classes=len(dataset.class_names)))
    count = partial(ground_of, dataset, heap, run)
    ladder, ground = climb_linear(dataset, count, listener, seconds=FOR_LINEAR * budget, seed=seed)
    rungs, best = tuple(ladder.rungs), ladder.best
    assert best is not None
    if not ladder.helps:
        listener.on_note(Note("heap_of_no_use", labelled=len(dataset.train)))
        alone = as_linear(run) if choose else run
        return FewLearnt(_labels_alone(dataset, alone, listener, budget - ladder.spent), rungs)
    learnt = as_learnt(ground, ladder, best, dataset)
    if run.model_name != ground.settings.model_name:
        left = budget - ladder.spent
        student = climb_student(ladder, dataset, heap, run, listener, seconds=left, wanted=not choose)
        rungs = (*rungs, student.rung)
        if student.learnt is not None:
            learnt = as_calibrated(student.learnt, student.temperature)
    learnt.classifier.read = [reading.to_dict() for reading in dataset.readings]
    return FewLearnt(learnt, rungs)


def _labels_alone(dataset: Dataset, run: Run, listener: Listener, seconds: float) -> Learnt:
    """A model that learns from the labelled rows as ever; a network is calibrated on them, too."""
    cross_validated = run.model_name == SOLVED
    alone = dataset if cross_validated else dataclasses.replace(dataset, dev=dataset.train, _encoded={})
    facts = DatasetFacts(alone)
    settings = settle(run, None, facts)
    settings = settings.replaced({"budget": max(1.0, round(seconds, 1))})
    vectors, beginning = facts.vectors(settings), facts.beginning(settings)
    introduce(alone, settings, vectors, listener, beginning)
    return learn(alone, settings, listener, vectors=vectors, beginning=beginning)

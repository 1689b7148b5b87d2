"""Fitting an estimator to few labelled texts and many without labels."""

from __future__ import annotations

import dataclasses
from typing import Any

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset
from textrnn.corpus.heap import cleared, heap_in_memory
from textrnn.corpus.in_memory import Labelled, dataset_in_memory
from textrnn.estimators.inputs import InputError, texts_of
from textrnn.estimators.interrupts import KeepingTheBest
from textrnn.estimators.progress import Progress
from textrnn.estimators.settings import explained, one_training
from textrnn.models.registry import AUTO, MIXED
from textrnn.tasks.classify import Learnt
from textrnn.tasks.few_labels.train import learn_few
from textrnn.tasks.few_rows import without_dev
from textrnn.training.events import ListenerGroup


def refuse_beside(**others: Any) -> None:
    """What makes no sense beside texts without labels.

    Raises:
        InputError: that names it.
    """
    for name, value in others.items():
        if value is not None:
            raise InputError(f"{name}: cannot stand beside unlabelled; expected one of them")


def learn_beside(rows: Labelled, unlabelled: Any, run: Run, *, verbose: bool) -> tuple[Dataset, Learnt]:
    """Learn from rows and texts without labels; cross-validation takes the place of texts that are held out. It chooses
    the model, too, where that is ``auto``.

    Args:
        verbose: show how it goes.

    Raises:
        InputError: if there are no such texts, or none but those that are labelled; for rows of several labels.
        SettingError: for settings that make no sense.
    """
    with explained():
        dataset = without_dev(dataset_in_memory(rows))
        heap = cleared(heap_in_memory(texts_of(unlabelled, "unlabelled")), dataset)
    interrupts = KeepingTheBest()
    listener = ListenerGroup([interrupts, *([Progress()] if verbose else [])])
    chosen = run.model_name == AUTO
    run = dataclasses.replace(run, model_name=MIXED) if chosen else run
    with one_training, explained():
        learnt = learn_few(dataset, heap, run, listener, choose=chosen).learnt
    interrupts.warn(learnt.history, stacklevel=4)
    return dataclasses.replace(dataset, vocabulary=learnt.classifier.vocabulary, _encoded={}), learnt

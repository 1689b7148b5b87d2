"""The report of the command line, on texts in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.in_memory import Labelled
from textrnn.corpus.readers import cleaned
from textrnn.errors import listed
from textrnn.estimators.inputs import InputError
from textrnn.estimators.settings import folder_of
from textrnn.files import write_together
from textrnn.report.classification import ClassificationResult
from textrnn.report.label_errors import suspect_rows
from textrnn.tasks.classify import Learnt, judge, shown_settings, train_baseline
from textrnn.tasks.label_errors import suspects_beside


def split_of(rows: Labelled, class_names: Sequence[str]) -> Split:
    """Texts and the names of their classes as what a model is tested on.

    Raises:
        InputError: for a label that is no class of the model.
    """
    texts, names = rows
    index_of = {name: index for index, name in enumerate(class_names)}
    for at, name in enumerate(names):
        if name not in index_of:
            raise InputError(
                f"labels[{at}]: {name!r} is none of the model's classes; expected one of {listed(class_names)}"
            )
    return Split(list(map(cleaned, texts)), [index_of[name] for name in names])


def report_on(
    learnt: Learnt, dataset: Dataset, test: Split, folder: str | Path | None, *, baseline: bool
) -> ClassificationResult:
    """Score a classifier, and write the report.

    Args:
        dataset: that it has learnt from.
        test: what it is tested on; may be the dev split itself.
        folder: where the files go; None: nowhere.
        baseline: whether the linear model is trained to compare with, and to find labels in doubt.
    """
    tested = dataclasses.replace(dataset, test=test, _encoded={})
    result = judge(learnt, tested, train_baseline(tested) if baseline else None)
    if folder is None:
        return result
    each_once = dataclasses.replace(tested, dev=Split([], []), _encoded={}) if test is dataset.dev else tested
    doubted = suspect_rows(each_once, suspects_beside(learnt.classifier, each_once)) if baseline else None
    files, _ = result.to_files(shown_settings(learnt.classifier), suspects=doubted)
    write_together(folder_of(folder), files)
    return result

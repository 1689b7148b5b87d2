"""The report of the command line, on texts in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.in_memory import NAME, Labelled, LabelledSets
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.readers import cleaned
from textrnn.errors import TextRNNError, listed
from textrnn.estimators.inputs import InputError
from textrnn.estimators.settings import folder_of
from textrnn.files import write_together
from textrnn.report.label_errors import suspect_rows
from textrnn.saved.answers import answer
from textrnn.saved.classifier import Classifier
from textrnn.tasks.classify import Learnt, judge, scored, shown_settings, train_baseline
from textrnn.tasks.label_errors import suspects_beside
from textrnn.tasks.labelling import AnyResult
from textrnn.training.history import History


def split_of(rows: Labelled | LabelledSets, class_names: Sequence[str], *, several: bool) -> Split:
    """Texts and the names of their classes as what a model is tested on.

    Raises:
        InputError: for a label that is no class of the model.
    """
    texts, given = rows
    index_of = {name: index for index, name in enumerate(class_names)}
    sets = [(names,) if isinstance(names, str) else names for names in given]
    for at, name in ((at, name) for at, names in enumerate(sets) for name in names):
        if name not in index_of:
            raise InputError(
                f"labels[{at}]: {name!r} is none of the model's classes; expected one of {listed(class_names)}"
            )
    found = [[index_of[name] for name in names] for names in sets]
    if several:
        return Split(list(map(cleaned, texts)), [], label_sets=LabelSets.of(found))
    return Split(list(map(cleaned, texts)), [index for (index,) in found])


def all_right(classifier: Classifier, rows: Labelled | LabelledSets) -> list[bool]:
    """Which texts that may have several labels are given all of theirs and no others."""
    texts, names = rows
    taken = answer(classifier, texts, top_k=1).taken
    assert taken is not None, "one label a text"
    found = ({classifier.class_names[index] for index, _ in taken.of(at)} for at in range(len(texts)))
    return [set(expected) == given for expected, given in zip(names, found, strict=True)]


def report_on(
    classifier: Classifier,
    history: History | None,
    learnt_from: Dataset | None,
    rows: Labelled | LabelledSets | None,
    folder: str | Path | None,
    *,
    baseline: bool,
) -> AnyResult:
    """Score a classifier, and write the report.

    Args:
        history: of its training; None of a model that was loaded.
        learnt_from: the data set that it has learnt from; None where that is gone.
        rows: what it is tested on; None: what was held out.
        folder: where the files go; None: nowhere.
        baseline: whether the linear model is trained to compare with, and to find labels in doubt, where there is
            something to train it on.

    Raises:
        TextRNNError: if there is nothing to test it on.
    """
    nothing = Split([], [])
    if rows is None and learnt_from is not None and not len(learnt_from.dev):
        raise TextRNNError(
            "report: nothing was held out, for labels are few and all are learnt; expected texts with labels: "
            "report(texts, labels)"
        )
    if learnt_from is None or history is None:
        if rows is None:
            raise TextRNNError(
                "report: the texts that were held out are not here, only the model (it was loaded or copied); expected "
                "texts with labels: report(texts, labels)"
            )
        test = split_of(rows, classifier.class_names, several=classifier.multi_label)
        tested = Dataset(NAME, classifier.class_names, nothing, nothing, test)
        result, doubted = scored(classifier, tested, classifier.encode(test.texts)), None
    else:
        test = (
            learnt_from.dev if rows is None else split_of(rows, classifier.class_names, several=classifier.multi_label)
        )
        tested = dataclasses.replace(learnt_from, test=test, _encoded={})
        result = judge(Learnt(classifier, history), tested, train_baseline(tested) if baseline else None)
        each_once = tested if rows is not None else dataclasses.replace(tested, dev=nothing, _encoded={})
        looked_for = baseline and folder is not None and not tested.multi_label
        doubted = suspect_rows(each_once, suspects_beside(classifier, each_once)) if looked_for else None
    if folder is not None:
        files, _ = result.to_files(shown_settings(classifier), suspects=doubted)
        write_together(folder_of(folder), files)
    return result

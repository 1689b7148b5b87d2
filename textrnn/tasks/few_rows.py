"""Few labelled rows: none of them is held out for dev where cross-validation does what dev is for."""

from __future__ import annotations

import dataclasses
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import Dataset, Split
from textrnn.errors import DataError, Note
from textrnn.evaluation.linear.few_rows import MOST_SCORES, is_few
from textrnn.models.registry import AUTO, MIXED, SOLVED
from textrnn.training.linear_beside import FEW_ROWS


def all_learnt(dataset: Dataset, model_name: str) -> Dataset:
    """The data set as a model learns it: where rows are few and the model is solved, those that were held out for dev
    are learnt, too, and a note says so; by the linear model that is mixed with a network, in the end. A dev split that
    was given stays."""
    if model_name not in (AUTO, SOLVED, MIXED) or not dataset.dev_was_made or not has_few_rows(dataset):
        return dataset
    if model_name == MIXED:
        taken_out = dataset.dev is not dataset.train
        return dataclasses.replace(dataset, dev_is_learnt=True, _encoded={}) if taken_out else dataset
    whole = without_dev(dataset)
    note = Note("all_learnt", rows=len(whole.train), classes=len(whole.class_names))
    return dataclasses.replace(whole, notes=[*whole.notes, note])


def has_few_rows(dataset: Dataset) -> bool:
    """Whether each row has one label, those that were given to learn from are few, and cross-validation can judge by
    them, for a class has two texts that differ."""
    if dataset.multi_label:
        return False
    texts, labels = _given(dataset)
    if len(set(zip(texts, labels, strict=True))) == len(set(labels)):
        return False
    classes = len(dataset.class_names)
    return is_few(labels, classes) or (len(labels) < FEW_ROWS and len(labels) * classes <= MOST_SCORES)


def is_linear_enough(dataset: Dataset) -> bool:
    """Whether rows are so few that ``auto`` need not train a network to know that a linear model is as good."""
    few_of_each = not dataset.multi_label and is_few(_given(dataset)[1], len(dataset.class_names))
    return few_of_each or (not len(dataset.dev) and has_few_rows(dataset))


def _given(dataset: Dataset) -> tuple[list[str], list[int]]:
    """Texts and labels of the rows that were given to learn from."""
    parts = [dataset.train]
    if dataset.dev_was_made and dataset.dev is not dataset.train:
        parts.append(dataset.dev)
    return [text for part in parts for text in part.texts], [label for part in parts for label in part.labels]


def without_dev(dataset: Dataset) -> Dataset:
    """The data set with the rows that were split off for dev among those that are learnt, in the order in which they
    were given: labels are few, and cross-validation needs no dev split.

    Raises:
        DataError: where rows have several labels.
    """
    refuse_several_labels(dataset)
    if dataset.dev is dataset.train:  # rows too few to hold any out
        return dataclasses.replace(dataset, dev=Split([], []), _encoded={})
    notes = [_without_dev(note) if note.kind == "split_made" else note for note in dataset.notes]
    notes = [note for note in notes if note.kind != "split_made" or note["missing"]]
    whole = _joined(dataset.train, dataset.dev)
    return dataclasses.replace(dataset, train=whole, dev=Split([], []), notes=notes, _encoded={})


def refuse_several_labels(dataset: Dataset) -> None:
    """The ladder guesses the one class of each text.

    Raises:
        DataError: where rows have several labels.
    """
    if dataset.multi_label:
        raise DataError(
            "`unlabelled`: texts without labels are learnt from where each row has one label, and these have several; "
            "expected one: leave `unlabelled` out, or use `pretrain`"
        )


def _without_dev(note: Note) -> Note:
    """The note on splits that were made, when dev is none of them after all."""
    rows = dict(note["rows"])
    rows["train"] += rows.pop("dev", 0)
    return Note("split_made", **{**note.facts, "missing": [s for s in note["missing"] if s != "dev"], "rows": rows})


def _joined(train: Split, dev: Split) -> Split:
    """Both, as they stood where they were split."""
    own, taken_out = _places(train), _places(dev)
    order: NDArray[np.int64] = np.arange(len(train) + len(dev))
    if own is not None and taken_out is not None:
        order = np.argsort(np.concatenate([own, taken_out]), kind="stable")

    def both(own: Any, others: Any) -> list[Any]:
        values = [*own, *others]
        return [values[row] for row in order.tolist()]

    texts = both(train.texts, dev.texts)
    weights = None if train.weights is None or dev.weights is None else np.array(both(train.weights, dev.weights))
    rows = None
    if train.rows is not None and dev.rows is not None:
        files = None
        if train.rows.files is not None and dev.rows.files is not None:
            files = both(train.rows.files, dev.rows.files)
        rows = dataclasses.replace(
            train.rows,
            texts=texts,
            labels=both(train.rows.labels, dev.rows.labels),
            line_numbers=array("q", both(train.rows.line_numbers, dev.rows.line_numbers)),
            files=files,
        )
    return Split(texts, both(train.labels, dev.labels), rows, weights)


def _places(split: Split) -> NDArray[np.int64] | None:
    """(rows,) where they stood among those that were given; None where nobody knows."""
    if split.places is not None:
        return split.places
    return None if split.rows is None else np.asarray(split.rows.line_numbers)

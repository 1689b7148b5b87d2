"""Texts with their labels as callers give them, one label a text or several: checked, and as names."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, ValuesView
from collections.abc import Set as AnySet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.in_memory import Labelled, LabelledSets
from textrnn.errors import one_line
from textrnn.estimators.inputs import InputError, texts_of, weights_of, weights_of_classes
from textrnn.estimators.label_sets import LabelRows, label_rows_of
from textrnn.estimators.labels import LabelType, labels_of, names_like

Labels = NDArray[Any] | LabelRows  # one for each text, or several
Names = list[str] | list[tuple[str, ...]]
ONE_EXPECTED = "{}: several labels for each text; expected one, as those that are learnt"


def labels_given(y: Any, rows: int, name: str = "labels") -> Labels:
    """The labels of so many texts; whether there may be several for each, the type of `y` says.

    Raises:
        InputError: for what is neither; names the first row.
    """
    if isinstance(y, Mapping | AnySet):
        what = "dictionary" if isinstance(y, Mapping) else "set, which has no order"
        raise InputError(f"{name}: a {what}; expected a list that has a label, or a set of labels, for each text")
    if isinstance(y, Iterator | ValuesView):
        y = list(y)
    several = label_rows_of(y, rows, name)
    return labels_of(y, rows, name) if several is None else several


def refuse_several(y: Any, name: str) -> None:
    """Raises the error for several labels a text where one was learnt.

    Raises:
        InputError: for such.
    """
    if hasattr(y, "__len__") and label_rows_of(y, len(y), name) is not None:
        raise InputError(ONE_EXPECTED.format(name))


def classes_in(labels: Labels) -> NDArray[Any]:
    """All labels: sorted, of a matrix in the order of its columns."""
    found: NDArray[Any] = labels.classes if isinstance(labels, LabelRows) else np.unique(labels)
    return found


def names_of(labels: Labels, label_type: LabelType) -> Names:
    """The names of the labels that a model learns first."""
    if isinstance(labels, LabelRows):
        return labels.split(label_type.names(labels.flat))
    return label_type.names(labels)


def names_among(labels: Labels, classes: NDArray[Any], name: str, *, several: bool) -> Names:
    """The names of labels as a model of these classes has them.

    Args:
        classes: the labels that the model knows, of their own type.
        name: what the labels are called, for messages.
        several: whether the model has learnt several labels a text.

    Raises:
        InputError: for one label a text where there may be several, or the other way round.
    """
    if not isinstance(labels, LabelRows):
        if several:
            raise InputError(
                f"{name}: one label for each text; expected sets of labels, or a matrix of 0 and 1, as those that are "
                "learnt"
            )
        return names_like(labels, classes.dtype, name)
    if not several:
        raise InputError(ONE_EXPECTED.format(name))
    if labels.columns is not None:
        return _of_columns(labels, labels.columns, classes, name)
    return labels.split(names_like(labels.flat, classes.dtype, name) if len(labels.flat) else [])


def _of_columns(labels: LabelRows, columns: NDArray[Any], classes: NDArray[Any], name: str) -> Names:
    """Of a matrix, whose columns are those of the model, or stand for its labels in their order."""
    if len(columns) != len(classes):
        raise InputError(
            f"{name}: a matrix of {len(columns):,} columns; expected {len(classes):,}, one for each label of the model"
        )
    kind, own = LabelType.of(columns), LabelType.of(classes)
    if kind.kind == own.kind and set(kind.names(columns)) == set(own.names(classes)):
        return labels.split(kind.names(labels.flat))
    if kind.kind != "int":
        raise InputError(f"{name}: a table of other columns than the labels of the model; expected the same")
    return labels.split(own.names(classes[labels.flat]))


def labelled_rows(
    X: Any, y: Any, classes: NDArray[Any], texts: str, labels: str, *, several: bool
) -> Labelled | LabelledSets:
    """Texts and the names of their labels, of which the model must have learnt.

    Args:
        texts, labels: what they are called, for messages.

    Raises:
        InputError: for what is wrong with them, or if one of them is missing.
    """
    if X is None or y is None:
        missing, there = (texts, labels) if X is None else (labels, texts)
        raise InputError(f"{missing}: None, but {there} is there; expected both or neither")
    read = texts_of(X, texts)
    if not read:
        raise InputError(f"{texts}: none; expected texts with labels, or leave it out")
    names: Any = names_among(labels_given(y, len(read), labels), classes, labels, several=several)
    return read, names


def rows_to_learn(
    X: Any, y: Any, sample_weight: Any, class_weight: Any, classes: NDArray[Any] | None = None
) -> tuple[list[str], Labels, NDArray[np.float64] | None]:
    """Texts, labels and weights to learn from; those of no weight are left out.

    Args:
        class_weight: what a mapping of labels says is part of the weights.
        classes: all labels that there are, where not those given.

    Raises:
        InputError: for what is wrong with them.
    """
    texts = texts_of(X)
    labels = labels_given(y, len(texts))
    weights = weights_of(sample_weight, len(texts))
    if isinstance(labels, LabelRows) and labels.written_out:
        warnings.warn(
            f"labels: lists written out as texts, such as {one_line(repr(labels.written_out), widest=60)}; read as "
            "several labels a text",
            stacklevel=4,
        )
    if not texts:
        raise InputError("texts: none; expected texts of two classes or more")
    if isinstance(class_weight, Mapping):
        if isinstance(labels, LabelRows):
            raise InputError(
                "class_weight: weights by label, but texts may have several; expected `balanced` or `none`, or a "
                "weight for each text: `sample_weight`"
            )
        of_classes = weights_of_classes(class_weight, labels, np.unique(labels) if classes is None else classes)
        weights = weights_of(of_classes if weights is None else of_classes * weights, len(texts))
    if weights is not None and not weights.all():
        kept = np.flatnonzero(weights)
        texts, labels, weights = [texts[i] for i in kept], labels[kept], weights[kept]
    blank = sum(not text.strip() for text in texts)
    if blank:
        warnings.warn(f"{blank:,} of {len(texts):,} texts are empty; nothing can be learnt from them", stacklevel=4)
    return texts, labels, weights

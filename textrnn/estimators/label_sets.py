"""Several labels a text as Python has them, by the type of y: sets, lists or tuples of labels, or a matrix of 0 and 1.

Answers come back in the form that was learnt from.

Shapes: N texts, M labels of all texts, C classes.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from collections.abc import Set as AnySet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.readers.several import IN_QUOTES, lists_in_texts, odd_beside_lists
from textrnn.errors import ArtifactError, one_line
from textrnn.estimators.inputs import InputError, is_missing
from textrnn.estimators.labels import of_one_type, refuse_fractions
from textrnn.saved.answers import TakenLabels

CONTAINERS = (AnySet, list, tuple, np.ndarray)
MAKERS: dict[str, Any] = {"set": set, "frozenset": frozenset, "list": list, "tuple": tuple}
MATRICES = ("matrix", "csr_matrix", "csr_array")  # dense, and the two kinds of SciPy


@dataclass(frozen=True)
class RowForm:
    """How the labels of a text were given: ``set``, ``frozenset``, ``list``, ``tuple``, or a kind of matrix.

    Attributes:
        cells: NumPy's name of the type of a matrix
    """

    kind: str = "set"
    cells: str = ""

    @property
    def is_matrix(self) -> bool:
        """Whether there is a column for each label."""
        return self.kind in MATRICES

    def rows(self, taken: TakenLabels, column_of: NDArray[np.int64], classes: NDArray[Any]) -> Any:
        """The labels that texts are given, in this form.

        Args:
            column_of: (C,): of each class of the network its place in `classes`.
            classes: (C,): labels of the caller's own type.
        """
        columns = column_of[taken.indices]
        if not self.is_matrix:
            make, labels, ends = MAKERS[self.kind], classes.tolist(), taken.offsets.tolist()
            found = [sorted(columns[start:end].tolist()) for start, end in itertools.pairwise(ends)]
            return [make(labels[column] for column in row) for row in found]
        count = len(taken.offsets) - 1
        shape, rows = (count, len(classes)), np.repeat(np.arange(count), np.diff(taken.offsets))
        if self.kind == "matrix":
            matrix = np.zeros(shape, dtype=np.dtype(self.cells))
            matrix[rows, columns] = 1
            return matrix
        import scipy.sparse

        ones = np.ones(len(columns), dtype=np.dtype(self.cells))
        return getattr(scipy.sparse, self.kind)((ones, (rows, columns)), shape=shape)

    def to_kept(self) -> dict[str, Any]:
        """As ``config.json`` keeps it."""
        return {"kind": self.kind, "cells": self.cells}

    @classmethod
    def from_kept(cls, kept: Any) -> RowForm:
        """From what was kept; sets where nothing is.

        Raises:
            ArtifactError: for what is no such form.
        """
        if kept is None:
            return cls()
        try:
            found = cls(kept["kind"], kept["cells"])
            assert found.kind in MAKERS or np.dtype(found.cells).kind in "biuf"
            assert found.kind in {*MAKERS, *MATRICES}
        except (TypeError, KeyError, AssertionError) as error:
            raise ArtifactError(
                f"rows of labels of an unknown form ({one_line(error)}); expected what training wrote: train again"
            ) from error
        return found


@dataclass(frozen=True)
class LabelRows:
    """Labels of texts that may have several or none; those of text i are ``flat[offsets[i]:offsets[i + 1]]``.

    Attributes:
        flat: (M,), labels of one type
        offsets: int64, (N + 1,)
        columns: of a matrix what its columns stand for, (C,); else None
        written_out: the first, where they were given as texts such as ``"['a', 'b']"``
    """

    flat: NDArray[Any]
    offsets: NDArray[np.int64]
    form: RowForm
    columns: NDArray[Any] | None = None
    written_out: str = ""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, rows: Sequence[int] | NDArray[np.integer]) -> LabelRows:
        parts = [self.flat[self.offsets[row] : self.offsets[row + 1]] for row in rows]
        flat = np.concatenate(parts) if parts else self.flat[:0]
        return dataclasses.replace(self, flat=flat, offsets=_offsets(map(len, parts)))

    @property
    def classes(self) -> NDArray[Any]:
        """All labels: the columns of a matrix, else those of the texts, sorted."""
        found: NDArray[Any] = np.unique(self.flat) if self.columns is None else self.columns
        return found

    def split(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Names of the labels of all texts, (M,) -> those of each text."""
        ends = self.offsets.tolist()
        return [tuple(names[start:end]) for start, end in itertools.pairwise(ends)]


def label_rows_of(given: Any, rows: int, name: str = "labels") -> LabelRows | None:
    """Several labels for each of so many texts; None of a column with one label for each.

    A list of lists of equal lengths with 0 and 1 alone is a matrix, as scikit-learn has it. Texts that are all lists
    written out, as a column is that was read from a CSV file, are these lists.

    Args:
        name: what the labels are called, for messages.

    Raises:
        InputError: for several labels that are not what they should be; names the first row.
    """
    found = _matrix(given, name)
    if found is None:
        found = _sets(given, name)
    if found is None:
        found = _written_out(given, name)
    if found is not None and len(found) != rows:
        raise InputError(f"{name}: {len(found):,} rows for {rows:,} texts; expected one for each")
    return found


def _matrix(given: Any, name: str) -> LabelRows | None:
    """A matrix of 0 and 1, dense or sparse, or a table of such columns."""
    import scipy.sparse

    columns = None
    if hasattr(given, "columns") and hasattr(given, "to_numpy"):
        if len(given.columns) == 1:
            return None
        columns = _column_labels(list(given.columns), name)
        given = given.to_numpy()
    if scipy.sparse.issparse(given):
        if given.ndim != 2:
            raise InputError(f"{name}: a sparse array of one dimension; expected a row for each text: toarray() of it")
        cells = scipy.sparse.csr_array(given)  # sums what stands twice in one place
        kind = "csr_matrix" if isinstance(given, scipy.sparse.spmatrix) else "csr_array"
        return _of_cells(cells, RowForm(kind, cells.dtype.name), columns, name)
    table = _table(given, name)
    if table is None:
        return None
    if table.dtype.kind == "O":
        table = _as_numbers(table, name)
    if table.dtype.kind not in "biuf" or table.ndim != 2:
        shape = " x ".join(map(str, table.shape))
        raise InputError(
            f"{name}: an array of {shape} ({table.dtype}); y should be a 1d array, one label for each text, or a "
            "matrix of the numbers 0 and 1, a column for each label"
        )
    return _of_cells(table, RowForm("matrix", table.dtype.name), columns, name)


def _as_numbers(table: NDArray[Any], name: str) -> NDArray[Any]:
    """A table of mixed columns, truth values beside numbers, as numbers where it can be."""
    for place, cell in np.ndenumerate(table):
        if is_missing(cell):
            where = ", ".join(map(str, place))
            raise InputError(f"{name}[{where}]: nothing there ({cell}); expected 0 or 1: leave the row out, or fill it")
    try:
        return table.astype(np.float64) if not all(isinstance(x, bool) for x in table.flat) else table.astype(np.bool_)
    except (TypeError, ValueError):
        return table


def _table(given: Any, name: str) -> NDArray[Any] | None:
    """What has rows and columns: an array, or a list of lists or arrays of equal lengths with 0 and 1 alone.

    Raises:
        InputError: for such a list of which a row is shorter or longer, for it is no list of labels either.
    """
    if isinstance(given, np.ndarray) or (hasattr(given, "__array__") and not hasattr(given, "to_list")):
        array = np.asarray(given)
        return None if array.ndim < 2 or (array.ndim == 2 and array.shape[1] == 1) else array
    if not isinstance(given, list | tuple) or not given or not all(map(_is_zeros_and_ones, given)):
        return None
    width = len(given[0])
    odd = next((at for at, row in enumerate(given) if len(row) != width), None)
    if odd is None:
        return np.asarray(given) if width > 1 else None
    if any(len(set(row)) < len(row) for row in given):
        raise InputError(f"{name}[{odd}]: {len(given[odd])} cells where the first row has {width}; expected as many")
    return None


def _is_zeros_and_ones(row: Any) -> bool:
    if not isinstance(row, list | tuple | np.ndarray) or (isinstance(row, np.ndarray) and row.ndim != 1):
        return False
    return all(isinstance(cell, int | float | np.bool_ | np.number) and cell in (0, 1) for cell in row)


def _of_cells(cells: Any, form: RowForm, columns: NDArray[Any] | None, name: str) -> LabelRows:
    """(N, C) of 0 and 1, dense or sparse."""
    import scipy.sparse

    found = scipy.sparse.coo_array(cells)
    wrong = np.flatnonzero(~np.isin(found.data, (0, 1)))
    if len(wrong):
        row, column, value = (part[wrong[0]] for part in (*found.coords, found.data))
        shape = " x ".join(map(str, found.shape))
        raise InputError(
            f"{name}[{row}, {column}]: {one_line(value, widest=40)} in an array of {shape}; expected 0 or 1, whether "
            "the text has the label of that column; else y should be a 1d array, one label for each text"
        )
    rows, places = (part[found.data == 1] for part in found.coords)
    order = np.lexsort((places, rows))
    counts = np.bincount(rows, minlength=found.shape[0])
    labels = np.arange(found.shape[1]) if columns is None else columns
    return LabelRows(labels[places[order]], _offsets(counts), form, labels)


def _column_labels(columns: list[Any], name: str) -> NDArray[Any]:
    """What the columns of a table stand for."""
    array = np.empty(len(columns), dtype=object)
    array[:] = columns
    labels = of_one_type(array, f"{name}.columns")
    if len(set(map(str, columns))) < len(columns):
        twice = next(label for at, label in enumerate(columns) if str(label) in map(str, columns[:at]))
        raise InputError(f"{name}.columns: {one_line(repr(twice), widest=60)} twice; expected a column for each label")
    return labels


def _sets(given: Any, name: str) -> LabelRows | None:
    """A column of sets, lists or tuples of labels."""
    if given is None or isinstance(given, str | bytes):
        return None
    if hasattr(given, "columns"):
        if len(given.columns) != 1:
            return None
        given = given[given.columns[0]]
    values = given.to_list() if hasattr(given, "to_list") else given
    if not isinstance(values, list | tuple | np.ndarray) or (isinstance(values, np.ndarray) and values.ndim != 1):
        return None
    first = next((row for row in values if isinstance(row, CONTAINERS)), None)
    if first is None:
        return None
    flat: list[Any] = []
    of_rows: list[int] = []
    for index, row in enumerate(values):
        if not isinstance(row, CONTAINERS):
            shown = one_line(repr(row), widest=60)
            what = f"nothing there ({row})" if is_missing(row) else f"{shown} among sets of labels"
            raise InputError(f"{name}[{index}]: {what}; expected a set of labels, empty where the text has none")
        labels = row.tolist() if isinstance(row, np.ndarray) else list(row)
        flat += labels
        of_rows += [index] * len(labels)
    array = np.empty(len(flat), dtype=object)
    array[:] = flat
    kind = next((kind for kind, maker in MAKERS.items() if isinstance(first, maker)), "list")
    counts = np.bincount(np.asarray(of_rows, dtype=np.int64), minlength=len(values))
    labels = of_one_type(array, name, rows=of_rows)
    if labels.dtype.kind == "f":
        refuse_fractions(labels, name, rows=of_rows)
    return LabelRows(labels, _offsets(counts), RowForm(kind))


def _written_out(given: Any, name: str) -> LabelRows | None:
    """A column of texts such as ``"['a', 'b']"``, if it has nothing else.

    Raises:
        InputError: if some are lists of names in quotation marks, and others are not.
    """
    if hasattr(given, "columns") and len(given.columns) == 1:
        given = given[given.columns[0]]
    values = given.to_list() if hasattr(given, "to_list") else given
    values = values.tolist() if isinstance(values, np.ndarray) and values.ndim == 1 else values
    if not isinstance(values, list | tuple):
        return None
    found = lists_in_texts(value.strip() for value in values if isinstance(value, str))
    if not any(IN_QUOTES.search(text) for text, labels in found.items() if labels is not None):
        return None
    for index, value in enumerate(values):
        if is_missing(value):
            raise InputError(f"{name}[{index}]: nothing there ({value}); expected a list, '[]' where there is no label")
    texts = [str(value).strip() for value in values]
    rows = [found.get(text) for text in texts]
    odd = odd_beside_lists(texts, [row is not None for row in rows])
    if odd is not None:
        raise InputError(f"{name}[{odd[0]}]: {odd[1]}")
    kind = {"[": "list", "(": "tuple"}.get(texts[0][0], "set")
    sets = [[] if row is None else list(dict.fromkeys(row)) for row in rows]
    flat = np.array([label for row in sets for label in row], dtype=object)
    return LabelRows(flat, _offsets(map(len, sets)), RowForm(kind), written_out=texts[0])


def logits_of(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities -> ln p / (1 - p), finite."""
    held = np.clip(probabilities, 1e-300, 1 - 2.0**-53)
    found: NDArray[np.float64] = np.log(held) - np.log1p(-held)
    return found


def _offsets(counts: Iterable[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.concatenate([[0], np.cumsum(np.fromiter(counts, np.int64))]).astype(np.int64)
    return found

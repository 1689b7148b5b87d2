"""What callers give as texts, labels and weights: lists, NumPy arrays, columns of pandas and polars; checked."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError, listed, one_line


class InputError(DataError, ValueError):
    """Texts, labels or weights are not what they should be; also a ValueError, as scikit-learn raises."""


class InputTypeError(DataError, TypeError):
    """The same for a kind of object that holds no texts; also a TypeError, as scikit-learn raises."""


def texts_of(given: Any, name: str = "texts") -> list[str]:
    """One column of texts as a list.

    Args:
        name: what the texts are called, for messages.

    Raises:
        InputError: for what is no column of texts; names the first row that is none.
        InputTypeError: for an object that is no column at all.
    """
    texts = [str(text) if isinstance(text, str) else text for text in _column(given, name)]
    for index, text in enumerate(texts):
        if type(text) is not str:
            raise _no_text(text, f"{name}[{index}]")
    return texts


def _no_text(value: Any, where: str) -> InputError:
    if is_missing(value):
        return InputError(f"{where}: nothing there ({value}); expected a text: leave the row out, or fill it with ''")
    if isinstance(value, bytes):
        return InputError(f"{where}: bytes; expected a text: decode them, as in text.decode('utf-8')")
    kind = type(value).__name__
    if isinstance(value, numbers.Number):
        return InputError(f"{where}: a number, {one_line(value, widest=40)} ({kind}); expected a text")
    return InputError(f"{where}: of type {kind}; expected a text")


def _column(given: Any, name: str) -> Iterator[Any]:
    """The values of what looks like one column."""
    if given is None:
        raise InputError(f"{name}: None; expected a list of texts, or a column of a table")
    if isinstance(given, str | bytes):
        raise InputError(f"{name}: a single text; expected several: a list of them, or a column of a table")
    if hasattr(given, "toarray"):
        raise InputTypeError(f"{name}: a sparse matrix; expected texts, not what was counted of them")
    if isinstance(given, Mapping | Set) or not (hasattr(given, "__len__") or hasattr(given, "__array__")):
        kind = type(given).__name__
        remedy = f": make a list of it, list({name})" if hasattr(given, "__iter__") else ""
        raise InputTypeError(f"{name}: a {kind}; expected a list of texts, or a column of a table{remedy}")
    if hasattr(given, "columns") and hasattr(given, "__getitem__"):  # a table of pandas or polars
        columns = list(given.columns)
        if len(columns) != 1:
            raise InputError(
                f"{name}: a table of {len(columns)} columns ({listed(map(str, columns), most=5)}); expected one column "
                f"of texts: choose it, as in table[{str(columns[0]) if columns else 'text'!r}]"
            )
        given = given[columns[0]]
    if hasattr(given, "to_list"):  # a column of pandas or polars
        return iter(given.to_list())
    if isinstance(given, np.ndarray) or hasattr(given, "__array__"):
        return iter(_flat(np.asarray(given), name).tolist())
    return iter(given)


def _flat(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        shape = " x ".join(map(str, array.shape)) or "no dimension"
        raise InputError(f"{name}: an array of {shape}; expected one column of texts")
    if array.dtype.kind not in "OUTS" and len(array):
        raise InputError(f"{name}: numbers ({array.dtype}); expected texts")
    return array


def is_missing(value: Any) -> bool:
    """Whether a value is what tables have where there is none: None, NaN, ``pandas.NA``."""
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def weights_of(given: Any, rows: int) -> NDArray[np.float64] | None:
    """What each row counts; None where all count the same.

    Raises:
        InputError: for what is no weight, or another number of them.
    """
    if given is None:
        return None
    try:
        weights = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"sample_weight: no numbers ({one_line(error)}); expected one for each text") from error
    if weights.ndim == 0:
        weights = np.full(rows, float(weights))
    if weights.shape != (rows,):
        shape = " x ".join(map(str, weights.shape))
        raise InputError(f"sample_weight: an array of {shape} for {rows} texts; expected one weight for each")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        index = int(np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))[0])
        raise InputError(f"sample_weight[{index}]: {weights[index]}; expected a finite number, 0 or above")
    if not weights.any():
        raise InputError("sample_weight: all are zero; expected at least one non-zero number")
    return None if (weights == weights[0]).all() else weights


def weights_of_classes(given: Mapping[Any, Any], labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.float64]:
    """What each row counts by its label; classes that are not named count 1.

    Args:
        given: weights by label.
        classes: all labels that there are.

    Raises:
        InputError: for what is no weight, or a name that is no class while a class has no weight.
    """
    found = {label: _weight(given[label], label) for label in given}
    known = set(classes.tolist())
    strangers = [label for label in found if label not in known]
    if strangers and not known <= found.keys():  # else they are of classes that are not among these texts
        raise InputError(
            f"class_weight: {strangers[0]!r} is no class of the training texts; expected one of "
            f"{listed(map(repr, classes.tolist()), most=10)}"
        )
    return np.array([found.get(label, 1.0) for label in labels.tolist()])


def _weight(value: Any, label: Any) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = float("nan")
    if not (np.isfinite(weight) and weight >= 0):
        raise InputError(f"class_weight[{label!r}]: {one_line(value, widest=40)}; expected a finite number, 0 or above")
    return weight


def count_of(given: Any, name: str) -> int:
    """A whole number of things, 1 or above.

    Args:
        name: of the argument, for messages.

    Raises:
        InputError: for anything else.
    """
    if not isinstance(given, numbers.Integral) or given < 1:
        raise InputError(f"`{name}` {one_line(given, widest=40)}: expected a whole number, 1 or above")
    return int(given)

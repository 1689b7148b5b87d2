"""Labels as Python has them: strings, whole numbers, truth values; and as names, which is what a model folder keeps."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import ArtifactError, one_line
from textrnn.estimators.inputs import InputError, is_missing

VERSION = 1
# By kind: from a name to the label.
FROM_NAME: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "bool": {"True": True, "False": False}.__getitem__,
    "float": float,
}
KINDS = {"U": "str", "T": "str", "O": "str", "i": "int", "u": "int", "b": "bool", "f": "float"}  # of NumPy's types


@dataclass(frozen=True)
class LabelType:
    """What kind of labels a model answers with.

    Attributes:
        dtype: NumPy's name of it; of strings ``object`` or ``str``
    """

    dtype: str = "str"

    @property
    def kind(self) -> str:
        """``str``, ``int``, ``bool`` or ``float``."""
        return KINDS[np.dtype(self.dtype).kind]

    @classmethod
    def of(cls, labels: NDArray[Any]) -> LabelType:
        """That of an array of :func:`labels_of`."""
        return cls("str" if labels.dtype.kind == "U" else labels.dtype.name)

    def names(self, labels: NDArray[Any]) -> list[str]:
        """Labels -> names."""
        return list(map(str, labels.tolist()))

    def labels(self, names: Sequence[str]) -> NDArray[Any]:
        """Names -> labels.

        Raises:
            ValueError, KeyError: for a name that is no label of this type.
        """
        return np.array([FROM_NAME[self.kind](name) for name in names], dtype=np.dtype(self.dtype))

    def to_kept(self) -> dict[str, Any]:
        """As ``config.json`` keeps it."""
        return {"version": VERSION, "dtype": self.dtype}

    @classmethod
    def from_kept(cls, kept: Any) -> LabelType:
        """From what any version has kept; strings where nothing is.

        Raises:
            ArtifactError: if a newer version kept it.
        """
        if kept is None:
            return cls()
        try:
            if kept["version"] > VERSION:
                raise ArtifactError(
                    f"labels of version {kept['version']}; expected {VERSION}: a newer textrnn wrote the model, "
                    "upgrade this one"
                )
            found = cls(kept["dtype"])
            assert found.kind
        except (TypeError, KeyError) as error:
            raise ArtifactError(
                f"labels of an unknown type ({one_line(error)}); expected what training wrote: train again"
            ) from error
        return found


def labels_of(given: Any, rows: int, name: str = "labels") -> NDArray[Any]:
    """One label for each of so many texts, as an array of strings, whole numbers or truth values.

    Args:
        name: what the labels are called, for messages.

    Raises:
        InputError: for what is no column of labels; names the first row that has none.
    """
    if given is None:
        raise InputError(f"{name}: None, but a classifier learns from them; y should be a 1d array, one for each text")
    if isinstance(given, str | bytes):
        raise InputError(f"{name}: a single text; expected several: a list of them, or a column of a table")
    if hasattr(given, "to_numpy") and not hasattr(given, "columns"):
        given = given.to_numpy()  # of pandas and polars, categories as what they stand for
    array = _one_column(np.asarray(given if hasattr(given, "__array__") else _as_objects(given)), name)
    if len(array) != rows:
        raise InputError(f"{name}: {len(array):,} for {rows:,} texts; expected one for each")
    if array.dtype.kind == "O":
        array = of_one_type(array, name)
    if array.dtype.kind not in KINDS:
        raise InputError(f"{name}: of type {array.dtype}; expected strings, whole numbers or truth values")
    if array.dtype.kind == "f":
        refuse_fractions(array, name)
    return array


def names_like(labels: NDArray[Any], dtype: np.dtype[Any], name: str) -> list[str]:
    """The names of labels as those of another type have them: ``1.0`` is ``1`` among whole numbers.

    Args:
        name: what the labels are called, for messages.

    Raises:
        InputError: for strings where others are not, or the other way round.
    """
    are_strings, expected = labels.dtype.kind in "OUT", dtype.kind in "OUT"
    if are_strings != expected:
        kinds = ("numbers or truth values", "strings")
        raise InputError(f"{name}: {kinds[are_strings]}; expected {kinds[expected]}, as the labels that are learnt")
    own = LabelType.of(labels).names(labels)
    if expected:
        return own
    with np.errstate(invalid="ignore"):
        converted = labels.astype(dtype)
    # What another type cannot hold keeps its name, which is that of no class: 257 is not the 1 of 8 bits, nor 2 True.
    like = zip(own, LabelType(dtype.name).names(converted), (converted == labels).tolist(), strict=True)
    return [name if is_same else as_given for as_given, name, is_same in like]


def classes_of(given: Any) -> NDArray[Any] | None:
    """All labels that there will be, sorted; None where they are not named.

    Raises:
        InputError: for what is no column of labels.
    """
    if given is None:
        return None
    if not hasattr(given, "__len__"):
        raise InputError(f"classes: of type {type(given).__name__}; expected a list of all labels that there will be")
    return np.unique(labels_of(given, len(given), "classes"))


def _as_objects(values: Any) -> NDArray[Any]:
    """A list as NumPy takes it if all are of one type; it would turn [1, 'a'] into strings."""
    values = list(values)
    if len({type(value) for value in values}) == 1 and not isinstance(values[0], list | tuple | np.ndarray):
        array = np.asarray(values)
        if array.dtype.kind != "f" or not isinstance(values[0], int):  # NumPy makes floats of [2**63, -1]
            return array
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _one_column(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.ndim == 2 and array.shape[1] == 1:
        from sklearn.exceptions import DataConversionWarning

        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples,).",
            DataConversionWarning,
            stacklevel=5,
        )
        array = array[:, 0]
    if array.ndim != 1:
        shape = " x ".join(map(str, array.shape)) or "no dimension"
        raise InputError(f"{name}: an array of {shape}; y should be a 1d array, one label for each text")
    return array


def of_one_type(array: NDArray[Any], name: str, rows: Sequence[int] | None = None) -> NDArray[Any]:
    """An array of objects as one of their type; strings stay objects.

    Args:
        name: what the labels are called, for messages.
        rows: of each label the row that it is of; by default its own place.

    Raises:
        InputError: for what is no label, or of another type than those before.
    """
    kinds: dict[str, int] = {}
    for at, value in enumerate(array.tolist()):
        index = at if rows is None else rows[at]
        if is_missing(value):
            raise InputError(f"{name}[{index}]: nothing there ({value}); expected a label: leave the row out")
        kinds.setdefault(_kind(value, f"{name}[{index}]"), index)
    if len(kinds) > 1:
        (one, other), index = list(kinds)[:2], list(kinds.values())[1]
        raise InputError(f"{name}[{index}]: {other} among labels of {one}; expected all of one type")
    kind = next(iter(kinds), "str")
    if kind == "str":
        return np.array(list(map(str, array.tolist())), dtype=object)
    try:
        return array.astype({"bool": np.bool_, "int": np.int64, "float": np.float64}[kind])
    except OverflowError as error:
        raise InputError(f"{name}: numbers of more than 64 bits; expected smaller ones, or strings") from error


def _kind(value: Any, where: str) -> str:
    if isinstance(value, str):
        return "str"
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, numbers.Integral):
        return "int"
    if isinstance(value, float | np.floating):
        return "float"
    raise InputError(f"{where}: of type {type(value).__name__}; expected a string, a whole number or a truth value")


def refuse_fractions(array: NDArray[Any], name: str, rows: Sequence[int] | None = None) -> None:
    """Raises the error for numbers that are no classes.

    Args:
        name, rows: as :func:`of_one_type` has them.

    Raises:
        InputError: for a number that is not whole.
    """
    wrong = np.flatnonzero(~np.isfinite(array) | (array != np.floor(array)))
    if len(wrong):
        at, value = int(wrong[0]), array[wrong[0]]
        index = at if rows is None else rows[at]
        if not np.isfinite(value):
            raise InputError(
                f"{name}[{index}]: {value}; expected a label: leave the row out (y contains NaN or infinity)"
            )
        raise InputError(
            f"{name}[{index}]: {value}, a fraction; expected classes. Unknown label type: continuous. Numbers are "
            "predicted by regression, which this is not"
        )

"""Questions asked of a data set before anything is trained on it.

A module of this folder is a family of checks; adding a check is adding a function, or a file with one. A check yields
what it finds::

    def class_names_with_digits(read: ReadFiles) -> Iterator[Finding]:

and its annotations say when it is asked: with :class:`ReadFiles` once the files are read, with :class:`ReadDataset`
once every label is known to be a class and every split is there.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textrnn.corpus.readers import Rows

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check has to say.

    Attributes:
        id: by which the kind of finding is known, in kebab-case
        severity: an error would make training wrong; a warning is for the reader of the figures
        where: path, ``path:line`` or split, or an empty string
        problem: what is wrong, with an example
        remedy: what was expected, how to mend it, or what it means for the figures
    """

    id: str
    severity: Severity
    where: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """The finding in one line."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.problem}; {self.remedy}"


@dataclass(frozen=True)
class ReadFiles:
    """The files of a data set, read.

    Attributes:
        rows: by split, of those that there are: texts, labels as they are written, line numbers and path
        class_names: in the order of their indices
        class_file: where the names were read, if not among the labels
    """

    rows: Mapping[str, Rows]
    class_names: Sequence[str]
    class_file: Path | None


@dataclass(frozen=True)
class ReadDataset(ReadFiles):
    """The same with all three splits, those that had to be made included.

    Attributes:
        labels: by split, the index of each row's class
    """

    labels: Mapping[str, Sequence[int]]


Check = Callable[[typing.Any], Iterator[Finding]]


def all_checks() -> Iterator[tuple[type[ReadFiles], Check]]:
    """Every check of this folder with the record that it asks for, by module, then as they stand there.

    Raises:
        TypeError: for a module without one: its annotations are then not what they should be.
    """
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        asked = ((_asks_for(function, module.__name__), function) for function in vars(module).values())
        checks = [(record, function) for record, function in asked if record is not None]
        if not checks:
            raise TypeError(f"{module.__name__}: no check; expected a function (ReadDataset) -> Iterator[Finding]")
        yield from checks


def _asks_for(function: object, module: str) -> type[ReadFiles] | None:
    """The record that a check of this module takes; None if it is no check."""
    if not inspect.isfunction(function) or function.__module__ != module:
        return None
    hints = typing.get_type_hints(function)
    takes = [hint for name, hint in hints.items() if name != "return"]
    if hints.get("return") != Iterator[Finding] or takes not in ([ReadFiles], [ReadDataset]):
        return None
    record: type[ReadFiles] = takes[0]
    return record


def findings(read: ReadFiles) -> list[Finding]:
    """What all checks find that ask for a record of this kind."""
    return [finding for record, check in all_checks() if record is type(read) for finding in check(read)]

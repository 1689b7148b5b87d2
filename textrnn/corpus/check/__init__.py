"""Questions asked of a data set before anything is trained on it.

A module of this folder is a family of checks; adding a check is adding a function, or a file with one. A check yields
what it finds::

    def class_names_with_digits(read: ReadFiles) -> Iterator[Finding]:

and its annotations say when it is asked: with :class:`ReadFiles` once the files are read, with :class:`ReadDataset`
once every label is known to be a class and every split is there. What takes its time, or is no obstacle to training, is
asked with :class:`ExaminedFiles` or :class:`ExaminedDataset`, only where somebody wants to know (`check`).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.readers import Rows
from textrnn.corpus.similar import comparison_key
from textrnn.errors import one_line

if TYPE_CHECKING:
    from textrnn.corpus.vocab import EncodedTexts, Vocabulary

Severity = Literal["error", "warning"]
MOST_LINES, LINES_SHOWN = 8, 3  # all of so many lines are told, or the first ones of more


@dataclass(frozen=True)
class Finding:
    """One thing that a check has to say.

    Attributes:
        id: by which the kind of finding is known, in kebab-case
        severity: an error would make training wrong; a warning is for the reader of the figures
        where: path, ``path:line`` or split, or an empty string
        problem: what is wrong
        remedy: what was expected, how to mend it, or what it means for the figures
        example: a text or label that shows it, as it is read
        rows: how many are concerned, where it is about rows
        lines: where all of them begin in the file, from 1; of a folder for each class, none
        files: of a folder for each class, the file of each row
        same_as: of rows that repeat others, where those are: ``line 3``, or ``path:line`` of another file
    """

    id: str
    severity: Severity
    where: str
    problem: str
    remedy: str
    example: str = ""
    rows: int = 0
    lines: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The finding in one line."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.problem}{self.details}; {self.remedy}"

    @property
    def details(self) -> str:
        """The example, and where the rows are if there are several: `` (for instance x; as line 1; lines 3, 8)``."""
        parts = [f"for instance {shown(self.example)}"] if self.example else []
        parts += [f"as {self.same_as[0]}"] if self.same_as else []
        places: Sequence[object] = self.files or self.lines
        if len(places) > 1:
            cut = f", ... ({len(places):,} in all)" if len(places) > MOST_LINES else ""
            some = ", ".join(map(str, places[: LINES_SHOWN if cut else MOST_LINES]))
            parts.append(f"{'files' if self.files else 'lines'} {some}{cut}")
        return f" ({'; '.join(parts)})" if parts else ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        return {
            "id": self.id,
            "severity": self.severity,
            "where": self.where,
            "problem": self.problem,
            "remedy": self.remedy,
            "example": self.example,
            "rows": self.rows,
            "lines": list(self.lines),
            "files": list(self.files),
            "same_as": list(self.same_as),
        }


def shown(text: str, widest: int = 24) -> str:
    """A text for a message: on one line, cut, without what a terminal would obey."""
    return one_line("".join(c if c.isprintable() else " " for c in text[: 20 * widest]), widest=widest)


def about_rows(
    rows: Rows,
    indices: Sequence[int],
    id: str,
    severity: Severity,
    problem: str,
    remedy: str,
    *,
    example: str | None = None,
    same_as: Sequence[tuple[Rows, int]] = (),
) -> Finding:
    """A finding about rows of a file.

    Args:
        indices: of the rows, in their order; the text of the first is the example unless another is given.
        same_as: for each of them, the row that it repeats.
    """
    return Finding(
        id,
        severity,
        rows.where(indices[0]),
        problem,
        remedy,
        rows.texts[indices[0]] if example is None else example,
        len(indices),
        tuple(rows.line_numbers[i] for i in indices) if rows.files is None else (),
        () if rows.files is None else tuple(str(rows.files[i]) for i in indices),
        tuple(
            f"line {other.line_numbers[i]}" if other.path == rows.path and other.files is None else other.where(i)
            for other, i in same_as
        ),
    )


def counted(count: int, what: str, others: str = "") -> str:
    """``1 row``, ``2 rows``."""
    return f"{count:,} {what if count == 1 else others or what + 's'}"


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

    @cached_property
    def label_counts(self) -> Counter[str]:
        """Rows by label, over all files, in the order in which the labels come."""
        return Counter(label for rows in self.rows.values() for label in rows.every_label)

    @property
    def multi_label(self) -> bool:
        """Whether a row may have several labels, or none."""
        return self.rows["train"].label_sets is not None

    @cached_property
    def keys(self) -> dict[str, list[str]]:
        """By split, what the texts are compared by; see :func:`textrnn.corpus.similar.comparison_key`."""
        return {split: list(map(comparison_key, rows.texts)) for split, rows in self.rows.items()}


@dataclass(frozen=True)
class ReadDataset(ReadFiles):
    """The same with all three splits, those that had to be made included.

    Attributes:
        labels: by split, the index of each row's class; none where rows have several
        label_sets: by split, the indices of the classes of each row, where rows have several
    """

    labels: Mapping[str, Sequence[int]]
    label_sets: Mapping[str, LabelSets] = field(default_factory=dict, kw_only=True)

    def class_counts(self, split: str) -> list[int]:
        """(C,): rows of each class."""
        found = self.label_sets[split].indices if split in self.label_sets else np.array(self.labels[split], np.int64)
        counts: list[int] = np.bincount(found, minlength=len(self.class_names)).tolist()
        return counts


@dataclass(frozen=True)
class ExaminedFiles(ReadFiles):
    """The files, for checks that are only made when somebody asks.

    Attributes:
        on_bad_row: what becomes of rows that cannot be used, as the setting of that name has it
    """

    on_bad_row: str | None = None


@dataclass(frozen=True)
class ExaminedDataset(ReadDataset):
    """The data set with its texts as a model would read them.

    Attributes:
        vocabulary: of the training texts
        encoded: by split, token ids
        pad_size: tokens read of a text at most
    """

    vocabulary: Vocabulary
    encoded: Mapping[str, EncodedTexts]
    pad_size: int


RECORDS = (ReadFiles, ReadDataset, ExaminedFiles, ExaminedDataset)
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
    if hints.get("return") != Iterator[Finding] or len(takes) != 1 or takes[0] not in RECORDS:
        return None
    record: type[ReadFiles] = takes[0]
    return record


def findings(read: ReadFiles) -> list[Finding]:
    """What all checks find that ask for a record of this kind."""
    return [finding for record, check in all_checks() if record is type(read) for finding in check(read)]

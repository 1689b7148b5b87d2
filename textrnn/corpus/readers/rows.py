"""What readers give: labelled texts with their lines, and what was understood of the file that they are from."""

from __future__ import annotations

import dataclasses
import re
from array import array
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textrnn.corpus.cleaning import ESCAPE
from textrnn.errors import Note

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# No text has them: control characters, tab and line ends aside, which a terminal would obey, and half characters.
STRANGE = re.compile("[\x00-\x08\x0d-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]")


LINE_END = re.compile("\r+\n")  # what has been through Windows twice has two carriage returns
# What is replaced in a text with anything strange in it, and by what, one after the other.
CLEANING = (
    (re.compile("\0"), ""),
    (LINE_END, "\n"),
    (re.compile("\r"), "\n"),
    (ESCAPE, ""),  # with what belongs to it: [31m
    (LONE_SURROGATE, "\ufffd"),
    (STRANGE, ""),
)


# The same as :func:`cleaned`, step by step, for other programs; white space around goes last.
SUBSTITUTIONS = (("\0", ""), (LINE_END.pattern, "\n"), ("\r", "\n"), (ESCAPE.pattern, ""),
                 (LONE_SURROGATE.pattern, "\ufffd"), (STRANGE.pattern, ""))  # fmt: skip


def cleaned(text: str) -> str:
    """A text as models read it, in training and later: valid Unicode, no control characters, no white space around.

    Line ends of every system become one.
    """
    if STRANGE.search(text):
        for pattern, replacement in CLEANING:
            text = pattern.sub(replacement, text)
    return text.strip()


def all_cleaned(texts: Iterable[str]) -> list[str]:
    """:func:`cleaned` of many texts, quicker."""
    texts = list(texts)
    if STRANGE.search("\n".join(texts)):
        return list(map(cleaned, texts))
    return list(map(str.strip, texts))


@dataclass(frozen=True)
class LeftOut:
    """A row that was not taken.

    Attributes:
        line: where it begins, from 1; in a workbook or a Parquet file, the row
        reason: by which the kind is known, in kebab-case: ``no-text``, ``no-label``, ``fields``, ...
        problem: what is wrong, in words
        content: what stands there, cut
        path: the file, where a :class:`Reading` is of several
    """

    line: int
    reason: str
    problem: str
    content: str
    path: Path | None = None


@dataclass(frozen=True)
class SeveralLabels:
    """How a row has several labels.

    Attributes:
        form: ``list`` (fastText's marks, too), ``joined`` or ``columns``
        separator: of those that are joined
        several: rows with two labels or more
        none: rows without any
    """

    form: str
    separator: str = ""
    several: int = 0
    none: int = 0


@dataclass(frozen=True)
class Reading:
    """What was understood of a file.

    Attributes:
        encoding: such as ``UTF-8``; empty for formats that have none
        format: such as ``comma``, ``tab``, ``JSON lines``, ``fastText``, ``Excel workbook``
        header: whether the first row names the columns; None where a format has none
        text_columns: whose texts are joined, by name, or ``column 2``
        other_columns: not read
        rows: taken
        left_out: not taken
        damaged_lines: with bytes that could not be decoded and were replaced
        stripped_lines: with control characters in the text, which were left out
        details: what else was assumed, each in a few words
        labels: where a row may have several, how; else None
        label_columns: where each label has one; `label_column` is empty then
    """

    path: Path
    encoding: str = "UTF-8"
    format: str = ""
    header: bool | None = None
    text_columns: tuple[str, ...] = ()
    label_column: str = ""
    other_columns: tuple[str, ...] = ()
    rows: int = 0
    left_out: tuple[LeftOut, ...] = ()
    damaged_lines: tuple[int, ...] = ()
    stripped_lines: tuple[int, ...] = ()
    details: tuple[str, ...] = ()
    labels: SeveralLabels | None = None
    label_columns: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for ``config.json`` and ``metrics.json``: of what was left out, counts and lines."""
        reasons: dict[str, list[int]] = {}
        for row in self.left_out:
            reasons.setdefault(row.reason, []).append(row.line)
        return {
            "file": self.path.name,
            "encoding": self.encoding,
            "format": self.format,
            "header": self.header,
            "text_columns": list(self.text_columns),
            "label_column": self.label_column,
            **({"label_columns": list(self.label_columns)} if self.label_columns else {}),
            "other_columns": list(self.other_columns),
            "rows": self.rows,
            "left_out": {reason: {"rows": len(lines), "lines": lines[:20]} for reason, lines in reasons.items()},
            "damaged_lines": {"rows": len(self.damaged_lines), "lines": list(self.damaged_lines[:20])},
            "details": list(self.details),
            **({} if self.labels is None else {"several_labels": dataclasses.asdict(self.labels)}),
        }


@dataclass
class Rows:
    """Labelled texts of one file, in its order.

    Attributes:
        path: the file; of a folder for each class, that folder
        labels: as they are written in the file, invisible characters aside; empty where rows have several
        label_sets: the labels of each row, each once, where there may be several or none; else None
        line_numbers: where each row begins, from 1
        files: of a folder for each class, the file of each row
        layout: where text and label stand in a record, see :mod:`textrnn.corpus.readers.columns`
    """

    path: Path
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    line_numbers: Sequence[int] = field(default_factory=lambda: array("q"))
    files: list[Path] | None = None
    reading: Reading | None = None
    layout: Any = None
    notes: list[Note] = field(default_factory=list)
    label_sets: list[tuple[str, ...]] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def every_label(self) -> list[str]:
        """The labels of all rows, one after another: more or fewer than there are rows where these have several."""
        return self.labels if self.label_sets is None else [label for each in self.label_sets for label in each]

    @property
    def label_keys(self) -> list[str]:
        """What stands for the label of each row; of several, all of them in one text, whatever their order."""
        return self.labels if self.label_sets is None else [" | ".join(sorted(each)) for each in self.label_sets]

    def having(self, labels: Container[str]) -> list[int]:
        """The rows with one of these labels."""
        if self.label_sets is None:
            return [i for i, label in enumerate(self.labels) if label in labels]
        return [i for i, each in enumerate(self.label_sets) if any(label in labels for label in each)]

    def rename(self, names: Mapping[str, str]) -> None:
        """Give labels other names, those that are not there their own."""
        if self.label_sets is None:
            self.labels = [names.get(label, label) for label in self.labels]
        else:
            self.label_sets = [
                tuple(dict.fromkeys(names.get(label, label) for label in each)) for each in self.label_sets
            ]

    def where(self, index: int) -> str:
        """Where a row is from: ``path:line``."""
        return f"{self.path}:{self.line_numbers[index]}" if self.files is None else str(self.files[index])

    def select(self, indices: Sequence[int]) -> Rows:
        """The rows at `indices`, in that order."""
        return Rows(
            self.path,
            [self.texts[i] for i in indices],
            [self.labels[i] for i in indices] if self.label_sets is None else [],
            array("q", [self.line_numbers[i] for i in indices]),
            None if self.files is None else [self.files[i] for i in indices],
            self.reading,
            self.layout,
            label_sets=None if self.label_sets is None else [self.label_sets[i] for i in indices],
        )

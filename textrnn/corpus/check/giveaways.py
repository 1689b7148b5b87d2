"""What would be learnt in the place of the texts: names of classes, lengths, beginnings of all texts of a class."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textrnn.corpus.check import ExaminedFiles, Finding, about_rows, counted, shown
from textrnn.corpus.labels import class_indices, labels_are_names
from textrnn.errors import listed

ENOUGH = 10  # rows of a class to judge it by
MOST = 0.6  # of the rows of a class that name it
HARDLY = 0.1  # of the other rows that do
SAMPLE = 5000  # rows of other classes looked at
LONGEST = 2000  # characters of each
PREFIX = 4  # characters that a class has at the beginning of each text


def label_in_text(read: ExaminedFiles) -> Iterator[Finding]:
    """The name of the class stands in most texts of the class, and in few others."""
    part, by_class = read.rows["train"], _rows_by_class(read)
    told, naming = list[str](), list[int]()
    for name, rows in by_class.items():
        if len(rows) < ENOUGH or not name.strip():
            continue
        stands_in = _word(name)
        here = [i for i in rows if stands_in.search(part.texts[i][:LONGEST])]
        if len(here) < MOST * len(rows):
            continue
        own = set(rows)
        others = [i for i in range(len(part)) if i not in own]
        others = others[:: max(1, len(others) // SAMPLE)]
        elsewhere = sum(stands_in.search(part.texts[i][:LONGEST]) is not None for i in others)
        if elsewhere <= HARDLY * len(others):
            told.append(f"{shown(repr(name))} in {len(here):,} of its {len(rows):,} texts")
            naming += here
    if naming:
        yield about_rows(
            part,
            sorted(naming),
            "label-in-text",
            "warning",
            f"the name of the class stands in most texts of {counted(len(told), 'class', 'classes')}, and hardly in "
            f"others: {listed(told, most=4, widest=60)}",
            "the name is learnt rather than the text: was the label put into the text?",
        )


def machine_made(read: ExaminedFiles) -> Iterator[Finding]:
    """All texts of a class have one length, or begin alike, and those of other classes another."""
    part = read.rows["train"]
    classes = {name: rows for name, rows in _rows_by_class(read).items() if len(rows) >= ENOUGH}
    lengths = {name: {len(part.texts[i]) for i in rows} for name, rows in classes.items()}
    if len(classes) < 2:
        return
    if all(len(of_class) == 1 for of_class in lengths.values()) and len(set.union(*lengths.values())) > 1:
        shown_lengths = ", ".join(f"{shown(name)} {min(of_class):,}" for name, of_class in list(lengths.items())[:4])
        yield Finding(
            "machine-made",
            "warning",
            str(part.path),
            f"all texts of a class have one length: {shown_lengths} characters",
            "the length is learnt rather than the text: was the file made by a program?",
        )
    prefixes = {name: _common_prefix([part.texts[i] for i in rows]) for name, rows in classes.items()}
    told = {name: prefix for name, prefix in prefixes.items() if len(prefix) >= PREFIX and _tells(name, prefixes)}
    told = {name: prefix for name, prefix in told.items() if len({part.texts[i] for i in classes[name]}) > 1}
    if told:
        name, prefix = next(iter(told.items()))
        yield about_rows(
            part,
            classes[name],
            "same-beginning",
            "warning",
            f"all texts of {counted(len(told), 'class', 'classes')} begin alike, those of {shown(repr(name))} with "
            f"{shown(prefix)!r}",
            "the beginning is learnt rather than the text: remove it",
            example="",
        )


def _tells(name: str, prefixes: dict[str, str]) -> bool:
    """Whether the beginning of a class is not that of the others."""
    return all(not other.startswith(prefixes[name]) for key, other in prefixes.items() if key != name)


def _common_prefix(texts: list[str]) -> str:
    low, high = min(texts), max(texts)
    same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:same]


def _word(name: str) -> re.Pattern[str]:
    """The name of a class where it is a word of its own; in scripts without blanks, anywhere."""
    escaped = re.escape(name.strip())
    if name.isascii():
        escaped = rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
    return re.compile(escaped, re.IGNORECASE)


def _rows_by_class(read: ExaminedFiles) -> dict[str, list[int]]:
    """The training rows of each class, by its name."""
    part = read.rows["train"]
    by_name = labels_are_names(part.every_label, read.class_names)
    index_of = class_indices(part.every_label, read.class_names, by_name=by_name)
    rows: dict[str, list[int]] = {}
    for i, labels in enumerate(part.label_sets or ((label,) for label in part.labels)):
        for label in labels:
            rows.setdefault(read.class_names[index_of[label]] if label in index_of else label, []).append(i)
    return rows

"""Texts that come more than once: in a file, under two labels, in the training split and in a held-out one.

A score looks better than it is by held-out rows that stand in the training split.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

from textrnn.corpus.check import ExaminedFiles, Finding, ReadDataset, about_rows, counted, shown
from textrnn.corpus.similar import similar_rows

Value = TypeVar("Value", bound=Hashable)


def repeated_texts(read: ReadDataset) -> Iterator[Finding]:
    """One warning for each held-out split that repeats texts of the training split."""
    train = read.rows["train"]
    seen = _first(train.texts)
    for split in ("dev", "test"):
        part = read.rows[split]
        repeated = [i for i, text in enumerate(part.texts) if text in seen]
        if repeated:
            rows = "rows repeats a text" if len(repeated) == 1 else "rows repeat texts"
            yield about_rows(
                part,
                repeated,
                "repeated-texts",
                "warning",
                f"{len(repeated):,} of {len(part):,} {rows} of the training split",
                "scores on them say little",
                same_as=[(train, seen[part.texts[i]]) for i in repeated],
            )


def nearly_repeated_texts(read: ExaminedFiles) -> Iterator[Finding]:
    """The same for texts that differ in case, width, blanks and punctuation."""
    train = read.rows["train"]
    texts, keys = set(train.texts), _first(read.keys["train"])
    for part, part_keys in ((read.rows[split], read.keys[split]) for split in ("dev", "test") if split in read.rows):
        repeated = [i for i, key in enumerate(part_keys) if key in keys and part.texts[i] not in texts]
        if repeated:
            yield about_rows(
                part,
                repeated,
                "nearly-repeated-texts",
                "warning",
                f"{counted(len(repeated), 'row')} of {len(part):,} {'is' if len(repeated) == 1 else 'are'} in the "
                "training split but for case, blanks and punctuation",
                "scores on them say little",
                same_as=[(train, keys[part_keys[i]]) for i in repeated],
            )


def contradictory_labels(read: ExaminedFiles) -> Iterator[Finding]:
    """The same text under two labels, or with other ones: at least one is wrong, or the text does not tell."""
    first: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for part in read.rows.values():
        for text, label in zip(part.texts, part.label_keys, strict=True):
            if first.setdefault(text, label) != label:
                labels = several.setdefault(text, [first[text]])
                labels += [label] if label not in labels else []
    other = "other labels" if read.multi_label else "another label"
    for part in read.rows.values() if several else ():
        indices = [i for i, text in enumerate(part.texts) if text in several]
        if indices:
            text = part.texts[indices[0]]
            named = " and ".join(shown(repr(label)) for label in several[text][:3])
            yield about_rows(
                part,
                indices,
                "contradictory-labels",
                "warning",
                f"{counted(len(indices), 'row')} whose text stands under {other}, too: {shown(text)!r} under {named}",
                "one of the labels is wrong, or the text does not tell: correct it, or keep the row that is right",
                example="",
            )


def duplicate_rows(read: ExaminedFiles) -> Iterator[Finding]:
    """Rows that repeat text and label of an earlier row of their file."""
    for split, part in read.rows.items():
        rows = list(zip(part.texts, part.label_keys, strict=True))
        seen = _first(rows)
        repeated = [i for i, row in enumerate(rows) if seen[row] != i]
        if repeated:
            yield about_rows(
                part,
                repeated,
                "duplicate-rows",
                "warning",
                f"{_repeat(repeated)} an earlier one, text and label",
                _weight(split),
                same_as=[(part, seen[rows[i]]) for i in repeated],
            )


def near_duplicates(read: ExaminedFiles) -> Iterator[Finding]:
    """Rows whose text nearly is that of an earlier row with the same label."""
    for split, part in read.rows.items():
        pairs = similar_rows(part.texts, part.label_keys, read.keys[split])
        if pairs:
            yield about_rows(
                part,
                [later for _, later in pairs],
                "near-duplicates",
                "warning",
                f"{_repeat(pairs)} an earlier one but for case, blanks, punctuation or a few characters",
                _weight(split),
                same_as=[(part, earlier) for earlier, _ in pairs],
            )


def _first(values: Sequence[Value]) -> dict[Value, int]:
    """Where each value is for the first time."""
    return {value: len(values) - 1 - i for i, value in enumerate(reversed(values))}


def _repeat(rows: Sequence[object]) -> str:
    return f"{counted(len(rows), 'row')} {'repeats' if len(rows) == 1 else 'repeat'}"


def _weight(split: str) -> str:
    twice = "learnt" if split == "train" else "scored"
    return f"each is {twice} as often as it is there: keep one of them"

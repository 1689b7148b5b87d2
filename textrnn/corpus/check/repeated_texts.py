"""Texts that come more than once: in a file, under two labels, in the training split and in a held-out one.

A score looks better than it is by held-out rows that stand in the training split.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textrnn.corpus.check import ExaminedFiles, Finding, ReadDataset, about_rows, counted, shown
from textrnn.corpus.similar import similar_rows


def repeated_texts(read: ReadDataset) -> Iterator[Finding]:
    """One warning for each held-out split that repeats texts of the training split."""
    seen = set(read.rows["train"].texts)
    for split in ("dev", "test"):
        part = read.rows[split]
        repeated = [i for i, text in enumerate(part.texts) if text in seen]
        if repeated:
            rows = "row repeats a text" if len(repeated) == 1 else "rows repeat texts"
            yield about_rows(
                part,
                repeated,
                "repeated-texts",
                "warning",
                f"{len(repeated):,} of {len(part):,} {rows} of the training split",
                "scores on them say little",
            )


def nearly_repeated_texts(read: ExaminedFiles) -> Iterator[Finding]:
    """The same for texts that differ in case, width, blanks and punctuation."""
    texts, keys = set(read.rows["train"].texts), set(read.keys["train"])
    for split in read.rows.keys() - {"train"}:
        part = read.rows[split]
        repeated = [i for i, key in enumerate(read.keys[split]) if key in keys and part.texts[i] not in texts]
        if repeated:
            rows = "row is a text" if len(repeated) == 1 else "rows are texts"
            yield about_rows(
                part,
                repeated,
                "nearly-repeated-texts",
                "warning",
                f"{len(repeated):,} of {len(part):,} {rows} of the training split but for case, blanks and punctuation",
                "scores on them say little",
            )


def contradictory_labels(read: ExaminedFiles) -> Iterator[Finding]:
    """The same text under two labels: at least one of them is wrong, or the text does not tell."""
    first: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for part in read.rows.values():
        for text, label in zip(part.texts, part.labels, strict=True):
            if first.setdefault(text, label) != label:
                labels = several.setdefault(text, [first[text]])
                labels += [label] if label not in labels else []
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
                f"{counted(len(indices), 'row')} whose text stands under another label, too: {shown(text)!r} under "
                f"{named}",
                "one of the labels is wrong, or the text does not tell: correct or delete them",
                example="",
            )


def duplicate_rows(read: ExaminedFiles) -> Iterator[Finding]:
    """Rows that repeat text and label of an earlier row of their file."""
    for split, part in read.rows.items():
        seen: set[tuple[str, str]] = set()
        repeated = []
        for i, row in enumerate(zip(part.texts, part.labels, strict=True)):
            if row in seen:
                repeated.append(i)
            seen.add(row)
        if repeated:
            yield about_rows(
                part,
                repeated,
                "duplicate-rows",
                "warning",
                f"{_repeat(repeated)} an earlier one, text and label",
                _weight(split),
            )


def near_duplicates(read: ExaminedFiles) -> Iterator[Finding]:
    """Rows whose text nearly is that of an earlier row with the same label."""
    for split, part in read.rows.items():
        pairs = similar_rows(part.texts, part.labels, read.keys[split])
        if pairs:
            earlier, later = pairs[0]
            yield about_rows(
                part,
                [later for _, later in pairs],
                "near-duplicates",
                "warning",
                f"{_repeat(pairs)} an earlier one but for case, blanks, punctuation or a few characters, such as "
                f"{shown(part.texts[later])!r} that of {part.where(earlier)}",
                _weight(split),
                example="",
            )


def _repeat(rows: Sequence[object]) -> str:
    return f"{counted(len(rows), 'row')} {'repeats' if len(rows) == 1 else 'repeat'}"


def _weight(split: str) -> str:
    twice = "learnt" if split == "train" else "scored"
    return f"each is {twice} as often as it is there: delete the copies"

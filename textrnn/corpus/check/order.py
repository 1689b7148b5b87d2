"""The order of rows, where it says something."""

from __future__ import annotations

from collections.abc import Iterator

from textrnn.corpus.check import ExaminedFiles, Finding

ENOUGH = 10  # rows a class


def sorted_by_label(read: ExaminedFiles) -> Iterator[Finding]:
    """All rows of a class stand together: harmless here, and a trap for whoever cuts the file somewhere."""
    part = read.rows["train"]
    classes = len(set(part.labels))
    changes = sum(a != b for a, b in zip(part.labels, part.labels[1:], strict=False))
    if classes > 1 and len(part) >= ENOUGH * classes and changes < 1.2 * classes and part.files is None:
        yield Finding(
            "sorted-by-label",
            "warning",
            str(part.path),
            f"the rows are sorted by label: {classes} classes, and the label changes {changes} times",
            "shuffled here before they are learnt; shuffle the file before others cut it or take its first rows",
        )

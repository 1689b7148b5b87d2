"""The order of rows, where it says something."""

from __future__ import annotations

from collections.abc import Iterator

from textrnn.corpus.check import ExaminedFiles, Finding
from textrnn.corpus.labels import are_sorted


def sorted_by_label(read: ExaminedFiles) -> Iterator[Finding]:
    """All rows of a class stand together: harmless here, and a trap for whoever cuts the file somewhere."""
    part = read.rows["train"]
    if part.files is None and are_sorted(part.label_keys):
        yield Finding(
            "sorted-by-label",
            "warning",
            str(part.path),
            "the rows are sorted by label",
            "shuffled here before they are learnt; shuffle the file before others cut it or take its first rows",
        )

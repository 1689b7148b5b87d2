"""Are there classes to tell apart, and rows to learn each of them from?"""

from __future__ import annotations

from collections.abc import Iterator

from textrnn.corpus.check import Finding, ReadDataset, ReadFiles
from textrnn.errors import listed, one_line


def one_class_only(read: ReadFiles) -> Iterator[Finding]:
    """There must be two classes at least."""
    if len(read.class_names) < 2:
        yield Finding(
            "one-class-only",
            "error",
            str(read.rows["train"].path),
            f"all rows are of the one class {one_line(repr(read.class_names[0]), widest=60)}",
            "expected two classes or more: there is nothing to tell apart",
        )


def nearly_as_many_classes_as_rows(read: ReadFiles) -> Iterator[Finding]:
    """Not every other row may have a class of its own."""
    count, rows = len(read.class_names), sum(map(len, read.rows.values()))
    if count > 50 and count > rows / 2:
        yield Finding(
            "nearly-as-many-classes-as-rows",
            "error",
            str(read.rows["train"].path),
            f"{count:,} classes for {rows:,} rows, such as {one_line(repr(read.class_names[0]), widest=40)}",
            "expected few classes with many rows each: are text and label the wrong way round?",
        )


def class_without_training_row(read: ReadDataset) -> Iterator[Finding]:
    """Every class must have a row to learn from."""
    learnt = set(read.labels["train"])
    empty = [name for index, name in enumerate(read.class_names) if index not in learnt]
    if empty:
        other = (
            f"or take them out of {read.class_file}"
            if read.class_file
            else "or take their rows out of the other splits"
        )
        yield Finding(
            "class-without-training-row",
            "error",
            str(read.rows["train"].path),
            f"no training row of class {listed(map(repr, empty))}",
            f"expected at least one of each: add some, {other}",
        )

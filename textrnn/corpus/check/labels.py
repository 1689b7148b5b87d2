"""Labels that are probably not what was meant: look-alikes, words for nothing, several in one cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from textrnn.corpus.check import Finding, ReadFiles, about_rows, counted, shown
from textrnn.corpus.labels import joined_labels, look_alike_groups, stands_for_nothing
from textrnn.errors import listed


def look_alike_labels(read: ReadFiles) -> Iterator[Finding]:
    """Classes that are probably one; those that stand for nothing are told by another check."""
    counts = read.label_counts
    groups = [group for group in look_alike_groups(counts) if not stands_for_nothing(group[0])]
    rarer = {label for group in groups for label in group[1:]}
    named = [" and ".join(f"{shown(repr(label))} ({counts[label]:,})" for label in group[:4]) for group in groups]
    for part in read.rows.values() if rarer else ():
        indices = part.having(rarer)
        if indices:
            yield about_rows(
                part,
                indices,
                "look-alike-labels",
                "warning",
                f"labels that look alike are classes of their own: {listed(named, most=4, widest=80)}",
                "write them alike, or join them with `merge_labels`",
                example="",
            )


def labels_for_nothing(read: ReadFiles) -> Iterator[Finding]:
    """Classes whose name says that there is no label; ``-`` beside ``+`` is a rating."""
    counts = read.label_counts
    nothing = {label for label in counts if stands_for_nothing(label) and not (label == "-" and "+" in counts)}
    for part in read.rows.values() if nothing else ():
        indices = part.having(nothing)
        if indices:
            here = Counter(label for label in part.every_label if label in nothing)
            named = listed([f"{label!r} {count:,}" for label, count in here.items()], most=8)
            yield about_rows(
                part,
                indices,
                "labels-for-nothing",
                "warning",
                f"{counted(len(indices), 'row')} with a word for nothing as the label, learnt as a class: {named}",
                "label these rows or leave them out, unless the word is a class",
                example="",
            )


def several_labels_in_a_cell(read: ReadFiles) -> Iterator[Finding]:
    """Combinations of labels, each of which would be a class of its own."""
    joined = {} if read.multi_label else joined_labels(read.label_counts)
    for part in read.rows.values() if joined else ():
        indices = [i for i, label in enumerate(part.labels) if label in joined]
        if indices:
            label = part.labels[indices[0]]
            parts = " and ".join(shown(repr(piece)) for piece in joined[label][:3])
            yield about_rows(
                part,
                indices,
                "several-labels-in-a-cell",
                "error",
                f"{counted(len(indices), 'row')} with several labels in one cell: {shown(repr(label), 40)} is {parts}, "
                "and would be a class of its own",
                "expected one label for each text: learn all of them with `multi_label`, keep the one that matters "
                "most, or have `check` with `fix` leave these rows out",
                example="",
            )

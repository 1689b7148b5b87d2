"""Labels that are probably not what was meant: look-alikes, words for nothing, several in one cell, never several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from textrnn.corpus.check import Finding, ReadFiles, about_rows, counted, shown
from textrnn.corpus.labels import joined_labels, look_alike_groups, perhaps_joined, stands_for_nothing
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


def perhaps_several_labels(read: ReadFiles) -> Iterator[Finding]:
    """Classes such as ``a&b`` beside ``a`` and ``b``: names, or two labels."""
    is_named = read.class_file is not None  # then somebody has said what the classes are
    joined = {} if read.multi_label or is_named else perhaps_joined(read.label_counts)
    for part in read.rows.values() if joined else ():
        indices = [i for i, label in enumerate(part.labels) if label in joined]
        if indices:
            label = part.labels[indices[0]]
            mark, pieces = joined[label]
            parts = " and ".join(shown(repr(piece)) for piece in pieces[:3])
            yield about_rows(
                part,
                indices,
                "perhaps-several-labels",
                "warning",
                f"{counted(len(indices), 'row')} of a class named like several others: {shown(repr(label), 40)}, "
                f"beside {parts}, is a class of its own",
                f"if {mark!r} joins the labels of a row, say so with `label_separator='{mark}'`",
                example="",
            )


def bars_in_labels(read: ReadFiles) -> Iterator[Finding]:
    """Classes such as ``a|b``, most of them, where neither stands alone: a class within a class, or two labels."""
    counts = read.label_counts
    barred = [] if read.multi_label else [label for label in counts if "|" in label.strip("|")]
    if 2 * len(barred) > len(counts) > 2 and not joined_labels(counts):
        yield Finding(
            "bars-in-labels",
            "warning",
            str(read.rows["train"].path),
            f"{len(barred):,} of {len(counts):,} classes have a '|' in their names, such as "
            f"{shown(repr(barred[0]), 40)}, and each is a class of its own",
            "if the mark joins the labels of a row, say so with `multi_label`",
        )


def never_several_labels(read: ReadFiles) -> Iterator[Finding]:
    """Rows that may have several labels, of which each has one: what joins them may be unknown."""
    sets = [labels for part in read.rows.values() for labels in part.label_sets or ()]
    if sets and all(len(labels) == 1 for labels in sets):
        yield Finding(
            "never-several-labels",
            "warning",
            str(read.rows["train"].path),
            f"every row has one label, such as {shown(repr(sets[0][0]), 40)}, and may have several",
            "if something joins labels, name it with `label_separator`; if each row has one, leave `multi_label` out",
        )

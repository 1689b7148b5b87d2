"""Are there classes to tell apart, and rows to learn each of them from?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from textrnn.corpus.check import (
    ExaminedDataset,
    ExaminedFiles,
    Finding,
    ReadDataset,
    ReadFiles,
    about_rows,
    counted,
    shown,
)
from textrnn.corpus.labels import class_indices, joined_labels, labels_are_names, merge_groups, stands_for_nothing
from textrnn.errors import listed, one_line

FEW_ROWS = 10  # to learn a class from
SMALL_SPLIT = 100  # rows
UNEQUAL = 20  # times as many rows of the commonest class as of the rarest


def one_class_only(read: ReadFiles) -> Iterator[Finding]:
    """There must be two classes at least."""
    if len(read.class_names) < 2 and read.class_file is not None:
        yield Finding(
            "one-class-only",
            "error",
            str(read.class_file),
            f"one line, {one_line(repr(read.class_names[0]), widest=60)}",
            "expected a line for each class, two or more, in the order of the indices",
        )
    elif len(read.class_names) < 2:
        only = one_line(repr(read.class_names[0]), widest=60) if read.class_names else ""
        of_several = f"the only label is {only}" if only else "no row has a label"
        yield Finding(
            "one-class-only",
            "error",
            str(read.rows["train"].path),
            of_several if read.multi_label else f"all rows are of the one class {only}",
            "expected two classes or more: there is nothing to tell apart",
        )


def nearly_as_many_classes_as_rows(read: ReadFiles) -> Iterator[Finding]:
    """Not every other row may have a class of its own; where rows have several, not every other label."""
    count, rows = len(read.class_names), read.label_counts.total()
    if count > 50 and count > rows / 2:
        yield Finding(
            "nearly-as-many-classes-as-rows",
            "error",
            str(read.rows["train"].path),
            f"{count:,} classes for {rows:,} {'labels of all rows' if read.multi_label else 'rows'}, such as "
            f"{one_line(repr(read.class_names[0]), widest=40)}",
            "expected few classes with many rows each: "
            + (
                "if '|' joins the labels of a row, say so with `multi_label`"
                if not read.multi_label and 2 * sum("|" in label for label in read.class_names) > count
                else "are text and label the wrong way round?"
            ),
        )


def unknown_labels(read: ExaminedFiles) -> Iterator[Finding]:
    """Every label must be the name or the index of a class of the file that names them."""
    by_name = labels_are_names(read.rows["train"].every_label, read.class_names)
    for part in read.rows.values() if read.class_file else ():
        labels = dict.fromkeys(part.every_label)
        strange = labels.keys() - class_indices(labels, read.class_names, by_name=by_name).keys()
        indices = part.having(strange)
        if indices:
            unknown = [repr(label) for label in labels if label in strange]
            origin = "lines" if by_name else f"indices, 0 to {len(read.class_names) - 1}, of the lines"
            yield about_rows(
                part,
                indices,
                "unknown-labels",
                "error",
                f"{counted(len(indices), 'row')} with a label that is no class: {listed(unknown, most=4)}",
                f"expected one of the {origin} of {read.class_file}: correct it, or add the class there",
                example="",
            )


def text_and_label_swapped(read: ReadFiles) -> Iterator[Finding]:
    """Of many rows, the labels are not all different and the texts the same."""
    part = read.rows["train"]
    if read.multi_label or any(nearly_as_many_classes_as_rows(read)):
        return
    if len(part) >= 20 and 2 * len(set(part.labels)) > len(part) and 5 * len(set(part.texts)) <= len(part):
        yield Finding(
            "text-and-label-swapped",
            "error",
            part.where(0),
            f"{len(set(part.labels)):,} different labels and {len(set(part.texts)):,} different texts in "
            f"{len(part):,} rows",
            "expected the reverse: text and label are the wrong way round, see `text_column` and `label_column`",
            part.labels[0],
        )


def class_without_training_row(read: ReadDataset) -> Iterator[Finding]:
    """Every class must have a row to learn from."""
    empty = [name for name, count in zip(read.class_names, read.class_counts("train"), strict=True) if not count]
    if empty and read.multi_label:
        yield Finding(
            "class-without-training-row",
            "warning",
            str(read.rows["train"].path),
            f"no training row of {counted(len(empty), 'label')}: {listed(map(repr, empty), most=6)}",
            "never answered: add rows, or take the labels out of the other splits",
        )
    elif empty:
        other = (
            f"or take them out of {read.class_file}"
            if read.class_file
            else "or take their rows out of the other splits"
        )
        yield Finding(
            "class-without-training-row",
            "error",
            str(read.rows["train"].path),
            f"no training row of class {listed(map(repr, empty))}{_first_elsewhere(read, empty)}",
            f"expected at least one of each: add some, {other}",
        )


def _first_elsewhere(read: ReadDataset, classes: Sequence[str]) -> str:
    """Where a row of one of these classes stands, if any does."""
    for split in ("dev", "test"):
        for at, index in enumerate(read.labels[split]):
            if read.class_names[index] in classes:
                return f" (that of {read.rows[split].where(at)})"
    return ""


def _told_of(counts: Mapping[str, int], *, multi_label: bool) -> set[str]:
    """Labels that other checks name: look-alikes of commoner ones, several in one, words for nothing."""
    joined = () if multi_label else joined_labels(counts)
    return {*merge_groups(counts), *joined, *filter(stands_for_nothing, counts)}


def _classes_learnt(read: ReadDataset) -> dict[str, int]:
    """Training rows by class, of those that no other check names."""
    counts = Counter(dict(zip(read.class_names, read.class_counts("train"), strict=True)))
    told = _told_of(+counts, multi_label=read.multi_label)
    return {name: counts[name] for name in read.class_names if name not in told}


def classes_of_one_row(read: ReadFiles) -> Iterator[Finding]:
    """A class with one row is learnt from it or tested by it, not both."""
    part = read.rows["train"]
    counts = read.label_counts
    told = _told_of(counts, multi_label=read.multi_label)
    if read.class_file:
        by_name = labels_are_names(part.every_label, read.class_names)
        told |= counts.keys() - class_indices(counts, read.class_names, by_name=by_name).keys()
    rare = [label for label in part.every_label if counts[label] == 1 and label not in told]
    if rare and len(counts) < len(part.every_label) / 2:
        indices, names = part.having(set(rare)), listed(list(map(repr, rare)), most=6)
        count = "1 class has" if len(rare) == 1 else f"{len(rare):,} classes have"
        yield about_rows(
            part,
            indices,
            "classes-of-one-row",
            "warning",
            f"{count} one row only: {names}",
            "never tested, hardly learnt: collect more, join them with others, or correct them if they are misspelt",
            example="",
        )


def classes_never_tested(read: ReadDataset) -> Iterator[Finding]:
    """The score says nothing about a class that has no test row."""
    tested = {name for name, count in zip(read.class_names, read.class_counts("test"), strict=True) if count}
    names = [repr(name) for name, count in _classes_learnt(read).items() if count > 1 and name not in tested]
    if names:
        yield Finding(
            "classes-never-tested",
            "warning",
            str(read.rows["test"].path),
            f"{counted(len(names), 'class has', 'classes have')} no row in the test split: {listed(names, most=6)}",
            "the score says nothing about them: collect more rows of each",
        )


def few_rows_of_a_class(read: ExaminedDataset) -> Iterator[Finding]:
    """Some rows of each class are needed to learn what its texts have in common."""
    few = {name: count for name, count in _classes_learnt(read).items() if 1 < count < FEW_ROWS}
    if few:
        names = [f"{name!r} {count}" for name, count in sorted(few.items(), key=lambda item: item[1])]
        yield Finding(
            "few-rows-of-a-class",
            "warning",
            str(read.rows["train"].path),
            f"{counted(len(few), 'class has', 'classes have')} fewer than {FEW_ROWS} training rows: "
            f"{listed(names, most=6)}",
            "hardly learnt: collect more of each, or join them with others",
        )


def unequal_classes(read: ExaminedDataset) -> Iterator[Finding]:
    """Where one class has most rows, a model that answers it always has a good accuracy."""
    ranked = [(name, count) for name, count in Counter(_classes_learnt(read)).most_common() if count > 1]
    if len(ranked) < 2 or read.multi_label:  # of several labels a row, some are always rare
        return
    (most, commonest), (least, rarest) = ranked[0], ranked[-1]
    share = commonest / len(read.labels["train"])
    if commonest >= UNEQUAL * rarest or share > 0.8:
        yield Finding(
            "unequal-classes",
            "warning",
            str(read.rows["train"].path),
            f"class {shown(repr(most))} has {commonest:,} training rows ({share:.0%}), {shown(repr(least))} {rarest:,}",
            "look at macro F1 rather than accuracy; `class_weight=balanced` finds more of the rare classes",
        )


def small_splits(read: ExaminedDataset) -> Iterator[Finding]:
    """A share of few rows is known only roughly."""
    for split in ("dev", "test"):
        count = len(read.rows[split])
        if count < SMALL_SPLIT:
            error = 100 * 1.96 * (0.8 * 0.2 / count) ** 0.5  # of an accuracy of 80 %
            yield Finding(
                "small-split",
                "warning",
                str(read.rows[split].path),
                f"the {split} split has {counted(count, 'row')}",
                f"an accuracy on it is known to about {error:.0f} points up or down: hold out more rows",
            )

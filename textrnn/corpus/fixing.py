"""A data set without what can be mended of what the checks find, and every change that this took.

Rows that cannot be used are left out of every file. Copies and contradictions are left out of the training file alone:
what a model is scored on stays what it was.
"""

from __future__ import annotations

import itertools
import random
import statistics
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textrnn.corpus.check import ReadFiles
from textrnn.corpus.cleaning import LONGEST_TEXT, OUTLIER, REPAIRS, ROUNDS, has_nothing_visible
from textrnn.corpus.labels import (
    are_sorted,
    class_indices,
    joined_labels,
    labels_are_names,
    look_alike_key,
    merge_groups,
    stands_for_nothing,
)
from textrnn.corpus.readers import Rows
from textrnn.corpus.similar import comparison_key, similar_rows

# What is mended, by the ids of the findings.
MENDED = frozenset({
    "class-without-training-row", "contradictory-labels", "control-characters", "duplicate-rows", "labels-for-nothing",
    "look-alike-labels", "lost-characters", "markup", "misread-characters", "near-duplicates", "nearly-repeated-texts",
    "nothing-visible", "repeated-texts", "several-labels-in-a-cell", "sorted-by-label", "unknown-labels",
    "very-long-texts", "rows-no-text", "rows-no-label",
})  # fmt: skip
FEW = 0.05  # of all rows with a word for nothing as the label; where there are more, it may be a class


@dataclass(frozen=True)
class Change:
    """What was done to a row.

    Attributes:
        line: in the file as it was, from 1; 0 for all of it
        what: the kind of change
        before, after: text or label; `after` is empty of a row that is left out
    """

    path: Path
    line: int
    what: str
    before: str = ""
    after: str = ""


@dataclass
class _Row:
    path: Path
    line: int
    text: str
    labels: tuple[str, ...]
    place: str

    @property
    def label(self) -> str:
        """The label; of several, all of them in one text, whatever their order."""
        return self.labels[0] if len(self.labels) == 1 else " | ".join(sorted(self.labels))


@dataclass
class Fixed:
    """What is left.

    Attributes:
        rows: by split, texts and labels as names of classes
        changes: in the order of files and lines
        class_names: of the file that names the classes, if there is one
        label_sets: by split, the labels of each row, where rows may have several or none
    """

    rows: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)
    label_sets: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)


class _Fixer:
    """Goes over the rows once for each kind of change."""

    def __init__(self, read: ReadFiles):
        self.read = read
        self.changes: list[Change] = []
        self.rows = {split: list(_rows_of(part)) for split, part in read.rows.items()}
        self.train = self.rows["train"]
        self.class_names = list(read.class_names) if read.class_file else []

    @property
    def every_row(self) -> Iterator[_Row]:
        for rows in self.rows.values():
            yield from rows

    def leave_out(self, why: Callable[[_Row], str], *, splits: Mapping[str, list[_Row]] | None = None) -> None:
        """Leave the rows out for which there is a reason."""
        for rows in (splits or self.rows).values():
            kept = []
            for row in rows:
                reason = why(row)
                if reason:
                    self.changes.append(Change(row.path, row.line, reason, f"{row.label}: {row.text}"))
                else:
                    kept.append(row)
            rows[:] = kept

    def relabel(self, labels_of: Callable[[_Row], Iterable[str]], what: str, splits: Iterable[str] = ()) -> None:
        """Give rows other labels, each once."""
        for row in itertools.chain.from_iterable(self.rows[split] for split in splits or self.rows):
            labels = tuple(dict.fromkeys(labels_of(row)))
            if labels != row.labels:
                before, row.labels = row.label, labels
                self.changes.append(Change(row.path, row.line, what, before, row.label))

    def rename(self, names: Mapping[str, str], what: str) -> None:
        """Give labels another name."""
        self.relabel(lambda row: (names.get(label, label) for label in row.labels), what)

    def leave_out_labels(self, labels: Container[str], why: str, splits: Iterable[str] = ()) -> None:
        """Leave these labels out of their rows; where each row has one label, the row with it."""
        if self.read.multi_label:
            self.relabel(lambda row: (label for label in row.labels if label not in labels), f"{why} left out", splits)
        else:
            chosen = {split: self.rows[split] for split in splits or self.rows}
            self.leave_out(lambda row: why if row.label in labels else "", splits=chosen)

    def note_what_was_left_out(self) -> None:
        """What the reader did not take is not in the copy."""
        readings = {id(part.reading): part.reading for part in self.read.rows.values() if part.reading is not None}
        for reading in readings.values():
            for row in reading.left_out:
                self.changes.append(Change(row.path or reading.path, row.line, f"left out: {row.reason}", row.content))
            for line in reading.stripped_lines:
                self.changes.append(Change(reading.path, line, "control-characters"))

    def repair_texts(self) -> None:
        lengths = [len(row.text) for row in self.every_row]
        longest = int(max(LONGEST_TEXT, OUTLIER * statistics.median(lengths)))
        for row in self.every_row:
            for what, is_wrong, repair in REPAIRS * ROUNDS:
                if is_wrong(row.text):
                    self.change_text(row, repair(row.text).strip(), what)
            if len(row.text) > longest:
                self.change_text(row, row.text[:LONGEST_TEXT].strip(), "very long text cut")
        self.leave_out(lambda row: "no visible text" if has_nothing_visible(row.text) else "")

    def change_text(self, row: _Row, text: str, what: str) -> None:
        self.changes.append(Change(row.path, row.line, what, row.text, text))
        row.text = text

    def repair_labels(self) -> None:
        """Labels become names of classes, look-alikes one; what is none or several is left out."""
        names, class_file = list(self.read.class_names), self.read.class_file
        if class_file and not labels_are_names([label for row in self.train for label in row.labels], names):
            index_of = class_indices(self._labels(), names, by_name=False)
            for row in self.every_row:
                row.labels = tuple(names[index_of[label]] if label in index_of else label for label in row.labels)
        if class_file:
            by_key = {look_alike_key(name): name for name in names}
            strange = [label for label in self._labels() if label not in names]
            self.rename({label: by_key.get(look_alike_key(label), label) for label in strange}, "look-alike label")
            counts = self._labels()
            for label in counts:  # so many rows are no slips
                if label not in names and counts[label] > FEW * counts.total():
                    names.append(label)
                    self.changes.append(Change(class_file, 0, "class added", "", label))
            self.leave_out_labels(self._labels().keys() - set(names), "label that is no class")
            self.class_names = names
            return
        self.rename(merge_groups(self._labels()), "look-alike label")
        counts = self._labels()
        nothing = {label for label in counts if stands_for_nothing(label) and not (label == "-" and "+" in counts)}
        if sum(counts[label] for label in nothing) <= FEW * counts.total():
            self.leave_out_labels(nothing, "label for nothing")
        if not self.read.multi_label:
            self.leave_out_labels(joined_labels(self._labels()), "several labels")

    def _labels(self) -> Counter[str]:
        return Counter(label for row in self.every_row for label in row.labels)

    def leave_out_contradictions(self) -> None:
        """Of a text under several labels, the one that most of its rows have stays; none where there is no such one."""
        by_text: dict[str, Counter[str]] = {}
        for row in self.train:
            by_text.setdefault(row.text, Counter())[row.label] += 1
        winners = {}
        for text, counts in by_text.items():
            (label, count), *others = counts.most_common()
            if others:
                winners[text] = label if 2 * count > counts.total() else ""
        self.leave_out(
            lambda row: "contradictory label" if winners.get(row.text, row.label) != row.label else "",
            splits={"train": self.train},
        )

    def leave_out_copies(self) -> None:
        """Rows of the training file that stand in a held-out file, then those that repeat another."""
        held_out: dict[str, str] = {}
        for rows in (rows for split, rows in self.rows.items() if split != "train"):
            for row in rows:
                held_out.setdefault(comparison_key(row.text), f"{row.path.name}:{row.line}")
        train = {"train": self.train}

        def stands_there(row: _Row) -> str:
            place = held_out.get(comparison_key(row.text))
            return f"stands in {place}, too" if place else ""

        self.leave_out(stands_there, splits=train)
        seen: dict[tuple[str, str], _Row] = {}

        def repeats(row: _Row) -> str:
            first = seen.setdefault((comparison_key(row.text), row.label), row)
            return "" if first is row else f"repeats {first.place}"

        self.leave_out(repeats, splits=train)
        while earlier := self._similar():
            self.leave_out(lambda row, earlier=earlier: earlier.get(id(row), ""), splits=train)  # type: ignore[misc]

    def _similar(self) -> dict[int, str]:
        """Of training rows that nearly are an earlier one, which one."""
        texts, labels = [row.text for row in self.train], [row.label for row in self.train]
        pairs = similar_rows(texts, labels, list(map(comparison_key, texts)))
        return {id(self.train[later]): f"nearly {self.train[first].place}" for first, later in pairs}

    def leave_out_unlearnt(self) -> None:
        """Classes without a training row cannot be learnt, and their rows elsewhere not be answered."""
        learnt = {label for row in self.train for label in row.labels}
        held_out = [split for split in self.rows if split != "train"]
        if held_out:
            self.leave_out_labels(self._labels().keys() - learnt, "class without a training row", held_out)
        for name in self.class_names:
            if self.read.class_file and name not in learnt:
                self.changes.append(Change(self.read.class_file, 0, "class without a training row", name))
        self.class_names = [name for name in self.class_names if name in learnt]

    def shuffle(self) -> None:
        if are_sorted([row.label for row in self.train]):
            random.Random(0).shuffle(self.train)
            self.changes.append(Change(self.read.rows["train"].path, 0, "shuffled", "sorted by label", "seed 0"))


def _rows_of(part: Rows) -> Iterator[_Row]:
    sets = [(label,) for label in part.labels] if part.label_sets is None else part.label_sets
    for i, (text, labels) in enumerate(zip(part.texts, sets, strict=True)):
        line = part.line_numbers[i]
        if part.files is None:
            yield _Row(part.path, line, text, labels, f"line {line}")
        else:
            yield _Row(part.files[i], line, text, labels, part.files[i].name)


def fixed(read: ReadFiles) -> Fixed:
    """The data set as it should be."""
    fixer = _Fixer(read)
    fixer.note_what_was_left_out()
    fixer.repair_texts()
    fixer.repair_labels()
    fixer.leave_out_contradictions()
    fixer.leave_out_copies()
    fixer.leave_out_unlearnt()
    fixer.shuffle()
    order = {part.path: place for place, part in enumerate(read.rows.values())}
    changes = sorted(fixer.changes, key=lambda change: (order.get(change.path, 0), str(change.path), change.line))
    rows = {split: [(row.text, row.label) for row in part] for split, part in fixer.rows.items()}
    sets = {split: [row.labels for row in part] for split, part in fixer.rows.items()} if read.multi_label else {}
    return Fixed(rows, changes, fixer.class_names, sets)

"""Records with their answers, and what the columns of answers are called.

Shapes: N records, K classes of each.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textrnn.corpus.readers.given import Block
from textrnn.report.notes import words
from textrnn.report.verdict import bare
from textrnn.saved.answers import Answers
from textrnn.saved.classifier import Classifier

JOINED_BY = ("|", ";", ",", "/")  # what the reader takes labels apart by; their wide forms, too
WIDE = {"|": "｜", ";": "；", ",": "，", "/": "／"}


@dataclass
class Answered:
    """Records with the answers to them.

    Attributes:
        places: of each record with an answer, its place in the block
    """

    block: Block
    answers: Answers
    places: Sequence[int]

    def below(self, probability: float) -> Answered:
        """The records whose answers are less probable than this; where there may be several labels, those with a label
        whose being given, or not given, is."""
        kept = [at for at, share in enumerate(self.answers.sureness.tolist()) if share < probability]
        answers, block = self.answers, self.block
        places = [self.places[at] for at in kept]
        part = Block(
            [block.lines[place] for place in places],
            [block.cells[place] for place in places],
            [block.texts[place] for place in places],
            others={at: block.others[place] for at, place in enumerate(places) if place in block.others},
        )
        of_part = Answers(
            answers.class_names, answers.labels[kept], answers.probabilities[kept], answers.unusual[kept],
            answers.pad_size, None if answers.taken is None else answers.taken.select(kept),
        )  # fmt: skip
        return Answered(part, of_part, range(len(kept)))

    def columns(self) -> tuple[list[list[str | None]], list[list[float | None]], list[str | None], list[str | None]]:
        """Labels and probabilities, K columns of each, notes and errors; None where there is nothing."""
        count, names = len(self.block), self.answers.class_names
        labels, shares = self.answers.labels.T.tolist(), self.answers.probabilities.T.tolist()
        named = [[names[label] for label in column] for column in labels]
        notes: list[str | None] = [None] * count
        for at, note in self.answers.notes.items():
            notes[self.places[at]] = bare(words(note))
        if len(self.places) == count:
            return named, shares, notes, [None] * count
        errors = [self.block.errors.get(at) for at in range(count)]
        return [self._spread(c) for c in named], [self._spread(c) for c in shares], notes, errors

    def taken(self) -> list[list[tuple[str, float]] | None]:
        """Where there may be several labels, those of each record, likeliest first; None where it has no answer."""
        names, taken = self.answers.class_names, self.answers.taken
        assert taken is not None, "one label a text"
        found: list[list[tuple[str, float]] | None]
        found = [[(names[label], share) for label, share in taken.of(at)] for at in range(len(self.places))]
        return found if len(self.places) == len(self.block) else self._spread(found)

    def _spread(self, column: Sequence[Any]) -> list[Any]:
        spread: list[Any] = [None] * len(self.block)
        for place, value in zip(self.places, column, strict=True):
            spread[place] = value
        return spread


@dataclass(frozen=True)
class Added:
    """The names of the columns behind those of the input, which has none of them.

    Attributes:
        several: whether a text may have several labels
    """

    prefix: str
    top_k: int
    several: bool = False

    @classmethod
    def beside(cls, columns: Sequence[str], top_k: int, *, several: bool = False) -> Added:
        """``label``, ``probability``, ..., or ``predicted_label`` and so on where one of them is taken."""
        taken = {name.strip().casefold() for name in columns}
        number, added = 1, cls("", top_k, several)
        while taken.intersection((*added.flat, added.name("classes"))):
            prefix = f"predicted_{number}_" if number > 1 else "predicted_"
            added, number = cls(prefix, top_k, several), number + 1
        return added

    @property
    def ranks(self) -> range:
        """Those of the likeliest classes that have columns with a number."""
        return range(2 - (self.several and self.top_k > 1), self.top_k + 1)

    def name(self, name: str) -> str:
        """One of them."""
        return self.prefix + name

    @property
    def flat(self) -> list[str]:
        """All, for a table: where there may be several labels, those that are given, and then the likeliest classes if
        more than one is asked for."""
        names = ["labels", "probabilities"] if self.several else ["label", "probability"]
        for rank in self.ranks:
            names += [f"label_{rank}", f"probability_{rank}"]
        return list(map(self.name, [*names, "note", "error"]))


@dataclass(frozen=True)
class Joining:
    """How several labels stand in one cell of a table, so that the reader takes them apart.

    Attributes:
        mark: between them; "": a list as JSON has it, where each mark is in the name of a class
    """

    mark: str = "|"

    @classmethod
    def of(cls, classifier: Classifier) -> Joining | None:
        """What joined them where they were learnt, or a mark that is in no name; None: one label a text."""
        if not classifier.multi_label:
            return None
        forms = [file["several_labels"] for file in classifier.read if file.get("several_labels")]
        used = set("".join(classifier.class_names))
        free = (
            mark
            for mark in [*(form["separator"] for form in forms), *JOINED_BY]
            if mark and used.isdisjoint({*mark, WIDE.get(mark, mark)})
        )
        return cls(next(free, ""))

    def joined(self, values: Sequence[str]) -> str:
        """One cell."""
        return self.mark.join(values) if self.mark else json.dumps(list(values), ensure_ascii=False)

"""What a column of a table is like, by a sample of its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from textrnn.corpus.labels import JOINED_BY, canonical_label, parts_of

NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
LONGEST_LABEL = 60  # characters, on average
JOINED = 0.1  # of the cells of a column of several labels, those that have two or more


@dataclass(frozen=True)
class Column:
    """What a sample of a column is like."""

    at: int
    filled: int
    distinct: int
    mean_length: float
    numbers: float
    counts: Counter[str]
    rows: int = 0

    @staticmethod
    def of(at: int, records: Sequence[Sequence[str]]) -> Column:
        """The column `at` of records."""
        values = [canonical_label(record[at]) for record in records if at < len(record)]
        counts = Counter(value for value in values if value)
        filled = counts.total()
        length = sum(len(value) * count for value, count in counts.items()) / max(1, filled)
        numbers = sum(count for value, count in counts.items() if NUMBER.fullmatch(value)) / max(1, filled)
        return Column(at, filled, len(counts), length, numbers, counts, len(records))

    @property
    def share_distinct(self) -> float:
        """Different values in those that are there."""
        return self.distinct / max(1, self.filled)

    @property
    def may_be_label(self) -> bool:
        """Whether values repeat, as those of classes do."""
        return 2 <= self.distinct <= max(2, self.filled / 2) and self.mean_length <= LONGEST_LABEL

    @property
    def may_be_labels(self) -> bool:
        """Whether the values are joined by a mark, and repeat once they are taken apart, as labels of a row do."""
        for mark in JOINED_BY:
            parts = [(parts_of(value, mark), count) for value, count in self.counts.items()]
            if sum(count for each, count in parts if len(each) > 1) < JOINED * max(1, self.filled):
                continue
            apart = Counter[str]()
            for each, count in parts:
                apart.update(dict.fromkeys(each, count))
            length = sum(len(part) * count for part, count in apart.items()) / max(1, apart.total())
            if 2 <= len(apart) <= apart.total() / 3 and length <= LONGEST_LABEL:
                return True
        return False

    @property
    def may_be_text(self) -> bool:
        """Whether these are words rather than numbers."""
        return self.numbers < 0.5 and self.distinct > 1

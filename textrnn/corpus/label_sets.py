"""Several labels a row, sparsely: a row costs four bytes for each label that it has, not for each that there is.

Shapes: N rows, M labels of all rows, C classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelSets:
    """The classes of each row: those of row i are ``indices[offsets[i]:offsets[i + 1]]``, rising, perhaps none.

    Attributes:
        indices: int32, (M,): class indices
        offsets: int64, (N + 1,)
    """

    indices: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Iterable[Iterable[int]]) -> LabelSets:
        """From class indices row by row, in any order, repeats counted once."""
        sets = [sorted(set(row)) for row in rows]
        offsets = np.zeros(len(sets) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, sets), np.int64, len(sets)), out=offsets[1:])
        flat = (index for each in sets for index in each)
        return cls(np.fromiter(flat, np.int32, int(offsets[-1])), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        for start, end in zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True):
            yield tuple(self.indices[start:end].tolist())

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(N,): labels of each row."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> NDArray[np.int64]:
        """(M,): the row of each entry of `indices`."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def counts(self, class_count: int) -> NDArray[np.int64]:
        """(C,): rows that have each class."""
        return np.bincount(self.indices, minlength=class_count)

    def select(self, rows: Sequence[int]) -> LabelSets:
        """The rows at these places, in that order."""
        every = list(self)
        return LabelSets.of(every[row] for row in rows)

    def dense(self, class_count: int) -> NDArray[np.bool_]:
        """(N, C). For few rows at a time: it needs N * C bytes."""
        found = np.zeros((len(self), class_count), dtype=np.bool_)
        found[self.rows, self.indices] = True
        return found

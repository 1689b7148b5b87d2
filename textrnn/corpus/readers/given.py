"""Records of a file of texts that are to be answered, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from textrnn.corpus.readers.rows import Reading


class Absent:
    """Stands in the place of a key that a JSON record does not have."""


ABSENT = Absent()


@dataclass
class Block:
    """Some records of a file, in its order.

    Attributes:
        lines: where each begins, from 1; in a workbook or a Parquet file, the row
        cells: as many of each as there are columns
        texts: empty where there is none
        errors: what is wrong with a record, by its place in the block; it has no answer
        others: keys of a JSON record that are no column, by its place in the block
    """

    lines: list[int] = field(default_factory=list)
    cells: list[Sequence[Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    others: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass
class GivenTexts:
    """A file of texts, once it is known what it is.

    Attributes:
        reading: what was understood of it
        columns: of every record
        schema: Arrow's, of a Parquet file
        unit: in which progress is counted, ``B`` or ``rows``
        total: of these; None where it is not known
    """

    reading: Reading
    columns: tuple[str, ...]
    schema: Any = None
    unit: str = "rows"
    total: int | None = None
    _blocks: Callable[[], Iterator[Block]] = field(default=lambda: iter(()), repr=False)
    _position: Callable[[], int] | None = field(default=None, repr=False)
    _done: int = field(default=0, repr=False)

    def blocks(self, size: int) -> Iterator[Block]:
        """All records, `size` at a time; once."""
        held = Block()
        for block in self._blocks():
            self._done += len(block)
            start = 0
            while start < len(block):
                start = moved(block, start, held, size)
                if len(held) == size:
                    yield held
                    held = Block()
        if len(held):
            yield held

    @property
    def done(self) -> int:
        """How far the reading is, in `unit`."""
        return self._done if self._position is None else self._position()


def moved(block: Block, start: int, held: Block, size: int) -> int:
    """Records from `start` on into another block, until that is full; gives where to go on."""
    end = min(len(block), start + size - len(held))
    shift = len(held) - start
    held.errors |= {at + shift: error for at, error in block.errors.items() if start <= at < end}
    held.others |= {at + shift: keys for at, keys in block.others.items() if start <= at < end}
    held.lines += block.lines[start:end]
    held.cells += block.cells[start:end]
    held.texts += block.texts[start:end]
    return end

"""What a quotation mark swallowed that closes far from where it opens: lines inside a field that are rows themselves.

record over several lines -> the lines inside its field -> those that read as rows
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textrnn.corpus.readers.delimited import Dialect, Record, split_fields

AsRow = Callable[[list[str]], bool]  # whether fields are a row like the others


@dataclass(frozen=True)
class Inside:
    """The field of a record that spans lines.

    Attributes:
        at: its place
        first: its beginning, on the line where the mark opens
        lines: what stands on the lines after that, the last one with the fields behind the closing mark
    """

    at: int
    first: str
    lines: list[tuple[int, str]]
    dialect: Dialect
    closing: str

    @staticmethod
    def of(record: Record, dialect: Dialect) -> Inside:
        """Of the field with most lines."""
        at = max(range(len(record.fields)), key=lambda field: record.fields[field].count("\n"))
        first, *inner = record.fields[at].split("\n")
        number = record.line + sum(cell.count("\n") for cell in record.fields[:at])
        behind = record.fields[at + 1 :]
        closing = dialect.separator.join([f'{inner[-1]}"', *behind]) if inner else ""
        if inner:
            inner[-1] = dialect.separator.join([inner[-1], *behind])
        return Inside(at, first, list(enumerate(inner, number + 1)), dialect, closing)

    def count_rows(self, is_row: AsRow, *, is_text: bool) -> int:
        """How many of the lines are rows, the first one among them; the last one of a text has a label in any case."""
        texts = [self.first, *(text for _, text in (self.lines[:-1] if is_text else self.lines))]
        return sum(is_row(split_fields(text, self.dialect)[0]) for text in texts)

    def rows(self, is_row: AsRow) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]]]:
        """The lines after the first that are rows, as fields, and those that are none."""
        rows, others = [], []
        for at, (number, text) in enumerate(self.lines, 1):
            # The mark that closed the field may have been one that opens the last line's own.
            readings = [text, self.closing] if at == len(self.lines) else [text]
            found = [fields for reading in readings if is_row(fields := split_fields(reading, self.dialect)[0])]
            if found:
                rows.append((number, found[0]))
            elif text.strip():
                others.append((number, text))
        return rows, others

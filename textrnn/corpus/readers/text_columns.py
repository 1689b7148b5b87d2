"""Which columns of a table hold the text that is to be answered, where nobody asks for a label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textrnn.config import DataConfig
from textrnn.corpus.readers.column import Column
from textrnn.corpus.readers.columns import (
    PLAIN,
    has_row_numbers,
    named_column,
    names_columns,
    records_above,
    text_column,
)
from textrnn.corpus.readers.names import FAR, rank_as_text

SEVERAL = 3  # rows with a field too many; of fewer, that may be a comma in each text
Read = Sequence[Mapping[str, Any]]  # what a model's own files were understood as, see Reading.to_dict


@dataclass(frozen=True)
class TextLayout:
    """Where the text stands in a record.

    Attributes:
        names: of all columns, each once; ``column 2`` where the file does not name them
        text_at: columns that are joined
        skipped: records above the first one, such as a title
    """

    names: tuple[str, ...]
    has_header: bool
    text_at: tuple[int, ...]
    skipped: int = 0


def find_text_columns(
    sample: Sequence[Sequence[str]], config: DataConfig, read: Read, where: str, *, named: bool = False
) -> TextLayout:
    """Where the text stands: in the column that was named, else in those that the model has learnt from, else in the
    one that looks most like texts.

    Args:
        sample: the first records.
        where: path and line of the first one, for messages.
        named: whether the format itself names the columns; the first record is these names then.

    Raises:
        DataError: if the column that was named is not there, or none looks like texts.
    """
    skipped = 0 if named else records_above(sample, config, None)
    first, others = sample[skipped], sample[skipped + 1 :]
    has_header = named or is_header(first, others, config, read)
    names = [name.strip() or f"column {at}" for at, name in enumerate(first, 1)]
    if not has_header:
        width = Counter(map(len, sample[skipped:])).most_common(1)[0][0]
        names = [f"column {at}" for at in range(1, width + 1)]
    elif not named and others and len(names) > 1 and not first[-1].strip() and _ends_blank(others, len(names)):
        names.pop()  # a separator after the last field of every row, the header's too
    elif not named and len(others) >= SEVERAL and has_row_numbers(len(names), others):
        names.insert(0, "row number")
    records = others if has_header else sample[skipped:]
    text_at = [
        at
        for column in config.text_column or ()
        if (at := named_column(column, names, has_header, "text_column", where)) is not None
    ]
    text_at = text_at or learnt_columns(names, read, has_header=has_header)
    if not text_at:
        columns = [Column.of(at, records) for at in range(len(names))]
        text_at = [text_column(names, has_header, columns, where)]
    return TextLayout(tuple(_each_once(names)), has_header, tuple(text_at), skipped)


def is_header(first: Sequence[str], others: Sequence[Sequence[str]], config: DataConfig, read: Read) -> bool:
    """Whether the first record names the columns."""
    if config.header is not None:
        return config.header
    names = [name.strip() for name in first]
    asked = [column for column in config.text_column or () if not column.strip().isdecimal()]
    if (asked and set(asked) <= set(names)) or learnt_columns(names, read, has_header=True):
        return True
    usual = [at for at, name in enumerate(names) if (rank := rank_as_text(name)) is not None and rank < FAR]
    alike = sum(len(record) == len(first) for record in others) >= PLAIN * len(others)
    again = any(len(record) > at and record[at].strip() == names[at] for record in others for at in usual)
    return (bool(usual) and alike and not again) or names_columns(first, others, config, None)


def learnt_columns(names: Sequence[str], read: Read, *, has_header: bool) -> list[int]:
    """The columns that a model has learnt from, by their names, or where neither has any by their places."""
    for file in read:
        texts = list(file["text_columns"])
        if has_header and file.get("header") is not False and texts and set(texts) <= set(names):
            return [list(names).index(name) for name in texts]
        width = len(texts) + (len(file.get("label_columns", ())) or 1) + len(file.get("other_columns", ()))
        if not has_header and file.get("header") is False and len(names) == width and set(texts) <= set(names):
            return [list(names).index(name) for name in texts]
    return []


def _ends_blank(records: Sequence[Sequence[str]], width: int) -> bool:
    return all(not record[-1].strip() for record in records if len(record) == width)


def _each_once(names: Sequence[str]) -> list[str]:
    """Names, the second of two that are alike with a number behind it."""
    found: dict[str, None] = {}
    for name in names:
        number, own = 2, name
        while own in found:
            own, number = f"{name} {number}", number + 1
        found[own] = None
    return list(found)

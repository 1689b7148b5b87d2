"""Texts to answer for that come from standard input: one a line, or the text column of a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textrnn.config import DataConfig
from textrnn.corpus.readers import decode
from textrnn.corpus.readers.tables import Table, open_table
from textrnn.corpus.sources.content import Content
from textrnn.errors import DataError, Note, listed


def texts_in(content: Content, config: DataConfig, read: Sequence[dict[str, Any]]) -> tuple[list[str], Note | None]:
    """The texts, and a note on how they were read, where that is to be said.

    A model that has learnt from named columns of a table finds them again in a table with the same names; anything else
    is one text a line, blank lines among them.

    Args:
        content: of standard input.
        config: how the model's own data was to be read.
        read: what was understood of that data, see :meth:`textrnn.corpus.readers.Reading.to_dict`.

    Raises:
        DataError: if it cannot be decoded, or a row of the table has more or fewer fields than its header.
    """
    columns = next((list(each["text_columns"]) for each in read if each.get("header") is not False), [])
    texts = _of_table(content, config, columns) if columns else None
    if texts is None:
        lines, note = _lines(content, config.encoding)
        if not lines or columns != [_bare(lines[0])]:
            return lines, note
        texts = _of_single_column(lines[1:])
    return texts, Note("column_taken", path=content.path, columns=listed(columns), rows=len(texts))


def _lines(content: Content, encoding: str | None) -> tuple[list[str], Note | None]:
    kind = content.kind()
    if kind is not None:
        raise kind.refusal(content.path)
    text, note = decode(content.read(), content.path, encoding)
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n") if text], note


def _bare(name: str) -> str:
    return name.strip().strip('"')


def _of_single_column(lines: Sequence[str]) -> list[str]:
    """The cells below a header: as CSV where they are quoted so, else the lines."""
    rows = list(csv.reader(f"{line}\n" for line in lines))
    return ["".join(row) for row in rows] if all(len(row) < 2 for row in rows) else list(lines)


def _of_table(content: Content, config: DataConfig, columns: Sequence[str]) -> list[str] | None:
    """The texts of these columns; None if it is no table that has them."""
    try:
        table = open_table(content, replace(config, text_column=None, label_column=None, header=None))
        names = [name.strip() for name in next(table.records)[1]]
    except (DataError, StopIteration):
        return None
    if not set(columns) <= set(names):
        return None
    return _column(table, [names.index(name) for name in columns], len(names))


def _column(table: Table, at: Sequence[int], width: int) -> list[str]:
    """The cells at some places of each record, joined."""
    texts = []
    for line, fields, odd in table.records:
        if len(fields) < width or any(map(str.strip, fields[width:])):  # blank: a separator after the last field
            counted = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
            problem = odd if isinstance(odd, str) else f"{counted} instead of {width}"
            raise DataError(
                f"{table.content.path}:{line}: {problem}; expected a row like the others: mend it, or give the texts "
                "alone, one a line"
            )
        texts.append(" ".join(part for place in at if (part := fields[place].strip())))
    return texts

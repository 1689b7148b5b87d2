"""A file of any format as one table: records of cells, and what was found out about its form.

This is the one place that decides.

Content -> kind -> encoding -> form -> Table
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from textrnn.config import DataConfig
from textrnn.corpus.readers.delimited import Record, read_records
from textrnn.corpus.readers.encodings import Encoding, find_encoding, read_lines
from textrnn.corpus.readers.fasttext import has_glued_commas, read_fasttext
from textrnn.corpus.readers.form import SAMPLED_LINES, Form, find_form
from textrnn.corpus.readers.json_records import NotJSON, read_json
from textrnn.corpus.readers.parquet import read_parquet
from textrnn.corpus.readers.workbooks import read_workbook
from textrnn.corpus.sources.content import Content
from textrnn.errors import DataError

WORKBOOKS = ("excel", "old-excel", "opendocument")
SAMPLED_RECORDS = 5000  # by which the columns are judged
RecordAt = tuple[int, list[str], Record | NotJSON | None]  # line, cells, what is odd about it
Records = Iterator[RecordAt]


@dataclass
class Table:
    """Records of a file.

    Attributes:
        records: (line, cells, what is odd about it)
        named: whether the format names the columns; the first record is these names then
        encoding: None for formats that have none
        form: of a text file
        details: what was assumed, in words
    """

    content: Content
    format: str
    records: Records
    named: bool = False
    encoding: Encoding | None = None
    form: Form | None = None
    details: list[str] = field(default_factory=list)


def open_table(content: Content, config: DataConfig) -> Table:
    """Find out what a file is, and read it as a table.

    Raises:
        DataError: if it is no table of texts, with what it is instead.
    """
    kind = content.kind()
    if kind is not None and kind.name in WORKBOOKS:
        rows, details = read_workbook(content, kind.words)
        return Table(content, kind.words.removeprefix("an ").removeprefix("a "), _plain(rows), details=list(details))
    if kind is not None and kind.name == "parquet":
        names, rows = read_parquet(content)
        return Table(content, "Parquet", _plain(itertools.chain([(0, names)], rows)), named=True)
    if kind is not None:
        raise kind.refusal(content.path)
    encoding = find_encoding(content.open, content.path, config.encoding)
    return _table_of_text(content, encoding, config)


def _plain(rows: Iterable[tuple[int, list[str]]]) -> Records:
    return ((number, cells, None) for number, cells in rows if any(map(str.strip, cells)))


def _table_of_text(content: Content, encoding: Encoding, config: DataConfig) -> Table:
    sample, is_cut = first_lines(content, encoding)
    if not any(map(str.strip, sample)):
        raise DataError(f"{content.path}: the file is empty; expected one labelled text a line")

    def whole_text() -> str:
        return "\n".join(itertools.chain.from_iterable(lines for _, lines in read_lines(content.open, encoding)))

    path = content.path.with_name(content.name)
    form = find_form(sample, path, config, whole_text=whole_text, is_cut=is_cut)
    table = Table(content, form.name, iter(()), encoding=encoding, form=form, details=list(form.details))
    blocks = read_lines(content.open, encoding)
    if form.kind == "json":
        table.format, objects = read_json(blocks, content.path, whole_text)
        table.records, table.named = _records_of_objects(objects), True
    elif form.kind == "fasttext":
        glued = has_glued_commas(sample)
        table.details += ["a comma ends a label"] if glued else []
        cells = ((number, cells) for number, cells in read_fasttext(blocks, glued=glued))
        table.records = ((n, c, None) for n, c in itertools.chain([(0, ["text", "label"])], cells))
        table.named = True
    else:
        table.records = read_records(without_first(blocks, form.skipped), form.dialect)
    return table


def first_lines(content: Content, encoding: Encoding) -> tuple[list[str], bool]:
    """The first lines that may be looked at, and whether there are more."""
    sample: list[str] = []
    most = SAMPLED_LINES
    for _, lines in read_lines(content.open, encoding):
        if len(sample) == most - SAMPLED_LINES:  # nothing but blank lines so far
            blank = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
            most += blank
        sample += lines[: most + 1 - len(sample)]
        if len(sample) > most:
            return sample[:most], True
    return sample, False


def without_first(blocks: Iterable[tuple[int, list[str]]], skipped: int) -> Iterator[tuple[int, list[str]]]:
    for first, lines in blocks:
        if first <= skipped:
            yield skipped + 1, lines[skipped + 1 - first :]
        else:
            yield first, lines


def _records_of_objects(objects: Iterator[tuple[int, dict[str, str] | NotJSON]]) -> Records:
    """Objects as rows, below a row of all keys that the first of them have."""
    sample = list(itertools.islice(objects, SAMPLED_RECORDS))
    names = list(dict.fromkeys(key for _, cells in sample if isinstance(cells, dict) for key in cells))
    yield 0, names, None
    for number, cells in itertools.chain(sample, objects):
        if isinstance(cells, dict):
            yield number, [cells.get(name, "") for name in names], None
        else:
            yield number, [], cells

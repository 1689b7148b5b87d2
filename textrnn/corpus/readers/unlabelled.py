"""Texts of a file that are to be answered, whatever its format: every record with all of its cells, block by block.

content -> table or lines -> which columns hold the text -> blocks of records, each with its text, or what is wrong
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from textrnn.config import DataConfig
from textrnn.corpus.readers.columns import PLAIN
from textrnn.corpus.readers.delimited import Dialect, Record, read_records
from textrnn.corpus.readers.encodings import Encoding, encoding_name, find_encoding, read_lines
from textrnn.corpus.readers.fasttext import has_glued_commas, read_fasttext
from textrnn.corpus.readers.form import find_form
from textrnn.corpus.readers.given import ABSENT, Block, GivenTexts, moved
from textrnn.corpus.readers.json_records import NotJSON, as_object, cell_of, flattened, json_values
from textrnn.corpus.readers.parquet import parquet_values
from textrnn.corpus.readers.rows import Reading
from textrnn.corpus.readers.tables import SAMPLED_RECORDS, WORKBOOKS, first_lines, without_first
from textrnn.corpus.readers.text_columns import Read, TextLayout, find_text_columns, is_header, learnt_columns
from textrnn.corpus.readers.workbooks import read_workbook
from textrnn.corpus.sources.content import Content
from textrnn.errors import DataError, UnlabelledError

TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".psv")
LOST = "\ufffd"
NOTHING = "\\N"  # as databases write it
LINES = "one text a line"
AT_ONCE = 4096  # records


# Line, cells (an object of JSON as it is), what is odd about it.
GivenRecord = tuple[int, Any, "Record | NotJSON | None"]


def open_given(content: Content, config: DataConfig, read: Read = (), *, separator: str | None = None) -> GivenTexts:
    """Find out what a file is, and where its texts stand.

    Args:
        config: how it is to be read, where that is not to be found out.
        read: what the model's own files were understood as: columns that it has learnt from are found again.
        separator: that the user named for those files; the same is taken where it stands in the first line.

    Raises:
        DataError: if it holds no text at all, or the column that was named is not there.
    """
    kind = content.kind()
    if kind is not None and kind.name in WORKBOOKS:
        rows, details = read_workbook(content, kind.words)
        records: Iterator[GivenRecord] = ((n, cells, None) for n, cells in rows if any(map(str.strip, cells)))
        name = kind.words.removeprefix("an ").removeprefix("a ")
        return _Opened(content, config, read, name, list(details)).table(records)
    if kind is not None and kind.name == "parquet":
        schema, total, values = parquet_values(content)
        opened = _Opened(content, config, read, "Parquet")
        names: GivenRecord = (0, [*map(str, schema.names)], None)
        given = opened.table(itertools.chain([names], ((n, v, None) for n, v in enumerate(values, 1))), named=True)
        return dataclasses.replace(given, schema=schema, total=total)
    if kind is not None:
        raise kind.refusal(content.path)
    return _open_text(content, config, read, separator)


def _open_text(content: Content, config: DataConfig, read: Read, separator: str | None) -> GivenTexts:
    watched = _Watched(content)
    content = watched.content
    encoding = find_encoding(content.open, content.path, config.encoding, lenient=True)
    sample, is_cut = first_lines(content, encoding)
    if not any(map(str.strip, sample)):
        raise DataError(f"{content.path}: the file is empty; expected one text a line, or a table of texts")

    if separator and config.separator is None and separator in sample[0]:
        config = dataclasses.replace(config, separator=separator)

    def whole_text() -> str:
        return "\n".join(itertools.chain.from_iterable(lines for _, lines in read_lines(content.open, encoding)))

    opened = _Opened(content, config, read, LINES, encoding=encoding, watched=watched)
    path = content.path.with_name(content.name)
    try:
        form = find_form(sample, path, config, whole_text=whole_text, is_cut=is_cut)
    except UnlabelledError:
        return opened.single_column(sample) or opened.plain_lines()
    except DataError:
        if content.suffix in TABLE_ENDINGS:
            raise
        return opened.plain_lines()
    opened.format, opened.details = form.name, list(form.details)
    blocks = read_lines(content.open, encoding)
    if form.kind == "json":
        opened.format, values = json_values(blocks, content.path, whole_text, lenient=True)
        return opened.table(_objects(values), named=True)
    if form.kind == "fasttext":
        cells = read_fasttext(blocks, glued=has_glued_commas(sample))
        names: GivenRecord = (0, ["text", "label"], None)
        return opened.table(itertools.chain([names], ((n, c, None) for n, c in cells)), named=True)
    records = read_records(without_first(blocks, form.skipped), form.dialect, keep_empty=True)
    begun = list(itertools.islice(records, SAMPLED_RECORDS))
    if not _is_table([cells for _, cells, _ in begun], content.suffix, form.dialect.separator, config, read):
        return opened.single_column(sample) or opened.plain_lines()
    return opened.table(itertools.chain(begun, records))


def _is_table(records: Sequence[Sequence[str]], suffix: str, separator: str, config: DataConfig, read: Read) -> bool:
    """Whether lines that can be cut into fields are a table, rather than texts with commas in them."""
    first, others = records[0], records[1:]
    width = max(map(len, records))
    if width == 1:
        return False
    if suffix in TABLE_ENDINGS or config.separator or config.header or config.text_column:
        return True
    alike = sum(len(record) == len(first) for record in records) >= PLAIN * len(records)
    if separator == "\t" and alike:
        return True
    names = [name.strip() for name in first]
    if learnt_columns(names, read, has_header=True):
        return True
    return alike and len(first) > 1 and is_header(first, others, config, read)


def _objects(values: Iterator[tuple[int, Any]]) -> Iterator[GivenRecord]:
    for number, value in values:
        found = as_object(value)
        yield (number, [], found) if isinstance(found, NotJSON) else (number, found, None)


class _Watched:
    """A file that tells how far it was read since it was opened last."""

    def __init__(self, content: Content):
        self._stored, self._total = content.stored, content.packed_bytes
        self.content = dataclasses.replace(content, stored=self._open)
        self._opened: BinaryIO | None = None

    def _open(self) -> BinaryIO:
        self._opened = self._stored()
        return self._opened

    def position(self) -> int:
        """Bytes, as they are stored."""
        with contextlib.suppress(ValueError, OSError, AttributeError):  # it is closed: all was read
            return min(self._opened.tell(), self._total)  # type: ignore[union-attr]
        return self._total


@dataclass
class _Opened:
    """A file whose format is known."""

    content: Content
    config: DataConfig
    read: Read
    format: str
    details: list[str] = field(default_factory=list)
    encoding: Encoding | None = None
    watched: _Watched | None = None

    def __post_init__(self) -> None:
        self.damaged = frozenset(() if self.encoding is None else self.encoding.damaged)
        self._unit = "row" if self.encoding is None else "line"

    def plain_lines(self) -> GivenTexts:
        """Every line is a text, blank ones among them."""
        self.format, self.details = LINES, []
        return self._given(("row", "text"), ("text",), None, self._line_blocks)

    def _line_blocks(self) -> Iterator[Block]:
        assert self.encoding is not None
        for first, lines in read_lines(self.content.open, self.encoding):
            texts = [line.removesuffix("\r") for line in lines]
            numbers = list(range(first, first + len(texts)))
            block = Block(numbers, list(map(list, zip(numbers, texts, strict=True))), texts)
            for at in range(len(texts)) if self.damaged else ():
                if numbers[at] in self.damaged and LOST in texts[at]:
                    self._lose(block, at)
            yield block

    def _lose(self, block: Block, at: int) -> None:
        assert self.encoding is not None
        block.errors[at] = f"line {block.lines[at]}: bytes that are not {self.encoding.name}"
        block.texts[at] = ""

    def single_column(self, sample: Sequence[str]) -> GivenTexts | None:
        """A header and below it a text a line, quoted where need be; None where nothing tells that it is one."""
        assert self.encoding is not None
        dialect = Dialect(",")
        records = read_records([(1, list(sample))], dialect, keep_empty=True)
        cells = [fields for _, fields, _ in records]
        if len(cells[0]) != 1 or not is_header(cells[0], cells[1:], self.config, self.read):
            return None
        if any(len(fields) != 1 for fields in cells):  # commas in texts without quotation marks
            is_known = self.config.header or learnt_columns(cells[0], self.read, has_header=True)
            return self._bare(cells[0][0]) if is_known else None
        self.format, self.details = "comma", []
        layout = TextLayout((cells[0][0].strip(),), True, (0,))
        found = read_records(read_lines(self.content.open, self.encoding), dialect, keep_empty=True)
        next(found)
        return self._given(layout.names, layout.names, True, lambda: self._blocks(found, layout))

    def _bare(self, name: str) -> GivenTexts:
        """A header, and lines below it as they are."""
        self.format, self.details = LINES, []

        def blocks() -> Iterator[Block]:
            is_first = True
            for block in self._line_blocks():
                kept = Block()
                moved(block, 1 if is_first else 0, kept, len(block))
                is_first = False
                kept.cells = [[text] for _, text in kept.cells]
                yield kept

        return self._given((name.strip(),), (name.strip(),), True, blocks)

    def table(self, records: Iterator[GivenRecord], *, named: bool = False) -> GivenTexts:
        """Records of cells; of a format that names its columns, the first record is these names, or each is an
        object."""
        sample = list(itertools.islice(records, SAMPLED_RECORDS))
        records = itertools.chain(sample, records)
        if named and isinstance(next((cells for _, cells, odd in sample if odd is None), None), dict):
            return self._objects(sample, records)
        rows = [list(map(cell_of, cells)) for _, cells, odd in sample if not isinstance(odd, NotJSON)]
        where = f"{self.content.path}:{sample[0][0] or 1}" if sample else str(self.content.path)
        if not rows or not rows[0]:
            problem = next((f"{odd}; " for _, _, odd in sample if isinstance(odd, NotJSON)), "no row; ")
            raise DataError(f"{where}: {problem}expected one text a line, or a table of texts")
        layout = find_text_columns(rows, self.config, self.read, where, named=named)
        for _ in range(layout.skipped + layout.has_header):
            next(records)
        if layout.skipped:
            self.details.append("what stands above the header is left out")
        texts = tuple(layout.names[at] for at in layout.text_at)
        header = None if named else layout.has_header
        return self._given(layout.names, texts, header, lambda: self._blocks(records, layout))

    def _objects(self, sample: Sequence[GivenRecord], records: Iterator[GivenRecord]) -> GivenTexts:
        objects = [value for _, value, odd in sample if odd is None]
        flat = [flattened(value) for value in objects]
        names = list(dict.fromkeys(key for cells in flat for key in cells))
        rows = [names, *([cells.get(name, "") for name in names] for cells in flat)]
        layout = find_text_columns(rows, self.config, self.read, f"{self.content.path}:1", named=True)
        texts = tuple(names[at] for at in layout.text_at)
        columns = tuple(dict.fromkeys(key for value in objects for key in value))
        return self._given(columns, texts, None, lambda: self._object_blocks(records, columns, texts))

    def _given(
        self,
        columns: Sequence[str],
        texts: Sequence[str],
        header: bool | None,
        blocks: Callable[[], Iterator[Block]],
    ) -> GivenTexts:
        encoding, details = self.encoding, list(self.details)
        if encoding is not None and encoding.other is not None and encoding.other_lines:
            details.append(f"{encoding.other_lines:,} lines in {encoding_name(encoding.other)}")
        has_columns = self.format != LINES or header is not None
        reading = Reading(
            self.content.path,
            encoding="" if encoding is None else encoding.name,
            format=self.format,
            header=header,
            text_columns=tuple(texts) if has_columns else (),
            other_columns=tuple(name for name in columns if name not in texts) if has_columns else (),
            damaged_lines=() if encoding is None else encoding.damaged,
            details=tuple(details),
        )
        if self.watched is None:
            return GivenTexts(reading, tuple(columns), _blocks=blocks)
        total = self.content.packed_bytes
        return GivenTexts(
            reading, tuple(columns), unit="B", total=total, _blocks=blocks, _position=self.watched.position
        )

    def _blocks(self, records: Iterator[GivenRecord], layout: TextLayout) -> Iterator[Block]:
        while some := list(itertools.islice(records, AT_ONCE)):
            yield self._ordinary(some, layout) or self._each(some, layout)

    def _ordinary(self, some: Sequence[GivenRecord], layout: TextLayout) -> Block | None:
        """Some records at once; None if one of them wants to be looked at by itself."""
        lines, cells, odd = zip(*some, strict=True)
        if self.damaged or len(layout.text_at) > 1 or any(odd) or set(map(len, cells)) != {len(layout.names)}:
            return None
        texts = [values[layout.text_at[0]] for values in cells]
        if NOTHING in texts or set(map(type, texts)) != {str}:
            return None
        return Block(list(lines), list(cells), texts)

    def _each(self, some: Sequence[GivenRecord], layout: TextLayout) -> Block:
        block, width = Block(), len(layout.names)
        for line, cells, odd in some:
            at = len(block)
            cells, error = _fitted(list(cells), odd, width, self.format)
            text = None if error else joined([cells[place] for place in layout.text_at])
            self._add(block, line, cells, text, error)
            last = odd.last_line if isinstance(odd, Record) else line
            if text and LOST in text and any(number in self.damaged for number in range(line, last + 1)):
                self._lose(block, at)
        return block

    def _object_blocks(
        self, records: Iterator[GivenRecord], columns: Sequence[str], texts: Sequence[str]
    ) -> Iterator[Block]:
        known = set(columns)
        while some := list(itertools.islice(records, AT_ONCE)):
            block = Block()
            for line, value, odd in some:
                at = len(block)
                if odd is not None:
                    self._add(block, line, [ABSENT] * len(columns), None, str(odd))
                    continue
                text = joined([value[name] if name in value else _deep(value, name) for name in texts])
                self._add(block, line, [value.get(name, ABSENT) for name in columns], text, None)
                if len(value) > len(columns) or not known.issuperset(value):
                    block.others[at] = {key: part for key, part in value.items() if key not in known}
                if text and LOST in text and line in self.damaged:
                    self._lose(block, at)
            yield block

    def _add(self, block: Block, line: int, cells: Sequence[Any], text: str | None, error: str | None) -> None:
        if text is None:
            block.errors[len(block)] = f"{self._unit} {line}: {error or 'no text'}"
        block.lines.append(line)
        block.cells.append(cells)
        block.texts.append(text or "")


def _deep(value: dict[str, Any], name: str) -> Any:
    """A key within a key, ``data.text``."""
    return flattened(value).get(name)


def _fitted(cells: list[Any], odd: Record | NotJSON | None, width: int, separator: str) -> tuple[list[Any], str | None]:
    """As many cells as there are columns, and what is wrong where there were more or fewer."""
    while len(cells) > width and not str(cells[-1]).strip():
        cells.pop()  # separators after the last field
    if len(cells) == width:
        return cells, None
    counted = "1 field" if len(cells) == 1 else f"{len(cells)} fields"
    error = f"{counted} instead of {width}"
    if isinstance(odd, Record) and odd.open_quote:
        error = "a quotation mark opens a field and closes nowhere"
    if len(cells) > width:  # nothing is lost: what is too much stands in the last one
        mark = {"tab": "\t", "semicolon": ";"}.get(separator, ",")
        cells = [*cells[: width - 1], mark.join(map(str, cells[width - 1 :]))]
    return cells + [""] * (width - len(cells)), error


def joined(parts: Sequence[Any]) -> str | None:
    """The text of a record; None where there is none in any of its columns."""
    found = [cell_of(part) for part in parts if part is not None and part is not ABSENT and part != NOTHING]
    if len(parts) == 1:
        return found[0] if found else None
    return " ".join(filter(None, map(str.strip, found))) if found else None

"""Answers beside the records that they are to, written block by block: CSV, TSV, JSON lines or Parquet.

Shapes: N records, K classes of each.
"""

from __future__ import annotations

import importlib
import io
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from textrnn.corpus.formulas import BLANKS, FORMULA_STARTS, starts_like_a_formula
from textrnn.corpus.readers.given import ABSENT, Block
from textrnn.errors import ConfigError
from textrnn.report.answered import Added, Joining
from textrnn.report.answered import Answered as Answered

ENDINGS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
ROWS_A_GROUP = 1 << 17  # of Parquet
NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)? ?%?")
_SUSPICIOUS = {*FORMULA_STARTS, *BLANKS}


def format_of(path: Path, setting: str) -> str:
    """The format that a name's ending stands for.

    Raises:
        ConfigError: if it stands for none.
    """
    if path.is_dir():
        raise ConfigError(f"`{setting}` {path}: a folder; expected the name of a file in it, such as answers.csv")
    found = ENDINGS.get(path.suffix.lower())
    if found is None:
        raise ConfigError(
            f"`{setting}` {path}: nothing can be written in a format of that ending; expected a name that ends in "
            f"{', '.join(ENDINGS)}"
        )
    if found == "parquet":
        _pyarrow(path)
    return found


def _pyarrow(path: Path | str) -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ConfigError(
            f"{path}: a Parquet file; writing it takes the package pyarrow: `pip install pyarrow`, or name a .csv or "
            ".jsonl"
        ) from error


class AnswerWriter(ABC):
    """Writes answers.

    Args:
        write: takes the next bytes.
        columns: of the input.
        top_k: classes of each answer.
        in_a_file: rather than to a pipe.
        joining: how several labels stand in one cell; None: one label a text.

    Attributes:
        left_out: keys of JSON records that have no column in this format
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        columns: Sequence[str],
        *,
        top_k: int,
        in_a_file: bool = True,
        joining: Joining | None = None,
    ):
        self.write_bytes, self.columns, self.in_a_file, self.joining = write, tuple(columns), in_a_file, joining
        self.added = Added.beside(columns, top_k, several=joining is not None)
        self.left_out: dict[str, None] = {}

    @abstractmethod
    def write(self, answered: Answered) -> None:
        """The next records."""

    def close(self) -> None:  # noqa: B027  # most have nothing to do
        """Nothing more comes."""

    def _leave_out(self, block: Block) -> None:
        for others in block.others.values():
            self.left_out |= dict.fromkeys(others)


class TableWriter(AnswerWriter):
    """CSV or TSV, for people's spreadsheets: UTF-8 with a byte order mark and CRLF in a file, plain in a pipe."""

    def __init__(
        self, write: Callable[[bytes], object], columns: Sequence[str], *, separator: str = ",", **others: Any
    ):
        super().__init__(write, columns, **others)
        self._separator, self._end = separator, "\r\n" if self.in_a_file else "\n"
        # Not by the csv module, which quotes a carriage return only where one ends the lines, and takes longer.
        self._quoted = re.compile(f'["\r\n{separator}]')
        if self.in_a_file:
            write("\ufeff".encode())
        self._write([[name] for name in _harmless([*self.columns, *self.added.flat])])

    def write(self, answered: Answered) -> None:
        labels, shares, notes, errors = answered.columns()
        columns = [_harmless(_cell_texts(column)) for column in zip(*answered.block.cells, strict=True)]
        if self.joining is not None:
            columns += self._taken(answered, self.joining)
            labels, shares = (labels, shares) if self.added.ranks else ([], [])
        for names, column in zip(labels, shares, strict=True):
            columns.append(_harmless([name or "" for name in names]))
            columns.append(["" if share is None else f"{share:.4f}" for share in column])
        columns += [[note or "" for note in notes], [error or "" for error in errors]]
        self._write(columns)
        self._leave_out(answered.block)

    @staticmethod
    def _taken(answered: Answered, joining: Joining) -> list[Sequence[str]]:
        """Two columns: labels, and the probability of each."""
        found = answered.taken()
        labels = ["" if row is None else joining.joined([name for name, _ in row]) for row in found]
        shares = ["" if row is None else joining.joined([f"{share:.4f}" for _, share in row]) for row in found]
        return [_harmless(labels), shares]

    def _write(self, columns: Sequence[Sequence[str]]) -> None:
        rows = zip(*map(self._fields, columns), strict=True)
        text = "".join([self._separator.join(row) + self._end for row in rows])
        self.write_bytes(text.encode("utf-8", "replace"))

    def _fields(self, cells: Sequence[str]) -> Sequence[str]:
        """Cells with quotation marks where they need them."""
        needs = self._quoted.search
        if not needs("".join(cells)):
            return cells
        return ['"' + cell.replace('"', '""') + '"' if needs(cell) else cell for cell in cells]


def _cell_texts(column: Sequence[Any]) -> Sequence[str]:
    return column if set(map(type, column)) == {str} else list(map(cell_text, column))


def _harmless(cells: Sequence[str]) -> Sequence[str]:
    """Texts that no spreadsheet computes: what begins like a formula and is no number has an apostrophe before it.

    Nothing else of them is changed: other programs read these files, too.
    """
    if _SUSPICIOUS.isdisjoint({cell[:1] for cell in cells}):
        return cells
    return [f"'{cell}" if starts_like_a_formula(cell) and not NUMBER.fullmatch(cell) else cell for cell in cells]


def cell_text(value: Any) -> str:
    """A value in a cell of a table."""
    if isinstance(value, str):
        return value
    if value is None or value is ABSENT:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=_as_json)
    return str(_as_json(value)) if not isinstance(value, int | float) else str(value)


def _as_json(value: Any) -> Any:
    """A value that JSON has no form of: dates as ISO has them, bytes as text."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class JSONLinesWriter(AnswerWriter):
    """An object a line: the record as it was, and the answer as JSON has it everywhere."""

    def write(self, answered: Answered) -> None:
        labels, shares, notes, errors = answered.columns()
        columns = list(zip(*answered.block.cells, strict=True))
        fields = [self._fields(name, column) for name, column in zip(self.columns, columns, strict=True)]
        if answered.block.others:
            others = [answered.block.others.get(at, {}) for at in range(len(answered.block))]
            fields.append([encode(keys)[1:-1] for keys in others])  # without its braces
        answer: list[tuple[str, Sequence[Any]]] = [("label", labels[0]), ("probability", shares[0])]
        if self.joining is not None:
            answer = [("labels", [None if row is None else list(map(_as_object, row)) for row in answered.taken()])]
        own = [self._fields(self.added.name(name), column) for name, column in answer]
        note, error = (
            self._fields(self.added.name(name), column) for name, column in (("note", notes), ("error", errors))
        )
        classes = f"{encode(self.added.name('classes'))}: "
        ranked = [
            f"{classes}[{', '.join(filter(None, row))}]" for row in zip(*map(_ranked, labels, shares), strict=True)
        ]
        rows = zip(*fields, *own, ranked, note, error, strict=True)
        lines = [f"{{{', '.join(filter(None, row))}}}\n" for row in rows]
        # Half characters, which UTF-8 has not, become JSON's escapes for them.
        self.write_bytes("".join(lines).encode("utf-8", "backslashreplace"))

    @staticmethod
    def _fields(name: str, column: Sequence[Any]) -> list[str]:
        """``"name": value`` of each value; nothing of a key that is not there."""
        key = f"{encode(name)}: "
        if set(map(type, column)) == {str}:
            return [key + cell for cell in map(encode_basestring, column)]
        return ["" if cell is ABSENT else key + _value(cell) for cell in column]


def _as_object(answer: tuple[str, float]) -> dict[str, Any]:
    return {"label": answer[0], "probability": answer[1]}


encode = json.JSONEncoder(ensure_ascii=False, default=lambda value: _as_json(value)).encode


def _ranked(labels: Sequence[str | None], shares: Sequence[float | None]) -> list[str]:
    """One rank of the classes of each answer; nothing where there is no answer."""
    return [
        "" if label is None else f'{{"label": {encode_basestring(label)}, "probability": {share!r}}}'
        for label, share in zip(labels, shares, strict=True)
    ]


def _value(value: Any) -> str:
    """A value as JSON has it, which has no NaN and no infinity."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, float):
        return repr(value) if value - value == 0 else "null"
    return encode(value)


class ParquetWriter(AnswerWriter):
    """Parquet: columns of a Parquet file keep their types, of other files they are texts."""

    def __init__(self, *arguments: Any, schema: Any = None, **others: Any):
        super().__init__(*arguments, **others)
        self._arrow, parquet = _pyarrow("output")
        text, share = self._arrow.string(), self._arrow.float64()
        own = list(schema) if schema is not None else [self._arrow.field(name, text) for name in self.columns]
        types = [share if name.startswith(self.added.name("probability")) else text for name in self.added.flat]
        if self.joining is not None:
            types[:2] = [self._arrow.list_(text), self._arrow.list_(share)]
        fields = map(self._arrow.field, self.added.flat, types)
        self._is_typed = schema is not None
        self._schema = self._arrow.schema([*own, *fields])
        self._writer = parquet.ParquetWriter(_Sink(self.write_bytes), self._schema)
        self._held: list[Any] = []
        self._rows = 0

    def write(self, answered: Answered) -> None:
        labels, shares, notes, errors = answered.columns()
        columns: list[Any] = list(zip(*answered.block.cells, strict=True))
        if not self._is_typed:
            columns = [[_text_or_nothing(value) for value in column] for column in columns]
        if self.joining is not None:
            taken = answered.taken()
            columns += [[None if row is None else [each[at] for each in row] for row in taken] for at in (0, 1)]
            labels, shares = (labels, shares) if self.added.ranks else ([], [])
        for pair in zip(labels, shares, strict=True):
            columns += pair
        columns += [notes, errors]
        arrays = [
            self._arrow.array([None if value is ABSENT else value for value in column], type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self._held.append(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._rows += len(answered.block)
        self._leave_out(answered.block)
        if self._rows >= ROWS_A_GROUP:
            self._write_group()

    def _write_group(self) -> None:
        if self._held:
            self._writer.write_table(self._arrow.Table.from_batches(self._held), row_group_size=ROWS_A_GROUP)
        self._held, self._rows = [], 0

    def close(self) -> None:
        self._write_group()
        self._writer.close()


def _text_or_nothing(value: Any) -> str | None:
    if value is None or value is ABSENT:
        return None
    return cell_text(value).encode("utf-8", "replace").decode("utf-8")


class _Sink(io.RawIOBase):
    """A file for pyarrow."""

    def __init__(self, write: Callable[[bytes], object]):
        super().__init__()
        self._write, self._position = write, 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._write(bytes(content))
        self._position += len(content)
        return len(content)

    def tell(self) -> int:
        return self._position


def answer_writer(
    form: str,
    write: Callable[[bytes], object],
    columns: Sequence[str],
    *,
    top_k: int,
    schema: Any = None,
    in_a_file: bool = True,
    joining: Joining | None = None,
) -> AnswerWriter:
    """The writer of a format, ``csv``, ``tsv``, ``jsonl`` or ``parquet``.

    Args:
        schema: Arrow's, of input in Parquet.
        joining: how several labels stand in one cell; None: one label a text.
    """
    own: dict[str, Any] = {"top_k": top_k, "in_a_file": in_a_file, "joining": joining}
    if form == "parquet":
        return ParquetWriter(write, columns, schema=schema, **own)
    if form == "jsonl":
        return JSONLinesWriter(write, columns, **own)
    return TableWriter(write, columns, separator="\t" if form == "tsv" else ",", **own)

"""Vectors as text, a row a line: word2vec, GloVe and fastText.

A file is taken a megabyte at a time and cut into lines as bytes; decoding every line of a large file, most of them not
needed, would take minutes. Only a line whose first field could begin a wanted token is parsed.
"""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.embeddings.formats import TextLayout, header_of
from textrnn.corpus.embeddings.packed import explained, pieces, unpacked
from textrnn.corpus.embeddings.vocabulary_rows import VocabularyRows
from textrnn.errors import DataError, one_line

ENOUGH = 48  # bytes of a line that tell whether its token may be wanted
LONGEST_LINE = 1 << 24  # bytes; far above any row
BLANKS = b" \t"


def gather_text(path: Path, layout: TextLayout, wanted: VocabularyRows) -> None:
    """Gather the rows of the vocabulary from a file of that layout.

    Raises:
        DataError: with the line where the file breaks off, or where a row that is wanted has other than the expected
            numbers.
    """
    _TextReader(path, layout, wanted).read()


class _TextReader:
    def __init__(self, path: Path, layout: TextLayout, wanted: VocabularyRows):
        self.path, self.layout, self.wanted = path, layout, wanted
        self.keys = wanted.keys(layout.encoding)
        # A line that starts with a blank has an empty first field: its token is a blank, or the rows are indented.
        self.beginnings = {_first_field(key) for key in self.keys} | {b""}
        self.lines = 0  # read so far
        self.blank_lines = 0
        self.headers = 0 if layout.rows is None else 1
        self.last_line, self.last_number = b"", 0
        self.short: tuple[int, int] | None = None  # a row with too few numbers: its line, and how many it has

    def read(self) -> None:
        self.wanted.examples = self.layout.examples
        with unpacked(self.path) as file, explained(lambda: f"{self.path}:{self.lines + 1}"):
            for block in self._blocks(file):
                self._read_block(block)
        self._check_end()

    def _blocks(self, file: IO[bytes]) -> Iterator[bytes]:
        """Whole lines, many at a time, without the last line's end."""
        rest, newline = b"", self.layout.newline
        for number, piece in enumerate(pieces(file)):
            if number == 0:
                piece = piece.removeprefix(codecs.BOM_UTF8)
            whole, found, after = piece.rpartition(newline)
            if not found:
                rest += piece
            else:
                yield rest + whole
                rest = after
            if len(rest) > LONGEST_LINE:
                raise DataError(
                    f"{self.path}:{self.lines + 1}: a line of more than {LONGEST_LINE:,} bytes; expected a token and "
                    f"{self.layout.dimension} numbers: the file may be damaged"
                )
        if rest:
            yield rest

    def _read_block(self, block: bytes) -> None:
        lines = block.split(self.layout.newline)
        beginnings, start = self.beginnings, self.lines
        for index, line in enumerate(lines):
            if (line[:ENOUGH].split(None, 1)[0] if line >= b"!" else b"") in beginnings:
                self.lines = start + index
                self._read_line(line)
        self.lines = start + len(lines)
        self._remember_last(lines)
        if self.short is not None and self.short[0] < self.last_number:
            raise self._too_few(*self.short, "mend this line, or copy or download the file once more")
        try:
            block.decode(self.layout.encoding)
        except UnicodeDecodeError:
            self.wanted.damaged += sum(self._is_damaged(line) for line in lines)

    def _remember_last(self, lines: list[bytes]) -> None:
        for back, line in enumerate(reversed(lines)):
            if line.strip():
                self.last_line, self.last_number = line, self.lines - back
                return

    def _is_damaged(self, line: bytes) -> bool:
        try:
            line.decode(self.layout.encoding)
        except UnicodeDecodeError:
            return True
        return False

    def _read_line(self, line: bytes) -> None:
        """Take a row, if its token is wanted."""
        line = line.rstrip(b" \t\r")
        if not line:
            self.blank_lines += 1
            return
        token, fields = _cut(line, self.layout.dimension)
        spelling = self.keys.get(token) or self.keys.get(token.strip(BLANKS))
        number = self.lines + 1
        if len(fields) < self.layout.dimension:
            header = header_of(line)
            if header is not None and header[1] == self.layout.dimension:
                self.headers += number > 1  # of files put together
                return
            if line.split(None, 1)[0] in self.keys and self.short is None:
                self.short = number, _how_many_numbers(fields)
            return
        if spelling is None:
            return
        try:
            numbers = _numbers(fields)
        except ValueError as error:
            raise DataError(
                f"{self.path}:{number}: not all of the {self.layout.dimension} last fields are numbers "
                f"({one_line(error)}); expected a token and {self.layout.dimension} numbers: "
                "mend this line"
            ) from error
        self.wanted.add(spelling, numbers)

    def _too_few(self, number: int, count: int, what: str) -> DataError:
        as_in = "the other lines" if self.layout.rows is None else "the header"
        return DataError(
            f"{self.path}:{number}: {count} number{'s' * (count != 1)}; expected {self.layout.dimension} as in "
            f"{as_in}: {what}"
        )

    def _check_end(self) -> None:
        """Whether the last row is whole, wanted or not, and as many rows are there as the header names."""
        line = self.last_line.rstrip(b" \t\r")
        _, fields = _cut(line, self.layout.dimension)
        count = _how_many_numbers(fields)
        if count < self.layout.dimension and header_of(line) is None:
            raise self._too_few(self.last_number, count, "the file breaks off here, copy or download it once more")
        rows = self.lines - self.headers - self.blank_lines
        if self.layout.rows is not None and rows < self.layout.rows and self.headers == 1:
            self.wanted.promised = (self.layout.rows, rows)


def _first_field(token: bytes) -> bytes:
    """Its first bytes, enough to tell most tokens apart; empty before a blank."""
    return token[:ENOUGH].split(None, 1)[0] if token >= b"!" else b""


def _cut(line: bytes, dimension: int) -> tuple[bytes, list[bytes]]:
    """(token, its last `dimension` fields); with fewer fields than that, all but the first.

    Tokens may hold blanks, or be one.
    """
    head, *fields = line.rsplit(None, dimension - 1) or [b""]
    at = max(head.rfind(b" "), head.rfind(b"\t"))  # before the first number
    if len(fields) < dimension - 1 or at < 0:
        return head, fields
    return head[:at], [head[at + 1 :], *fields]


def _numbers(fields: list[bytes]) -> NDArray[np.float64]:
    if b"_" in b"".join(fields):  # Python reads 1_0 as 10
        raise ValueError("an underscore in a number")
    return np.fromiter(map(float, fields), np.float64, len(fields))


def _how_many_numbers(fields: list[bytes]) -> int:
    count = 0
    for field in fields:
        with contextlib.suppress(ValueError):
            count += len(_numbers([field]))
    return count

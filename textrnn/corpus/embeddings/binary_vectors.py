"""Vectors in word2vec's binary format.

A header line ``rows dimension``, then rows of a token, a blank and little-endian float32 numbers. Google's program ends
each row with a line feed, others do not.

Source: https://code.google.com/archive/p/word2vec (word2vec.c, "Save the word vectors").
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from textrnn.corpus.embeddings.formats import BinaryLayout
from textrnn.corpus.embeddings.packed import explained, pieces, unpacked
from textrnn.corpus.embeddings.vocabulary_rows import VocabularyRows
from textrnn.errors import DataError

LONGEST_TOKEN = 1 << 16  # bytes; a longer one shows that rows are not where they should be


def gather_binary(path: Path, layout: BinaryLayout, wanted: VocabularyRows) -> None:
    """Gather the rows of the vocabulary from a binary file.

    Raises:
        DataError: with the row where the file breaks off or where rows are not as the header has them.
    """
    _BinaryReader(path, layout, wanted).read()


class _BinaryReader:
    def __init__(self, path: Path, layout: BinaryLayout, wanted: VocabularyRows):
        self.path, self.layout, self.wanted = path, layout, wanted
        self.keys = wanted.keys("utf-8")
        self.row = 0  # that is being read
        self.data = b""  # what is read and not yet used begins at `at`
        self.at = 0

    def read(self) -> None:
        with unpacked(self.path) as file, explained(self._where):
            source = pieces(file)
            self._read_header(source)
            self._read_rows(source)
            self._check_end(source)

    def _where(self) -> str:
        return f"{self.path}: row {self.row:,} of {self.layout.rows:,}" if self.row else f"{self.path}:1"

    def _more(self, source: Iterator[bytes]) -> bool:
        """Read on; False at the end of the file."""
        piece = next(source, b"")
        self.data = self.data[self.at :] + piece
        self.at = 0
        return bool(piece)

    def _read_header(self, source: Iterator[bytes]) -> None:
        while b"\n" not in self.data and self._more(source):
            pass
        self.at = self.data.index(b"\n") + 1

    def _read_rows(self, source: Iterator[bytes]) -> None:
        size, keys, ends_lines = 4 * self.layout.dimension, self.keys, None
        for row in range(1, self.layout.rows + 1):
            self.row = row
            if ends_lines or ends_lines is None:
                ends_lines = self._skip_line_end(source, ends_lines)
            while (blank := self.data.find(b" ", self.at + (self.data[self.at : self.at + 1] == b" "))) < 0:
                if len(self.data) - self.at > LONGEST_TOKEN:
                    raise self._error("holds a token without an end")
                if not self._more(source):
                    raise self._error("the file breaks off here")
            while len(self.data) < blank + 1 + size:
                blank -= self.at
                if not self._more(source):
                    raise self._error("the file breaks off here")
            token = self.data[self.at : blank]
            self.at = blank + 1 + size
            spelling = keys.get(token)
            if spelling is not None:
                self.wanted.add(spelling, np.frombuffer(self.data, "<f4", self.layout.dimension, blank + 1))
            elif not token.isascii():
                self._count_damage(token)
            if self.row <= 3:
                self.wanted.examples += (token.decode("utf-8", "replace"),)

    def _skip_line_end(self, source: Iterator[bytes], expected: bool | None) -> bool | None:
        """Whether a line feed stands between the rows: None before the second row, where that shows."""
        if self.row == 1:
            return None
        if self.at == len(self.data):
            self._more(source)
        there = self.data[self.at : self.at + 1] == b"\n"
        if expected and not there:
            raise self._error("no line feed before it as between the others")
        self.at += there
        return there

    def _count_damage(self, token: bytes) -> None:
        try:
            token.decode("utf-8")
        except UnicodeDecodeError:
            self.wanted.damaged += 1

    def _check_end(self, source: Iterator[bytes]) -> None:
        while not (rest := self.data[self.at :].strip(b"\r\n")):
            self.at = len(self.data)
            if not self._more(source):
                return
        raise DataError(
            f"{self.path}:1: names {self.layout.rows:,} rows of {self.layout.dimension:,} numbers, but more follows "
            f"them ({len(rest):,} bytes at least); expected both to be the same: the file may be damaged"
        )

    def _error(self, problem: str) -> DataError:
        return DataError(
            f"{self._where()}: {problem}; expected a token, a blank and {self.layout.dimension:,} float32 numbers: "
            "copy or download it once more"
        )

"""What a file of vectors is, by its content.

The beginning of a file decides. Text is tried before binary, for rows of numbers are hardly ever anything else; what is
neither is named by :mod:`~textrnn.corpus.embeddings.other_files`.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from textrnn.corpus.embeddings.other_files import named_by_first_bytes, named_by_text, named_zip, shown
from textrnn.corpus.embeddings.packed import ZIP, beginning, explained, members, unpacked
from textrnn.errors import DataError

BEGINNING = 1 << 18  # bytes that decide
SAMPLE_LINES = 100
MOST_NUMBERS = 20_000  # in a row: far more than any vectors have, and few enough to read a row at a time
TEXT_EXPECTED = "expected lines of a token and its numbers, separated by blanks or tabs"
_NUMBER = re.compile(rb"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)", re.IGNORECASE)
_SPARSE = re.compile(rb"\d+:[+-]?\d*\.?\d+(?:e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class TextLayout:
    """word2vec, GloVe or fastText text.

    Attributes:
        dimension: numbers in a row
        rows: rows that the header names; None without a header
        newline: a line feed, or a carriage return where there are no others
        encoding: of the tokens
        has_fractions: whether a number of the sample is not whole
        examples: the first tokens
    """

    dimension: int
    rows: int | None
    newline: bytes
    encoding: str
    has_fractions: bool
    examples: tuple[str, ...]

    def __str__(self) -> str:
        kind = "text without a header" if self.rows is None else "word2vec text"
        return kind if self.encoding == "utf-8" else f"{kind} in {self.encoding.upper()}"


@dataclass(frozen=True)
class BinaryLayout:
    """word2vec binary: ``rows dimension`` and a line end, then rows of a token, a blank and float32 numbers.

    Attributes:
        rows: rows that the header names
        dimension: numbers in a row
    """

    rows: int
    dimension: int

    def __str__(self) -> str:
        return "word2vec binary"


@dataclass(frozen=True)
class ArchiveLayout:
    """A NumPy archive, with a file beside it that names its rows."""

    def __str__(self) -> str:
        return "NumPy archive"


Layout = TextLayout | BinaryLayout | ArchiveLayout


def recognise(path: Path) -> Layout:
    """What kind of vectors a file holds.

    Raises:
        DataError: if it holds none, with what it is as far as that can be told, or if it cannot be read.
    """
    if (archive := _zip_layout(path)) is not None:
        return archive
    with unpacked(path) as file, explained(lambda: f"{path}:1"):
        head, whole = beginning(file, BEGINNING)
    if not head:
        raise DataError(f"{path}: holds nothing; {TEXT_EXPECTED}, or an .npz archive")
    if (reason := named_by_first_bytes(head)) is not None:
        raise DataError(f"{path}: {reason}")
    head = head.removeprefix(codecs.BOM_UTF8)
    text = _text_layout(path, head, whole=whole)
    if text is not None:
        return text
    binary = _binary_layout(path, head)
    if binary is not None:
        return binary
    raise _not_vectors(path, head)


def _zip_layout(path: Path) -> ArchiveLayout | None:
    """Whether a zip is a NumPy archive; one that is broken passes for one by its ending."""
    with explained(lambda: str(path)), open(path, "rb") as file:
        if not file.read(4).startswith(ZIP):
            return ArchiveLayout() if path.suffix.lower() == ".npz" else None
        if not zipfile.is_zipfile(file) and path.suffix.lower() == ".npz":
            return ArchiveLayout()
        with zipfile.ZipFile(file) as archive:
            names = [info.filename for info in members(archive)]
    if any(name.endswith(".npy") for name in names):
        return ArchiveLayout()
    if (reason := named_zip(names)) is not None:
        raise DataError(f"{path}: {reason}")
    return None


def header_of(line: bytes) -> tuple[int, int] | None:
    """(rows, numbers in each), where a line is two whole numbers."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() and len(field) <= 18 for field in fields):
        return None
    rows, dimension = map(int, fields)
    return (rows, dimension) if dimension else None


def _text_layout(path: Path, head: bytes, *, whole: bool) -> TextLayout | None:
    newline = b"\n" if b"\n" in head or b"\r" not in head else b"\r"
    lines = head.split(newline, SAMPLE_LINES + 2)
    if not whole or len(lines) > 2:  # the last may be cut, here or in the file
        lines.pop()
    header = header_of(lines[0]) if lines else None
    rows = [line for line in lines[1 if header else 0 :] if line.strip()]
    if not rows:
        return None
    counts = Counter(_numbers_at_the_end(line) for line in rows)
    most = max(counts.values())
    dimension = min(count for count, lines_with in counts.items() if lines_with == most)
    if dimension < 1 or (2 * most < len(rows) and (header is None or header[1] != dimension)):
        return None
    if header is not None:
        if dimension != header[1] <= MOST_NUMBERS and len(rows) == 1 and whole and not head.endswith(newline):
            dimension = header[1]  # one row, broken off: said where rows are read
        if dimension != header[1]:
            if _holds_no_text(head):  # numbers by accident, in binary
                return None
            raise DataError(
                f"{path}:1: names {header[1]:,} numbers a row, but the row below has {dimension:,}; expected both to "
                "be the same: is it of another file, or does the file break off?"
            )
    elif dimension == 1:
        raise DataError(
            f"{path}:1: one number a line, as in a list of counts ({shown(lines[0])}); {TEXT_EXPECTED}, with more than "
            "one number"
        )
    tokens = [line.split(None, 1)[0] for line in rows]
    encoding = _encoding(tokens)
    return TextLayout(
        dimension,
        header[0] if header else None,
        newline,
        encoding,
        any(b"." in field for line in rows for field in line.split()[1:]),
        tuple(token.decode(encoding, "replace") for token in tokens[:3]),
    )


def _numbers_at_the_end(line: bytes) -> int:
    """How many of the last fields are numbers; the first is the token, even where it is a number."""
    fields = line.split()
    count = 0
    for field in reversed(fields):
        if not _NUMBER.fullmatch(field):
            return count
        count += 1
    return count if line[:1] in b" \t" else count - 1  # a token that is a blank is no field


def _encoding(tokens: list[bytes]) -> str:
    """UTF-8, unless most tokens are none, but all are GB18030."""
    foreign = [token for token in tokens if not token.isascii()]
    if 2 * sum(_decodes(token, "utf-8") for token in foreign) >= len(foreign):
        return "utf-8"
    return "gb18030" if all(_decodes(token, "gb18030") for token in foreign) else "utf-8"


def _decodes(token: bytes, encoding: str) -> bool:
    try:
        token.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _binary_layout(path: Path, head: bytes) -> BinaryLayout | None:
    line, newline, body = head.partition(b"\n")
    header = header_of(line)
    if header is None or not newline or not _holds_no_text(body):
        return None
    if header[1] > MOST_NUMBERS:
        raise DataError(
            f"{path}:1: names {header[0]:,} rows of {header[1]:,} numbers; expected {MOST_NUMBERS:,} numbers a row at "
            "most: the file may be damaged"
        )
    return BinaryLayout(*header)


def _holds_no_text(body: bytes) -> bool:
    """Whether bytes have control characters or are no UTF-8 (but for a character that is cut at the end)."""
    if re.search(rb"[\0-\x08\x0e-\x1f\x7f]", body):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return True
    return False


def _not_vectors(path: Path, head: bytes) -> DataError:
    lines = [(number, line) for number, line in enumerate(head.splitlines()[: SAMPLE_LINES + 1], 1) if line.strip()]
    rows = lines[1:] or lines  # there may be a header
    sparse = [(number, line) for number, line in lines if _is_sparse(line)]
    if 2 * len(sparse) > len(rows):
        number, line = sparse[0]
        return DataError(
            f"{path}:{number}: sparse vectors ({shown(line)}), which name the places of a few numbers among very many; "
            "expected dense ones, with the same count of numbers in every row (of Chinese-Word-Vectors, a sgns file "
            "instead of a ppmi one)"
        )
    if rows and all(line.count(b",") > max(1, line.count(b" ")) for _, line in rows):
        return DataError(f"{path}:{rows[0][0]}: separated by commas ({shown(rows[0][1])}); {TEXT_EXPECTED}")
    if (reason := named_by_text(head)) is not None:
        return DataError(f"{path}: {reason}")
    return DataError(f"{path}:1: no vectors ({shown(lines[0][1]) if lines else 'blank lines'}); {TEXT_EXPECTED}")


def _is_sparse(line: bytes) -> bool:
    fields = line.split()[1:]
    return bool(fields) and all(map(_SPARSE.fullmatch, fields))

"""From what people have to labelled texts: one module a format, and one place that decides which it is.

bytes -> encoding -> form -> records -> columns -> :class:`Rows`, and :class:`Reading`, the account of it
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO, cast

from textrnn.corpus.labels import canonical_label
from textrnn.corpus.readers.encodings import decode_all, find_encoding
from textrnn.corpus.readers.labelled import read_rows
from textrnn.corpus.readers.rows import LONE_SURROGATE, SUBSTITUTIONS, LeftOut, Reading, Rows, all_cleaned, cleaned
from textrnn.corpus.sources.content import content_at
from textrnn.errors import DataError, Note

__all__ = [
    "LONE_SURROGATE",
    "SUBSTITUTIONS",
    "LeftOut",
    "Reading",
    "Rows",
    "all_cleaned",
    "cleaned",
    "decode",
    "read_bytes",
    "read_class_names",
    "read_rows",
]


def decode(content: bytes, path: Path, named: str | None = None) -> tuple[str, Note | None]:
    """Bytes -> text, line ends as they are, and a note where the encoding was not UTF-8 or lines were damaged.

    Args:
        path: where they are from, for messages.
        named: the encoding, where the user named one.

    Raises:
        DataError: with the line of the first undecodable byte, where too many lines are damaged.
    """
    encoding = find_encoding(lambda: cast(BinaryIO, io.BytesIO(content)), path, named)
    text = decode_all(content, encoding)
    if encoding.codec == "utf-8" and not encoding.damaged and encoding.other is None:
        return text, None
    return text, Note("read_as", path=path, encoding=encoding.name, damaged=encoding.damaged)


def read_bytes(path: Path) -> bytes:
    """The file's content, unpacked.

    Raises:
        DataError: if it cannot be read.
    """
    return content_at(path).read()


def read_class_names(path: Path) -> tuple[list[str], Note | None]:
    """The classes in the order of their indices, one a line, and a note where the encoding was not UTF-8.

    Raises:
        DataError: for a repeated or blank name.
    """
    text, note = decode(read_bytes(path), path)
    names = [canonical_label(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")]
    for number, name in enumerate(names, 1):
        if not name:
            raise DataError(
                f"{path}:{number}: a blank line; expected one class name a line, in the order of the indices"
            )
        if name in names[: number - 1]:
            raise DataError(
                f"{path}:{number}: {name} appears twice (first on line {names.index(name) + 1}); "
                "expected each class once"
            )
    return names, note

"""Writes vectors in every dialect, knowing nothing of how the program reads them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

Rows = Sequence[tuple[str, Sequence[float]]]


@dataclass(frozen=True)
class Dialect:
    binary: bool = False
    header: bool = True
    after_token: str = " "
    between: str = " "
    at_line_end: str = ""
    newline: str = "\n"
    last_newline: bool = True
    byte_order_mark: bool = False
    packing: str = ""


def written(rows: Rows, dialect: Dialect) -> bytes:
    return packed(as_binary(rows, dialect) if dialect.binary else as_text(rows, dialect), dialect.packing)


def as_text(rows: Rows, dialect: Dialect) -> bytes:
    lines = [f"{len(rows)} {len(rows[0][1])}"] if dialect.header else []
    for token, numbers in rows:
        lines.append(token + dialect.after_token + dialect.between.join(f"{number:.9g}" for number in numbers))
    text = dialect.newline.join(line + dialect.at_line_end for line in lines)
    mark = "\ufeff" if dialect.byte_order_mark else ""
    return (mark + text + (dialect.newline if dialect.last_newline else "")).encode("utf-8")


def as_binary(rows: Rows, dialect: Dialect) -> bytes:
    content = f"{len(rows)} {len(rows[0][1])}\n".encode()
    for token, numbers in rows:
        content += token.encode("utf-8") + b" " + struct.pack(f"<{len(numbers)}f", *numbers)
        content += b"\n" if dialect.last_newline else b""
    return content


def packed(content: bytes, packing: str) -> bytes:
    if packing == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("__MACOSX/._v", b"what macOS adds")
            archive.writestr("folder/v", content)
        return file.getvalue()
    return {"": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[packing](content)

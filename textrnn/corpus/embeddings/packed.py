"""Files of vectors, packed or not, read from the beginning to the end and never held whole."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from textrnn.errors import DataError, listed, one_line

PIECE = 1 << 20  # bytes read at once
MOST_LAYERS = 3  # a .gz in a .zip is met; more is made to annoy
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the latter of an empty one
STREAMS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\0": lzma.open,
    **{b"BZh%d" % level: bz2.open for level in range(1, 10)},
}
READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files in an archive, without folders and what macOS adds."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith("__MACOSX/") and ".DS_Store" not in info.filename
    ]


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes in a file, taken out of gzip, bzip2, xz and a zip of one file, whatever its name.

    Raises:
        DataError: if the file cannot be opened, or is a zip of several files or behind a password.
    """
    with contextlib.ExitStack() as opened, explained(lambda: str(path)):
        file: IO[bytes] = opened.enter_context(open(path, "rb"))
        if _peek(file).startswith(ZIP):
            archive = opened.enter_context(zipfile.ZipFile(file))
            unpack_member = archive.open  # bytes, whatever an open() of another kind gives
            file = opened.enter_context(unpack_member(_only_member(archive, path)))
        with explained(lambda: f"{path}:1"):
            for _ in range(MOST_LAYERS):
                first = _peek(file)
                unpack = next((unpack for magic, unpack in STREAMS.items() if first.startswith(magic)), None)
                if unpack is None:
                    break
                file = opened.enter_context(unpack(file))
        yield file


def _peek(file: IO[bytes]) -> bytes:
    return file.peek(8)[:8]  # type: ignore[attr-defined, no-any-return]


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    inside = members(archive)
    if len(inside) != 1:
        names = listed(info.filename for info in inside)
        raise DataError(f"{path}: a zip of {names or 'no file'}; expected one file of vectors in it: unpack it")
    if inside[0].flag_bits & 1:
        raise DataError(f"{path}: a zip behind a password; expected one without: unpack it")
    return inside[0]


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The rest of a file, some at a time: all that can be had of it before it breaks off."""
    while piece := file.read1(PIECE):  # type: ignore[attr-defined]
        yield piece


def beginning(file: IO[bytes], size: int) -> tuple[bytes, bool]:
    """The first `size` bytes, or fewer where there are no more, and whether that is the whole file."""
    found, missing = b"", size + 1
    try:
        while missing > 0 and (piece := file.read1(missing)):  # type: ignore[attr-defined]
            found += piece
            missing -= len(piece)
    except READ_ERRORS:
        if not found:  # else it is said where the file is read to its end
            raise
    return found[:size], missing > 0


@contextlib.contextmanager
def explained(where: Callable[[], str]) -> Iterator[None]:
    """Say where a file could not be read on.

    Args:
        where: gives ``path`` or ``path:line`` when asked.
    """
    try:
        yield
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise DataError(f"{where()}: cannot be read ({error.strerror}); expected a readable file") from error
    except READ_ERRORS as error:
        reason = one_line(error) or type(error).__name__
        raise DataError(
            f"{where()}: damaged, or breaks off here ({reason}); expected a whole file: copy or download it once more"
        ) from error

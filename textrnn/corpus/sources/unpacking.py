"""Streams that unpack while they are read: what goes wrong is one line, and what swells beyond reason is refused."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

from textrnn.errors import DataError, one_line

CHUNK_BYTES = 1 << 20
SUSPICIOUS_BYTES, SUSPICIOUS_RATIO = 1 << 30, 1000  # text packs some three to twenty times
PIECE_BYTES = 1 << 16  # read at once from what unpacks
UNPACKERS: dict[str, Callable[[BinaryIO], Any]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
DAMAGED = (
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    struct.error,
    OSError,
    ValueError,
    RuntimeError,
)


def unreadable(path: Path, error: Exception) -> DataError:
    """What is raised for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: no such file; expected the path of a data file")
    reason = getattr(error, "strerror", None) or one_line(error)
    return DataError(f"{path}: cannot be read ({reason}); expected a readable file")


def unpacker(packing: str, stored: Callable[[], BinaryIO]) -> tuple[BinaryIO, BinaryIO]:
    """The stream that unpacks, and that under it, which must be closed as well."""
    file = stored()
    return UNPACKERS[packing](file), file


def buffered(raw: io.RawIOBase) -> BinaryIO:
    """A stream of any sizes over one of large pieces."""
    return io.BufferedReader(raw, buffer_size=PIECE_BYTES)


class Unpacked(io.RawIOBase):
    """Unpacks while it is read; every failure is a :class:`DataError`, and so is what swells beyond reason.

    Args:
        opener: gives the stream to read, and others to close with it. Called again to go back.
        what: in the message: ``the gzip archive``.
        packed_bytes: to compare with.
        owner: kept alive as long as this.
    """

    def __init__(
        self,
        opener: Callable[[], tuple[IO[bytes], ...]],
        path: Path,
        what: str,
        packed_bytes: int,
        owner: object = None,
    ):
        self._opener, self._path, self._what, self._packed_bytes = opener, path, what, packed_bytes
        self._owner, self._position = owner, 0
        self._streams: tuple[IO[bytes], ...] = ()
        with explained(path, what):
            self._streams = opener()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._next(CHUNK_BYTES), b""))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            while self._next(CHUNK_BYTES):
                pass
        target = max(0, offset + (0 if whence == io.SEEK_SET else self._position))
        if target < self._position:
            self._close_streams()
            with explained(self._path, self._what):
                self._streams, self._position = self._opener(), 0
        while self._position < target and self._next(min(CHUNK_BYTES, target - self._position)):
            pass
        return self._position

    def _next(self, size: int) -> bytes:
        with explained(self._path, self._what):
            data = self._streams[0].read(size)
        self._position += len(data)
        packed = self._packed_bytes
        if self._position > SUSPICIOUS_BYTES and self._position > SUSPICIOUS_RATIO * packed:
            raise swollen(self._path, packed)
        return data

    def _close_streams(self) -> None:
        for stream in self._streams:
            stream.close()
        self._streams = ()

    def close(self) -> None:
        if not self.closed:
            self._close_streams()
        super().close()


def swollen(path: Path, packed_bytes: int) -> DataError:
    """What is raised for a file that swells beyond reason."""
    return DataError(
        f"{path}: unpacks to more than {SUSPICIOUS_RATIO:,} times its {packed_bytes:,} bytes; expected text, which "
        "never does: unpack it and look at what it is"
    )


@contextlib.contextmanager
def explained(path: Path, what: str) -> Iterator[None]:
    """Turns what goes wrong in an archive into a message.

    Args:
        what: ``the zip archive``.

    Raises:
        DataError: if something goes wrong.
    """
    whole = "expected a whole one: download or copy it once more"
    try:
        yield
    except EOFError as error:
        raise DataError(f"{path}: {what} breaks off; {whole}") from error
    except NotImplementedError as error:
        raise DataError(
            f"{path}: {what} is packed in a way that is not known here ({one_line(error)}); expected the usual one: "
            "unpack it and name the file"
        ) from error
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable(path, error) from error
        if re.search("end of data|truncated|not a zip file", str(error)):
            raise DataError(f"{path}: {what} breaks off; {whole}") from error
        raise DataError(f"{path}: {what} is damaged ({one_line(error)}); {whole}") from error

"""What is in a file, unpacked as it is read: gzip, bzip2, xz, zip and tar, recognised by their first bytes.

Nothing is unpacked to the disk, and nothing whole into memory before it is known not to swell beyond reason.
"""

from __future__ import annotations

import functools
import io
import re
import shutil
import sys
import tarfile
import tempfile
import weakref
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast

from textrnn.corpus.sources import STDIN as STDIN
from textrnn.corpus.sources.kinds import HEAD_BYTES, Kind, kind_of, kind_of_names, refuse_url
from textrnn.corpus.sources.unpacking import (
    DAMAGED,
    SUSPICIOUS_BYTES,
    SUSPICIOUS_RATIO,
    UNPACKERS,
    Unpacked,
    buffered,
    explained,
    swollen,
    unpacker,
    unreadable,
)
from textrnn.errors import DataError, listed, one_line

ENDINGS = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz"}
_NO_DATA = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)", re.IGNORECASE)
_BESIDE_DATA = re.compile(r"(?:.*/)?(?:readme|licen[cs]e|copying|notice)(?:\.[a-z]{2,4})?", re.IGNORECASE)


@dataclass(frozen=True)
class Content:
    """The bytes of a file, of a member of an archive or of standard input, unpacked.

    Attributes:
        path: for messages; of a member, the archive's with the member's behind it
        packed_bytes: as they lie on the disk or in the archive
        stored: opens them as they are stored
    """

    path: Path
    packed_bytes: int
    stored: Callable[[], BinaryIO] = field(repr=False, compare=False)

    def open(self) -> BinaryIO:
        """The unpacked bytes, from their beginning; seekable, if not always fast.

        Raises:
            DataError: if they cannot be read; also later, while they are read.
        """
        packing = self._packing
        if packing is None:
            return self.stored()
        opener = functools.partial(unpacker, packing, self.stored)
        return buffered(Unpacked(opener, self.path, f"the {packing} archive", self.packed_bytes))

    def read(self) -> bytes:
        """All of them.

        Raises:
            DataError: as :meth:`open`.
        """
        with self.open() as file:
            try:
                return file.read()
            except OSError as error:
                raise unreadable(self.path, error) from error

    def head(self, size: int = HEAD_BYTES) -> bytes:
        """The first `size` unpacked bytes.

        Raises:
            DataError: as :meth:`open`.
        """
        with self.open() as file:
            try:
                return file.read(size)
            except OSError as error:
                raise unreadable(self.path, error) from error

    def kind(self) -> Kind | None:
        """What it is, unpacked, that is no text; None for text."""
        on_disk = self.path if self._packing is None else None
        found = kind_of(self.head(), on_disk)
        if found is not None and found.name == "zip":  # its names stand at its end, wherever it lies
            try:
                with self.open() as file, zipfile.ZipFile(file) as archive:
                    return kind_of_names(archive.namelist()) or found
            except (DataError, *DAMAGED):
                return found
        return found

    @property
    def name(self) -> str:
        """The file's own name, without the ending of a packed one: ``reviews.csv`` of ``reviews.csv.gz``."""
        packing = self._packing
        return self.path.name.removesuffix(ENDINGS[packing]) if packing else self.path.name

    @property
    def suffix(self) -> str:
        """The ending of the unpacked file, in lower case: ``.csv``."""
        return Path(self.name).suffix.lower()

    @functools.cached_property
    def _packing(self) -> str | None:
        """``gzip``, ``bzip2``, ``xz``, or None where the bytes are stored as they are."""
        with self.stored() as file:
            try:
                found = kind_of(file.read(16))
            except OSError as error:
                raise unreadable(self.path, error) from error
        return found.name if found is not None and found.name in UNPACKERS else None


def content_of(path: Path) -> Content:
    """What is in a file; of an archive, in its only data file. The path ``-`` is standard input.

    Raises:
        DataError: if it cannot be read, or is an archive of several files.
    """
    found = members(path)
    if len(found) > 1:
        names = listed(content.path.relative_to(_shown(path)).as_posix() for content in found)
        raise DataError(
            f"{_shown(path)}: {len(found)} files in the archive ({names}); expected one: unpack it and name one"
        )
    return found[0]


def content_at(path: Path) -> Content:
    """What is in a file, or in a file of an archive that is named as if the archive were a folder.

    Raises:
        DataError: as :func:`content_of`.
    """
    archive = next((parent for parent in path.parents if parent.is_file()), None)
    if archive is None:
        return content_of(path)
    found = [content for content in members(archive) if content.path == path]
    if not found:
        raise DataError(f"{path}: no such file in the archive; expected one of those in it")
    return found[0]


def members(path: Path) -> list[Content]:
    """The data files of an archive, in its order, in which they are read fastest; of any other file, itself.

    What systems put beside them (``__MACOSX``, ``.DS_Store``) is passed over, and a README or LICENSE where there is
    something else. An archive inside an archive stays one, which :meth:`Content.kind` names.

    Raises:
        DataError: if the file cannot be read, or is an archive that is damaged, encrypted or made to do harm.
    """
    whole = _file(path)
    kind = whole.kind()
    if kind is None or kind.name not in ("zip", "tar"):
        return [whole]
    archive: _Archive = _Zip(whole) if kind.name == "zip" else _Tar(whole)
    found = {name: content for name, content in archive.contents() if not _NO_DATA.fullmatch(name)}
    data = {name: content for name, content in found.items() if not _BESIDE_DATA.fullmatch(name)} or found
    if not data:
        raise DataError(f"{whole.path}: no file in the archive; expected one with data")
    return list(data.values())


def _shown(path: Path) -> Path:
    return Path("stdin") if str(path) == STDIN else path


IN_MEMORY = 1 << 26  # bytes of standard input; of more, all is kept in a file until the program ends
_stdin: tuple[object, Content] | None = None  # what was read: it can be read only once


def _standard_input() -> Content:
    global _stdin
    if sys.stdin is None:
        raise DataError("stdin: there is no standard input; expected data from a pipe or a file")
    if _stdin is None or _stdin[0] is not sys.stdin:
        try:
            _stdin = sys.stdin, _kept(sys.stdin.buffer)
        except OSError as error:
            raise unreadable(Path("stdin"), error) from error
    return _stdin[1]


def _kept(stream: BinaryIO) -> Content:
    """What a stream gives, so that it can be read several times."""
    path, begun = Path("stdin"), stream.read(IN_MEMORY + 1)
    if len(begun) <= IN_MEMORY:
        return _in_memory(path, begun)
    folder = tempfile.TemporaryDirectory(prefix="textrnn-", ignore_cleanup_errors=True)
    file = Path(folder.name) / "stdin"
    with open(file, "wb") as kept:
        kept.write(begun)
        shutil.copyfileobj(stream, kept, 1 << 20)
    opener = functools.partial(_open_file, file)
    weakref.finalize(opener, folder.cleanup)
    return Content(path, file.stat().st_size, opener)


def _file(path: Path) -> Content:
    """A file as it lies there."""
    if str(path) == STDIN:
        return _standard_input()
    refuse_url(path)
    try:
        size = path.stat().st_size
        if path.exists() and not path.is_file() and not path.is_dir():  # a pipe, which can be read only once
            return _in_memory(path, path.read_bytes())
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return Content(path, size, functools.partial(_open_file, path))


def _in_memory(path: Path, content: bytes) -> Content:
    return Content(path, len(content), lambda: cast(BinaryIO, io.BytesIO(content)))


def _open_file(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise unreadable(path, error) from error


class _Archive(ABC):
    """An archive of files, open as long as one of its members is kept."""

    def __init__(self, whole: Content, what: str, opened: Callable[[BinaryIO], Any]):
        self.whole, self.what = whole, what
        file = whole.open()
        weakref.finalize(self, file.close)
        with explained(whole.path, what):
            self.archive = opened(file)

    def contents(self) -> Iterator[tuple[str, Content]]:
        """The name and content of each regular file."""
        with explained(self.whole.path, self.what):
            for name, packed_bytes, member in self.entries():
                path = self.whole.path / _safe(name, self.whole.path)
                opener = functools.partial(self._open, member)
                stored = functools.partial(self._stored, opener, path, packed_bytes)
                yield name, Content(path, packed_bytes, stored)

    def _stored(self, opener: Callable[[], tuple[IO[bytes], ...]], path: Path, packed_bytes: int) -> BinaryIO:
        return buffered(Unpacked(opener, path, self.what, packed_bytes, owner=self))

    @abstractmethod
    def entries(self) -> Iterator[tuple[str, int, Any]]:
        """Name, packed size in bytes and own description of each regular file."""

    @abstractmethod
    def _open(self, member: Any) -> tuple[IO[bytes], ...]:
        """The stream of one of them, and those under it."""


class _Zip(_Archive):
    def __init__(self, whole: Content):
        super().__init__(whole, "the zip archive", zipfile.ZipFile)

    def entries(self) -> Iterator[tuple[str, int, zipfile.ZipInfo]]:
        for member in self.archive.infolist():
            name = _zip_name(member)
            if member.is_dir():
                continue
            if member.flag_bits & 0x1:
                raise DataError(
                    f"{self.whole.path / name}: encrypted; expected an archive without a password: unpack it and name "
                    "the file"
                )
            if member.file_size > max(SUSPICIOUS_BYTES, SUSPICIOUS_RATIO * member.compress_size):
                raise swollen(self.whole.path / name, member.compress_size)
            yield name, member.compress_size, member

    def _open(self, member: zipfile.ZipInfo) -> tuple[IO[bytes], ...]:
        return (self.archive.open(member),)


class _Tar(_Archive):
    def __init__(self, whole: Content):
        super().__init__(whole, "the tar archive", lambda file: tarfile.TarFile(fileobj=file))

    def entries(self) -> Iterator[tuple[str, int, tarfile.TarInfo]]:
        for member in self.archive:
            if member.isreg():
                yield member.name.removeprefix("./"), member.size, member

    def _open(self, member: tarfile.TarInfo) -> tuple[IO[bytes], ...]:
        file = self.archive.extractfile(member)
        assert file is not None, "it is a regular file"
        return (file,)


def _zip_name(member: zipfile.ZipInfo) -> str:
    """The name as it was typed: without its flag for UTF-8, it is in the encoding of the system that packed it."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        stored = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return stored.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _safe(name: str, archive: Path) -> PurePosixPath:
    """The name of a member.

    Raises:
        DataError: if it leads out of its archive.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name):
        raise DataError(
            f"{archive}: a file named {one_line(name)!r} in it; expected names inside the archive: pack it anew "
            "without such names"
        )
    return path

"""Files, folders and archives -> one running text: decoded, all line ends alike, without invisible marks."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textrnn.corpus.readers import decode
from textrnn.corpus.readers.rows import STRANGE
from textrnn.corpus.sources.content import Content, members
from textrnn.corpus.sources.kinds import Kind
from textrnn.errors import DataError

# Byte order marks of glued files, and control characters: white space stays. None is ever learnt, nor written.
MODEL_FILES = ("model.safetensors", "checkpoint.safetensors")  # where one lies is no text to learn from


@dataclass(frozen=True)
class RunningText:
    """One text, and what it was read from.

    Attributes:
        path: the file; of several, the folder or archive that holds them
        digest: SHA-256 of the file unpacked; of several, of their digests in order
        files: as they were read, in order
        encodings: the different ones
        passed_over: files of a folder or an archive that are no texts, and what they are
        removed: invisible marks and control characters that were taken out
        damaged: files and lines with bytes that could not be decoded and were replaced
    """

    path: Path
    text: str
    digest: str
    files: tuple[Path, ...]
    encodings: tuple[str, ...]
    passed_over: tuple[tuple[Path, Kind], ...]
    removed: int
    damaged: tuple[tuple[Path, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What was read, as plain values for ``metrics.json``."""
        return {
            "files": [path.name for path in self.files],
            "encodings": list(self.encodings),
            "characters": len(self.text),
            "removed": self.removed,
            "damaged_lines": len(self.damaged),
            "passed_over": {path.name: kind.words for path, kind in self.passed_over},
        }


def read_running_text(paths: Sequence[Path], encoding: str | None = None) -> RunningText:
    """All texts of files, folders and archives, in this order; in a folder or an archive by name, numbers as such.

    Args:
        paths: ``-`` is standard input.
        encoding: of all of them, where it is not to be found out.

    Raises:
        DataError: if one cannot be read or decoded, or is no text.
    """
    pieces: list[str] = []
    digests: list[str] = []
    files: list[Path] = []
    encodings: dict[str, None] = {}
    passed_over: list[tuple[Path, Kind]] = []
    damaged: list[tuple[Path, int]] = []
    removed = 0
    for content, kind in _contents(paths):
        if kind is not None:
            passed_over.append((content.path, kind))
            continue
        stored = content.read()
        text, note = decode(stored, content.path, encoding)
        text, marks = STRANGE.subn("", text.replace("\r\n", "\n").replace("\r", "\n"))
        pieces.append(text)
        digests.append(hashlib.sha256(stored).hexdigest())
        files.append(content.path)
        encodings[note["encoding"] if note else "UTF-8"] = None
        damaged += [(content.path, line) for line in (note["damaged"] if note else ())]
        removed += marks
    whole = "".join(_ended(piece) for piece in pieces[:-1]) + "".join(pieces[-1:])
    return RunningText(
        common_path(paths), whole, _digest(digests), tuple(files), tuple(encodings), tuple(passed_over), removed,
        tuple(damaged),
    )  # fmt: skip


def digest_of(paths: Sequence[Path]) -> str:
    """The digest of :func:`read_running_text`, without decoding anything.

    Raises:
        DataError: if a file cannot be read, or is no text.
    """
    return _digest([hashlib.sha256(content.read()).hexdigest() for content, kind in _contents(paths) if kind is None])


def common_path(paths: Sequence[Path]) -> Path:
    """The path itself; of several, the folder that holds them all."""
    shown = [Path("stdin") if str(path) == "-" else path for path in paths]
    if len(shown) == 1:
        return shown[0]
    try:
        return Path(os.path.commonpath([path.parent for path in shown]) or ".")
    except ValueError:  # on different drives, or one relative and one not
        return shown[0]


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _digest(digests: Sequence[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def _contents(paths: Sequence[Path]) -> Iterator[tuple[Content, Kind | None]]:
    """What is to be read, in order; with a kind, what is passed over.

    Raises:
        DataError: for what was named and is no text, or holds none.
    """
    for path in paths:
        in_folder = path.is_dir()
        found = list(_of_folder(path)) if in_folder else [(content, content.kind()) for content in members(path)]
        if not in_folder and len(found) == 1:
            content, kind = found[0]
            if kind is not None:
                raise kind.refusal(content.path)
        if all(kind is not None for _, kind in found):
            raise DataError(f"{path}: no text in it; expected text files to learn from")
        yield from sorted(found, key=lambda pair: _in_order(pair[0].path))


def _of_folder(folder: Path) -> Iterator[tuple[Content, Kind | None]]:
    """The files of a folder and of those in it; hidden ones and saved models aside."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        if any(name in names for name in MODEL_FILES):
            continue
        for name in names:
            path = Path(parent, name)
            if not name.startswith(".") and name.lower() not in ("thumbs.db", "desktop.ini") and path.is_file():
                for content in members(path):
                    yield content, content.kind()


def _in_order(path: Path) -> list[list[str | int]]:
    """Sorts ``chapter 2`` before ``chapter 10``."""
    return [
        [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.casefold())] + [name]
        for name in path.parts
    ]

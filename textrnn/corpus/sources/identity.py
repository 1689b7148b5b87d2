"""Which data a name or a path stands for: hashes of where it is and of what is in it.

Two files of one name are told apart by them, and a file that was edited is still known.
"""

from __future__ import annotations

import contextlib
import hashlib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from textrnn.config import DataIdentity
from textrnn.corpus.sources.catalog import INSTALLED_DATA, PROJECT_DATA, Source, find_dataset
from textrnn.corpus.sources.content import STDIN, content_of
from textrnn.errors import DataError, one_line, user_path

SHIPPED = ("headlines", "story")  # found with the program, wherever that is installed


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces; of a folder, of all files in it and their names.

    Raises:
        DataError: if it cannot be read.
    """
    if str(path) == STDIN:
        return hashlib.sha256(content_of(path).read()).hexdigest()
    try:
        # Of a file in an archive, the archive's own bytes.
        path = next((parent for parent in path.parents if parent.is_file()), path)
        if not path.is_dir():
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        inside = sorted((each.relative_to(path).as_posix(), each) for each in path.rglob("*") if each.is_file())
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({one_line(error.strerror or error)}); expected a data file"
        ) from error
    return _digest_of_parts({name: file_digest(each) for name, each in inside})


def content_digest(source: Source) -> str:
    """SHA-256 of all that is read of a data set: its splits, and the names of its classes.

    Raises:
        DataError: if a file cannot be read.
    """
    files = {"train": source.train, "dev": source.dev, "test": source.test, "class_names": source.class_names}
    return _digest_of_parts({part: file_digest(path) for part, path in files.items() if path is not None})


def _digest_of_parts(digests: dict[str, str]) -> str:
    listing = "".join(f"{digest} {name}\n" for name, digest in digests.items())
    return hashlib.sha256(listing.encode("utf-8", "surrogatepass")).hexdigest()


def place_of(path: Path) -> str:
    """SHA-256 of where a file or folder is, whether it is there or not; links are followed.

    Where file names of other case are the same name, so are they here.
    """
    resolved = path.resolve()
    text = resolved.as_posix()
    if _case_does_not_matter(resolved):
        text = unicodedata.normalize("NFC", text).casefold()
    return _hashed(text)


def place_of_all(paths: Sequence[Path]) -> str:
    """The same of several, in their order."""
    return place_of(paths[0]) if len(paths) == 1 else _hashed(" ".join(map(place_of, paths)))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _case_does_not_matter(path: Path) -> bool:
    """Judged by the nearest part of the path that is there and has letters: under its name with the cases swapped, the
    same is found."""
    for part in (path, *path.parents):
        swapped = part.parent / part.name.swapcase()
        with contextlib.suppress(OSError):
            if swapped.name != part.name and part.exists():
                return swapped.exists() and swapped.samefile(part)
    return False


def shipped_or_place(name: str, path: Path) -> str:
    """The place of what was found by its name."""
    ships = name in SHIPPED and any(path.resolve().is_relative_to(folder) for folder in (PROJECT_DATA, INSTALLED_DATA))
    return _hashed(f"ships with textrnn: {name}") if ships else place_of(path)


def is_a_path(path: Path, typed: str) -> bool:
    """Whether what was typed can only be a path, with nothing found in the catalog."""
    return path.exists() or path.name != typed or bool(path.suffix)


def identify_dataset(dataset: str) -> DataIdentity:
    """What a name, a folder or a file stands for, as far as that can be told here; nothing is downloaded."""
    path = user_path(dataset, "dataset")
    try:
        source = find_dataset(dataset, download=False)
    except DataError:  # it is not here, or not what it should be, which is for those to say who read it
        return DataIdentity(place_of(path)) if is_a_path(path, dataset) else DataIdentity(name=dataset.lower())
    by_path = path.exists() and (path.samefile(source.train) or source.train.resolve().is_relative_to(path.resolve()))
    try:
        digest = content_digest(source)
    except DataError:
        digest = None
    if by_path:
        return DataIdentity(place_of(path), digest)
    return DataIdentity(shipped_or_place(source.name, source.train.parent), digest, source.name)

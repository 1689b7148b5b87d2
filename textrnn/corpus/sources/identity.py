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
from textrnn.corpus.sources.content import STDIN, content_at
from textrnn.corpus.sources.unpacking import unreadable
from textrnn.errors import DataError, user_path

SHIPPED = ("headlines", "story")  # found with the program, wherever that is installed


PIECE = 1 << 20  # bytes read at a time


def file_digest(path: Path) -> str:
    """SHA-256 of a file as it is unpacked, read in pieces; of a folder, of all files in it and their names.

    Raises:
        DataError: if it cannot be read.
    """
    if path.is_dir():
        inside = sorted((each.relative_to(path).as_posix(), each) for each in path.rglob("*") if each.is_file())
        return _digest_of_parts({name: file_digest(each) for name, each in inside})
    digest, content = hashlib.sha256(), content_at(path)
    with content.open() as file:
        try:
            while piece := file.read(PIECE):
                digest.update(piece)
        except OSError as error:
            raise unreadable(path, error) from error
    return digest.hexdigest()


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


def identity_of(
    typed: Sequence[str], setting: str, found: Sequence[Path], name: str | None, digest: str | None
) -> DataIdentity:
    """The identity of data.

    Args:
        typed: names or paths, as the user gave them.
        setting: whose values they are.
        found: the files or folders that are meant; none where nothing is here.
        name: by which they were found; None of paths.
        digest: of the content, where that can be read.
    """
    if STDIN in typed:  # has no place: what comes from there is the same if it has the same content
        return DataIdentity(None if digest is None else _hashed(f"standard input: {digest}"), digest)
    if name is not None:
        ships = name in SHIPPED and all(
            any(path.resolve().is_relative_to(folder) for folder in (PROJECT_DATA, INSTALLED_DATA)) for path in found
        )
        return DataIdentity(_hashed(f"ships with textrnn: {name}") if ships else _places(found), digest, name)
    paths = [user_path(each, setting) for each in typed]
    if not found and not all(_is_a_path(path, each) for path, each in zip(paths, typed, strict=True)):
        return DataIdentity(name=" ".join(typed).lower())
    return DataIdentity(_places(paths), digest)


def _places(paths: Sequence[Path]) -> str:
    places = list(map(place_of, paths))
    return places[0] if len(places) == 1 else _hashed("\n".join(places))


def _is_a_path(path: Path, typed: str) -> bool:
    """Whether what was typed can only be a path, where nothing of that name was found."""
    return path.exists() or path.name != typed or bool(path.suffix)


def identify_dataset(dataset: str) -> DataIdentity:
    """What a name, a folder or a file stands for, as far as that can be told here; nothing is downloaded."""
    try:
        source = find_dataset(dataset, download=False)
    except DataError:  # it is not here, or not what it should be, which is for those to say who read it
        return identity_of([dataset], "dataset", [], None, None)
    try:
        digest = content_digest(source)
    except DataError:
        digest = None
    by_path = dataset == STDIN or _lies_in(source.train, user_path(dataset, "dataset"))
    folder = source.train if source.train.is_dir() else source.train.parent
    return identity_of([dataset], "dataset", [folder], None if by_path else source.name, digest)


def _lies_in(file: Path, path: Path) -> bool:
    return path.exists() and file.resolve().is_relative_to(path.resolve())

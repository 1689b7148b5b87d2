"""Vectors in a NumPy archive: the key ``embeddings`` has a row a token, a file beside the archive names the rows."""

from __future__ import annotations

import bisect
import json
import pickle
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from textrnn.corpus.embeddings.vocabulary_rows import VocabularyRows
from textrnn.corpus.readers import decode, read_bytes
from textrnn.errors import DataError, one_line

ROW_NAME_FILES = ("vocab.json", "vocab.txt", "vocab.pkl")  # in this order
AT_ONCE = 1 << 20  # bytes of the table


def gather_npz(path: Path, wanted: VocabularyRows) -> None:
    """Gather the rows of the vocabulary from an archive.

    Raises:
        DataError: if it or the file beside it is damaged, or the two do not belong together.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            keys = [info.filename.removesuffix(".npy") for info in archive.infolist()]
            if "embeddings" not in keys:
                raise DataError(
                    f"{path}: keys {', '.join(keys) or 'none'}; expected the key embeddings with one row a token"
                )
            if "embeddings.npy" not in archive.namelist():
                raise DataError(f"{path}: embeddings is not an array; expected numpy.savez(file, embeddings=...)")
            with archive.open("embeddings.npy") as file:
                _read_table(path, file, archive.getinfo("embeddings.npy").file_size, wanted)
    except DataError:
        raise
    except Exception as error:  # a damaged or hostile file can raise nearly anything
        raise DataError(
            f"{path}: not a whole .npz archive ({one_line(error) or type(error).__name__}); expected "
            "numpy.savez(file, embeddings=...): copy or download it once more"
        ) from error


def _read_table(path: Path, file: IO[bytes], size: int, wanted: VocabularyRows) -> None:
    """Gather rows a part at a time, so that the table is never held whole."""
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran_order, dtype = read_header(file)
    if len(shape) != 2 or shape[1] == 0 or dtype.kind not in "fiu":
        raise DataError(f"{path}: embeddings is {dtype} of shape {shape}; expected numbers of shape (tokens, size)")
    there = size - file.tell()
    if shape[0] * shape[1] * dtype.itemsize != there:  # before memory is asked for
        raise ValueError(f"shape {shape} in {there:,} bytes")
    rows = _wanted_rows(path, shape[0], wanted)
    if fortran_order:
        table = np.frombuffer(file.read(), dtype).reshape(shape, order="F")
        _add(table, 0, rows, wanted)
        return
    row_size = shape[1] * dtype.itemsize
    at_once = max(1, AT_ONCE // row_size)
    for first in range(0, shape[0], at_once):
        part = file.read(row_size * min(at_once, shape[0] - first))
        _add(np.frombuffer(part, dtype).reshape(-1, shape[1]), first, rows, wanted)
    file.read(1)  # at the end, where the sum of the bytes is checked


def _wanted_rows(path: Path, count: int, wanted: VocabularyRows) -> list[tuple[int, str]]:
    """(row, spelling) of what is looked for, in the order of the rows."""
    names_path = next((path.with_name(name) for name in ROW_NAME_FILES if path.with_name(name).is_file()), None)
    if names_path is None:
        raise DataError(f"{path}: no {', '.join(ROW_NAME_FILES)} beside it; expected one that names the {count:,} rows")
    names = _read_row_names(names_path)
    if names and (max(names.values()) >= count or min(names.values()) < 0):
        raise DataError(
            f"{names_path}: names row {max(names.values()):,} but {path.name} has {count:,} rows; "
            "expected the two to belong together"
        )
    wanted.examples = tuple(list(names)[:3])
    return sorted((names[spelling], spelling) for spelling in wanted.spellings if spelling in names)


def _add(table: NDArray[Any], first: int, rows: list[tuple[int, str]], wanted: VocabularyRows) -> None:
    """Take the rows that are in a part of the table, which begins at row `first`."""
    begin = bisect.bisect_left(rows, (first, ""))
    for row, spelling in rows[begin : bisect.bisect_left(rows, (first + len(table), ""))]:
        wanted.add(spelling, table[row - first])


class _RowNumberUnpickler(pickle.Unpickler):
    """Reads a pickle of plain values; one that names any class or function is refused before it can run."""

    def find_class(self, module: str, name: str) -> object:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _read_row_names(path: Path) -> dict[str, int]:
    """Token -> row, from a dictionary or a list beside the archive."""
    expected = "expected a plain dict of str to int"
    try:
        if path.suffix == ".pkl":
            with open(path, "rb") as file:
                names = _RowNumberUnpickler(file).load()
        elif path.suffix == ".json":
            names = json.loads(decode(read_bytes(path), path)[0])
        else:
            names = [line.removesuffix("\r") for line in decode(read_bytes(path), path)[0].rstrip("\r\n").split("\n")]
        if isinstance(names, list):
            names = {name: row for row, name in reversed(list(enumerate(names)))}  # of a repeated name the first row
    except DataError:
        raise
    except Exception as error:  # a damaged or hostile file can raise nearly anything
        reason = f"refused, it could run code ({one_line(error)})"
        if "it asks for" not in str(error):
            reason = f"cannot be read ({one_line(error) or type(error).__name__})"
        raise DataError(f"{path}: {reason}; {expected}: save it as vocab.json instead") from error
    if type(names) is not dict or not all(type(k) is str and type(v) is int for k, v in names.items()):
        raise DataError(f"{path}: not a dictionary of tokens and their rows; {expected}: save it as vocab.json instead")
    return names

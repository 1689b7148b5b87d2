"""Pretrained token vectors: NumPy archives and word2vec / GloVe / fastText text, filtered to a vocabulary.

A text file is read line by line and only the rows of the vocabulary are kept, so a file of several gigabytes needs
memory for the vocabulary only.
"""

from __future__ import annotations

import codecs
import gzip
import json
import pickle
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from textrnn.config import PAD_ID
from textrnn.corpus.readers import decode, read_bytes
from textrnn.errors import DataError, one_line, user_path

TEXT_ENDINGS = (".vec", ".txt", ".gz")
ROW_NAME_FILES = ("vocab.json", "vocab.txt", "vocab.pkl")  # in this order
LARGEST_NUMBER = 1e6  # no vector in use has one near it; a larger one would only make training fail later
SAMPLE_LINES = 200  # read to find how many numbers a line has, where a file has no header


@dataclass(frozen=True)
class PretrainedEmbedding:
    """Vectors for a whole vocabulary.

    Attributes:
        vectors: float32, (V, E); rows that the file does not have are drawn, ``<pad>`` is zero
        found: bool, (V,): which rows come from the file
        path: the file
    """

    vectors: NDArray[np.float32]
    found: NDArray[np.bool_]
    path: Path


def find_embedding(embedding: str, dataset_folder: Path | None) -> Path | None:
    """The file behind ``--embedding random | pretrained | PATH``; None for random.

    Raises:
        DataError: if there is no such file, or several could be meant.
    """
    if embedding == "random":
        return None
    if embedding != "pretrained":
        path = user_path(embedding, "embedding")
        if not path.is_file():
            raise DataError(
                f"`embedding` {embedding}: no such file; expected random, pretrained, or the path of a .npz, .vec, "
                ".txt or .gz file of vectors"
            )
        return path
    if dataset_folder is None:
        raise DataError("`embedding=pretrained`: texts in memory have no file beside them; expected `embedding=PATH`")
    candidates = sorted(
        path
        for path in dataset_folder.iterdir()
        if path.suffix in (".npz", ".vec") or path.name.endswith((".vec.gz", ".txt.gz"))
    )
    if not candidates:
        raise DataError(
            f"`embedding=pretrained`: no .npz, .vec or .vec.gz file in {dataset_folder}; expected vectors beside the "
            "data: put a file there, name one with `embedding=PATH`, or use `embedding=random`"
        )
    if len(candidates) > 1:
        raise DataError(
            f"`embedding=pretrained`: {', '.join(path.name for path in candidates)} are all in {dataset_folder}; "
            "expected one: choose it with `embedding=PATH`"
        )
    return candidates[0]


def load_embedding(path: Path, tokens: list[str], *, seed: int) -> PretrainedEmbedding:
    """Vectors for `tokens` (the vocabulary, ``<pad>`` and ``<unk>`` first) from a file.

    Missing rows are drawn from a normal distribution with the mean and standard deviation of those found.

    Args:
        seed: of the generator that draws the missing rows.

    Raises:
        DataError: if the file is damaged, inconsistent, or has none of the tokens.
    """
    ids = {token: index for index, token in enumerate(tokens) if index >= 2}
    if path.suffix == ".npz":
        rows, dimension = _read_npz(path, ids)
    elif path.suffix in TEXT_ENDINGS:
        rows, dimension = _read_text(path, ids)
    elif path.suffix == ".bin":
        raise DataError(f"{path}: fastText's binary models are not read; expected text: use the .vec file beside it")
    else:
        raise DataError(f"{path}: unknown kind of file; expected vectors in a .npz, .vec, .txt or .gz file")
    if not rows:
        raise DataError(
            f"{path}: none of the {len(ids):,} tokens of the vocabulary is in the file; expected vectors for the "
            "tokens in use: see `tokenizer` (characters need a file of characters, words one of words)"
        )
    indices = np.fromiter(rows, dtype=np.int64)
    values = np.stack(list(rows.values())).astype(np.float64)
    if not (np.abs(values) < LARGEST_NUMBER).all():  # false for nan too
        raise DataError(f"{path}: holds numbers that are infinite, huge or not a number; expected finite vectors")
    generator = np.random.default_rng(seed)
    vectors = generator.normal(values.mean(), values.std(), (len(tokens), dimension)).astype(np.float32)
    vectors[indices] = values
    vectors[PAD_ID] = 0.0
    found = np.zeros(len(tokens), dtype=bool)
    found[indices] = True
    return PretrainedEmbedding(vectors, found, path)


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
            names = {name: row for row, name in enumerate(names)}
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


def _read_npz(path: Path, ids: dict[str, int]) -> tuple[dict[int, NDArray[np.float64]], int]:
    try:
        # Opened here, because numpy leaves a bad file open.
        with open(path, "rb") as file, zipfile.ZipFile(file), np.load(file, allow_pickle=False) as archive:
            if "embeddings" not in archive:
                raise DataError(
                    f"{path}: keys {', '.join(archive.files) or 'none'}; expected the key embeddings "
                    "with one row a token"
                )
            table = archive["embeddings"]
    except DataError:
        raise
    except Exception as error:  # a damaged or hostile file can raise nearly anything
        raise DataError(
            f"{path}: not a whole .npz archive ({one_line(error) or type(error).__name__}); expected "
            "numpy.savez(file, embeddings=...): copy or download it once more"
        ) from error
    if not isinstance(table, np.ndarray):
        raise DataError(f"{path}: embeddings is not an array; expected numpy.savez(file, embeddings=...)")
    if table.ndim != 2 or table.shape[1] == 0 or table.dtype.kind not in "fiu":
        raise DataError(
            f"{path}: embeddings is {table.dtype} of shape {table.shape}; expected numbers of shape (tokens, size)"
        )
    names_path = next((path.with_name(name) for name in ROW_NAME_FILES if path.with_name(name).is_file()), None)
    if names_path is None:
        raise DataError(
            f"{path}: no {', '.join(ROW_NAME_FILES)} beside it; expected one that names the {len(table):,} rows"
        )
    names = _read_row_names(names_path)
    if names and (max(names.values()) >= len(table) or min(names.values()) < 0):
        raise DataError(
            f"{names_path}: names row {max(names.values()):,} but {path.name} has {len(table):,} rows; "
            "expected the two to belong together"
        )
    return {index: table[names[token]] for token, index in ids.items() if token in names}, table.shape[1]


def _open_lines(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb")  # type: ignore[return-value]


def _numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines as bytes; decoding every line of a large file, most of them not needed, would take minutes."""
    try:
        with _open_lines(path) as file:
            for number, line in enumerate(file, 1):
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                yield number, line.rstrip(b"\r\n ")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read to its end ({error}); copy or download it once more") from error


def _find_layout(path: Path) -> tuple[int, int]:
    """(numbers in each line, lines to skip): from the header ``rows size`` where there is one, else by counting.

    Tokens may contain spaces, so a line can have more fields than numbers; the commonest count is that of an ordinary
    line, and the first field of that one is the token.
    """
    counts: Counter[int] = Counter()
    for number, line in _numbered_lines(path):
        fields = line.split(b" ")
        if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields) and int(fields[1]):
            return int(fields[1]), 1
        if line:
            counts[len(fields) - 1] += 1
        if number >= SAMPLE_LINES:
            break
    if not counts or counts.most_common(1)[0][0] < 1:
        raise DataError(f"{path}:1: no vectors; expected lines of a token and its numbers, separated by spaces")
    return counts.most_common(1)[0][0], 0


def _read_text(path: Path, ids: dict[str, int]) -> tuple[dict[int, NDArray[np.float64]], int]:
    dimension, skip = _find_layout(path)
    wanted = {token.encode("utf-8", errors="replace"): index for token, index in ids.items()}
    # Only a line whose first field could begin a wanted token is parsed; that is a small share of a large file. A token
    # that starts with a space has an empty first field.
    beginnings = {token.split(b" ", 1)[0] for token in wanted}
    rows: dict[int, NDArray[np.float64]] = {}
    for number, line in _numbered_lines(path):
        if number <= skip or line.partition(b" ")[0] not in beginnings or not line:
            continue
        fields = line.rsplit(b" ", dimension)
        if len(fields) != dimension + 1:
            raise DataError(
                f"{path}:{number}: {len(line.split(b' ')) - 1} numbers; expected {dimension} as in "
                f"{'the header' if skip else 'the other lines'}: the file may be cut short"
            )
        index = wanted.get(fields[0])
        if index is None or index in rows:
            continue
        try:
            rows[index] = np.array(fields[1:], dtype=np.float64)
        except ValueError as error:
            raise DataError(
                f"{path}:{number}: not all of the {dimension} last fields are numbers ({one_line(error)}); expected a "
                f"token and {dimension} numbers"
            ) from error
    return rows, dimension

"""Vectors for a whole vocabulary from a file in any of the formats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrnn.config import PAD_ID
from textrnn.corpus.embeddings.binary_vectors import gather_binary
from textrnn.corpus.embeddings.formats import BinaryLayout, TextLayout, recognise
from textrnn.corpus.embeddings.numpy_archive import gather_npz
from textrnn.corpus.embeddings.text_vectors import gather_text
from textrnn.corpus.embeddings.vocabulary_rows import VocabularyRows
from textrnn.errors import DataError, listed


@dataclass(frozen=True)
class PretrainedEmbedding:
    """Vectors for a whole vocabulary.

    Attributes:
        vectors: float32, (V, E); rows that the file does not have are drawn, ``<pad>`` is zero
        found: bool, (V,): which rows come from the file
        path: the file
        form: what its content is, as ``word2vec binary``
        by_case: rows found in lower or upper case only
        not_finite: rows of the vocabulary left out, because a number is NaN, infinite or huge
        repeated: rows of the vocabulary left out, because their token was there before
        damaged: tokens of the file with bytes that are no characters
        promised: rows that the file's first line names, and those there, where these are fewer
    """

    vectors: NDArray[np.float32]
    found: NDArray[np.bool_]
    path: Path
    form: str = ""
    by_case: int = 0
    not_finite: int = 0
    repeated: int = 0
    damaged: int = 0
    promised: tuple[int, int] | None = None


def load_embedding(path: Path, tokens: list[str], *, seed: int) -> PretrainedEmbedding:
    """Vectors for `tokens` (the vocabulary, ``<pad>`` and ``<unk>`` first) from a file.

    Missing rows are drawn from a normal distribution with the mean and standard deviation of those found.

    Args:
        seed: of the generator that draws the missing rows.

    Raises:
        DataError: if the file is damaged, inconsistent, or has none of the tokens.
    """
    wanted = VocabularyRows(tokens)
    layout = recognise(path)
    if isinstance(layout, TextLayout):
        gather_text(path, layout, wanted)
    elif isinstance(layout, BinaryLayout):
        gather_binary(path, layout, wanted)
    else:
        gather_npz(path, wanted)
    rows, by_case = wanted.by_id()
    if not rows:
        raise _nothing_found(path, wanted)
    indices = np.fromiter(rows, dtype=np.int64)
    values = np.stack(list(rows.values()))
    generator = np.random.default_rng(seed)
    vectors = generator.normal(values.mean(), values.std(), (len(tokens), values.shape[1])).astype(np.float32)
    vectors[indices] = values
    vectors[PAD_ID] = 0.0
    found = np.zeros(len(tokens), dtype=bool)
    found[indices] = True
    return PretrainedEmbedding(
        vectors, found, path, str(layout), by_case, wanted.not_finite, wanted.repeated, wanted.damaged, wanted.promised
    )


def _nothing_found(path: Path, wanted: VocabularyRows) -> DataError:
    if wanted.not_finite:
        return DataError(
            f"{path}: of the tokens of the vocabulary it has {wanted.not_finite:,} rows, and all hold numbers that are "
            "infinite, huge or not a number; expected finite vectors"
        )
    there = f" (it has {listed(wanted.examples)}, ...)" if wanted.examples else ""
    return DataError(
        f"{path}: none of the {len(wanted.tokens) - 2:,} tokens of the vocabulary is in the file{there}; expected "
        "vectors for the tokens in use: see `tokenizer` (characters need a file of characters, words one of words)"
    )

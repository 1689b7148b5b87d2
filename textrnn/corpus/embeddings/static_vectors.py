"""A vector for a whole text: the mean of the vectors of its tokens, from a Model2Vec folder.

The folder is read as it is, and a text is cut by its own tokenizer, which takes the package ``tokenizers``; nothing is
downloaded. What was read is kept in the folder of a trained classifier, which then needs the other no more.

Shapes: N texts, S tokens of a text, V tokens known, R rows of the table, D numbers of a vector.

Source: Tulkens & van Dongen 2024 (Model2Vec).
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import ArtifactError, DataError, TextRNNError, missing_package, one_line, user_path
from textrnn.files import load_tensors, tensor_bytes

if TYPE_CHECKING:
    from torch import Tensor

VECTORS_FILE, TOKENIZER_FILE = "static.safetensors", "static_tokenizer.json"  # in the folder of a classifier
MAX_LENGTH = 512  # tokens read of a text, where the folder does not say
AT_ONCE = 1024  # texts
# How a folder is laid out: its settings, the tensors with the name of the table, the tokenizer.
LAYOUTS = (
    ("config.json", "model.safetensors", "embeddings", "tokenizer.json"),
    ("config_sentence_transformers.json", "model.safetensors", "embedding.weight", "tokenizer.json"),
    (
        "config_sentence_transformers.json",
        "0_StaticEmbedding/model.safetensors",
        "embedding.weight",
        "0_StaticEmbedding/tokenizer.json",
    ),
)
EXPECTED = "expected a folder of Model2Vec, with config.json, model.safetensors and tokenizer.json"


@dataclass(frozen=True, eq=False)
class StaticVectors:
    """The table of a Model2Vec folder and its tokenizer.

    Attributes:
        table: (R, D), as the folder has it
        weights: (V,): what the vector of each token is multiplied by; None: by one
        mapping: (V,) int64: the row of each token; None: its id
        spelling: the tokenizer, as JSON
        normalize: whether a text's vector is given the length one
        max_length: tokens that are read of a text; None: all
        path: where it was read
    """

    table: Tensor
    weights: Tensor | None
    mapping: Tensor | None
    spelling: str
    normalize: bool
    max_length: int | None
    path: Path

    def __post_init__(self) -> None:
        tokens = 1 + max(self.tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
        whole = [self.table, *([] if self.weights is None else [self.weights])]
        if self.table.dim() != 2 or not all(part.float().isfinite().all() for part in whole):
            raise ValueError("its vectors are not rows of finite numbers")
        rows = len(self.table) if self.mapping is None else len(self.mapping)
        if rows < tokens or (self.weights is not None and len(self.weights) < tokens):
            raise ValueError(f"{rows:,} vectors for {tokens:,} tokens")
        if self.mapping is not None and not ((self.mapping >= 0) & (self.mapping < len(self.table))).all():
            raise ValueError("a token has no row")

    @property
    def size(self) -> int:
        """Numbers of a vector."""
        return int(self.table.shape[1])

    @cached_property
    def tokenizer(self) -> Any:
        """A ``tokenizers.Tokenizer`` that cuts, and pads nothing."""
        # Its own threads would wait for each other in processes that are started later, and it would warn of that.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            package = importlib.import_module("tokenizers")
        except ImportError as error:
            raise missing_package("embedding=model2vec", "tokenizers", "tokenizers") from error
        try:
            found = package.Tokenizer.from_str(self.spelling)
        except Exception as error:  # the package raises nothing more special
            raise ValueError(f"its tokenizer cannot be read ({one_line(error)})") from error
        found.no_padding()
        if self.max_length is None:
            found.no_truncation()
        else:
            found.enable_truncation(self.max_length)
        return found

    @cached_property
    def _numbers(self) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self.table.float().numpy()
        return found

    @cached_property
    def _unknown(self) -> int | None:
        """The id of the token for what is not known, which is left out."""
        model = json.loads(self.spelling)["model"]
        unknown = model.get("unk_token")
        found: int | None = model.get("unk_id") if unknown is None else self.tokenizer.token_to_id(unknown)
        return found

    @cached_property
    def _longest(self) -> int | None:
        """Characters that are looked at of a text."""
        if self.max_length is None:
            return None
        return self.max_length * int(np.median([len(token) for token in self.tokenizer.get_vocab()]))

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts -> (N, D); zeros where no token is known."""
        from scipy.sparse import csr_matrix

        found = np.zeros((len(texts), self.size), dtype=np.float32)
        for begin in range(0, len(texts), AT_ONCE):
            some = [text[: self._longest] for text in texts[begin : begin + AT_ONCE]]
            encodings = self.tokenizer.encode_batch_fast(some, add_special_tokens=False)
            known = [[index for index in each.ids if index != self._unknown] for each in encodings]
            offsets = np.cumsum([0, *map(len, known)])
            rows, counted = self._rows_of(np.array([index for ids in known for index in ids], dtype=np.int64))
            sums = csr_matrix((counted, rows, offsets), shape=(len(some), len(self.table))) @ self._numbers
            means = sums / np.maximum(np.diff(offsets), 1)[:, None]
            found[begin : begin + AT_ONCE] = means / self._length_of(means)
        return found

    def added_by_tokens(self, text: str, direction: NDArray[np.float64]) -> list[tuple[int, int, float]]:
        """(D,) -> where each token of a text begins and ends, and what it adds to the product of the text's vector and
        `direction`."""
        encoding = self.tokenizer.encode(text[: self._longest], add_special_tokens=False)
        known = [place for place, index in enumerate(encoding.ids) if index != self._unknown]
        if not known:
            return []
        rows, counted = self._rows_of(np.array(encoding.ids, dtype=np.int64)[known])
        vectors = self._numbers[rows].astype(np.float64) * counted[:, None] / len(known)
        added = vectors @ direction / self._length_of(vectors.sum(axis=0, keepdims=True))[0]
        return [(*encoding.offsets[place], value) for place, value in zip(known, added.tolist(), strict=True)]

    def _rows_of(self, token_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(S,) -> (S,), (S,): the row of each token, and what it is multiplied by."""
        rows = token_ids if self.mapping is None else self.mapping.numpy()[token_ids]
        one = np.ones(len(token_ids), dtype=np.float32)
        return rows, one if self.weights is None else self.weights.float().numpy()[token_ids]

    def _length_of(self, means: Any) -> Any:
        """(N, D) -> (N, 1): what the means are divided by."""
        return np.linalg.norm(means, axis=1, keepdims=True) + 1e-32 if self.normalize else np.ones((len(means), 1))

    def to_files(self) -> dict[str, bytes]:
        """What the folder of a classifier keeps of it."""
        tensors = {"embeddings": self.table, "weights": self.weights, "mapping": self.mapping}
        document = {"normalize": self.normalize, "max_length": self.max_length}
        kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
        return {VECTORS_FILE: tensor_bytes(kept, document), TOKENIZER_FILE: self.spelling.encode("utf-8")}

    @classmethod
    def kept(cls, folder: Path) -> StaticVectors:
        """As :meth:`to_files` has written it.

        Raises:
            ArtifactError: if a file is missing or damaged.
            ConfigError: if the package ``tokenizers`` is missing.
        """
        tensors, document = load_tensors(folder / VECTORS_FILE)
        try:
            spelling = (folder / TOKENIZER_FILE).read_text(encoding="utf-8")
            return _vectors(tensors, "embeddings", document, spelling, folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(
                f"{folder}: its static vectors cannot be read ({one_line(error)}); expected {VECTORS_FILE} and "
                f"{TOKENIZER_FILE} as training wrote them: train again"
            ) from error


def read_static_vectors(named: str) -> StaticVectors:
    """The vectors in the folder behind ``embedding=model2vec:FOLDER``.

    Raises:
        DataError: if there is no such folder, or it is not what it should be.
        ConfigError: if the package ``tokenizers`` is missing.
    """
    folder = user_path(named, "embedding")
    if not folder.is_dir():
        raise DataError(f"`embedding` model2vec:{named}: no such folder; {EXPECTED}")
    layout = next((names for names in LAYOUTS if all((folder / names[place]).is_file() for place in (0, 1, 3))), None)
    if layout is None:
        missing = next(LAYOUTS[0][place] for place in (0, 1, 3) if not (folder / LAYOUTS[0][place]).is_file())
        raise DataError(f"`embedding` model2vec:{named}: no {missing} there; {EXPECTED}")
    settings, tensors, table, tokenizer = layout
    from safetensors.torch import load

    try:
        config = json.loads((folder / settings).read_text(encoding="utf-8"))
        spelling = (folder / tokenizer).read_text(encoding="utf-8")
        return _vectors(load((folder / tensors).read_bytes()), table, config, spelling, folder)
    except TextRNNError:
        raise
    except Exception as error:  # safetensors' own have no common base with the rest
        raise DataError(
            f"`embedding` model2vec:{named}: cannot be read ({one_line(error)}); {EXPECTED}: copy it once more"
        ) from error


def _vectors(
    tensors: Mapping[str, Tensor], table: str, config: Mapping[str, Any], spelling: str, folder: Path
) -> StaticVectors:
    mapping, max_length = tensors.get("mapping"), config.get("max_length", MAX_LENGTH)
    if not (max_length is None or (isinstance(max_length, int) and max_length > 0)):
        raise ValueError(f"its max_length is {one_line(max_length, widest=20)}")
    return StaticVectors(
        tensors[table],
        tensors.get("weights"),
        None if mapping is None else mapping.long(),
        spelling,
        bool(config.get("normalize", False)),
        max_length,
        folder,
    )

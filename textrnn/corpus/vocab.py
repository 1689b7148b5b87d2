"""The vocabulary: which tokens a model knows, and the id of each. It holds its tokenizer, so the two stay together."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.config import UNKNOWN_ID, DataConfig
from textrnn.corpus.tokenizers import Tokenizer, words_beside_characters
from textrnn.errors import ArtifactError, ConfigError, one_line

PAD, UNKNOWN = "<pad>", "<unk>"
VOCAB_VERSION = 1


@dataclass(frozen=True)
class Spelling:
    """The words of many texts, end to end, a space between them, before the first and after the last of a text.

    Attributes:
        characters: int32, (all characters,): code points
        offsets: int64, (texts + 1,)
    """

    characters: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> Spelling:
        """Of texts that are cut into words."""
        spelt = [" ".join(["", *words, ""]) or " " for words in texts]
        offsets = np.zeros(len(spelt) + 1, dtype=np.int64)
        np.cumsum(list(map(len, spelt)), out=offsets[1:])
        encoded = "".join(spelt).replace("\0", "\ufffd").encode("utf-32-le", "surrogatepass")
        return cls(np.frombuffer(encoded, "<i4").astype(np.int32), offsets)

    def first(self, count: int) -> Spelling:
        """Of the first of the texts."""
        offsets = self.offsets[: count + 1]
        return Spelling(self.characters[: offsets[-1]], offsets)


@dataclass(frozen=True)
class EncodedTexts:
    """Token ids of many texts, end to end: text i is ``token_ids[offsets[i]:offsets[i + 1]]``, never empty.

    Attributes:
        token_ids: int32, (all tokens,)
        offsets: int64, (texts + 1,)
        truncated: texts that were longer than the limit
        unread: tokens of those texts beyond the limit
        cut: indices of those texts
        spelling: code points of the words that are read, a space before and after each; of a text whose tokens are
            characters, cut into words; None: not asked for
        sentence_vectors: float32, (texts, D): static vectors of the texts; None: not asked for
    """

    token_ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    truncated: int = 0
    unread: int = 0
    cut: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    spelling: Spelling | None = None
    sentence_vectors: NDArray[np.float32] | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens in each text."""
        return np.diff(self.offsets)

    def in_pieces(self, size: int) -> EncodedTexts:
        """The same tokens as texts of at most `size`, longer ones cut into several."""
        counts = -(-self.lengths // size)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        starts = np.repeat(self.offsets[:-1], counts) + within * size
        return EncodedTexts(self.token_ids, np.append(starts, self.offsets[-1]))

    def first(self, count: int) -> EncodedTexts:
        """The first of the texts."""
        offsets = self.offsets[: count + 1]
        vectors = None if self.sentence_vectors is None else self.sentence_vectors[:count]
        spelling = self.spelling and self.spelling.first(count)
        return EncodedTexts(self.token_ids[: offsets[-1]], offsets, spelling=spelling, sentence_vectors=vectors)


def _ended(flat: NDArray[np.int32], kept: NDArray[np.int64], lengths: NDArray[np.int64]) -> EncodedTexts:
    """Texts end to end.

    Args:
        kept: tokens of each text that are there.
        lengths: tokens of each text as it is.
    """
    offsets = np.zeros(len(kept) + 1, dtype=np.int64)
    np.cumsum(kept, out=offsets[1:])
    cut = np.flatnonzero(lengths > kept)
    return EncodedTexts(flat, offsets, len(cut), int((lengths - kept).sum()), cut)


class Vocabulary:
    """Tokens and their ids; ``<pad>`` is 0 and ``<unk>`` is 1.

    A token of a text that happens to be spelt ``<pad>`` or ``<unk>`` is an unknown token like any other.
    """

    def __init__(self, tokens: list[str], tokenizer: Tokenizer):
        if tokens[:2] != [PAD, UNKNOWN] or len(set(tokens)) != len(tokens):
            raise ValueError("it must start with <pad> and <unk> and hold each token once")
        self.tokens = tokens
        self.tokenizer = tokenizer
        self._ids = {token: index for index, token in enumerate(tokens) if index > UNKNOWN_ID}

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def build(
        cls, texts: Iterable[str], tokenizer: Tokenizer, *, min_freq: int = 1, max_vocab: int = 10_000
    ) -> Vocabulary:
        """The most frequent tokens of `texts`; equally frequent ones in the order of their characters.

        Args:
            min_freq: tokens seen fewer times are left out.
            max_vocab: entries at most, the two special ones included.
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(tokenizer(text))
        kept = sorted(
            ((token, count) for token, count in counts.items() if count >= min_freq and token not in (PAD, UNKNOWN)),
            key=lambda item: (-item[1], item[0]),
        )
        return cls([PAD, UNKNOWN] + [token for token, _ in kept[: max_vocab - 2]], tokenizer)

    @classmethod
    def from_settings(cls, texts: Sequence[str], settings: DataConfig) -> Vocabulary:
        """The vocabulary of training texts, from settled settings."""
        return cls.build(
            texts,
            Tokenizer(settings.tokenizer, settings.lowercase),
            min_freq=settings.min_freq,
            max_vocab=settings.max_vocab,
        )

    def with_more(self, tokens: Iterable[str], *, max_vocab: int) -> Vocabulary:
        """The same with further tokens behind its own: those of `tokens` that its tokenizer can make of a text.

        Args:
            max_vocab: entries at most.
        """
        more = [token for token in dict.fromkeys(tokens) if token not in self._ids and token not in (PAD, UNKNOWN)]
        more = [token for token in more if list(self.tokenizer(token)) == [token]]
        return Vocabulary([*self.tokens, *more[: max(0, max_vocab - len(self))]], self.tokenizer)

    def encode(
        self,
        texts: Iterable[str],
        *,
        max_tokens: int | None = None,
        spelling: bool = False,
        cut: Callable[[str], list[str]] = words_beside_characters,
    ) -> EncodedTexts:
        """Texts -> token ids. An empty text becomes one ``<unk>``, so that every model has a step to read.

        Args:
            max_tokens: read at most this many tokens of each text.
            spelling: whether to keep the characters of the tokens, too; where they are the tokens, the words.
            cut: finds those words.
        """
        if self.tokenizer.name == "char":
            return self._encode_by_character(list(texts), max_tokens, cut if spelling else None)
        get = self._ids.get
        pieces: list[list[int]] = []
        lengths: list[int] = []  # before anything is cut
        words: list[Sequence[str]] = []
        for text in texts:
            tokens = self.tokenizer(text)
            lengths.append(max(1, len(tokens)))
            tokens = tokens if max_tokens is None else tokens[:max_tokens]
            pieces.append([get(token, UNKNOWN_ID) for token in tokens] or [UNKNOWN_ID])
            if spelling:
                words.append(tokens)
        flat = np.array([index for ids in pieces for index in ids], dtype=np.int32)
        found = _ended(flat, np.array(list(map(len, pieces)), dtype=np.int64), np.array(lengths, dtype=np.int64))
        return dataclasses.replace(found, spelling=Spelling.of(words)) if spelling else found

    def _encode_by_character(
        self, texts: list[str], max_tokens: int | None, cut: Callable[[str], list[str]] | None
    ) -> EncodedTexts:
        """The same where a token is a character, without a Python step for each."""
        heads, beyond = texts, np.zeros(len(texts), dtype=np.int64)
        if max_tokens is not None:  # a very long text need not be looked at to its end
            heads = [text[: max_tokens + 1] for text in texts]
            beyond += np.fromiter(map(len, texts), np.int64, len(texts))
            beyond -= np.fromiter(map(len, heads), np.int64, len(heads))
        if self.tokenizer.lowercase:
            heads = [text.lower() for text in heads]
        spelling = None if cut is None else Spelling.of([cut(text[:max_tokens]) for text in heads])
        flat = self._ids_of_characters("".join(heads))
        lengths = np.fromiter(map(len, heads), np.int64, len(heads))
        if (empty := np.flatnonzero(lengths == 0)).size:
            flat = np.insert(flat, (np.cumsum(lengths) - lengths)[empty], UNKNOWN_ID)
            lengths[empty] = 1
        kept = lengths
        if max_tokens is not None and lengths.max(initial=0) > max_tokens:
            position = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            flat, kept = flat[position < max_tokens], np.minimum(lengths, max_tokens)
        return dataclasses.replace(_ended(flat, kept, lengths + beyond), spelling=spelling)

    def _ids_of_characters(self, text: str) -> NDArray[np.int32]:
        code_points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        ids: NDArray[np.int32] = self._id_of_character[code_points]
        return ids

    @cached_property
    def _id_of_character(self) -> NDArray[np.int32]:
        """(code points,)."""
        id_of = np.full(sys.maxunicode + 1, UNKNOWN_ID, dtype=np.int32)
        for token, index in self._ids.items():
            if len(token) == 1:
                id_of[ord(token)] = index
        return id_of

    def encode_characters(self, text: str) -> NDArray[np.int32]:
        """One long text -> the ids of its characters (none for an empty text), without a Python step for each.

        Args:
            text: valid Unicode (no lone surrogates).
        """
        if self.tokenizer.name != "char":
            raise ValueError(f"the tokens of this vocabulary are not characters but of {self.tokenizer.name}")
        return self._ids_of_characters(text.lower() if self.tokenizer.lowercase else text)

    def coverage(self, encoded: EncodedTexts) -> float:
        """Share of token occurrences that the vocabulary knows."""
        return float(np.mean(encoded.token_ids != UNKNOWN_ID))

    def to_json(self) -> str:
        """The document written to ``vocab.json``."""
        document: dict[str, Any] = {
            "format_version": VOCAB_VERSION,
            "tokenizer": self.tokenizer.to_dict(),
            "tokens": self.tokens,
        }
        return json.dumps(document, ensure_ascii=False, indent=0) + "\n"

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read ``vocab.json``.

        Raises:
            ArtifactError: if it is missing, of a newer format, or not a vocabulary.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            version, tokenizer, tokens = document["format_version"], document["tokenizer"], document["tokens"]
            if not isinstance(version, int) or not all(isinstance(token, str) for token in tokens):
                raise TypeError("its version is no number, or a token is no text")
            if version > VOCAB_VERSION:
                raise ArtifactError(
                    f"{path}: format version {version}; expected {VOCAB_VERSION} or older: "
                    "a newer textrnn wrote it, upgrade this one"
                )
            return cls(tokens, Tokenizer(**tokenizer))
        except FileNotFoundError as error:
            raise ArtifactError(f"{path}: no such file; expected the vocabulary of a saved model") from error
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ConfigError) as error:
            raise ArtifactError(
                f"{path}: not a vocabulary ({one_line(error)}); expected what training wrote: train again"
            ) from error

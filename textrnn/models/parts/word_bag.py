"""A bag of words and pairs of words, for texts whose tokens are single characters, as Chinese ones are.

What it reads is a text cut into words: code points, a space before, between and after the words. A word is numbered by
its characters, in 64 bits, so that it needs no vocabulary.

Shapes: B batch, S characters and spaces, T tokens (characters), W words of a batch, N words and pairs of a batch, G
numbers per word.

Source: Li et al. 2019 (words or characters for Chinese: each knows what the other does not).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.models.parts.ngram_bag import scrambled
from textrnn.models.parts.tfidf_bag import CHUNK, TfidfBag

SPACE = ord(" ")
MOST_CODE_POINTS = 1 << 21
WEIGHT = 0.7  # of all words of a text beside all n-grams of its characters


class WordBag(TfidfBag):
    """The words and pairs of words of a text, weighted by TF-IDF: code points (B, S), 0 behind them -> (B, G)."""

    def __init__(self, size: int, *, max_words: int):
        """
        Args:
            max_words: keep at most so many words and pairs, those of the most texts.
        """
        super().__init__(size, max_words)

    def learn_words(self, characters: Tensor, offsets: Tensor) -> None:
        """Count the words and pairs of all training texts and lay out the table, on the CPU.

        Args:
            characters: (all characters,) code points of the texts, cut into words, end to end.
            offsets: (texts + 1,) where each begins.
        """
        texts = len(offsets) - 1
        begins, _, numbers = _words(characters.long())
        of_text = torch.searchsorted(offsets, begins, right=True) - 1
        self.count([(numbers, of_text), _pairs(numbers, of_text)], texts)

    def found_in(self, characters: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """(B, S) -> (N,), (N,): the row and the number of every word, then of every pair."""
        rows, _, numbers = self._words_of(characters)
        pairs, rows_of_pairs = _pairs(numbers, rows)
        return torch.cat([rows, rows_of_pairs]), torch.cat([numbers, pairs])

    def in_chunks(self, characters: Tensor) -> Iterator[tuple[Tensor, Tensor]]:  # type: ignore[override]
        """As :meth:`found_in`, some words at a time."""
        rows, _, numbers = self._words_of(characters)
        for begin in range(0, len(rows), CHUNK):
            chunk = slice(begin, begin + CHUNK + 1)
            pairs, rows_of_pairs = _pairs(numbers[chunk], rows[chunk])
            yield torch.cat([rows[chunk][:CHUNK], rows_of_pairs]), torch.cat([numbers[chunk][:CHUNK], pairs])

    def by_token(self, values: Tensor, characters: Tensor) -> Tensor:  # type: ignore[override]
        """(N,) a value of each word and pair -> (B, T): divided evenly among its characters, which are the tokens."""
        rows, lengths, _ = self._words_of(characters)
        of_words, of_pairs = values[: len(rows)], values[len(rows) :]
        shares = of_words / lengths
        first = (rows[1:] == rows[:-1]).nonzero().squeeze(1)
        of_each = of_pairs / (lengths[first] + lengths[first + 1])
        shares = shares.index_add(0, first, of_each).index_add(0, first + 1, of_each)
        inside = (characters != SPACE) & (characters != 0)
        place = inside.cumsum(dim=1) - 1
        in_rows, columns = inside.nonzero(as_tuple=True)
        found = values.new_zeros(characters.shape[0], max(1, int(place.max()) + 1))
        found[in_rows, place[in_rows, columns]] = shares.repeat_interleave(lengths)
        return found

    def _weights(self, rows: Tensor, places: Tensor, repeats: Tensor, row_count: int) -> Tensor:
        return WEIGHT * super()._weights(rows, places, repeats, row_count)

    def _words_of(self, characters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, S) -> (W,), (W,), (W,): the row, the characters and the number of every word."""
        begins, lengths, numbers = _words(characters.reshape(-1).long())
        return begins // characters.shape[1], lengths, numbers

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """A model that an earlier version wrote has no words."""
        self.know_nothing_if_absent(state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *others)


def _words(flat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(S,) code points of texts, each beginning and ending with a space, 0 behind it -> (W,), (W,), (W,): where each
    word begins, its characters, and its number."""
    space = flat == SPACE
    spaces = space.nonzero().squeeze(1)
    place = torch.arange(flat.shape[0], device=flat.device) - spaces[(space.long().cumsum(0) - 1).clamp(min=0)]
    totals = functional.pad(scrambled(place * MOST_CODE_POINTS + flat).cumsum(0), (1, 0))
    begins, after = spaces[:-1] + 1, spaces[1:]
    real = (after > begins) & (flat[begins] != 0)
    begins, after = begins[real], after[real]
    return begins, after - begins, totals[after] - totals[begins]


def _pairs(numbers: Tensor, texts: Tensor) -> tuple[Tensor, Tensor]:
    """(W,), (W,) -> the number of every pair of adjacent words of the same text, and its text."""
    same = texts[1:] == texts[:-1]
    return (scrambled(numbers[:-1]) + numbers[1:])[same], texts[:-1][same]

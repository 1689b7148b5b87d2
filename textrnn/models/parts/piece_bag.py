"""A bag of the pieces of words: n-grams of the characters of each word, a space before and after it.

Words that are rare or unknown have pieces that are not. What it reads is the spelling of a text: its words with a space
between them, before the first and after the last, as code points.

Shapes: B batch, S characters of a spelling, T words, N pieces of a batch, A characters known, G numbers per piece.

Source: Bojanowski et al. 2017 (n-grams within words, their ends marked); scikit-learn's ``char_wb``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.models.parts.ngram_bag import ngram_numbers
from textrnn.models.parts.tfidf_bag import CHUNK, TfidfBag

SHORTEST, LONGEST = 2, 5  # characters of a piece
MAX_CHARACTERS = 5000  # different ones; the number of a piece has to fit 63 bits
SPACE = ord(" ")


class PieceBag(TfidfBag):
    """The pieces of the words of a text, weighted by TF-IDF: code points (B, S), 0 behind them -> (B, G)."""

    alphabet: Tensor

    def __init__(self, size: int, *, max_pieces: int):
        """
        Args:
            max_pieces: keep at most so many, those of the most texts.
        """
        super().__init__(size, max_pieces)
        self.register_buffer("alphabet", torch.empty(0, dtype=torch.int64))  # (A,) code points, rising

    def learn_spelling(self, characters: Tensor, offsets: Tensor) -> None:
        """Count the pieces of the words of all training texts and lay out the table, on the CPU.

        Args:
            characters: (all characters,) code points of the spellings of the texts, end to end.
            offsets: (texts + 1,) where each begins.
        """
        points, counts = torch.unique(characters.long(), return_counts=True)
        if len(points) > MAX_CHARACTERS:
            points = points[counts.argsort(descending=True, stable=True)[:MAX_CHARACTERS]].sort().values
        self.alphabet = points
        texts = len(offsets) - 1
        of_text = torch.repeat_interleave(torch.arange(texts), offsets.diff())
        by_order = []
        for order, numbers, inside in self._by_order(characters[None]):
            count = len(of_text) - order + 1
            inside = inside[0, : max(0, count)] & (of_text[: max(0, count)] == of_text[order - 1 :])
            by_order.append((numbers[0, : len(inside)][inside], of_text[: len(inside)][inside]))
        self.count(by_order, texts)

    def found_in(self, characters: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """(B, S) -> (N,), (N,): the row and the number of every piece."""
        _, numbers, inside = zip(*self._by_order(characters), strict=True)
        rows, columns = torch.cat(inside, dim=1).nonzero(as_tuple=True)
        return rows, torch.cat(numbers, dim=1)[rows, columns]

    def in_chunks(self, characters: Tensor) -> Iterator[tuple[Tensor, Tensor]]:  # type: ignore[override]
        """As :meth:`found_in`, those that begin at some of the characters at a time."""
        for begin in range(0, characters.shape[1], CHUNK):
            chunk = characters[:, begin : begin + CHUNK + LONGEST - 1]
            _, numbers, inside = zip(*self._by_order(chunk), strict=True)
            rows, columns = torch.cat([mask[:, :CHUNK] for mask in inside], dim=1).nonzero(as_tuple=True)
            yield rows, torch.cat([found[:, :CHUNK] for found in numbers], dim=1)[rows, columns]

    def by_token(self, values: Tensor, characters: Tensor) -> Tensor:  # type: ignore[override]
        """(N,) a value of each piece -> (B, T): all of its word."""
        inside = torch.cat([mask for _, _, mask in self._by_order(characters)], dim=1)
        word = ((characters == SPACE).cumsum(dim=1) - 1).clamp(min=0)  # (B, S): the one that begins there, or goes on
        rows, columns = inside.nonzero(as_tuple=True)
        found = values.new_zeros(characters.shape[0], max(1, int(word.max())))  # no word begins at the last space
        return found.index_put_((rows, word[rows, columns % characters.shape[1]]), values, accumulate=True)

    def _by_order(self, characters: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
        """(B, S) -> for each length: the numbers of the pieces that begin at each character, (B, S), and where there is
        one: of known characters, a space nowhere but at its ends."""
        width = characters.shape[1]
        beyond = functional.pad(characters, (0, LONGEST - 1)).long()  # so that a graph has no case of shorter texts
        places = torch.searchsorted(self.alphabet, beyond).clamp_(max=self.alphabet.shape[0] - 1)
        known, space = self.alphabet[places] == beyond, beyond == SPACE
        ids = (places + 1) * known
        inside = known[:, :width]
        for order in range(SHORTEST, LONGEST + 1):
            inside = inside & known[:, order - 1 : order - 1 + width]
            if order > 2:
                inside = inside & ~space[:, order - 2 : order - 2 + width]
            yield order, ngram_numbers(ids, order, MAX_CHARACTERS + 1)[:, :width], inside

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """Resizes the buffers; a model that an earlier version wrote has no pieces."""
        self.know_nothing_if_absent(state_dict, prefix)
        state_dict.setdefault(prefix + "alphabet", self.alphabet[:0])
        self.alphabet = self.alphabet.new_zeros(len(state_dict[prefix + "alphabet"]))
        super()._load_from_state_dict(state_dict, prefix, *others)

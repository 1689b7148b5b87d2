"""Vectors of pairs of adjacent tokens, added to the vectors of the tokens: what two characters mean together.

A character says little alone; two of them are most often a word. Read one by one, a recurrent network has to find that
out from the little that a small data set shows of each pair; with a vector of its own, a pair says it at once.

Shapes: B batch, T time (tokens), E embedding, K pairs known.

Source: Pei et al. 2014, section 3.3; Chen et al. 2015, section 5.3 (bigram embeddings, there for cutting Chinese
into words).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import PAD_ID, UNKNOWN_ID
from textrnn.models.parts.layers import TokenEmbedding, dropout
from textrnn.models.parts.ngram_bag import ngram_numbers
from textrnn.models.parts.sparse_table import SparseTable

MANY_TEXTS = 1000  # a pair seen once is noise in a large set, but all there is in a tiny one


class TokenPairs(nn.Module):
    """Token ids (B, T) -> (B, T, E): at each token, the vector of the pair that it makes with the next one.

    The pairs are counted on the training texts before training (:meth:`learn_statistics`). One that is not known, one
    with ``<unk>``, and what stands last in a text add nothing.
    """

    known: Tensor

    def __init__(self, vocabulary_size: int, size: int, *, max_pairs: int):
        """
        Args:
            max_pairs: keep at most so many, those seen most often.
        """
        super().__init__()
        self.vocabulary_size, self.max_pairs = vocabulary_size, max_pairs
        self.register_buffer("known", torch.empty(0, dtype=torch.int64))  # (K,) numbers, rising
        self.table = SparseTable(1, size)  # a row for each, and one that stays zero

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """Count the pairs of all training texts and lay out the table, on the CPU.

        Args:
            token_ids: (all tokens,) of the texts, end to end.
            offsets: (texts + 1,) where each begins.
        """
        texts = len(offsets) - 1
        text_of_token = torch.repeat_interleave(torch.arange(texts), offsets.diff())
        inside = (
            (text_of_token[:-1] == text_of_token[1:]) & (token_ids != UNKNOWN_ID)[:-1] & (token_ids != UNKNOWN_ID)[1:]
        )
        known, counts = torch.unique(ngram_numbers(token_ids, 2, self.vocabulary_size)[inside], return_counts=True)
        if texts >= MANY_TEXTS:
            known, counts = known[counts >= 2], counts[counts >= 2]
        if len(known) > self.max_pairs:
            known = known[counts.argsort(descending=True, stable=True)[: self.max_pairs]].sort().values
        self.known = known
        self.table = SparseTable(len(known) + 1, self.table.weight.shape[1])

    def forward(self, token_ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, E)."""
        count = self.known.shape[0]
        if count == 0:
            return self.table.weight.new_zeros(*token_ids.shape, self.table.weight.shape[1])
        numbers = ngram_numbers(functional.pad(token_ids, (0, 1), value=PAD_ID), 2, self.vocabulary_size)
        places = torch.searchsorted(self.known, numbers).clamp(max=count - 1)
        places = places.masked_fill(self.known[places] != numbers, count)
        return functional.embedding(places, self.table.weight, padding_idx=count, sparse=True)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """Resizes the buffer and the table to what is loaded."""
        known = state_dict.get(prefix + "known")
        if known is not None and len(known) != len(self.known):
            self.known = self.known.new_zeros(len(known))
            self.table.weight = nn.Parameter(self.table.weight.new_zeros(len(known) + 1, self.table.weight.shape[1]))
        super()._load_from_state_dict(state_dict, prefix, *others)


class PairedEmbedding(TokenEmbedding):
    """Token ids (B, T) -> vectors (B, T, E), those of tokens and of the pairs that begin at them in one sum."""

    def __init__(
        self, vocabulary_size: int, embedding_size: int, *, dropout: float, token_dropout: float, max_pairs: int | None
    ):
        """
        Args:
            max_pairs: None or 0: no pairs.
        """
        super().__init__(vocabulary_size, embedding_size, dropout=dropout, token_dropout=token_dropout)
        self.pairs = TokenPairs(vocabulary_size, embedding_size, max_pairs=max_pairs) if max_pairs else None

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """Counts the pairs."""
        if self.pairs is not None:
            self.pairs.learn_statistics(token_ids, offsets)

    def forward(self, token_ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, E)."""
        if self.pairs is None:
            return super().forward(token_ids)
        vectors = self.table(self.noisy(token_ids)) + self.pairs(token_ids)
        return dropout(vectors, self.dropout, self.training)

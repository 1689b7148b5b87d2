"""Bags of n-grams: all n-grams of a text as one vector, beside or instead of a recurrent network.

Shapes: B batch, T time (tokens), N n-grams of a batch, G numbers per n-gram, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.config import UNKNOWN_ID
from textrnn.errors import ConfigError
from textrnn.models.parts.layers import valid_mask
from textrnn.models.parts.sparse_table import SparseTable as SparseTable
from textrnn.models.parts.sparse_table import starts_of_rows
from textrnn.models.parts.tfidf_bag import CHUNK, TfidfBag


class HashedNgrams(SparseTable):
    """All n-grams of a text, looked up by hash: their sum, divided by the square root of their number: -> (B, G).

    Source: Joulin et al. 2017, section 2; hashing: Weinberger et al. 2009.
    """

    def __init__(self, rows: int, size: int, *, vocabulary_size: int, shortest: int, longest: int):
        check_ngram_length(longest, vocabulary_size)
        super().__init__(rows, size)
        self.vocabulary_size, self.shortest, self.longest = vocabulary_size, shortest, longest

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:  # type: ignore[override]  # texts, not rows
        """(B, T), (B,) -> (B, G)."""
        rows, indices, weights = self._weighted(token_ids, lengths)
        return super().forward(indices, starts_of_rows(rows, lengths.shape[0]), weights)

    def token_contributions(self, token_ids: Tensor, lengths: Tensor, gradient: Tensor) -> Tensor:
        """(B, T), (B,), (B, G) -> (B, T): what each token adds to the product of the sum and `gradient`; what an
        n-gram adds is divided evenly among its tokens."""
        rows, indices, weights = self._weighted(token_ids, lengths)
        added = weights * (self.weight.detach()[indices] * gradient[rows]).sum(dim=1)
        return divided_among_tokens(added, lengths, token_ids.shape[1], self.shortest, self.longest)

    def _weighted(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The text, the row of the table and the weight of every n-gram."""
        rows, numbers = ngrams_of_batch(token_ids, lengths, self.shortest, self.longest, self.vocabulary_size)
        counts = torch.bincount(rows, minlength=lengths.shape[0]).clamp(min=1)
        return rows, hashed(numbers, self.weight.shape[0]), counts[rows].to(self.weight.dtype).rsqrt()


def hashed(numbers: Tensor, rows: int) -> Tensor:
    """Numbers of n-grams -> rows of a table, spread evenly."""
    return scrambled(numbers) % rows


def scrambled(numbers: Tensor) -> Tensor:
    """Whole numbers -> others, spread evenly over 64 bits; no two become one.

    Source: the finaliser of SplitMix64 (Steele et al. 2014), with signed shifts.
    """
    numbers = (numbers ^ (numbers >> 30)) * -0x40A7B892E31B1A47  # 0xBF58476D1CE4E5B9
    numbers = (numbers ^ (numbers >> 27)) * -0x6B2FB644ECCEEE15  # 0x94D049BB133111EB
    return numbers ^ (numbers >> 31)


def check_ngram_length(longest: int, vocabulary_size: int) -> None:
    """An n-gram is numbered by its token ids, read as the digits of one number, which has to fit 63 bits.

    Raises:
        ConfigError: if it does not.
    """
    if (vocabulary_size + 1) ** longest >= 2**62:
        raise ConfigError(
            f"`longest_ngram` {longest}: too long for a vocabulary of {vocabulary_size:,}; expected a smaller one, or "
            "a smaller `max_vocab`"
        )


def ngram_numbers(token_ids: Tensor, order: int, vocabulary_size: int) -> Tensor:
    """(..., T) -> (..., T - order + 1) int64: the number of the n-gram that starts at each token. Orders do not mix."""
    count = token_ids.shape[-1] - order + 1
    token_ids = token_ids.long() + 1  # so that a shorter n-gram never has the number of a longer one
    numbers = torch.zeros_like(token_ids[..., : max(0, count)])
    for position in range(order if count > 0 else 0):
        numbers = numbers * (vocabulary_size + 1) + token_ids[..., position : position + count]
    return numbers


def ngrams_of_batch(
    token_ids: Tensor,
    lengths: Tensor,
    shortest: int,
    longest: int,
    vocabulary_size: int,
    begin_before: int | None = None,
) -> tuple[Tensor, Tensor]:
    """(B, T), (B,) -> (N,), (N,): the row and the number of every n-gram within its text, row by row.

    Args:
        begin_before: only n-grams that begin at one of so many tokens; None: all.
    """
    width = token_ids.shape[1] if begin_before is None else begin_before
    orders = range(shortest, longest + 1)
    # One for each token and order, those that go beyond the end among them: a traced graph has no other case for texts
    # that are shorter than an n-gram.
    beyond = functional.pad(token_ids, (0, longest - 1))
    numbers = torch.cat([ngram_numbers(beyond, order, vocabulary_size)[:, :width] for order in orders], dim=1)
    mask = torch.cat([valid_mask(lengths - order + 1, width) for order in orders], dim=1)
    rows, columns = mask.nonzero(as_tuple=True)
    return rows, numbers[rows, columns]


def divided_among_tokens(values: Tensor, lengths: Tensor, width: int, shortest: int, longest: int) -> Tensor:
    """(N,) a value of every n-gram, as :func:`ngrams_of_batch` orders them -> (B, T): each divided evenly among the
    tokens of its n-gram, summed token by token."""
    orders = range(shortest, longest + 1)
    counts = [max(0, width - order + 1) for order in orders]
    mask = torch.cat([valid_mask(lengths - order + 1, count) for order, count in zip(orders, counts, strict=True)], 1)
    by_start = values.new_zeros(mask.shape).masked_scatter_(mask, values).split(counts, dim=1)
    of_tokens = values.new_zeros(len(lengths), width)
    for order, shares in zip(orders, by_start, strict=True):
        for position in range(order):
            of_tokens[:, position : position + shares.shape[1]] += shares / order
    return of_tokens


class NgramBag(TfidfBag):
    """The n-grams of tokens of a text, weighted by TF-IDF: token ids (B, T), lengths (B,) -> (B, G)."""

    def __init__(
        self, vocabulary_size: int, size: int, *, longest: int, max_ngrams: int, of_unknown_tokens: bool = True
    ):
        """
        Args:
            longest: n-grams of one to so many tokens.
            max_ngrams: keep at most so many, those of the most texts.
            of_unknown_tokens: whether those that have one are n-grams like any other.
        """
        super().__init__(size, max_ngrams)
        check_ngram_length(longest, vocabulary_size)
        self.vocabulary_size, self.longest = vocabulary_size, longest
        self.of_unknown_tokens = of_unknown_tokens

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """Count the n-grams of all training texts and lay out the table, on the CPU.

        Args:
            token_ids: (all tokens,) of the texts, end to end.
            offsets: (texts + 1,) where each begins.
        """
        texts = len(offsets) - 1
        text_of_token = torch.repeat_interleave(torch.arange(texts), offsets.diff())
        inside = torch.ones(len(token_ids), dtype=torch.bool)
        by_order = []
        for order in range(1, min(self.longest, len(token_ids)) + 1):
            count = len(token_ids) - order + 1
            inside = inside[:count] & (text_of_token[:count] == text_of_token[order - 1 :])
            if not self.of_unknown_tokens:
                inside &= token_ids[order - 1 :] != UNKNOWN_ID
            by_order.append(
                (ngram_numbers(token_ids, order, self.vocabulary_size)[inside], text_of_token[:count][inside])
            )
        self.count(by_order, texts)

    def found_in(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """(B, T), (B,) -> (N,), (N,): the row and the number of every n-gram."""
        return ngrams_of_batch(token_ids, lengths, 1, self.longest, self.vocabulary_size)

    def lengths_of_known(self) -> Tensor:
        """(K,): the tokens of each n-gram, which are the digits of its number."""
        first = [(self.vocabulary_size + 1) ** length for length in range(self.longest)]
        return torch.bucketize(self.known, self.known.new_tensor(first), right=True)

    def by_token(self, values: Tensor, token_ids: Tensor, lengths: Tensor) -> Tensor:  # type: ignore[override]
        """(N,) a value of each n-gram -> (B, T): divided evenly among its tokens."""
        return divided_among_tokens(values, lengths, token_ids.shape[1], 1, self.longest)

    def in_chunks(self, token_ids: Tensor, lengths: Tensor) -> Iterator[tuple[Tensor, Tensor]]:  # type: ignore[override]
        """As :meth:`found_in`, those that begin in some of the tokens at a time."""
        for begin in range(0, token_ids.shape[1], CHUNK):
            chunk = token_ids[:, begin : begin + CHUNK + self.longest - 1]
            within = (lengths - begin).clamp(min=0, max=chunk.shape[1])
            starts = min(CHUNK, chunk.shape[1])
            yield ngrams_of_batch(chunk, within, 1, self.longest, self.vocabulary_size, starts)

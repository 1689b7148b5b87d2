"""Bags of n-grams: all n-grams of a text as one vector, beside or instead of a recurrent network.

Shapes: B batch, T time (tokens), N n-grams of a batch, K n-grams known, R rows of a table, G numbers per n-gram,
V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.errors import ConfigError
from textrnn.models.parts.layers import valid_mask
from textrnn.models.parts.windows import is_traced

CHUNK_TOKENS = 1 << 15  # of texts that are longer, n-grams are counted piece by piece


class SparseTable(nn.Module):
    """A table of vectors of which a batch touches few rows: its gradient names those rows and no others.

    Rows start at zero, so that an untrained row contributes nothing; only the other rows are saved.
    """

    def __init__(self, rows: int, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, size))

    def forward(self, indices: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
        """(N,) rows, (B,) where each text's begin, (N,) weights -> (B, G) weighted sums."""
        bags: Tensor = functional.embedding_bag(
            indices, self.weight, starts, mode="sum", per_sample_weights=weights, sparse=True
        )
        return bags

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        rows = self.weight.detach().any(dim=1).nonzero().squeeze(1)
        destination[prefix + "rows"] = rows
        destination[prefix + "values"] = self.weight.detach()[rows]

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        missing, errors = others[2], others[4]
        rows, values = state_dict.get(prefix + "rows"), state_dict.get(prefix + "values")
        if rows is None or values is None:
            missing.append(prefix + ("values" if rows is not None else "rows"))
            return
        fits = values.shape == (len(rows), self.weight.shape[1]) and not rows.is_floating_point()
        if not fits or (len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(self.weight)):
            errors.append(f"size mismatch for {prefix}values: it does not fit a table of {tuple(self.weight.shape)}")
            return
        with torch.no_grad():
            self.weight.zero_()
            self.weight[rows.to(self.weight.device)] = values.to(self.weight)


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
    """Numbers of n-grams -> rows of a table, spread evenly.

    Source: the finaliser of SplitMix64 (Steele et al. 2014), with signed shifts.
    """
    numbers = (numbers ^ (numbers >> 30)) * -0x40A7B892E31B1A47  # 0xBF58476D1CE4E5B9
    numbers = (numbers ^ (numbers >> 27)) * -0x6B2FB644ECCEEE15  # 0x94D049BB133111EB
    return (numbers ^ (numbers >> 31)) % rows


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
    token_ids: Tensor, lengths: Tensor, shortest: int, longest: int, vocabulary_size: int
) -> tuple[Tensor, Tensor]:
    """(B, T), (B,) -> (N,), (N,): the row and the number of every n-gram within its text, row by row."""
    width = token_ids.shape[1]
    orders = range(shortest, longest + 1)
    # One for each token and order, those that go beyond the end among them: a traced graph has no other case for texts
    # that are shorter than an n-gram.
    beyond = functional.pad(token_ids, (0, longest - 1))
    numbers = torch.cat([ngram_numbers(beyond, order, vocabulary_size)[:, :width] for order in orders], dim=1)
    mask = torch.cat([valid_mask(lengths - order + 1, width) for order in orders], dim=1)
    rows, columns = mask.nonzero(as_tuple=True)
    return rows, numbers[rows, columns]


def starts_of_rows(rows: Tensor, row_count: int) -> Tensor:
    """(N,) rising row numbers -> (B,): where each row begins."""
    counts = torch.bincount(rows, minlength=row_count)
    return counts.cumsum(0) - counts


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


class NgramBag(nn.Module):
    """The n-grams of a text, weighted by TF-IDF, as the weighted sum of one learnt vector each: -> (B, G).

    The n-grams and their inverse document frequencies are counted on the training texts before training
    (:meth:`learn_statistics`). The weight of an n-gram is (1 + ln count in the text) * (1 + ln((1 + texts) / (1 + texts
    that have it))); the weights of a text are scaled to a Euclidean norm of one. Unknown n-grams
    are ignored.

    Source: Salton & Buckley 1988 (TF-IDF), in the smoothed form of scikit-learn's TfidfVectorizer with sublinear_tf.
    """

    known: Tensor
    idf: Tensor

    def __init__(self, vocabulary_size: int, size: int, *, longest: int, max_ngrams: int):
        """
        Args:
            longest: n-grams of one to so many tokens.
            max_ngrams: keep at most so many, those of the most texts.
        """
        super().__init__()
        check_ngram_length(longest, vocabulary_size)
        self.vocabulary_size, self.longest, self.max_ngrams = vocabulary_size, longest, max_ngrams
        self.register_buffer("known", torch.empty(0, dtype=torch.int64))  # (K,) numbers, rising
        self.register_buffer("idf", torch.empty(0))  # (K,)
        self.table = SparseTable(0, size)

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """Count the n-grams of all training texts and lay out the table, on the CPU.

        Args:
            token_ids: (all tokens,) of the texts, end to end.
            offsets: (texts + 1,) where each begins.
        """
        texts = len(offsets) - 1
        min_texts = 2 if texts >= 1000 else 1  # seen once is noise in a large set, but all there is in a tiny one
        text_of_token = torch.repeat_interleave(torch.arange(texts), offsets.diff())
        numbers, frequencies = [], []
        for order in range(1, min(self.longest, len(token_ids)) + 1):
            inside = text_of_token[: len(text_of_token) - order + 1] == text_of_token[order - 1 :]
            in_order, by = ngram_numbers(token_ids, order, self.vocabulary_size)[inside].sort(stable=True)
            if not len(in_order):
                continue
            # Equal n-grams are now adjacent, in the order of their texts.
            text = text_of_token[: len(inside)][inside][by]
            new = torch.cat([torch.ones(1, dtype=torch.bool), in_order[1:] != in_order[:-1]])
            new_text = new.clone()
            new_text[1:] |= text[1:] != text[:-1]
            frequency = torch.bincount(new.cumsum(0)[new_text] - 1)  # texts that have it
            kept = frequency >= min_texts
            numbers.append(in_order[new][kept])
            frequencies.append(frequency[kept])
        known, frequency = torch.cat(numbers), torch.cat(frequencies)
        if len(known) > self.max_ngrams:
            chosen = frequency.argsort(descending=True, stable=True)[: self.max_ngrams]
            known, frequency = known[chosen], frequency[chosen]
        known, by = known.sort()
        self.known = known
        self.idf = (1 + torch.log((1 + texts) / (1 + frequency[by].double()))).float()
        self.table = SparseTable(len(known), self.table.weight.shape[1])

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, G)."""
        count = self.known.shape[0]
        if count == 0:
            return self.table.weight.new_zeros(lengths.shape[0], self.table.weight.shape[1])
        if not is_traced() and token_ids.shape[1] > CHUNK_TOKENS:
            rows, places, repeats = self._counted_in_chunks(token_ids, lengths)
        else:
            pairs, _ = self._pairs(token_ids, lengths)
            pairs, repeats = torch.unique(pairs, return_counts=True)
            rows, places = pairs // count, pairs % count
        bags: Tensor = self.table(
            places, starts_of_rows(rows, lengths.shape[0]), self._weights(rows, places, repeats, lengths.shape[0])
        )
        return bags

    def token_contributions(self, token_ids: Tensor, lengths: Tensor, gradient: Tensor) -> Tensor:
        """(B, T), (B,), (B, G) -> (B, T): what each token adds to the product of the bag and `gradient`.

        With the norm of the text as it is, that product is a sum over n-grams. What an n-gram adds is divided evenly
        among the places where it stands, and there among its tokens.
        """
        count = self.known.shape[0]
        if count == 0:
            return gradient.new_zeros(token_ids.shape)
        if token_ids.shape[1] > CHUNK_TOKENS:
            return self._contributions_in_chunks(token_ids, lengths, gradient)
        of_places, found = self._pairs(token_ids, lengths)
        pairs, inverse, repeats = torch.unique(of_places, return_inverse=True, return_counts=True)
        rows, places = pairs // count, pairs % count
        weights = self._weights(rows, places, repeats, lengths.shape[0])
        added = weights * (self.table.weight.detach()[places] * gradient[rows]).sum(dim=1)
        values = added.new_zeros(len(found)).masked_scatter_(found, (added / repeats)[inverse])
        return divided_among_tokens(values, lengths, token_ids.shape[1], 1, self.longest)

    def _in_chunks(self, token_ids: Tensor) -> Iterator[tuple[int, int, Tensor]]:
        """(T,) -> an order, the place where a chunk begins, and the place in the table of each of its n-grams; -1 of
        those that are not known."""
        for begin in range(0, token_ids.shape[0], CHUNK_TOKENS):
            for order in range(1, self.longest + 1):
                numbers = ngram_numbers(
                    token_ids[begin : begin + CHUNK_TOKENS + order - 1], order, self.vocabulary_size
                )
                places = torch.searchsorted(self.known, numbers).clamp_(max=self.known.shape[0] - 1)
                yield order, begin, places.masked_fill_(self.known[places] != numbers, -1)

    def _counted_in_chunks(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T), (B,) -> the row, the place in the table and the count of each n-gram, in memory that does not grow
        with the text."""
        found = []
        for row, length in enumerate(lengths.tolist()):
            counts = torch.zeros_like(self.known)
            for _, _, places in self._in_chunks(token_ids[row, :length]):
                counts += torch.bincount(places[places >= 0], minlength=len(counts))
            places = counts.nonzero().squeeze(1)
            found.append((torch.full_like(places, row), places, counts[places]))
        rows, places, repeats = (torch.cat(parts) for parts in zip(*found, strict=True))
        return rows, places, repeats

    def _contributions_in_chunks(self, token_ids: Tensor, lengths: Tensor, gradient: Tensor) -> Tensor:
        """As :meth:`token_contributions`."""
        rows, places, repeats = self._counted_in_chunks(token_ids, lengths)
        added = self._weights(rows, places, repeats, lengths.shape[0])
        added *= (self.table.weight.detach()[places] * gradient[rows]).sum(dim=1) / repeats
        of_tokens = added.new_zeros(token_ids.shape)
        for row, length in enumerate(lengths.tolist()):
            of_places = added.new_zeros(len(self.known) + 1)  # the last one: of those that are not known
            of_places[places[rows == row]] = added[rows == row]
            for order, begin, at in self._in_chunks(token_ids[row, :length]):
                for position in range(begin, begin + order):
                    of_tokens[row, position : position + len(at)] += of_places[at] / order
        return of_tokens

    def _pairs(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Row * K + place of each n-gram that is known, and (N,) booleans: which those are."""
        rows, numbers = ngrams_of_batch(token_ids, lengths, 1, self.longest, self.vocabulary_size)
        places = torch.searchsorted(self.known, numbers).clamp_(max=self.known.shape[0] - 1)
        found = self.known[places] == numbers
        return rows[found] * self.known.shape[0] + places[found], found

    def _weights(self, rows: Tensor, places: Tensor, repeats: Tensor, row_count: int) -> Tensor:
        """Of each n-gram of each text, once: TF-IDF, scaled to a norm of one."""
        weights = (1 + torch.log(repeats.to(self.idf.dtype))) * self.idf[places]
        norms = weights.new_zeros(row_count).index_add_(0, rows, weights * weights).sqrt_()
        return weights / norms[rows]

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """Resizes the buffers and the table to what is loaded."""
        known = state_dict.get(prefix + "known")
        if known is not None and len(known) != len(self.known):
            self.known, self.idf = self.known.new_zeros(len(known)), self.idf.new_zeros(len(known))
            self.table.weight = nn.Parameter(self.table.weight.new_zeros(len(known), self.table.weight.shape[1]))
        super()._load_from_state_dict(state_dict, prefix, *others)

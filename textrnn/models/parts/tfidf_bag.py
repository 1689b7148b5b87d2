"""What n-grams of any kind a text has, weighted by TF-IDF, as the weighted sum of one vector each.

Shapes: B batch, N n-grams of a batch, M n-grams of a batch that are known, each text's own once, K n-grams known, G
numbers per n-gram.

Source: Salton & Buckley 1988 (TF-IDF), in the smoothed form of scikit-learn's TfidfVectorizer with sublinear_tf.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from textrnn.models.parts.sparse_table import SparseTable, starts_of_rows
from textrnn.models.parts.windows import is_traced

CHUNK = 1 << 15  # of longer texts, n-grams are counted piece by piece
MANY_TEXTS = 1000  # an n-gram seen once is noise among so many, but all there is among fewer


class TfidfBag(nn.Module, ABC):
    """The n-grams of a text, weighted by TF-IDF, as the weighted sum of one learnt vector each: -> (B, G).

    The n-grams and their inverse document frequencies are counted on the training texts before training
    (:meth:`count`). The weight of an n-gram is (1 + ln count in the text) * (1 + ln((1 + texts) / (1 + texts
    that have it))); the weights of a text are scaled to a Euclidean norm of one. Unknown n-grams
    are ignored.
    """

    known: Tensor
    idf: Tensor
    by_length: Tensor  # scalar, whether the n-grams of each length have a norm of their own
    part_of_known: Tensor  # (K,) their lengths, if so

    def __init__(self, size: int, max_ngrams: int):
        """
        Args:
            size: numbers per n-gram.
            max_ngrams: keep at most so many, those of the most texts.
        """
        super().__init__()
        self.max_ngrams = max_ngrams
        self.register_buffer("known", torch.empty(0, dtype=torch.int64))  # (K,) numbers, rising
        self.register_buffer("idf", torch.empty(0))  # (K,)
        self.register_buffer("by_length", torch.zeros((), dtype=torch.int64))  # 0 or 1
        self.register_buffer("part_of_known", torch.empty(0, dtype=torch.int64), persistent=False)
        self.parts = 1  # with a norm of their own
        self.table = SparseTable(0, size)

    @abstractmethod
    def found_in(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """A batch -> (N,), (N,): the row and the number of every n-gram in it."""

    @abstractmethod
    def in_chunks(self, *inputs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """The same n-grams, some at a time, so that memory does not grow with the length of a text."""

    @abstractmethod
    def by_token(self, values: Tensor, *inputs: Tensor) -> Tensor:
        """(N,) a value of every n-gram, in the order of :meth:`found_in` -> (B, T), divided among the tokens."""

    def count(self, ngrams: Iterable[tuple[Tensor, Tensor]], texts: int) -> None:
        """Count n-grams and lay out the table.

        Args:
            ngrams: of each length, the number of every n-gram, and its text, rising.
            texts: how many there are.
        """
        min_texts = 2 if texts >= MANY_TEXTS else 1
        counted = [_counted(numbers, of_text, min_texts) for numbers, of_text in ngrams if len(numbers)]
        if not counted:
            return
        known, frequency = (torch.cat(part) for part in zip(*counted, strict=True))
        if len(known) > self.max_ngrams:
            chosen = frequency.argsort(descending=True, stable=True)[: self.max_ngrams]
            known, frequency = known[chosen], frequency[chosen]
        known, by = known.sort()
        self.known = known
        self.idf = (1 + torch.log((1 + texts) / (1 + frequency[by].double()))).float()
        self.table = SparseTable(len(known), self.table.weight.shape[1])

    def forward(self, *inputs: Tensor) -> Tensor:
        """A batch -> (B, G)."""
        row_count = inputs[0].shape[0]
        if self.known.shape[0] == 0:
            return self.table.weight.new_zeros(row_count, self.table.weight.shape[1])
        rows, places, weights = self.weighted(*inputs)
        bags: Tensor = self.table(places, starts_of_rows(rows, row_count), weights)
        return bags

    def weighted(self, *inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A batch -> (M,), (M,), (M,): text, place among the known and weight of each n-gram of each text, by text."""
        if not is_traced() and inputs[0].shape[1] > CHUNK:
            pairs, repeats = self._counted_in_chunks(*inputs)
        else:
            pairs, _ = self._known(*self.found_in(*inputs))
            pairs, repeats = torch.unique(pairs, return_counts=True)
        rows, places = pairs // self.known.shape[0], pairs % self.known.shape[0]
        return rows, places, self._weights(rows, places, repeats, inputs[0].shape[0])

    def token_contributions(self, *inputs: Tensor) -> Tensor:
        """A batch, and a gradient (B, G) -> (B, T): what each token adds to the product of the bag and the gradient.

        With the norm of the text as it is, that product is a sum over n-grams. What an n-gram adds is divided evenly
        among the places where it stands, and there among its tokens.
        """
        *inputs, gradient = inputs  # type: ignore[assignment]  # a list
        if self.known.shape[0] == 0:
            return gradient.new_zeros(inputs[0].shape[0], 0)
        of_places, found = self._known(*self.found_in(*inputs))
        pairs, inverse, repeats = torch.unique(of_places, return_inverse=True, return_counts=True)
        rows, places = pairs // self.known.shape[0], pairs % self.known.shape[0]
        weights = self._weights(rows, places, repeats, inputs[0].shape[0])
        added = weights * (self.table.weight.detach()[places] * gradient[rows]).sum(dim=1)
        return self.by_token(added.new_zeros(len(found)).masked_scatter_(found, (added / repeats)[inverse]), *inputs)

    def lengths_of_known(self) -> Tensor:
        """(K,) int64: the tokens of each n-gram; 0 of all where they need not be told apart."""
        return torch.zeros_like(self.known)

    def reweigh(self, weights: Tensor) -> None:
        """(K,) other weights of n-grams than their inverse document frequencies; n-grams of each length then have a
        norm of their own in each text."""
        self.idf = weights.to(self.idf)
        self.by_length = torch.ones_like(self.by_length)
        self._divide()

    def _divide(self) -> None:
        self.part_of_known = self.lengths_of_known()
        self.parts = int(self.part_of_known.max()) + 1 if len(self.known) else 1

    def append(self, columns: Tensor) -> None:
        """More numbers for each n-gram (K, any), behind those that it has."""
        table = SparseTable(len(self.known), self.table.weight.shape[1] + columns.shape[1])
        own = self.table.weight.detach()
        table.weight.data = torch.cat([own, columns.to(own)], dim=1)
        self.table = table

    def _counted_in_chunks(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Row * K + place of each n-gram that is known, once and rising, and how often it stands there."""
        pairs = repeats = self.known.new_zeros(0)
        for rows, numbers in self.in_chunks(*inputs):
            more, counts = torch.unique(self._known(rows, numbers)[0], return_counts=True)
            pairs, place = torch.unique(torch.cat([pairs, more]), return_inverse=True)
            repeats = repeats.new_zeros(len(pairs)).index_add_(0, place, torch.cat([repeats, counts]))
        return pairs, repeats

    def _known(self, rows: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """(N,), (N,) -> row * K + place of each n-gram that is known, and (N,) booleans: which those are."""
        places = torch.searchsorted(self.known, numbers).clamp_(max=self.known.shape[0] - 1)
        found = self.known[places] == numbers
        return rows[found] * self.known.shape[0] + places[found], found

    def _weights(self, rows: Tensor, places: Tensor, repeats: Tensor, row_count: int) -> Tensor:
        """Of each n-gram of each text, once: TF-IDF, scaled to a norm of one."""
        weights = (1 + torch.log(repeats.to(self.idf.dtype))) * self.idf[places]
        if self.parts > 1:
            rows = rows * self.parts + self.part_of_known[places]
        norms = weights.new_zeros(row_count * self.parts).index_add_(0, rows, weights * weights).sqrt_()
        return weights / norms[rows]

    def know_nothing_if_absent(self, state_dict: Any, prefix: str) -> None:
        """Fill a state up: a model that was written before there was such a bag knows nothing in it."""
        if prefix + "known" in state_dict:
            return
        empty = {"known": self.known[:0], "idf": self.idf[:0], "table.rows": self.known[:0]}
        empty["table.values"] = self.table.weight.detach()[:0]
        state_dict.update({prefix + name: values for name, values in empty.items()})

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """Resizes the buffers and the table to what is loaded; earlier versions had one norm for all lengths."""
        state_dict.setdefault(prefix + "by_length", torch.zeros_like(self.by_length))
        known, values = state_dict.get(prefix + "known"), state_dict.get(prefix + "table.values")
        size = self.table.weight.shape[1] if values is None or values.dim() != 2 else values.shape[1]
        if known is not None and (len(known), size) != (len(self.known), self.table.weight.shape[1]):
            self.known, self.idf = self.known.new_zeros(len(known)), self.idf.new_zeros(len(known))
            self.table.weight = nn.Parameter(self.table.weight.new_zeros(len(known), size))
        super()._load_from_state_dict(state_dict, prefix, *others)
        if self.by_length:
            self._divide()


def _counted(numbers: Tensor, of_text: Tensor, min_texts: int) -> tuple[Tensor, Tensor]:
    """(all,) numbers of n-grams, (all,) their texts, rising -> those that enough texts have, and how many do."""
    numbers, by = numbers.sort(stable=True)
    text = of_text[by]  # equal n-grams are now adjacent, in the order of their texts
    new = torch.cat([torch.ones(1, dtype=torch.bool), numbers[1:] != numbers[:-1]])
    new_text = new.clone()
    new_text[1:] |= text[1:] != text[:-1]
    frequency = torch.bincount(new.cumsum(0)[new_text] - 1)  # texts that have it
    kept = frequency >= min_texts
    return numbers[new][kept], frequency[kept]

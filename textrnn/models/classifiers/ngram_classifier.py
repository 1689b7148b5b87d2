"""What classifiers with bags of n-grams share: n-grams of tokens, beside words their pieces, beside characters
words; and how a linear model over them is taken in.

Shapes: B batch, T time (tokens), S characters of a spelling, M n-grams of a batch, K n-grams known, G numbers per
n-gram, C classes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.ngram_bag import NgramBag
from textrnn.models.parts.piece_bag import PieceBag
from textrnn.models.parts.tfidf_bag import TfidfBag
from textrnn.models.parts.word_bag import WordBag


class NgramClassifier(ClassifierNetwork):
    """A classifier with an :class:`NgramBag` of its tokens, a :class:`PieceBag` of their characters where they are
    words, and a :class:`WordBag` where they are characters. Which of the two is filled, :meth:`learn_spelling` and
    :meth:`learn_words` decide."""

    needs_all_texts = True
    ngrams: NgramBag
    pieces: PieceBag
    words: WordBag

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """Counts the n-grams of tokens."""
        self.ngrams.learn_statistics(token_ids, offsets)

    def learn_spelling(self, characters: Tensor, offsets: Tensor) -> None:
        """Counts the pieces of words."""
        self.pieces.learn_spelling(characters, offsets)

    def learn_words(self, characters: Tensor, offsets: Tensor) -> None:
        """Counts words."""
        self.words.learn_words(characters, offsets)

    @abstractmethod
    def text_features(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """(B, T) int64, (B,) int64, and where spellings are read (B, S) int64 -> (B, F)."""

    def forward(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """The same -> (B, C) logits."""
        logits: Tensor = self.classifier(self.text_features(token_ids, lengths, *characters))
        return logits

    @property
    def bags(self) -> tuple[TfidfBag, ...]:
        """All, in the order in which a linear model reads them."""
        return self.ngrams, self.pieces, self.words

    def asked(
        self, token_ids: Tensor, lengths: Tensor, *characters: Tensor
    ) -> list[tuple[TfidfBag, tuple[Tensor, ...]]]:
        """A batch -> the bags that have learnt something, and what each reads of it; that of tokens always."""
        spelt = (self.pieces, self.words) if characters else ()
        of_words = [(bag, characters) for bag in spelt if bag.known.shape[0]]
        return [(self.ngrams, (token_ids, lengths)), *of_words]

    def wording(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """A batch -> (B, G): the sum of all bags."""
        found = [bag(*inputs) for bag, inputs in self.asked(token_ids, lengths, *characters)]
        return torch.stack(found).sum(dim=0) if len(found) > 1 else found[0]

    def sparse_features(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> tuple[Tensor, ...]:
        """A batch -> (M,), (M,), (M,): text, column and value of what a linear model reads: the n-grams of tokens, then
        pieces or words."""
        parts, columns = [], 0
        for bag, inputs in self.asked(token_ids, lengths, *characters):
            if len(bag.known):
                rows, places, weights = bag.weighted(*inputs)
                parts.append((rows, places + columns, weights))
            columns += len(bag.known)
        if not parts:
            nothing = token_ids.new_empty(0)
            return nothing, nothing, nothing.float()
        return tuple(map(torch.cat, zip(*parts, strict=True)))

    @property
    def sparse_size(self) -> int:
        """Columns of those."""
        return sum(len(bag.known) for bag in self.bags)

    def columns_of_ngrams(self) -> tuple[Tensor, Tensor, Tensor]:
        """(K,) the weights of n-grams in the sparse features, (K,) the bag of each, (K,) its bag and length."""
        bags = [(index, bag) for index, bag in enumerate(self.bags) if len(bag.known)]
        if not bags:
            return torch.empty(0), self.ngrams.known, self.ngrams.known
        of_bag = [torch.full_like(bag.known, index) for index, bag in bags]
        most = max(int(bag.lengths_of_known().max()) for _, bag in bags) + 1
        of_length = [index * most + bag.lengths_of_known() for index, bag in bags]
        return torch.cat([bag.idf for _, bag in bags]), torch.cat(of_bag), torch.cat(of_length)

    def reweigh(self, weights: Tensor) -> None:
        """(K,) other weights of n-grams; those of each length then have a norm of their own."""
        for bag, own in zip(self.bags, weights.split([len(bag.known) for bag in self.bags]), strict=True):
            if len(bag.known):
                bag.reweigh(own)

    def by_bag(self, weights: Tensor) -> Sequence[tuple[TfidfBag, Tensor]]:
        """(C, K) over the sparse features -> each bag with its own (K of it, C)."""
        return list(zip(self.bags, weights.T.split([len(bag.known) for bag in self.bags]), strict=True))

    @abstractmethod
    def take_linear(self, weights: Tensor, intercepts: Tensor) -> None:
        """Take in a linear model over the sparse features: (C, K) and (C,)."""

"""What classifiers with bags of n-grams share: n-grams of tokens, and where words have spaces, the pieces of words; and
how a linear model over them is taken in.

Shapes: B batch, T time (tokens), S characters of a spelling, M n-grams of a batch, K n-grams known, G numbers per
n-gram, C classes.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.ngram_bag import NgramBag
from textrnn.models.parts.piece_bag import PieceBag


class NgramClassifier(ClassifierNetwork):
    """A classifier with an :class:`NgramBag` of its tokens, and a :class:`PieceBag` of their characters."""

    ngrams: NgramBag
    pieces: PieceBag

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """Counts the n-grams of tokens."""
        self.ngrams.learn_statistics(token_ids, offsets)

    def learn_spelling(self, characters: Tensor, offsets: Tensor) -> None:
        """Counts the pieces of words."""
        self.pieces.learn_spelling(characters, offsets)

    @abstractmethod
    def text_features(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """(B, T) int64, (B,) int64, and where spellings are read (B, S) int64 -> (B, F)."""

    def forward(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """The same -> (B, C) logits."""
        logits: Tensor = self.classifier(self.text_features(token_ids, lengths, *characters))
        return logits

    def wording(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """A batch -> (B, G): the sum of both bags."""
        bag: Tensor = self.ngrams(token_ids, lengths)
        return bag + self.pieces(*characters) if characters else bag

    def sparse_features(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> tuple[Tensor, ...]:
        """A batch -> (M,), (M,), (M,): text, column and value of what a linear model reads: the n-grams of tokens, then
        the pieces."""
        parts = [self.ngrams.weighted(token_ids, lengths)] if len(self.ngrams.known) else []
        if characters and len(self.pieces.known):
            rows, places, weights = self.pieces.weighted(*characters)
            parts.append((rows, places + len(self.ngrams.known), weights))
        if not parts:
            nothing = token_ids.new_empty(0)
            return nothing, nothing, nothing.float()
        return tuple(map(torch.cat, zip(*parts, strict=True)))

    @property
    def sparse_size(self) -> int:
        """Columns of those."""
        return len(self.ngrams.known) + len(self.pieces.known)

    def by_bag(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """(C, K) over the sparse features -> (K of n-grams, C), (K of pieces, C)."""
        of_ngrams, of_pieces = weights.T.split([len(self.ngrams.known), len(self.pieces.known)])
        return of_ngrams, of_pieces

    @abstractmethod
    def take_linear(self, weights: Tensor, intercepts: Tensor) -> None:
        """Take in a linear model over the sparse features: (C, K) and (C,)."""

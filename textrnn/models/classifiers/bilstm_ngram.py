"""LSTM in both directions beside a bag of n-grams, and their answer mixed with that of a linear model over the same
n-grams: one sees the order of the tokens, the others the wording. Where the windows of long texts vote, each votes by
both.

Source: Graves & Schmidhuber 2005 (bidirectional LSTM); Cheng et al. 2016 (a deep model trained together with a wide
one); Joulin et al. 2017 (bags of n-grams).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from textrnn.config import Choices, Span, WindowedConfig, option
from textrnn.models.classifiers.ngram_classifier import NgramClassifier
from textrnn.models.classifiers.windowed import WindowedClassifier, difference_of
from textrnn.models.parts.layers import LayerNorm, RecurrentEncoder, TokenEmbedding, dropout, max_over_time, valid_mask
from textrnn.models.parts.ngram_bag import NgramBag
from textrnn.models.parts.piece_bag import PieceBag
from textrnn.models.parts.word_bag import WordBag

NAME = "BiLSTM_Ngram"
CELL = "LSTM"
READS_SPELLING = True
PASSES = 4  # n-grams overfit soon


@dataclass(frozen=True)
class Config(WindowedConfig):
    """Hyper-parameters of the bidirectional LSTM with n-grams."""

    dropout: float = option(
        0.3, "dropout between layers and before the classifier", at_least=0.0, below=1.0, searched=Span(0.1, 0.6)
    )
    embedding_dropout: float = option(0.3, "dropout on token vectors", at_least=0.0, below=1.0, searched=Span(0.0, 0.6))
    hidden_size: int = option(
        128, "units of each layer and direction", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
    )
    num_layers: int = option(1, "recurrent layers", at_least=1)
    max_steps: int = option(0, "tokens of a text that the LSTM reads (0: all); the n-grams are of all", at_least=0)
    ngram_size: int = option(64, "numbers per n-gram", at_least=1, searched=Choices((0.5, 1, 2), of_default=True))
    ngram_dropout: float = option(
        0.5, "dropout on the n-gram features", at_least=0.0, below=1.0, searched=Span(0.2, 0.7)
    )
    longest_ngram: int = option(3, "tokens of the longest n-grams", at_least=1, at_most=8, searched=Choices((2, 3, 4)))
    max_ngrams: int = option(300_000, "keep at most this many n-grams, those of the most texts", at_least=1)
    linear: bool = option(
        True, "mix the network's answers with those of a linear model, in shares that dev decides", formerly=False
    )


class Model(NgramClassifier, WindowedClassifier):
    """Token ids (B, T), lengths (B,), and where words have spaces code points (B, S) -> logits (B, C).

    With a linear model taken in, they are a mean of its logits and the network's, which makes the probabilities a
    geometric mean.
    """

    intercepts: Tensor  # (C,) of the linear model; (0,) without one
    share: Tensor  # scalar, of the linear model

    def __init__(
        self,
        *,
        vocabulary_size: int,
        class_count: int,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        max_steps: int,
        ngram_size: int,
        ngram_dropout: float,
        longest_ngram: int,
        max_ngrams: int,
        linear: bool,
        dropout: float,
        embedding_dropout: float,
        token_dropout: float,
        window: int | None = None,
        max_windows: int | None = None,
        normalise_windows: bool | None = None,
        window_pooling: str | None = None,
    ):
        super().__init__()
        self.embedding = TokenEmbedding(
            vocabulary_size, embedding_size, dropout=embedding_dropout, token_dropout=token_dropout
        )
        self.max_steps = max_steps
        self.encoder = RecurrentEncoder(
            nn.LSTM, embedding_size, hidden_size, num_layers=num_layers, bidirectional=True, dropout=dropout
        )
        self.normalisation = LayerNorm(self.encoder.output_size)
        self.ngrams = NgramBag(vocabulary_size, ngram_size, longest=longest_ngram, max_ngrams=max_ngrams)
        self.pieces = PieceBag(ngram_size, max_pieces=max_ngrams)
        self.words = WordBag(ngram_size, max_words=max_ngrams)
        self.ngram_size, self.takes_linear = ngram_size, linear
        self.dropout, self.ngram_dropout = dropout, ngram_dropout
        self.classifier = self.read_in_windows(
            class_count,
            self.encoder.output_size,
            window=window,
            max_windows=max_windows,
            normalise_windows=normalise_windows,
            window_pooling=window_pooling,
            beside=ngram_size,
            beside_votes=ngram_size,
            normalised=True,
        )
        self.register_buffer("intercepts", torch.empty(0))
        self.register_buffer("share", torch.zeros(()))

    def text_features(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """A batch -> (B, F)."""
        return self._read(token_ids, lengths, *characters)[0]

    def forward(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """A batch -> (B, C) logits."""
        features, scores = self._read(token_ids, lengths, *characters)
        logits: Tensor = self.classifier(features)
        if self.intercepts.shape[0] == 0:
            return logits
        return logits + self.share * (scores + self.intercepts - logits)

    def take_linear(self, weights: Tensor, intercepts: Tensor) -> None:
        """Take in a linear model over the sparse features, (C, K) and (C,), or another in its place; the share of the
        first is none yet."""
        for bag, columns in self.by_bag(weights):
            if self.intercepts.shape[0]:
                bag.table.weight.data[:, self.ngram_size :] = columns.to(bag.table.weight)
            else:
                bag.append(columns)
        self.intercepts = intercepts.to(self.intercepts)

    @torch.no_grad()
    def combine(self, of_network: Tensor, of_linear: Tensor, added: Tensor) -> None:
        """Put weights of their own into the mean of both logits, (C, C) each, and (C,): all are linear, so that nothing
        is to be kept of them but other weights of the layers.

        The share must be below one.
        """
        of_network, of_linear, added = (part.to(self.intercepts) for part in (of_network, of_linear, added))
        self.classifier.weight.copy_(of_network.T @ self.classifier.weight)
        self.classifier.bias.copy_(of_network.T @ self.classifier.bias + added / (1 - self.share))
        if self.sentences is not None:
            self.sentences.classes.weight.copy_(of_network.T @ self.sentences.classes.weight)
        for bag in self.bags:
            columns = bag.table.weight[:, self.ngram_size :]
            columns.copy_(columns @ of_linear)
        self.intercepts = self.intercepts @ of_linear

    def read_by_windows(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The first `max_steps` tokens, where that is set."""
        if not self.max_steps:
            return token_ids, lengths
        return token_ids[:, : self.max_steps], lengths.clamp(max=self.max_steps)

    def window_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, 2*H)."""
        states = self.encoder(self.embedding(token_ids), lengths, keep_precision=True)  # (N, W, 2*H)
        features: Tensor = self.normalisation(max_over_time(states, valid_mask(lengths, token_ids.shape[1])))
        return features

    def voting_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, 2*H + G): with the n-grams of each window."""
        order = super().voting_features(token_ids, lengths)
        # A bag has a norm of one; times the root of how many n-grams a window has, each counts about one. Else those of
        # a window would learn too slowly: they are few, and most are seldom seen.
        counts = (self.ngrams.longest * lengths).to(order.dtype).sqrt()
        bag = self.ngrams(token_ids, lengths)[:, : self.ngram_size] * counts[:, None]
        return torch.cat([order, dropout(bag, self.ngram_dropout, self.training)], dim=1)

    @property
    def share_of_windows(self) -> float:
        return 1.0 - float(self.share)

    @property
    def share_of_sentences(self) -> float:
        return self.share_of_windows

    def constant(self, label: int, against: int) -> float:
        own, share = super().constant(label, against), float(self.share)
        if self.intercepts.shape[0] == 0:
            return own
        return (1 - share) * own + share * float(difference_of(self.intercepts.double(), label, against))

    def beside_windows(self, label: int, against: int, *inputs: Tensor) -> Tensor:
        """By the n-grams, pieces and words: in the linear model, and in the network unless windows vote by them."""
        change = difference_of(self.classifier.weight, label, against)
        gradient = self.share_of_windows * change[None, self.part_count :]
        if self.window_votes is not None:
            gradient = change.new_zeros(1, self.ngram_size)
        if self.intercepts.shape[0]:
            of_linear = torch.zeros_like(self.intercepts)[None]
            of_linear[0, label] = self.share
            if against >= 0:
                of_linear[0, against] = -self.share
            gradient = torch.cat([gradient, of_linear], dim=1)
        added, *others = (bag.token_contributions(*read, gradient) for bag, read in self.asked(*inputs))
        for more in others:
            shared = min(added.shape[1], more.shape[1])  # of a text that is cut, the words behind are not tokens
            added[:, :shared] += more[:, :shared]
        return added

    def _read(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> tuple[Tensor, Tensor]:
        """A batch -> (B, F) features, (B, C) or (B, 0) what a linear model adds up."""
        read = self.pooled_features(*self.read_by_windows(token_ids, lengths))  # (B, 2*H), or (B, C) votes
        if self.window_votes is not None:
            if self.intercepts.shape[0] == 0:
                return read, read[:, :0]
            return read, self.wording(token_ids, lengths, *characters)[:, self.ngram_size :]
        order = dropout(read, self.dropout, self.training)
        bag = self.wording(token_ids, lengths, *characters)  # (B, G), or (B, G + C)
        wording = dropout(bag[:, : self.ngram_size], self.ngram_dropout, self.training)
        return torch.cat([order, wording], dim=1), bag[:, self.ngram_size :]

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """Takes in a linear model where one was kept; earlier versions kept none."""
        for name in ("intercepts", "share"):
            state_dict.setdefault(prefix + name, torch.zeros(0 if name == "intercepts" else ()))
        self.intercepts = self.intercepts.new_zeros(state_dict[prefix + "intercepts"].shape)
        super()._load_from_state_dict(state_dict, prefix, *others)

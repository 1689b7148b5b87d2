"""LSTM in both directions beside a bag of n-grams: one sees the order of the tokens, the other the wording.

Source: Graves & Schmidhuber 2005 (bidirectional LSTM); Cheng et al. 2016 (a deep model trained together with a wide
one); Joulin et al. 2017 (bags of n-grams).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.config import Choices, PairedConfig, Span, option
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import LayerNorm, RecurrentEncoder, dropout, max_over_time, valid_mask
from textrnn.models.parts.ngram_bag import NgramBag
from textrnn.models.parts.token_pairs import PairedEmbedding

NAME = "BiLSTM_Ngram"
PAD_SIZE = 4096  # n-grams are of the whole text
PASSES = 4  # n-grams overfit soon


@dataclass(frozen=True)
class Config(PairedConfig):
    """Hyper-parameters of the bidirectional LSTM with n-grams."""

    dropout: float = option(
        0.3, "dropout between layers and before the classifier", at_least=0.0, below=1.0, searched=Span(0.1, 0.6)
    )
    embedding_dropout: float = option(0.3, "dropout on token vectors", at_least=0.0, below=1.0, searched=Span(0.0, 0.6))
    hidden_size: int = option(
        128, "units of each layer and direction", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
    )
    num_layers: int = option(1, "recurrent layers", at_least=1)
    max_steps: int = option(512, "tokens of a text that the LSTM reads; the n-grams are of all", at_least=1)
    ngram_size: int = option(64, "numbers per n-gram", at_least=1, searched=Choices((0.5, 1, 2), of_default=True))
    ngram_dropout: float = option(
        0.5, "dropout on the n-gram features", at_least=0.0, below=1.0, searched=Span(0.2, 0.7)
    )
    longest_ngram: int = option(3, "tokens of the longest n-grams", at_least=1, at_most=8, searched=Choices((2, 3, 4)))
    max_ngrams: int = option(300_000, "keep at most this many n-grams, those of the most texts", at_least=1)
    max_pairs: int = option(  # the bag says what pairs say
        0,
        "pairs of adjacent tokens with a vector of their own, at most, those seen most often; 0: none",
        at_least=0,
        formerly=0,
    )


class Model(ClassifierNetwork):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    needs_all_texts = True

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
        dropout: float,
        embedding_dropout: float,
        token_dropout: float,
        max_pairs: int,
    ):
        super().__init__()
        self.embedding = PairedEmbedding(
            vocabulary_size,
            embedding_size,
            dropout=embedding_dropout,
            token_dropout=token_dropout,
            max_pairs=max_pairs,
        )
        self.max_steps = max_steps
        self.encoder = RecurrentEncoder(
            nn.LSTM, embedding_size, hidden_size, num_layers=num_layers, bidirectional=True, dropout=dropout
        )
        self.normalisation = LayerNorm(self.encoder.output_size)
        self.ngrams = NgramBag(vocabulary_size, ngram_size, longest=longest_ngram, max_ngrams=max_ngrams)
        self.dropout, self.ngram_dropout = dropout, ngram_dropout
        self.classifier = nn.Linear(self.encoder.output_size + ngram_size, class_count)

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """Counts the n-grams."""
        super().learn_statistics(token_ids, offsets)
        self.ngrams.learn_statistics(token_ids, offsets)

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        head, head_lengths = token_ids[:, : self.max_steps], lengths.clamp(max=self.max_steps)
        states = self.encoder(self.embedding(head), head_lengths, keep_precision=True)  # (B, T, 2*H)
        states = max_over_time(states, valid_mask(head_lengths, head.shape[1]))  # (B, 2*H)
        order = dropout(self.normalisation(states), self.dropout, self.training)
        wording = dropout(self.ngrams(token_ids, lengths), self.ngram_dropout, self.training)  # (B, G)
        return torch.cat([order, wording], dim=1)

"""The mean of the vectors of all tokens, and of all their bigrams and trigrams, looked up by hash.

Source: Joulin et al. 2017, section 2; hashing: Weinberger et al. 2009. A mean of n vectors is multiplied by the square
root of n here, so that longer texts do not get smaller vectors, and all are large enough to learn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.config import Choices, NoisyConfig, Span, option
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import TokenEmbedding, dropout, mean_over_time, valid_mask
from textrnn.models.parts.ngram_bag import HashedNgrams

NAME = "FastText"
LEARNING_RATE = 5e-3
PAD_SIZE = 4096
PASSES = 4  # n-grams overfit soon


@dataclass(frozen=True)
class Config(NoisyConfig):
    """Hyper-parameters of the mean of n-grams."""

    embedding_size: int = option(
        64,
        "numbers per token vector (a pretrained file brings its own)",
        at_least=1,
        searched=Choices((0.5, 1, 2), of_default=True),
    )
    dropout: float = option(
        0.3, "dropout between layers and before the classifier", at_least=0.0, below=1.0, searched=Span(0.1, 0.6)
    )
    embedding_dropout: float = option(0.0, "dropout on token vectors", at_least=0.0, below=1.0, searched=Span(0.0, 0.4))
    ngram_rows: int = option(1_000_000, "rows of the table of hashed n-grams", at_least=1, at_most=100_000_000)
    ngram_size: int = option(16, "numbers per n-gram", at_least=1, searched=Choices((0.5, 1, 2), of_default=True))
    longest_ngram: int = option(3, "tokens of the longest n-grams", at_least=2, at_most=8, searched=Choices((2, 3, 4)))


class Model(ClassifierNetwork):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    def __init__(
        self,
        *,
        vocabulary_size: int,
        class_count: int,
        embedding_size: int,
        ngram_rows: int,
        ngram_size: int,
        longest_ngram: int,
        dropout: float,
        embedding_dropout: float,
        token_dropout: float,
    ):
        super().__init__()
        self.embedding = TokenEmbedding(
            vocabulary_size, embedding_size, dropout=embedding_dropout, token_dropout=token_dropout
        )
        self.ngrams = HashedNgrams(
            ngram_rows, ngram_size, vocabulary_size=vocabulary_size, shortest=2, longest=longest_ngram
        )
        self.dropout = dropout
        self.classifier = nn.Linear(embedding_size + ngram_size, class_count)

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        mask = valid_mask(lengths, token_ids.shape[1])
        token_mean = mean_over_time(self.embedding(token_ids), mask) * lengths[:, None].sqrt()  # (B, E)
        features = torch.cat([token_mean, self.ngrams(token_ids, lengths)], dim=1)  # (B, E + G)
        return dropout(features, self.dropout, self.training)

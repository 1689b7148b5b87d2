"""Convolutions of several widths over the tokens, the largest value of each.

Source: Kim 2014, equations 2 to 4. A text is padded with zeros so that even a single token is seen by every filter.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.config import Choices, NoisyConfig, option
from textrnn.errors import ConfigError
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import MaskedConvolution, TokenEmbedding, dropout, max_over_time, valid_mask

NAME = "TextCNN"


@dataclass(frozen=True)
class Config(NoisyConfig):
    """Hyper-parameters of the convolutional network."""

    num_filters: int = option(
        192, "filters of each width", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
    )
    narrowest_filter: int = option(2, "tokens that the narrowest filters span", at_least=1, at_most=32)
    widest_filter: int = option(
        4, "tokens that the widest filters span", at_least=1, at_most=32, searched=Choices((3, 4, 5))
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.narrowest_filter > self.widest_filter:
            raise ConfigError(
                f"`narrowest_filter` {self.narrowest_filter}: must be at most `widest_filter` ({self.widest_filter})"
            )


class Model(ClassifierNetwork):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    def __init__(
        self,
        *,
        vocabulary_size: int,
        class_count: int,
        embedding_size: int,
        num_filters: int,
        narrowest_filter: int,
        widest_filter: int,
        dropout: float,
        embedding_dropout: float,
        token_dropout: float,
    ):
        super().__init__()
        self.embedding = TokenEmbedding(
            vocabulary_size, embedding_size, dropout=embedding_dropout, token_dropout=token_dropout
        )
        widths = range(narrowest_filter, widest_filter + 1)
        self.convolutions = nn.ModuleList(MaskedConvolution(embedding_size, num_filters, width) for width in widths)
        self.dropout = dropout
        self.classifier = nn.Linear(num_filters * len(widths), class_count)

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        mask = valid_mask(lengths, token_ids.shape[1])
        vectors = self.embedding(token_ids)  # (B, T, E)
        pooled = [max_over_time(torch.relu(convolution(vectors, mask)), mask) for convolution in self.convolutions]
        features = torch.cat(pooled, dim=1)  # (B, widths * F)
        return dropout(features, self.dropout, self.training)

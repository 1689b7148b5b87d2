"""LSTM in both directions; each token with what was read left and right of it makes features, the largest of each.

Source: Lai et al. 2015, equations 1 to 5, with LSTMs for the two simple recurrences.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.config import Choices, PairedConfig, option
from textrnn.models.classifiers.windowed import WindowedClassifier
from textrnn.models.parts.layers import RecurrentEncoder, max_over_time, valid_mask
from textrnn.models.parts.token_pairs import PairedEmbedding

NAME = "TextRCNN"
CELL = "LSTM"


@dataclass(frozen=True)
class Config(PairedConfig):
    """Hyper-parameters of the recurrent convolutional network."""

    hidden_size: int = option(
        128, "units of each layer and direction", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
    )
    num_layers: int = option(1, "recurrent layers", at_least=1)
    feature_size: int = option(
        256, "features made of each token in its context", at_least=1, searched=Choices((0.5, 1, 2), of_default=True)
    )


class Model(WindowedClassifier):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    def __init__(
        self,
        *,
        vocabulary_size: int,
        class_count: int,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        feature_size: int,
        dropout: float,
        embedding_dropout: float,
        token_dropout: float,
        max_pairs: int | None,
        window: int | None = None,
        max_windows: int | None = None,
        normalise_windows: bool | None = None,
        window_pooling: str | None = None,
    ):
        super().__init__()
        self.embedding = PairedEmbedding(
            vocabulary_size,
            embedding_size,
            dropout=embedding_dropout,
            token_dropout=token_dropout,
            max_pairs=max_pairs,
        )
        self.encoder = RecurrentEncoder(
            nn.LSTM, embedding_size, hidden_size, num_layers=num_layers, bidirectional=True, dropout=dropout
        )
        self.features = nn.Linear(embedding_size + self.encoder.output_size, feature_size)
        self.dropout = dropout
        self.classifier = self.read_in_windows(
            class_count,
            feature_size,
            window=window,
            max_windows=max_windows,
            normalise_windows=normalise_windows,
            window_pooling=window_pooling,
        )

    def window_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, F)."""
        vectors = self.embedding(token_ids)  # (N, W, E)
        states = self.encoder(vectors, lengths)  # (N, W, 2*H)
        token_features = torch.tanh(self.features(torch.cat([vectors, states], dim=2)))  # (N, W, F)
        return max_over_time(token_features, valid_mask(lengths, token_ids.shape[1]))  # (N, F)

"""LSTM in both directions, with layer normalisation before the classifier.

Source: Graves & Schmidhuber 2005 (bidirectional LSTM); Ba et al. 2016, equation 4 (layer normalisation).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from textrnn.config import RecurrentConfig
from textrnn.models.classifiers.windowed import WindowedClassifier
from textrnn.models.parts.layers import LayerNorm, RecurrentEncoder, make_pooling, valid_mask
from textrnn.models.parts.token_pairs import PairedEmbedding

NAME = "BiLSTM_LN"
CELL = "LSTM"


@dataclass(frozen=True)
class Config(RecurrentConfig):
    """Hyper-parameters of the bidirectional LSTM with layer normalisation."""


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
        pooling: str,
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
        self.pool = make_pooling(pooling, bidirectional=True)
        self.normalisation = LayerNorm(self.encoder.output_size)
        self.dropout = dropout
        self.classifier = self.read_in_windows(
            class_count,
            self.encoder.output_size,
            window=window,
            max_windows=max_windows,
            normalise_windows=normalise_windows,
            normalised=True,
            window_pooling=window_pooling,
        )

    def window_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, F)."""
        states = self.encoder(self.embedding(token_ids), lengths, keep_precision=True)  # (N, W, D*H)
        pooled = self.pool(states, valid_mask(lengths, token_ids.shape[1]))  # (N, D*H)
        features: Tensor = self.normalisation(pooled)
        return features

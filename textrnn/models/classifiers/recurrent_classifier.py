"""What RNN, LSTM and GRU classifiers have in common: token vectors, recurrent layers, pooling over time, one linear
layer."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from textrnn.models.classifiers.windowed import WindowedClassifier
from textrnn.models.parts.layers import RecurrentEncoder, make_pooling, valid_mask
from textrnn.models.parts.token_pairs import PairedEmbedding


class RecurrentClassifier(WindowedClassifier):
    """Token ids (B, T), lengths (B,) -> logits (B, C). A model says which `cell` it is made of."""

    cell: ClassVar[type[nn.RNNBase]]

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
        bidirectional: bool,
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
            self.cell, embedding_size, hidden_size, num_layers=num_layers, bidirectional=bidirectional, dropout=dropout
        )
        self.pool = make_pooling(pooling, bidirectional=bidirectional)
        self.dropout = dropout
        self.classifier = self.read_in_windows(
            class_count,
            self.encoder.output_size,
            window=window,
            max_windows=max_windows,
            normalise_windows=normalise_windows,
            window_pooling=window_pooling,
        )

    def window_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, F)."""
        states = self.encoder(self.embedding(token_ids), lengths, keep_precision=True)  # (N, W, D*H)
        return self.pool(states, valid_mask(lengths, token_ids.shape[1]))  # (N, D*H)

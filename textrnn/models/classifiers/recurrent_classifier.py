"""What RNN, LSTM and GRU classifiers have in common: token vectors, recurrent layers, pooling over time, one linear
layer."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import RecurrentEncoder, dropout, make_pooling, valid_mask
from textrnn.models.parts.token_pairs import PairedEmbedding


class RecurrentClassifier(ClassifierNetwork):
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
        self.classifier = nn.Linear(self.encoder.output_size, class_count)

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        states = self.encoder(self.embedding(token_ids), lengths, keep_precision=True)  # (B, T, D*H)
        features = self.pool(states, valid_mask(lengths, token_ids.shape[1]))  # (B, D*H)
        return dropout(features, self.dropout, self.training)

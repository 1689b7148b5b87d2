"""LSTM in both directions, its states weighed by attention.

Source: Zhou et al. 2016, equations 9 to 12 (there the two directions are added; here they are concatenated).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.config import Choices, PairedConfig, option
from textrnn.models.classifiers.windowed import WindowedClassifier
from textrnn.models.parts.layers import RecurrentEncoder, valid_mask
from textrnn.models.parts.token_pairs import PairedEmbedding

NAME = "BiLSTM_Att"
CELL = "LSTM"


@dataclass(frozen=True)
class Config(PairedConfig):
    """Hyper-parameters of the bidirectional LSTM with attention."""

    hidden_size: int = option(
        128, "units of each layer and direction", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
    )
    num_layers: int = option(1, "recurrent layers", at_least=1)


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
        self.attention = nn.Linear(self.encoder.output_size, 1, bias=False)  # a bias would change no weight
        self.dropout = dropout
        self.classifier = self.read_in_windows(
            class_count,
            self.encoder.output_size,
            window=window,
            max_windows=max_windows,
            normalise_windows=normalise_windows,
            window_pooling=window_pooling,
        )

    def attention_weights(self, states: Tensor, mask: Tensor) -> Tensor:
        """(B, T, 2*H), (B, T) -> (B, T): positive at tokens, zero at padding, one in sum."""
        # Written out: torch's product with one row, and the gradient of its softmax, depend on the number of threads.
        scores = (torch.tanh(states) * self.attention.weight[0]).sum(dim=2).masked_fill(~mask, -torch.inf)
        shares = (scores - scores.detach().amax(dim=1, keepdim=True)).exp()
        return shares / shares.sum(dim=1, keepdim=True)

    def window_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, F)."""
        states = self.encoder(self.embedding(token_ids), lengths)  # (N, W, 2*H)
        weights = self.attention_weights(states, valid_mask(lengths, token_ids.shape[1]))
        return torch.tanh((weights[:, :, None] * states).sum(dim=1))  # (N, 2*H)

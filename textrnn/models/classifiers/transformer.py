"""Transformer encoder, pooled over time.

Source: Vaswani et al. 2017, section 3 (attention, feed-forward layers, sinusoidal positions); Xiong et al. 2020
(normalisation before each layer, which needs no warm-up).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import Choices, NoisyConfig, Span, option
from textrnn.errors import ConfigError
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import LayerNorm, TokenEmbedding, dropout, make_pooling, valid_mask

NAME = "Transformer"
LEARNING_RATE = 1e-3  # at three times that, it learns nothing


@dataclass(frozen=True)
class Config(NoisyConfig):
    """Hyper-parameters of the transformer."""

    dropout: float = option(
        0.2, "dropout between layers and before the classifier", at_least=0.0, below=1.0, searched=Span(0.05, 0.5)
    )
    embedding_dropout: float = option(0.2, "dropout on token vectors", at_least=0.0, below=1.0, searched=Span(0.0, 0.5))
    hidden_size: int = option(
        128,
        "numbers per token inside; a multiple of `num_heads`",
        at_least=2,
        searched=Choices((0.5, 1, 2), of_default=True),
    )
    num_layers: int = option(2, "layers of attention and feed-forward network", at_least=1, searched=Choices((1, 2, 3)))
    num_heads: int = option(4, "attention heads", at_least=1, searched=Choices((2, 4, 8)))
    pooling: str = option(
        "max",
        "how the states of all steps become one vector",
        choices=("max", "mean"),
        searched=Choices(("max", "mean")),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden_size % self.num_heads or self.hidden_size % 2:
            raise ConfigError(
                f"`hidden_size` {self.hidden_size}: must be even and a multiple of `num_heads` ({self.num_heads})"
            )


class Model(ClassifierNetwork):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    def __init__(
        self,
        *,
        vocabulary_size: int,
        class_count: int,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        pooling: str,
        dropout: float,
        embedding_dropout: float,
        token_dropout: float,
    ):
        super().__init__()
        self.embedding = TokenEmbedding(
            vocabulary_size, embedding_size, dropout=embedding_dropout, token_dropout=token_dropout
        )
        self.entrance = nn.Linear(embedding_size, hidden_size)
        self.layers = nn.ModuleList(_Layer(hidden_size, num_heads, dropout) for _ in range(num_layers))
        self.normalisation = LayerNorm(hidden_size)
        self.pool = make_pooling(pooling, bidirectional=False)
        self.dropout = dropout
        self.classifier = nn.Linear(hidden_size, class_count)

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        mask = valid_mask(lengths, token_ids.shape[1])
        states = self.entrance(self.embedding(token_ids))  # (B, T, H)
        states = states + sinusoids(states.shape[1], states.shape[2], states)
        for layer in self.layers:
            states = layer(states, mask)
        features = self.pool(self.normalisation(states), mask)  # (B, H)
        return dropout(features, self.dropout, self.training)


def sinusoids(steps: int, size: int, like: Tensor) -> Tensor:
    """(T, H): the sines and cosines that encode the position of a token. Source: Vaswani et al. 2017, section 3.5."""
    position = torch.arange(steps, device=like.device, dtype=like.dtype)[:, None]
    rate = torch.exp(torch.arange(0, size, 2, device=like.device, dtype=like.dtype) * (-math.log(10_000.0) / size))
    return torch.stack([torch.sin(position * rate), torch.cos(position * rate)], dim=2).reshape(steps, size)


class _Layer(nn.Module):
    """Self-attention and a feed-forward network, each normalised before and added to what came in."""

    def __init__(self, hidden_size: int, num_heads: int, dropout: float):
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.before_attention = LayerNorm(hidden_size)
        self.projections = nn.Linear(hidden_size, 3 * hidden_size, bias=False)  # queries, keys, values
        self.attended = nn.Linear(hidden_size, hidden_size)
        self.before_network = LayerNorm(hidden_size)
        self.expand = nn.Linear(hidden_size, 4 * hidden_size)
        self.contract = nn.Linear(4 * hidden_size, hidden_size)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(B, T, H), (B, T) -> (B, T, H)."""
        rows, steps, size = states.shape
        heads = self.projections(self.before_attention(states)).view(rows, steps, 3, self.num_heads, -1)
        queries, keys, values = heads.permute(2, 0, 3, 1, 4)  # (B, heads, T, H / heads) each
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask[:, None, None, :])
        states = states + dropout(
            self.attended(mixed.transpose(1, 2).reshape(rows, steps, size)), self.dropout, self.training
        )
        change = self.contract(functional.gelu(self.expand(self.before_network(states))))
        return states + dropout(change, self.dropout, self.training)

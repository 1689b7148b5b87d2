"""Deep pyramid of convolutions: each block halves the text, until one step is left of it.

Source: Johnson & Zhang 2017, section 2: region embedding, blocks of two convolutions with pre-activation and a
shortcut, pooling of three steps with stride two, a fixed number of filters. A text leaves the pyramid at the level
where one step is left of it, however long the other texts of the batch are.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import Choices, NoisyConfig, option
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import MaskedConvolution, TokenEmbedding, dropout, valid_mask

NAME = "DPCNN"


@dataclass(frozen=True)
class Config(NoisyConfig):
    """Hyper-parameters of the deep pyramid."""

    num_filters: int = option(
        192, "filters of each convolution", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
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
        dropout: float,
        embedding_dropout: float,
        token_dropout: float,
    ):
        super().__init__()
        self.embedding = TokenEmbedding(
            vocabulary_size, embedding_size, dropout=embedding_dropout, token_dropout=token_dropout
        )
        self.region = MaskedConvolution(embedding_size, num_filters, 3)
        self.first = nn.ModuleList(MaskedConvolution(num_filters, num_filters, 3) for _ in range(2))
        # One pair serves every level of the pyramid, so that its depth may follow the length of the text.
        self.repeated = nn.ModuleList(MaskedConvolution(num_filters, num_filters, 3) for _ in range(2))
        self.dropout = dropout
        self.classifier = nn.Linear(num_filters, class_count)

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        mask = valid_mask(lengths, token_ids.shape[1])
        states = _block(self.region(self.embedding(token_ids), mask), mask, self.first)  # (B, T, F)
        features = states[:, 0]
        while bool((lengths > 1).any()):
            unfinished = lengths[:, None] > 1
            states, lengths = _halved(states, mask, lengths)
            mask = valid_mask(lengths, states.shape[1])
            states = _block(states, mask, self.repeated)
            features = torch.where(unfinished, states[:, 0], features)
        return dropout(features, self.dropout, self.training)


def _block(states: Tensor, mask: Tensor, convolutions: nn.ModuleList) -> Tensor:
    """(B, T, F) -> (B, T, F): two convolutions of what was activated, added to what came in."""
    change = states
    for convolution in convolutions:
        change = convolution(torch.relu(change), mask)
    return states + change


def _halved(states: Tensor, mask: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T, F), (B, T), (B,) -> (B, T/2, F), (B,): the largest of three steps, at every second step."""
    lowest = torch.finfo(states.dtype).min
    masked = functional.pad(states.masked_fill(~mask[:, :, None], lowest), (0, 0, 0, 2), value=lowest)
    pooled = functional.max_pool1d(masked.transpose(1, 2), kernel_size=3, stride=2).transpose(1, 2)
    return pooled, (lengths + 1) // 2

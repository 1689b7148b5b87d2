"""Vectors of whole texts, made elsewhere and never trained, beside what a network makes of a text.

Shapes: B batch, N training texts, D numbers of a vector, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textrnn.models.parts.layers import dropout

DROPOUT = 0.3  # of the numbers of a vector, while it trains


class SentenceBranch(nn.Module):
    """(B, D) -> (B, C), to be added to the logits: the same as one linear layer over the vectors and the features of
    the network together, for that has the sum of both for its output. It begins with nothing to add."""

    mean: Tensor  # (D,) of the training texts
    scale: Tensor  # scalar: one over the size of what differs from it

    def __init__(self, size: int, class_count: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(()))
        self.classes = nn.Linear(size, class_count, bias=False)
        nn.init.zeros_(self.classes.weight)

    def learn_statistics(self, vectors: Tensor) -> None:
        """(N, D): where the vectors of texts lie, and how far apart, so that one learning rate serves all of them."""
        self.mean.copy_(vectors.mean(dim=0))
        spread = (vectors - self.mean).square().mean().sqrt()
        self.scale.copy_(1 / spread if spread > 0 else torch.ones(()))

    def forward(self, vectors: Tensor) -> Tensor:
        """(B, D) -> (B, C)."""
        scaled = dropout((vectors - self.mean) * self.scale, DROPOUT, self.training)
        logits: Tensor = self.classes(scaled)
        return logits

    def direction(self, label: int, against: int) -> tuple[Tensor, float]:
        """What a vector is multiplied by to give the difference of two logits, (D,), and what is added then.

        Args:
            against: below 0: none, so that the logit of `label` itself is given.
        """
        rows = self.classes.weight.detach().double()
        found = self.scale.double() * (rows[label] if against < 0 else rows[label] - rows[against])
        return found, -float(found @ self.mean.double())

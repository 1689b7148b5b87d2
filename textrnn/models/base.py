"""What every text classifier has in common.

Shapes: B batch, T time (tokens), C classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from textrnn.models.layers import TokenEmbedding


class TextClassifier(nn.Module, ABC):
    """Token ids (B, T) and lengths (B,) -> logits (B, C). Padding (id 0, after the text) never changes an output."""

    embedding: TokenEmbedding  # pretrained vectors are put into its table

    @abstractmethod
    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T) int64, (B,) int64 -> (B, C) logits."""

    def __call__(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """As :meth:`forward`, through torch's hooks (restated for its types)."""
        logits: Tensor = super().__call__(token_ids, lengths)
        return logits

"""Simple recurrent network with a residual connection: h_t = h_{t-1} + tanh(x_t W + h_{t-1} U + b)."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.visible_cells import ResidualSRN

NAME = "ResidualSRN"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the ResidualSRN."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = ResidualSRN

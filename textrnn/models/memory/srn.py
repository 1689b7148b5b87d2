"""Simple recurrent network: h_t = tanh(x_t W + h_{t-1} U + b)."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.visible_cells import SRN

NAME = "SRN"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the SRN."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = SRN

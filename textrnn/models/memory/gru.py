"""Gated recurrent unit: a reset and an update gate that see the state."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.gru import GRU

NAME = "GRU"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the GRU."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = GRU

"""Minimal GRU, a linear recurrence: h_t = (1 - z_t) * h_{t-1} + z_t * c_t, z and c from the input."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.min_gru import MinGRU

NAME = "minGRU"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the minGRU."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = MinGRU

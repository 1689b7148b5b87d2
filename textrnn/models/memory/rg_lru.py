"""Real-gated linear recurrent unit (Griffin): a linear recurrence with a gated decay."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.rg_lru import RGLRU

NAME = "RGLRU"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the RGLRU."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = RGLRU

"""Long short-term memory, with every gate recorded."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.visible_cells import LSTM

NAME = "LSTM"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the LSTM."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = LSTM

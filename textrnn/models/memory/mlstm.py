"""Matrix LSTM of xLSTM: keys and values in a matrix, an exponential input gate."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.mlstm import MLSTM

NAME = "mLSTM"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the mLSTM."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = MLSTM

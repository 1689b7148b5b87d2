"""Scalar LSTM of xLSTM: exponential input gates, and a normaliser beside the cell."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.slstm import SLSTM

NAME = "sLSTM"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the sLSTM."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = SLSTM

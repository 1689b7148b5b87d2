"""Minimal LSTM, a linear recurrence whose two gates add up to one."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.min_lstm import MinLSTM

NAME = "minLSTM"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the minLSTM."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = MinLSTM

"""Quasi-recurrent network: gates from pairs of inputs, and a linear recurrence."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.qrnn import QRNN

NAME = "QRNN"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the QRNN."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = QRNN

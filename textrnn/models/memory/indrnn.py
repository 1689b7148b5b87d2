"""Independently recurrent network: h_t = relu(x_t W + u * h_{t-1} + b)."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.indrnn import IndRNN

NAME = "IndRNN"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the IndRNN."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = IndRNN

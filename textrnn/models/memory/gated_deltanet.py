"""Gated DeltaNet: keys and values in a matrix, each step replacing what its key held."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.gated_deltanet import GatedDeltaNet

NAME = "GatedDeltaNet"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the GatedDeltaNet."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = GatedDeltaNet

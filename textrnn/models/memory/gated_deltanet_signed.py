"""Gated DeltaNet with eigenvalues between -1 and 1: what a key holds may change its sign."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import MemoryModelConfig
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.gated_deltanet import GatedDeltaNetSigned

NAME = "GatedDeltaNetSigned"


@dataclass(frozen=True)
class Config(MemoryModelConfig):
    """Hyper-parameters of the GatedDeltaNetSigned."""


class Model(SequenceClassifier):
    """Digits (B, T) -> logits (B, C)."""

    cell_type = GatedDeltaNetSigned

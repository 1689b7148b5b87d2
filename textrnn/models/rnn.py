"""Simple recurrent network (tanh), pooled over time.

Source: Elman 1990. Orthogonal recurrent matrices keep its gradient alive over a whole title (Saxe et al. 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from textrnn.config import RecurrentConfig, option
from textrnn.models.base import RecurrentClassifier

NAME = "RNN"
TRAINING_DEFAULTS = {"learning_rate": 1e-3}


@dataclass(frozen=True)
class Config(RecurrentConfig):
    """Hyper-parameters of the simple recurrent network."""

    bidirectional: bool = option(False, "read the text in both directions")


class Model(RecurrentClassifier):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    def __init__(self, **sizes_and_settings: Any):
        super().__init__(nn.RNN, **sizes_and_settings)

"""Gated recurrent units, pooled over time.

Source: Cho et al. 2014. As in cuDNN, the reset gate works on the recurrent product, not on the state before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from textrnn.config import Choices, RecurrentConfig, option
from textrnn.models.classifiers.recurrent_classifier import RecurrentClassifier

NAME = "GRU"
CELL = "GRU"


@dataclass(frozen=True)
class Config(RecurrentConfig):
    """Hyper-parameters of the GRU."""

    hidden_size: int = option(
        192, "units of each layer and direction", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
    )
    bidirectional: bool = option(False, "read the text in both directions", searched=Choices((False, True)))


class Model(RecurrentClassifier):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    cell = nn.GRU

"""LSTM in both directions, with layer normalisation before the classifier.

Source: Graves & Schmidhuber 2005 (bidirectional LSTM); Ba et al. 2016, equation 4 (layer normalisation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from textrnn.config import RecurrentConfig
from textrnn.models.base import RecurrentClassifier

NAME = "BiLSTM_LN"


@dataclass(frozen=True)
class Config(RecurrentConfig):
    """Hyper-parameters of the bidirectional LSTM with layer normalisation."""


class Model(RecurrentClassifier):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    def __init__(self, **sizes_and_settings: Any):
        super().__init__(nn.LSTM, bidirectional=True, layer_normalisation=True, **sizes_and_settings)

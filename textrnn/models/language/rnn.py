"""Simple recurrent network, PyTorch's fused layer."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import LanguageModelConfig
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.parts.recurrent_layers import FusedRNN

NAME = "RNN"


@dataclass(frozen=True)
class Config(LanguageModelConfig):
    """Hyper-parameters of the simple recurrent network."""


class Model(RecurrentLanguageModel):
    """Token ids (B, T), state -> logits (B, T, V), state."""

    layer_type = FusedRNN

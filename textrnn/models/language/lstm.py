"""Long short-term memory, PyTorch's fused layer."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import LanguageModelConfig
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.parts.recurrent_layers import FusedLSTM

NAME = "LSTM"


@dataclass(frozen=True)
class Config(LanguageModelConfig):
    """Hyper-parameters of the LSTM."""


class Model(RecurrentLanguageModel):
    """Token ids (B, T), state -> logits (B, T, V), state."""

    layer_type = FusedLSTM

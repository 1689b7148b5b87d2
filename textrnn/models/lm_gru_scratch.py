"""The GRU written out step by step."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import LanguageModelConfig
from textrnn.models.cells import WrittenGRU
from textrnn.models.char_lm import RecurrentLanguageModel

NAME = "gru-scratch"
TASK = "lm"


@dataclass(frozen=True)
class Config(LanguageModelConfig):
    """Hyper-parameters of the GRU written out."""


class Model(RecurrentLanguageModel):
    """Token ids (B, T), state -> logits (B, T, V), state."""

    layer_type = WrittenGRU

"""The GRU written out step by step."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import LanguageModelConfig
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.parts.cells import WrittenGRU

NAME = "gru-scratch"


@dataclass(frozen=True)
class Config(LanguageModelConfig):
    """Hyper-parameters of the GRU written out."""


class Model(RecurrentLanguageModel):
    """Token ids (B, T), state -> logits (B, T, V), state."""

    layer_type = WrittenGRU

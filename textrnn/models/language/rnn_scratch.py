"""The simple recurrent network written out step by step."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import LanguageModelConfig
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.parts.cells import WrittenRNN

NAME = "rnn-scratch"


@dataclass(frozen=True)
class Config(LanguageModelConfig):
    """Hyper-parameters of the simple recurrent network written out."""


class Model(RecurrentLanguageModel):
    """Token ids (B, T), state -> logits (B, T, V), state."""

    layer_type = WrittenRNN

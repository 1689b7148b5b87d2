"""The simple recurrent network written out step by step."""

from __future__ import annotations

from dataclasses import dataclass

from textrnn.config import LanguageModelConfig
from textrnn.models.cells import WrittenRNN
from textrnn.models.char_lm import RecurrentLanguageModel

NAME = "rnn-scratch"
TASK = "lm"


@dataclass(frozen=True)
class Config(LanguageModelConfig):
    """Hyper-parameters of the simple recurrent network written out."""


class Model(RecurrentLanguageModel):
    """Token ids (B, T), state -> logits (B, T, V), state."""

    layer_type = WrittenRNN

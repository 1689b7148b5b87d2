"""Simple recurrent network (tanh), pooled over time.

Source: Elman 1990. Orthogonal recurrent matrices keep its gradient alive over a whole title (Saxe et al. 2014).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from textrnn.config import Choices, RecurrentConfig, Span, option
from textrnn.models.classifiers.recurrent_classifier import RecurrentClassifier

NAME = "RNN"
CELL = "RNN"


@dataclass(frozen=True)
class Config(RecurrentConfig):
    """Hyper-parameters of the simple recurrent network."""

    dropout: float = option(
        0.3, "dropout between layers and before the classifier", at_least=0.0, below=1.0, searched=Span(0.1, 0.6)
    )
    embedding_dropout: float = option(0.3, "dropout on token vectors", at_least=0.0, below=1.0, searched=Span(0.0, 0.6))
    bidirectional: bool = option(False, "read the text in both directions", searched=Choices((False, True)))


class Model(RecurrentClassifier):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    cell = nn.RNN

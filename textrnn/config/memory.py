"""Settings of the memory experiments."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from textrnn.config.base import FitConfig, Recipe, Settings, option


@dataclass(frozen=True)
class MemoryModelConfig(Settings):
    """What the networks of the memory experiments share."""

    embedding_size: int = option(10, "numbers per digit vector", at_least=1)
    hidden_size: int = option(64, "units of the cell", at_least=1)
    num_layers: int = option(1, "cells one above the other", at_least=1)
    embedding_dropout: float = option(0.1, "dropout on digit vectors", at_least=0.0, below=1.0)
    dropout: float = option(0.0, "dropout on the last state", at_least=0.0, below=1.0)
    learned_start: bool = option(True, "learn the state before the first digit; else it is zero")
    initialisation: str = option(
        "chrono",
        "how the weights start: orthogonal, with biases that remember (chrono) or with forget bias 1 (orthogonal); as "
        "PyTorch draws them (uniform); Glorot's way with zero biases (glorot); all zero (zero)",
        choices=("chrono", "orthogonal", "uniform", "glorot", "zero"),
    )


@dataclass(frozen=True)
class SequenceConfig(Settings):
    """The data of the memory experiments."""

    variants: int = option(
        3,
        "training sequences for each pair of digits (k); of other problems, of each case",
        at_least=1,
        at_most=100_000,
    )


@dataclass(frozen=True)
class MemoryTrainConfig(FitConfig):
    """How a network of the memory experiments learns."""

    epochs: int | None = option(
        None,
        "passes over the training sequences (default: 150; 100 at lengths 61 to 400; fewer with more of them than "
        "DigitSum has)",
        at_least=1,
        fitted=True,
    )
    batch_size: int = option(32, "sequences a batch", at_least=1)
    learning_rate: float = option(2e-2, "peak learning rate", above=0.0)
    optimizer: str = option("adamw", "optimizer", choices=("adam", "adamw", "sgd"))
    weight_decay: float = option(0.1, "decoupled weight decay (adamw) or L2 penalty (adam, sgd)", at_least=0.0)
    shuffle: bool = option(True, "draw the sequences of an epoch in random order")
    summed_loss: bool = option(False, "follow the sum of a batch's losses, not their mean")
    select_by: str = option(
        "accuracy", "what of the dev split decides which weights are kept", choices=("accuracy", "loss")
    )
    require_improvement: int = option(
        10**9, "stop after this many batches without a better dev score (default: never)", at_least=1
    )
    budget: float | None = option(
        None, "train each network for at most this many seconds, the schedule fitted to it", above=0.0
    )
    evaluate_every: int = option(50, "batches between two evaluations on the dev split", at_least=1)

    def fitted_to(self, rows: int, length: int) -> MemoryTrainConfig:
        """The same settings with `epochs` chosen where nothing limits the training, and no batch beyond the rows.

        Args:
            rows: training sequences.
            length: digits in each.
        """
        batch_size = min(self.batch_size, rows)
        epochs = self.epochs
        if epochs is None and self.budget is None:
            epochs = max(1, math.ceil((30_000 if 60 < length <= 400 else 45_000) / rows))
        return dataclasses.replace(self, epochs=epochs, batch_size=batch_size)


MEMORY_RECIPES = {
    "default": Recipe("what makes an LSTM remember: chrono initialisation, a learned start, clipping, a schedule"),
    "textbook": Recipe(
        "zero weights, Adam 0.001, batches of 8 in the order of the file, 500 epochs",
        model={
            "embedding_size": 32,
            "hidden_size": 32,
            "embedding_dropout": 0.0,
            "dropout": 0.0,
            "learned_start": False,
            "initialisation": "zero",
        },
        training={
            "epochs": 500,
            "batch_size": 8,
            "learning_rate": 1e-3,
            "optimizer": "adam",
            "adam_beta2": 0.999,
            "weight_decay": 0.0,
            "schedule": "constant",
            "clip_norm": 0.0,
            "shuffle": False,
            "evaluate_every": 100,
        },
    ),
}

"""Settings of character language models."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Self

from textrnn.config.base import Choices, FitConfig, Recipe, Settings, Span, option
from textrnn.errors import ConfigError

USUAL_TEMPERATURE = 0.7  # of what is drawn where nothing else is said
DRAWING = ("temperature", "top_k", "top_p", "typical_p")  # settings that ask for characters to be drawn


@dataclass(frozen=True)
class LanguageModelConfig(Settings):
    """What all recurrent language models share."""

    embedding_size: int = option(
        128,
        "numbers per character vector; 0 feeds one-hot vectors",
        at_least=0,
        searched=Choices((0.5, 1, 2), of_default=True),
    )
    hidden_size: int = option(
        512, "units of each layer", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
    )
    num_layers: int = option(1, "recurrent layers", at_least=1, at_most=64)
    dropout: float = option(
        None,
        "dropout between layers and before the output (default: fitted to the text and the time, 0 to 0.6)",
        at_least=0.0,
        below=1.0,
        fitted=True,
        searched=Span(0.0, 0.6),
    )
    embedding_dropout: float = option(
        None,
        "dropout on character vectors (default: four tenths of `dropout`)",
        at_least=0.0,
        below=1.0,
        fitted=True,
        searched=Span(0.0, 0.4),
    )
    tied: bool = option(False, "one matrix for the character vectors and the output")
    initialisation: str = option(
        "orthogonal", "how weights start; uniform is PyTorch's own way", choices=("orthogonal", "uniform")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tied and self.embedding_size == 0:
            raise ConfigError("`tied`: one-hot input has no matrix to share; expected `embedding_size` above 0 with it")

    def fitted_to(self, characters: int, passes: float | None = None) -> Self:
        """The same settings with both dropouts chosen where they were None.

        What is learnt by heart of 150,000 characters within fourteen passes needs a dropout of 0.5; a million
        characters in seven passes need 0.1, in forty 0.4; ten million none.

        Args:
            characters: of the training text.
            passes: over it, about; None for the number that is usual for its length.
        """
        dropout = self.dropout
        if self.is_open("dropout"):
            usual = usual_passes(characters)
            more = 0.4 * math.log10((passes or usual) / usual)
            dropout = round(min(0.6, max(0.0, 0.5 - 0.48 * math.log10(max(1, characters) / 150_000) + more)), 2)
            dropout = dropout if more > 0 else min(0.5, dropout)
        embedding_dropout = self.embedding_dropout
        if self.is_open("embedding_dropout"):
            embedding_dropout = round(0.4 * dropout, 2)
        return dataclasses.replace(self, dropout=dropout, embedding_dropout=embedding_dropout)


def usual_passes(characters: int) -> int:
    """Epochs where nothing else is said: the longer the text, the fewer, about a minute's work for a short novel."""
    return max(1, min(200, round(14 * math.pow(150_000 / max(1, characters), 0.35))))


@dataclass(frozen=True)
class CorpusConfig(Settings):
    """The text a language model learns from, and how it is read."""

    corpus: tuple[str, ...] = option(
        ("timemachine",), "text to learn from: a name, or files and folders (default: timemachine)", free=True
    )
    encoding: str | None = option(
        None, "encoding of the text, such as utf-8 or gb18030 (default: found out line by line)"
    )
    letters: bool = option(
        None, "read only the letters a to z, lower-case, and spaces (default for timemachine and story)", fitted=True
    )
    line_join: str = option(
        "space", "with `letters`, what a line end becomes; none is the book's way", choices=("space", "none")
    )
    max_chars: int | None = option(None, "learn from the first so many characters only", at_least=1)
    held_out: float = option(0.1, "share of the text, at its end, that is never learnt from", above=0.0, below=1.0)
    max_vocab: int = option(10_000, "know at most so many characters, <pad> and <unk> included", at_least=3)
    ngram_order: int = option(
        6, "characters that the n-gram mixed with the network looks back; 0 leaves it out", at_least=0, at_most=20
    )


@dataclass(frozen=True)
class LanguageModelTrainConfig(FitConfig):
    """How a language model is trained. Fields that are None are fitted to the text by :meth:`fitted_to`."""

    epochs: int | None = option(
        None, "passes over the text (default: 14 for 150,000 characters)", at_least=1, fitted=True
    )
    batch_size: int = option(
        None,
        "rows a batch (default: 16, more where the text is long, fewer where it is short)",
        at_least=1,
        fitted=True,
        searched=Choices((0.5, 1, 2), of_default=True),
    )
    num_steps: int = option(100, "characters a window; gradients do not reach further back", at_least=1)
    sampling: str = option(
        "sequential",
        "windows follow each other with the state carried on, or stand in random order",
        choices=("sequential", "random"),
    )
    keep_rest: bool = option(True, "let what is left at the end of the rows be a shorter window (sequential sampling)")
    learning_rate: float = option(
        8e-3, "peak learning rate", above=0.0, searched=Span(1 / 3, 3, log=True, of_default=True)
    )
    optimizer: str = option("adamw", "optimizer", choices=("adam", "adamw", "sgd"))
    weight_decay: float = option(
        0.01,
        "decoupled weight decay (adamw) or L2 penalty (adam, sgd)",
        at_least=0.0,
        searched=Span(0.1, 10, log=True, of_default=True),
    )
    require_improvement: int = option(
        10**9, "stop after this many batches without a better held-out loss (default: never)", at_least=1
    )
    evaluate_every: int | None = option(
        None, "batches between two evaluations on the held-out text (default: an epoch)", at_least=1
    )
    evaluate_epochs: int = option(
        None, "epochs between two evaluations on the held-out text (default: some 20 in all)", at_least=1, fitted=True
    )
    precision: str = option(
        "auto",
        "numbers the network trains in; auto takes bf16 on a CPU that has it",
        choices=("auto", "fp32", "bf16"),
    )

    dynamic_evaluation: bool = option(
        False, "score what is held out a second time, the network learning from it as it reads; reported apart"
    )

    def fitted_to(self, characters: int) -> LanguageModelTrainConfig:
        """The same settings with `epochs`, `batch_size` and `evaluate_epochs` chosen where they were None.

        A short text gets fewer rows, so that each row still has a few windows.
        """
        batch_size = self.batch_size
        if self.is_open("batch_size"):
            enough = 16 if characters < 500_000 else 32
            batch_size = max(1, min(enough, characters // (4 * self.num_steps)))
        epochs = self.epochs
        if epochs is None and self.budget is None:
            epochs = usual_passes(characters)
        evaluate_epochs = self.evaluate_epochs
        if self.is_open("evaluate_epochs"):
            evaluate_epochs = max(1, (epochs or 1) // 20)
        return dataclasses.replace(self, epochs=epochs, batch_size=batch_size, evaluate_epochs=evaluate_epochs)


LANGUAGE_MODEL_RECIPES = {
    "default": Recipe("the best quality for the time, on a CPU as on a GPU"),
    "d2l": Recipe(
        "the book's (Dive into Deep Learning): 10,000 characters, one-hot, SGD",
        model={
            "embedding_size": 0,
            "hidden_size": 256,
            "dropout": 0.0,
            "embedding_dropout": 0.0,
            "initialisation": "uniform",
        },
        corpus={"letters": True, "max_chars": 10_000, "line_join": "none", "ngram_order": 0},
        training={
            "epochs": 200,
            "batch_size": 32,
            "num_steps": 35,
            "keep_rest": False,
            "learning_rate": 1.0,
            "optimizer": "sgd",
            "weight_decay": 0.0,
            "schedule": "constant",
            "clip_norm": 1.0,
            "evaluate_epochs": 10,
        },
    ),
}


@dataclass(frozen=True)
class GenerationConfig(Settings):
    """How a text is continued. Where nothing else is asked for, the most probable character is taken each time."""

    length: int = option(50, "characters to generate", at_least=0)
    temperature: float | None = option(
        None,
        "draw characters at random, more evenly above 1, more surely below "
        f"(default: {USUAL_TEMPERATURE}, beside the likeliest)",
        above=0.0,
    )  # fmt: skip
    top_k: int | None = option(None, "draw among so many of the likeliest characters", at_least=1)
    top_p: float | None = option(
        None, "draw among the likeliest characters that together have this probability", above=0.0, at_most=1.0
    )
    typical_p: float | None = option(
        None,
        "draw among the characters that tell about as much as is to be expected, and together have this probability",
        above=0.0,
        at_most=1.0,
    )
    beam: int | None = option(
        None, "look for the likeliest continuation as a whole, with so many side by side", at_least=1, at_most=100
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        drawing = [name for name in DRAWING if getattr(self, name) is not None]
        if self.beam is not None and drawing:
            raise ConfigError(f"`beam` {self.beam}: nothing is drawn with it; expected no `{drawing[0]}` beside it")

    @property
    def greedy(self) -> bool:
        """Whether the most probable character is taken each time."""
        return self.beam is None and all(getattr(self, name) is None for name in DRAWING)

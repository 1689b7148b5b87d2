"""Settings of the networks of text classifiers, shared by the models that have them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from textrnn.config.base import Choices, Settings, Span, option
from textrnn.config.classification import TrainConfig
from textrnn.errors import ConfigError


@dataclass(frozen=True)
class ModelConfig(Settings):
    """Base of every model's ``Config``: what all models share. Sizes found in the data are never part of it."""

    embedding_size: int = option(
        128,
        "numbers per token vector (a pretrained file brings its own)",
        at_least=1,
        searched=Choices((0.5, 1, 2), of_default=True),
    )


@dataclass(frozen=True)
class NoisyConfig(ModelConfig):
    """What the classifiers that come with the project share: three kinds of noise while they train."""

    dropout: float = option(
        0.4, "dropout between layers and before the classifier", at_least=0.0, below=1.0, searched=Span(0.1, 0.6)
    )
    embedding_dropout: float = option(0.4, "dropout on token vectors", at_least=0.0, below=1.0, searched=Span(0.0, 0.6))
    token_dropout: float = option(
        0.1, "share of tokens replaced by <unk> while training", at_least=0.0, below=1.0, searched=Span(0.0, 0.25)
    )


@dataclass(frozen=True)
class WindowedConfig(NoisyConfig):
    """What classifiers share that read long texts in windows."""

    WINDOW: ClassVar[int] = 512  # where texts are short: one window is nearly always enough
    WINDOW_OF_LONG: ClassVar[int] = 32
    VOTING_WINDOW: ClassVar[int] = 16
    LONG: ClassVar[int] = 256  # tokens that more than half of the texts have where texts are long
    window: int = option(
        None,
        "tokens of the windows that long texts are read in; 0: read whole (default: 512; where most texts have more "
        "than 256, 16 that vote or 32 under attention)",
        at_least=0,
        fitted=True,
        formerly=0,
    )
    window_pooling: str = option(
        None,
        "what makes one answer of many windows: votes, each on its own reading, or attention, which weighs their "
        "features (default: votes where most texts are long and have one label)",
        choices=("attention", "votes"),
        fitted=True,
        formerly="attention",
    )
    normalise_windows: bool = option(
        None,
        "layer normalisation of the features of each window (default: where most texts are long, under attention)",
        fitted=True,
        formerly=False,
    )
    max_windows: int = option(
        None,
        "windows of a text that a step of training reads, drawn anew each time; an answer reads all (default: 16; 64 "
        "that vote)",
        at_least=1,
        fitted=True,
        formerly=16,
    )

    @property
    def is_for_long(self) -> bool:
        """Whether most texts have several windows."""
        return bool(self.window) and self.window < self.WINDOW

    @property
    def tokens_a_pass(self) -> int:
        """See :meth:`TrainConfig.fitted_to`."""
        if self.is_for_long and self.window_pooling == "votes":
            return TrainConfig.TOKENS_A_PASS_OF_VOTES
        return TrainConfig.TOKENS_A_PASS_IN_WINDOWS if self.is_for_long else TrainConfig.TOKENS_A_PASS

    @property
    def training_tokens(self) -> int | None:
        """Of a text, read in a step of training at most; None: all."""
        return self.window * self.max_windows if self.window else None

    def fitted_to(self, usual_length: float, *, multi_label: bool = False) -> Self:
        """The same settings, those chosen that were open.

        Args:
            usual_length: tokens of a training text, the median.
            multi_label: whether a row may have several labels; a vote is for one class against the others.

        Raises:
            ConfigError: for votes where a row may have several labels.
        """
        if self.window_pooling == "votes" and multi_label:
            raise ConfigError(
                "`window_pooling` votes: a window votes for one class, and a row may have several labels; expected "
                "`window_pooling=attention`"
            )
        is_long = usual_length > self.LONG
        chosen: dict[str, Any] = {}
        pooling = self.window_pooling
        if self.is_open("window_pooling"):
            pooling = chosen["window_pooling"] = "votes" if is_long and not multi_label else "attention"
        votes = pooling == "votes"
        if self.is_open("window"):
            of_long = self.VOTING_WINDOW if votes else self.WINDOW_OF_LONG
            chosen["window"] = of_long if is_long else self.WINDOW
        if self.is_open("normalise_windows"):
            chosen["normalise_windows"] = is_long and not votes
        if self.is_open("max_windows"):
            chosen["max_windows"] = 64 if is_long and votes else 16
        return dataclasses.replace(self, **chosen)


@dataclass(frozen=True)
class PairedConfig(WindowedConfig):
    """What classifiers share that read pairs of adjacent tokens beside single ones."""

    PAIRS_OF_CHARACTERS: ClassVar[int] = 100_000
    max_pairs: int = option(
        None,
        "pairs of adjacent tokens with a vector of their own, at most, those seen most often; 0: none (default: 100000 "
        "where tokens are characters, else 0)",
        at_least=0,
        fitted=True,
        formerly=0,
    )

    def fitted_to_tokenizer(self, tokenizer: str) -> Self:
        """The same settings with `max_pairs` chosen where it was open: two characters are most often a word, while most
        pairs of words are too rare to learn from."""
        if not self.is_open("max_pairs"):
            return self
        return dataclasses.replace(self, max_pairs=self.PAIRS_OF_CHARACTERS if tokenizer == "char" else 0)


@dataclass(frozen=True)
class RecurrentConfig(PairedConfig):
    """What all recurrent classifiers share."""

    hidden_size: int = option(
        128, "units of each layer and direction", at_least=1, searched=Choices((0.5, 1, 1.5, 2), of_default=True)
    )
    num_layers: int = option(1, "recurrent layers", at_least=1)
    pooling: str = option(
        "max",
        "how the states of all steps become one vector",
        choices=("max", "mean", "last"),
        searched=Choices(("max", "mean")),
    )

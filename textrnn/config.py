"""Settings as frozen dataclasses: validated when built, turned into plain dictionaries and back, no input or output.

A field is declared once, with :func:`option`; its command-line flag, help text, type and limits all come from there.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import Any, ClassVar, Self

from textrnn.errors import ConfigError, did_you_mean

PAD_ID, UNKNOWN_ID = 0, 1  # the first two entries of every vocabulary, known to corpus and models alike


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] | None = None,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
) -> Any:
    """Declare a settings field: its default, its one-line meaning and the values it may take."""
    limits = {"choices": choices, "at_least": at_least, "above": above, "at_most": at_most, "below": below}
    return field(default=default, metadata={"help": help, **{k: v for k, v in limits.items() if v is not None}})


def flag(field_name: str) -> str:
    """The command-line flag of a field: ``hidden_size`` -> ``--hidden-size``."""
    return "--" + field_name.replace("_", "-")


def find_problem(name: str, value: Any, annotation: Any, limits: typing.Mapping[str, Any]) -> str | None:
    """What is wrong with a value by its type and the limits given to :func:`option`, or None."""
    allowed = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    if value is None and type(None) in allowed:
        return None
    kinds = tuple(kind for kind in allowed if kind is not type(None))
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not (isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))) and not (
        float in kinds and is_whole
    ):
        expected = " or ".join(kind.__name__ for kind in kinds)
        return f"{flag(name)} {value!r}: expected {expected}"
    if "choices" in limits and value not in limits["choices"]:
        close = did_you_mean(str(value), limits["choices"])
        return f"{flag(name)} {value}: expected one of {', '.join(limits['choices'])}{close}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{flag(name)} {value}: expected a finite number"
    for word, holds in (("at_least", ge), ("above", gt), ("at_most", le), ("below", lt)):
        if word in limits and not holds(value, limits[word]):
            return f"{flag(name)} {value}: must be {word.replace('_', ' ')} {limits[word]}"
    return None


@dataclass(frozen=True)
class Settings:
    """Base of every settings class: checks all fields at construction and reports every problem at once."""

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        problems = [
            problem
            for entry in dataclasses.fields(self)
            if (problem := find_problem(entry.name, getattr(self, entry.name), hints[entry.name], entry.metadata))
        ]
        if problems:
            raise ConfigError("; ".join(problems))

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, in the order of declaration."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: typing.Mapping[str, Any]) -> Self:
        """Build from plain values; a key that is no field is an error that names the nearest field.

        Raises:
            ConfigError: for an unknown key or a value out of bounds.
        """
        names = [entry.name for entry in dataclasses.fields(cls)]
        for key in values:
            if key not in names:
                raise ConfigError(f"{key}: no such setting of {cls.__qualname__}{did_you_mean(key, names)}")
        return cls(**values)


@dataclass(frozen=True)
class ModelConfig(Settings):
    """Base of every model's ``Config``: what all models share. Sizes found in the data are never part of it."""

    embedding_size: int = option(128, "numbers per token vector (a pretrained file brings its own)", at_least=1)


@dataclass(frozen=True)
class RecurrentConfig(ModelConfig):
    """What all recurrent classifiers share."""

    hidden_size: int = option(128, "units of each layer and direction", at_least=1)
    num_layers: int = option(1, "recurrent layers", at_least=1)
    pooling: str = option("max", "how the states of all steps become one vector", choices=("max", "mean", "last"))
    dropout: float = option(0.4, "dropout between layers and before the classifier", at_least=0.0, below=1.0)
    embedding_dropout: float = option(0.4, "dropout on token vectors", at_least=0.0, below=1.0)
    token_dropout: float = option(0.1, "share of tokens replaced by <unk> while training", at_least=0.0, below=1.0)


@dataclass(frozen=True)
class DataConfig(Settings):
    """Where the examples come from and how they become token ids."""

    dataset: str = option("headlines", "data set: a name, a folder or a file")
    text_column: str | None = option(None, "column (or JSON key) that holds the text")
    label_column: str | None = option(None, "column (or JSON key) that holds the label")
    tokenizer: str = option("char", "what a token is", choices=("char", "word", "space"))
    lowercase: bool = option(False, "fold upper case to lower case before cutting into tokens")
    min_freq: int = option(1, "leave out tokens seen fewer times in the training split", at_least=1)
    max_vocab: int = option(10_000, "keep at most this many entries, <pad> and <unk> included", at_least=3)
    pad_size: int = option(256, "read at most this many tokens (see --tokenizer) of a text", at_least=1)
    split_seed: int = option(0, "seed of the splits made where the data has none", at_least=0)
    embedding: str = option("random", "random, pretrained (the file beside the data set) or the path of a vector file")
    freeze_embedding: bool = option(False, "leave the token vectors as they are")


@dataclass(frozen=True)
class FitConfig(Settings):
    """What the training loop needs to know, whatever it trains."""

    epochs: int | None = option(None, "passes over the training text", at_least=1)
    batch_size: int | None = option(None, "examples a batch", at_least=1)
    learning_rate: float = option(3e-3, "peak learning rate", above=0.0)
    optimizer: str = option("adam", "optimizer", choices=("adam", "adamw", "sgd"))
    weight_decay: float = option(0.0, "decoupled weight decay (adamw) or L2 penalty (adam, sgd)", at_least=0.0)
    schedule: str = option("one-cycle", "learning rate over time", choices=("one-cycle", "cosine", "constant"))
    clip_norm: float = option(1.0, "largest L2 norm of the whole gradient; 0 turns clipping off", at_least=0.0)
    require_improvement: int = option(1000, "stop after this many batches without a better dev loss", at_least=1)
    evaluate_every: int | None = option(None, "batches between two looks at what is held out", at_least=1)
    seed: int = option(0, "seed of initial weights, batch order and dropout", at_least=0, at_most=2**63 - 1)
    device: str = option("auto", "cpu, cuda, cuda:1, mps; auto takes a GPU where there is one")
    budget: float | None = option(None, "train for at most this many seconds, the schedule fitted to it", above=0.0)


@dataclass(frozen=True)
class TrainConfig(FitConfig):
    """How a classifier is trained. Fields that are None are fitted to the data by :meth:`fitted_to`."""

    ROWS_SEEN: ClassVar[int] = 60_000  # what a small data set is shown in all, repeats counted, unless --epochs says
    epochs: int | None = option(
        None, "passes over the training split (default: 6, more where rows are few)", at_least=1
    )
    batch_size: int | None = option(None, "rows a batch (default: 128, fewer where rows are few)", at_least=1)
    label_smoothing: float = option(0.1, "share of the target spread over all classes", at_least=0.0, below=1.0)
    evaluate_every: int | None = option(
        None, "batches between two looks at the dev split (default: some 20 looks in all)", at_least=1
    )

    def fitted_to(self, training_rows: int, dev_rows: int) -> TrainConfig:
        """The same settings with `epochs`, `batch_size` and `evaluate_every` chosen where they were None.

        A small data set gets smaller batches (at least some 30 an epoch) and more passes, up to 30. The dev split is
        looked at up to four times an epoch and some twenty times in all, and seldom enough that scoring it costs less
        than about a fifth of the time (a row costs about a third as much to score as to train on).

        Raises:
            ConfigError: if a batch size was asked for that is larger than the training split.
        """
        if self.batch_size is not None and self.batch_size > training_rows:
            raise ConfigError(
                f"--batch-size {self.batch_size}: the training split has {training_rows} rows, fewer than one batch; "
                f"expected --batch-size {training_rows} or less, or more data"
            )
        batch_size = self.batch_size
        if batch_size is None:
            batch_size = min(128, max(8, 2 ** round(math.log2(max(1, training_rows / 40)))), training_rows)
        batches = math.ceil(training_rows / batch_size)
        epochs = self.epochs
        if epochs is None and self.budget is None:
            epochs = max(6, min(30, round(self.ROWS_SEEN / training_rows)))
        evaluate_every = self.evaluate_every
        if evaluate_every is None:
            enough_rows = max(training_rows / 4, 2 * dev_rows, training_rows * (epochs or 1) / 20)
            evaluate_every = max(1, min(round(enough_rows / batch_size), batches))
        return dataclasses.replace(self, epochs=epochs, batch_size=batch_size, evaluate_every=evaluate_every)


@dataclass(frozen=True)
class LanguageModelConfig(Settings):
    """What all recurrent language models share."""

    embedding_size: int = option(128, "numbers per character vector; 0 feeds one-hot vectors", at_least=0)
    hidden_size: int = option(512, "units of each layer", at_least=1)
    num_layers: int = option(1, "recurrent layers", at_least=1, at_most=64)
    dropout: float | None = option(
        None,
        "dropout between layers and before the output (default: fitted to the text and the time, 0 to 0.6)",
        at_least=0.0,
        below=1.0,
    )
    embedding_dropout: float | None = option(
        None, "dropout on character vectors (default: four tenths of --dropout)", at_least=0.0, below=1.0
    )
    tied: bool = option(False, "one matrix for the character vectors and the output")
    initialisation: str = option(
        "orthogonal", "how weights start; uniform is PyTorch's own way", choices=("orthogonal", "uniform")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tied and self.embedding_size == 0:
            raise ConfigError("--tied: one-hot input has no matrix to share; expected --embedding-size above 0 with it")

    def fitted_to(self, characters: int, passes: float | None = None) -> Self:
        """The same settings with both dropouts chosen where they were None.

        What is learnt by heart of 150,000 characters within fourteen passes needs a dropout of 0.5; a million
        characters in seven passes need 0.1, in forty 0.4; ten million none.

        Args:
            characters: of the training text.
            passes: over it, about; None for the number that is usual for its length.
        """
        dropout = self.dropout
        if dropout is None:
            usual = usual_passes(characters)
            more = 0.4 * math.log10((passes or usual) / usual)
            dropout = round(min(0.6, max(0.0, 0.5 - 0.48 * math.log10(max(1, characters) / 150_000) + more)), 2)
            dropout = dropout if more > 0 else min(0.5, dropout)
        embedding_dropout = self.embedding_dropout
        if embedding_dropout is None:
            embedding_dropout = round(0.4 * dropout, 2)
        return dataclasses.replace(self, dropout=dropout, embedding_dropout=embedding_dropout)


def usual_passes(characters: int) -> int:
    """Epochs where nothing else is said: the longer the text, the fewer, about a minute's work for a short novel."""
    return max(1, min(200, round(14 * math.pow(150_000 / max(1, characters), 0.35))))


@dataclass(frozen=True)
class CorpusConfig(Settings):
    """The text a language model learns from, and how it is read."""

    corpus: str = option("timemachine", "text to learn from: a name or a file")
    letters: bool | None = option(
        None, "read only the letters a to z, lower-case, and spaces (default for timemachine and story)"
    )
    line_join: str = option(
        "space", "with --letters, what a line end becomes; none is the book's way", choices=("space", "none")
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

    epochs: int | None = option(None, "passes over the text (default: 14 for 150,000 characters)", at_least=1)
    batch_size: int | None = option(
        None, "rows a batch (default: 16, more where the text is long, fewer where it is short)", at_least=1
    )
    num_steps: int = option(100, "characters a window; gradients do not reach further back", at_least=1)
    sampling: str = option(
        "sequential",
        "windows follow each other with the state carried on, or stand in random order",
        choices=("sequential", "random"),
    )
    keep_rest: bool = option(True, "let what is left at the end of the rows be a shorter window (sequential sampling)")
    learning_rate: float = option(8e-3, "peak learning rate", above=0.0)
    optimizer: str = option("adamw", "optimizer", choices=("adam", "adamw", "sgd"))
    weight_decay: float = option(0.01, "decoupled weight decay (adamw) or L2 penalty (adam, sgd)", at_least=0.0)
    require_improvement: int = option(10**9, "stop after this many batches without a better held-out loss", at_least=1)
    evaluate_every: int | None = option(
        None, "batches between two looks at the held-out text (default: an epoch)", at_least=1
    )
    evaluate_epochs: int | None = option(
        None, "epochs between two looks at the held-out text (default: some 20 looks in all)", at_least=1
    )
    precision: str = option(
        "auto",
        "numbers the network trains in; auto takes bf16 on a CPU that has it",
        choices=("auto", "fp32", "bf16"),
    )

    def fitted_to(self, characters: int) -> LanguageModelTrainConfig:
        """The same settings with `epochs`, `batch_size` and `evaluate_epochs` chosen where they were None.

        A short text gets fewer rows, so that each row still has a few windows.
        """
        batch_size = self.batch_size
        if batch_size is None:
            enough = 16 if characters < 500_000 else 32
            batch_size = max(1, min(enough, characters // (4 * self.num_steps)))
        epochs = self.epochs
        if epochs is None and self.budget is None:
            epochs = usual_passes(characters)
        evaluate_epochs = self.evaluate_epochs
        if evaluate_epochs is None:
            evaluate_epochs = max(1, (epochs or 1) // 20)
        return dataclasses.replace(self, epochs=epochs, batch_size=batch_size, evaluate_epochs=evaluate_epochs)


@dataclass(frozen=True)
class Recipe:
    """Settings that go together, by the group they belong to; what the user names comes on top."""

    meaning: str
    model: dict[str, Any] = field(default_factory=dict)
    corpus: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


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
    """How a text is continued. Without any of `temperature`, `top_k`, `top_p`, the most probable character is taken."""

    length: int = option(50, "characters to generate", at_least=0)
    temperature: float | None = option(
        None, "draw characters at random, more evenly above 1, more surely below it (default: take the likeliest)",
        above=0.0,
    )  # fmt: skip
    top_k: int | None = option(None, "draw among so many of the likeliest characters", at_least=1)
    top_p: float | None = option(
        None, "draw among the likeliest characters that together have this probability", above=0.0, at_most=1.0
    )

    @property
    def greedy(self) -> bool:
        """Whether the most probable character is taken, and nothing drawn."""
        return self.temperature is None and self.top_k is None and self.top_p is None

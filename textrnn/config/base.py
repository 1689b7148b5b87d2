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
from typing import Any, Self

from textrnn.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Span:
    """Where a search looks for a number: from `low` to `high`.

    Attributes:
        log: drawn evenly by its logarithm
        of_default: the bounds are multiples of the default
    """

    low: float
    high: float
    log: bool = False
    of_default: bool = False


@dataclass(frozen=True)
class Choices:
    """The values that a search tries.

    Attributes:
        of_default: they are multiples of the default, whole numbers
    """

    values: tuple[Any, ...]
    of_default: bool = False


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] | None = None,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    fitted: bool = False,
    free: bool = False,
    formerly: Any = None,
    searched: Span | Choices | None = None,
) -> Any:
    """Declare a settings field: its default, its one-line meaning and the values it may take.

    Args:
        fitted: the default leaves the value open: it is fitted to the data before anything is learnt. The field's type
            is that of the fitted value.
        free: may differ when a run goes on, and names no other model.
        formerly: what runs did that were kept by versions without this field.
        searched: where a search looks for a better value; the default is always among what it tries.
    """
    known: dict[str, Any] = {"choices": choices, "at_least": at_least, "above": above}
    known |= {"at_most": at_most, "below": below}
    known |= {"fitted": fitted or None, "free": free or None, "formerly": formerly, "searched": searched}
    return field(default=default, metadata={"help": help, **{k: v for k, v in known.items() if v is not None}})


def takes_several(annotation: Any) -> bool:
    """Whether the values of a field are tuples of names."""
    return any(typing.get_origin(kind) is tuple for kind in (annotation, *typing.get_args(annotation)))


def find_problem(name: str, value: Any, annotation: Any, limits: typing.Mapping[str, Any]) -> str | None:
    """What is wrong with a value by its type and the limits given to :func:`option`, or None."""
    allowed = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    allowed = tuple(typing.get_origin(kind) or kind for kind in allowed)  # tuple[str, ...] -> tuple
    if value is None and (type(None) in allowed or "fitted" in limits):
        return None
    kinds = tuple(kind for kind in allowed if kind is not type(None))
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not (isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))) and not (
        float in kinds and is_whole
    ):
        expected = " or ".join(kind.__name__ for kind in kinds)
        return f"`{name}` {value!r}: expected {expected}"
    if "choices" in limits and value not in limits["choices"]:
        close = did_you_mean(str(value), limits["choices"])
        return f"`{name}` {value}: expected one of {', '.join(limits['choices'])}{close}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"`{name}` {value}: expected a finite number"
    for word, holds in (("at_least", ge), ("above", gt), ("at_most", le), ("below", lt)):
        if word in limits and not holds(value, limits[word]):
            return f"`{name}` {value}: must be {word.replace('_', ' ')} {limits[word]}"
    return None


@dataclass(frozen=True)
class Settings:
    """Base of every settings class: checks all fields at construction and reports every problem at once."""

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, list | str) and takes_several(hints[entry.name]):
                object.__setattr__(self, entry.name, (value,) if isinstance(value, str) else tuple(value))
        problems = [
            problem
            for entry in dataclasses.fields(self)
            if (problem := find_problem(entry.name, getattr(self, entry.name), hints[entry.name], entry.metadata))
        ]
        if problems:
            raise ConfigError("; ".join(problems))

    def is_open(self, name: str) -> bool:
        """Whether a field is still to be fitted to the data."""
        entry = self.__dataclass_fields__[name]
        value: object = getattr(self, name)
        return "fitted" in entry.metadata and value == entry.default

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

    @classmethod
    def from_kept(cls, values: typing.Mapping[str, Any]) -> Self:
        """As :meth:`from_dict`, from what any version has kept."""
        formerly = {e.name: e.metadata["formerly"] for e in dataclasses.fields(cls) if "formerly" in e.metadata}
        return cls.from_dict({**formerly, **values})


@dataclass(frozen=True)
class FitConfig(Settings):
    """What the training loop needs to know, whatever it trains."""

    epochs: int | None = option(None, "passes over the training text", at_least=1, fitted=True)
    batch_size: int = option(None, "examples a batch", at_least=1, fitted=True)
    learning_rate: float = option(3e-3, "peak learning rate", above=0.0)
    optimizer: str = option("adam", "optimizer", choices=("adam", "adamw", "sgd"))
    adam_beta2: float = option(0.99, "decay of the second moment of adam and adamw", at_least=0.0, below=1.0)
    weight_decay: float = option(0.0, "decoupled weight decay (adamw) or L2 penalty (adam, sgd)", at_least=0.0)
    schedule: str = option("one-cycle", "learning rate over time", choices=("one-cycle", "cosine", "constant"))
    clip_norm: float = option(1.0, "largest L2 norm of the whole gradient; 0 turns clipping off", at_least=0.0)
    require_improvement: int = option(1000, "stop after this many batches without a better dev loss", at_least=1)
    evaluate_every: int | None = option(None, "batches between two evaluations on what is held out", at_least=1)
    seed: int = option(0, "seed of initial weights, batch order and dropout", at_least=0, at_most=2**63 - 1)
    threads: int | None = option(
        None,
        "processor threads (default: as many as are quickest at the moment, tried now and then)",
        at_least=1,
        free=True,
    )
    device: str = option("auto", "cpu, cuda, cuda:1, mps; auto takes a GPU where there is one", free=True)
    budget: float | None = option(None, "train for at most this many seconds, the schedule fitted to it", above=0.0)


@dataclass(frozen=True)
class Recipe:
    """Settings that go together, by the group they belong to; what the user names comes on top."""

    meaning: str
    model: dict[str, Any] = field(default_factory=dict)
    corpus: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

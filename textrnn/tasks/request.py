"""What the user asks for, as the command line or a Python caller puts it. Imports nothing heavy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from textrnn.config import LANGUAGE_MODEL_RECIPES, CorpusConfig, DataConfig, Recipe, flag
from textrnn.corpus.catalog import save_name
from textrnn.corpus.texts import corpus_name
from textrnn.errors import ConfigError, did_you_mean
from textrnn.models.registry import find_model
from textrnn.training.checkpoint import CHECKPOINT_NAME


@dataclass(frozen=True)
class Request(ABC):
    """What was asked for: each mapping holds only the settings that were named, the rest take their defaults."""

    FREE: ClassVar[frozenset[str]] = frozenset({"device"})  # settings that may change when a run goes on
    CHOOSES: ClassVar[Mapping[str, Any]] = {}  # values that stand for whatever was chosen
    DEFAULTS: ClassVar[Mapping[str, Any]] = {}  # of settings that runs of earlier versions did not have

    model: str = "LSTM"
    model_settings: Mapping[str, Any] = field(default_factory=dict)
    data_settings: Mapping[str, Any] = field(default_factory=dict)
    train_settings: Mapping[str, Any] = field(default_factory=dict)
    save_dir: Path = Path("saved_dict")
    resume: bool = False

    @property
    @abstractmethod
    def folder(self) -> Path:
        """Where the run is kept."""

    @property
    def checkpoint(self) -> Path:
        """Where the unfinished run is kept."""
        return self.folder / CHECKPOINT_NAME


@dataclass(frozen=True)
class ClassifyRequest(Request):
    """Train a text classifier."""

    FREE = frozenset({"device", "dataset"})  # the data is compared by its content, elsewhere
    CHOOSES: ClassVar[Mapping[str, Any]] = {"tokenizer": "auto"}
    DEFAULTS: ClassVar[Mapping[str, Any]] = {"precision": "fp32", "class_weight": "none"}

    baseline: bool = True

    @property
    def dataset(self) -> str:
        """The data set as the user named it."""
        return str(self.data_settings.get("dataset", DataConfig().dataset))

    @property
    def folder(self) -> Path:
        return self.save_dir / save_name(self.dataset) / find_model(self.model).name


@dataclass(frozen=True)
class LanguageModelRequest(Request):
    """Train a character language model."""

    FREE = frozenset({"device", "corpus"})

    recipe: str | None = None  # None: the default one, or that of the run that goes on

    def __post_init__(self) -> None:
        known = LANGUAGE_MODEL_RECIPES
        if self.recipe is not None and self.recipe not in known:
            hint = did_you_mean(self.recipe, known)
            raise ConfigError(f"--recipe {self.recipe}: no such recipe; expected one of {', '.join(known)}{hint}")

    @property
    def corpus(self) -> str:
        """The text as the user named it."""
        return str(self.data_settings.get("corpus", CorpusConfig().corpus))

    @property
    def recipe_settings(self) -> Recipe:
        """The settings of the recipe."""
        return LANGUAGE_MODEL_RECIPES[self.recipe or "default"]

    @property
    def folder(self) -> Path:
        return self.save_dir / corpus_name(self.corpus) / f"lm_{find_model(self.model, 'lm').name}"


def changed_settings(kept: Mapping[str, Any], request: Request) -> list[str]:
    """Where the settings named in a request differ from those kept in a checkpoint or ``config.json``."""
    before = {**request.DEFAULTS, **kept["hyper_parameters"], **kept["data"], **kept["training"]}
    before["recipe"] = kept.get("recipe")
    asked = {**request.model_settings, **request.data_settings, **request.train_settings}
    recipe = getattr(request, "recipe", None)
    if recipe is not None:
        asked["recipe"] = recipe
    return [
        f"{flag(name)} was {before.get(name)}, now {value}"
        for name, value in asked.items()
        if name not in request.FREE and before.get(name) != value and value != request.CHOOSES.get(name)
    ]

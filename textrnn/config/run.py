"""All settings of a run together, whatever the task, and what is asked for before they are settled."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from textrnn.config.base import FitConfig, Recipe, Settings
from textrnn.config.classification import DataConfig, TrainConfig
from textrnn.config.classifier_models import ModelConfig
from textrnn.config.language_model import (
    LANGUAGE_MODEL_RECIPES,
    CorpusConfig,
    LanguageModelConfig,
    LanguageModelTrainConfig,
)
from textrnn.config.memory import MEMORY_RECIPES, MemoryModelConfig, MemoryTrainConfig, SequenceConfig

Model = TypeVar("Model", bound=Settings)
Data = TypeVar("Data", bound=Settings)
Training = TypeVar("Training", bound=FitConfig)


@dataclass(frozen=True)
class TaskConfig:
    """What the settings of a task are: those of the data and of the training (the model brings its own), and recipes
    that set several of them."""

    data: type[Settings]
    training: type[FitConfig]
    recipes: Mapping[str, Recipe] = field(default_factory=dict)


TASK_CONFIGS = {
    "classify": TaskConfig(DataConfig, TrainConfig),
    "lm": TaskConfig(CorpusConfig, LanguageModelTrainConfig, LANGUAGE_MODEL_RECIPES),
    "memory": TaskConfig(SequenceConfig, MemoryTrainConfig, MEMORY_RECIPES),
}


@dataclass(frozen=True)
class RunSettings(Generic[Model, Data, Training]):
    """Every setting of a run, in its groups.

    Attributes:
        recipe: of tasks that have recipes
    """

    task: str
    model_name: str
    model_config: Model
    data: Data
    training: Training
    recipe: str | None = None

    @property
    def groups(self) -> tuple[Settings, Settings, Settings]:
        """The settings by group."""
        return self.model_config, self.data, self.training

    def to_flat(self) -> dict[str, Any]:
        """Every setting by its name; no two groups share one."""
        return {name: value for group in self.groups for name, value in group.to_dict().items()}

    def is_free(self, name: str) -> bool:
        """Whether a setting may differ when a run goes on."""
        return any("free" in e.metadata for group in self.groups for e in dataclasses.fields(group) if e.name == name)

    def replaced(self, values: Mapping[str, Any]) -> Self:
        """The same settings with other values, by name."""
        parts: dict[str, Any] = {}
        for part, group in zip(("model_config", "data", "training"), self.groups, strict=True):
            own = {name: value for name, value in values.items() if name in group.__dataclass_fields__}
            parts[part] = dataclasses.replace(group, **own)
        return dataclasses.replace(self, **parts)

    def changes(self, named: Mapping[str, Any]) -> list[str]:
        """Where settings that were named differ from these: ```hidden_size` was 8, now 12``."""
        before = {**self.to_flat(), "recipe": self.recipe}
        return [
            f"`{name}` was {before.get(name)}, now {value}"
            for name, value in named.items()
            if before.get(name) != value and not self.is_free(name) and not self._leaves_open(name, value)
        ]

    def _leaves_open(self, name: str, value: Any) -> bool:
        declared = [e for group in self.groups for e in dataclasses.fields(group) if e.name == name]
        return any("fitted" in entry.metadata and value == entry.default for entry in declared)

    def to_kept(self, *, separator: str = os.sep) -> dict[str, Any]:
        """As ``config.json`` and the checkpoint keep them.

        Args:
            separator: of folders here; paths are kept with ``/``, which every system reads.
        """
        data = self.data.to_dict()
        data |= {
            name: _with_slashes(data[name], separator) for name in ("dataset", "corpus", "init_from") if data.get(name)
        }
        return {
            "task": self.task,
            "model": self.model_name,
            **({} if self.recipe is None else {"recipe": self.recipe}),
            "hyper_parameters": self.model_config.to_dict(),
            "data": data,
            "training": self.training.to_dict(),
        }

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any], model: type[Model]) -> Self:
        """From what any version has kept.

        Args:
            model: the model's ``Config``.

        Raises:
            ConfigError: for a value out of bounds.
            KeyError: if a group is missing.
        """
        groups = TASK_CONFIGS[kept["task"]]
        data, training = groups.data.from_kept(kept["data"]), groups.training.from_kept(kept["training"])
        of_model = model.from_kept(kept["hyper_parameters"])
        return cls(kept["task"], kept["model"], of_model, data, training, kept.get("recipe"))  # type: ignore[arg-type]


def _with_slashes(value: str | tuple[str, ...], separator: str) -> str | list[str]:
    """Paths with ``/``; one of several that may be is kept as itself, as all versions read it."""
    if isinstance(value, str):
        return value.replace(separator, "/")
    parts = [part.replace(separator, "/") for part in value]
    return parts[0] if len(parts) == 1 else parts


ClassifierSettings = RunSettings[ModelConfig, DataConfig, TrainConfig]
LanguageModelSettings = RunSettings[LanguageModelConfig, CorpusConfig, LanguageModelTrainConfig]
MemorySettings = RunSettings[MemoryModelConfig, SequenceConfig, MemoryTrainConfig]


@dataclass(frozen=True)
class DataIdentity:
    """Which data it is, to be told from other data whose file has the same name.

    Attributes:
        place: SHA-256 of where it is, the same after an edit; None where that is not known
        digest: SHA-256 of the content; None where that cannot be read
        name: by which it was found, instead of by its path
    """

    place: str | None = None
    digest: str | None = None
    name: str | None = None

    def is_the_data_of(self, kept: DataIdentity) -> bool:
        """Whether this is what was learnt then: the same content wherever it is, or the same place whatever is there
        now; of a name that is not here, the same name."""
        if self.digest is not None and self.digest == kept.digest:
            return True
        if self.place is not None and self.place == kept.place:
            return True
        return self.digest is None and self.name is not None and self.name == kept.name

    def has_changed_since(self, kept: DataIdentity) -> bool:
        """Whether the content is known to be another than then."""
        return None not in (self.digest, kept.digest) and self.digest != kept.digest

    def to_kept(self) -> dict[str, str | None]:
        """As ``config.json`` and the checkpoint keep it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_kept(cls, kept: Any) -> Self | None:
        """From what any version has kept; None of those that kept nothing."""
        if not isinstance(kept, Mapping):
            return None
        return cls(*(value if isinstance(value := kept.get(name), str) else None for name in cls.__match_args__))


@dataclass(frozen=True)
class Run:
    """What is to be done, as the command line or a Python caller puts it.

    Attributes:
        named: settings by their names, those that were named; ``recipe`` may be among them
        folder: where the run is kept; None: nowhere
        resume: go on with the run that was stopped there
        data_identity: of the data, once the run has found its folder
    """

    task: str
    model_name: str = "LSTM"
    named: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    resume: bool = False
    data_identity: DataIdentity | None = None

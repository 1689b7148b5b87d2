"""Finds the models: every file in the folder of a task that says ``NAME = "..."`` at its top level is one.

The files are read as syntax trees, not imported, so that ``--help`` can list models and their hyper-parameters without
waiting for torch. That asks two things of a model file, and a test holds them: ``Config`` subclasses a class of
:mod:`textrnn.config`, and its fields are written ``name: type = option(literal, "help", ...)``.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import textrnn.config
from textrnn.config import Settings, find_problem
from textrnn.errors import ConfigError, did_you_mean

FOLDERS = {"classify": "classifiers", "lm": "language", "memory": "memory"}  # by task


@dataclass(frozen=True)
class ModelField:
    """A hyper-parameter as the command line needs to know it."""

    name: str
    annotation: str
    default: Any
    help: str
    limits: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> type:
        """The type of its values."""
        return {"int": int, "float": float, "str": str, "bool": bool}[self.annotation.removesuffix(" | None")]

    @property
    def choices(self) -> tuple[str, ...] | None:
        """The values it may take, where they are listed."""
        return self.limits.get("choices")


@dataclass(frozen=True)
class ModelEntry:
    """A model as its file declares it."""

    name: str
    module: str
    summary: str
    task: str
    fields: tuple[ModelField, ...]
    learning_rate: float | None = None  # unless the user says; None: as for all others
    pad_size: int = 512  # tokens to read of a text, unless the user says
    passes: int = 6  # over a large data set of short texts; see TrainConfig.fitted_to

    def check(self, settings: Mapping[str, Any]) -> None:
        """Check settings as building the ``Config`` would, without importing it.

        Raises:
            ConfigError: naming every value out of bounds.
        """
        problems = [
            find_problem(entry.name, settings[entry.name], entry.kind, entry.limits)
            for entry in self.fields
            if entry.name in settings
        ]
        if any(problems):
            raise ConfigError("; ".join(problem for problem in problems if problem))

    @property
    def config_class(self) -> type[Any]:
        """The model's ``Config`` (imports torch)."""
        found: type[Any] = importlib.import_module(self.module).Config
        return found

    @property
    def model_class(self) -> type[Any]:
        """The model's ``Model`` (imports torch)."""
        found: type[Any] = importlib.import_module(self.module).Model
        return found

    def build(self, config: Settings, **sizes: int) -> Any:
        """A new model with freshly drawn weights (torch's global generator).

        Args:
            sizes: found in the data: ``vocabulary_size``, of a classifier ``class_count``, of a memory model also
                ``sequence_length``.
        """
        return self.model_class(**sizes, **config.to_dict())


def _literal_assignments(tree: ast.Module) -> dict[str, Any]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # not a literal, so nothing the registry asks for
    return found


def _config_fields(tree: ast.Module) -> tuple[ModelField, ...]:
    config = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Config")
    base: type[Settings] = getattr(textrnn.config, ast.unparse(config.bases[0]))
    found = {
        f.name: ModelField(
            f.name, str(f.type), f.default, f.metadata["help"], {k: v for k, v in f.metadata.items() if k != "help"}
        )
        for f in dataclasses.fields(base)
    }
    for node in config.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Call):
            default, help_text = (ast.literal_eval(argument) for argument in node.value.args)
            keywords = {str(word.arg): ast.literal_eval(word.value) for word in node.value.keywords}
            name = node.target.id
            found[name] = ModelField(name, ast.unparse(node.annotation), default, help_text, keywords)
    return tuple(found.values())


@functools.cache
def all_models(task: str = "classify") -> dict[str, ModelEntry]:
    """The models of a task by name, in alphabetical order."""
    found = {}
    package = importlib.import_module(f"{__package__}.{FOLDERS[task]}")
    for path in (path for folder in package.__path__ for path in Path(folder).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "\nNAME = " not in source:
            continue
        tree = ast.parse(source)
        constants = _literal_assignments(tree)
        summary = (ast.get_docstring(tree) or "").partition("\n")[0]
        found[constants["NAME"]] = ModelEntry(
            name=constants["NAME"],
            module=f"{package.__name__}.{path.stem}",
            summary=summary,
            task=task,
            fields=_config_fields(tree),
            learning_rate=constants.get("LEARNING_RATE"),
            pad_size=constants.get("PAD_SIZE", 512),
            passes=constants.get("PASSES", 6),
        )
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def find_model(name: str, task: str = "classify", *, flag: str = "--model") -> ModelEntry:
    """The model called `name`, upper and lower case being the same.

    Args:
        flag: where it was named.

    Raises:
        ConfigError: if there is none; the message lists the models and names the nearest.
    """
    models = all_models(task)
    for known, entry in models.items():
        if known.casefold() == name.casefold():
            return entry
    raise ConfigError(f"{flag} {name}: no such model; expected one of {', '.join(models)}{did_you_mean(name, models)}")

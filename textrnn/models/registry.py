"""Finds the models: every file in the folder of a task that says ``NAME = "..."`` at its top level is one.

The files are read as syntax trees, and of each only its ``Config`` is executed, so that ``--help`` can list models and
their hyper-parameters without waiting for torch.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from textrnn.config import Settings, WindowedConfig
from textrnn.config.declarations import DeclaringFile, files_declaring
from textrnn.errors import ConfigError, did_you_mean, one_line

# No model of its own: a text classifier whose kind the data decides, see :mod:`textrnn.tasks.auto`.
AUTO, AUTO_BUDGET = "auto", 120.0
MIXED, SOLVED = "BiLSTM_Ngram", "Linear"  # the kinds: a network mixed with a linear model, and that model alone
MODEL_FOLDERS = {"classify": "classifiers", "lm": "language", "memory": "memory"}  # by task
CONFIG_IMPORTS = ("textrnn.config", "textrnn.errors")  # what a Config may import beside the standard library


@dataclass(frozen=True)
class ModelEntry:
    """A model as its file declares it.

    Attributes:
        config_class: its ``Config``, which does not need torch
        cell: what its recurrent encoder is made of: RNN, LSTM or GRU; None of a model without one
    """

    name: str
    module: str
    summary: str
    task: str
    config_class: type[Any]
    learning_rate: float | None = None  # default; None: that of the task
    pad_size: int = 512  # default; tokens read of a text; 0: all
    passes: int = 6  # over a large data set of short texts; see TrainConfig.fitted_to
    label_smoothing: float | None = None  # default; None: that of the task
    reads_spelling: bool = False  # the characters within words, too
    lowercase: bool = False  # default, whatever the tokens are
    budget: float | None = None  # default; None: that of the task
    cell: str | None = None

    @property
    def fields(self) -> tuple[dataclasses.Field[Any], ...]:
        """Its hyper-parameters: defaults, and as metadata help and limits."""
        return dataclasses.fields(self.config_class)

    @property
    def model_class(self) -> type[Any]:
        """The model's ``Model`` (imports torch)."""
        found: type[Any] = importlib.import_module(self.module).Model
        return found

    def build(self, config: Settings, **sizes: int) -> Any:
        """A new model with freshly drawn weights (torch's global generator).

        Args:
            sizes: taken from the data: ``vocabulary_size``, of a classifier ``class_count``, of a memory model also
                ``sequence_length``.
        """
        return self.model_class(**sizes, **config.to_dict())


def _is_for_config(node: ast.stmt) -> bool:
    """Whether a statement is the ``Config`` itself or an import that it may use."""
    if isinstance(node, ast.ImportFrom):
        imported = [node.module or ""]
    elif isinstance(node, ast.Import):
        imported = [alias.name for alias in node.names]
    else:
        return isinstance(node, ast.ClassDef) and node.name == "Config"
    return all(name in CONFIG_IMPORTS or name.partition(".")[0] in sys.stdlib_module_names for name in imported)


def _execute_config(file: DeclaringFile) -> type[Settings]:
    """The ``Config`` of a model file; the rest of the file is not run.

    Raises:
        ConfigError: if it needs the rest, or is no settings class whose fields are all declared by ``option``.
    """
    module = ModuleType(f"{file.module} (Config)")
    sys.modules[module.__name__] = module  # where dataclasses and typing look up what annotations name
    vars(module).update(file.constants)
    config_only = ast.Module([node for node in file.tree.body if _is_for_config(node)], type_ignores=[])
    try:
        exec(compile(config_only, str(file.path), "exec", dont_inherit=True), vars(module))
        config: type[Settings] = module.Config
        config()  # a bad default shows only when one is built
    except Exception as error:
        raise ConfigError(
            f"{file.path}: its Config cannot be executed alone ({type(error).__name__}: {one_line(error)}); expected "
            "one that needs nothing but the standard library, textrnn.config and literal constants of the file: move "
            "what else it uses into Model"
        ) from error
    if not issubclass(config, Settings) or any("help" not in field.metadata for field in dataclasses.fields(config)):
        raise ConfigError(
            f"{file.path}: its Config is not a settings class; expected a subclass of one in textrnn.config, its "
            "fields written as option(default, help)"
        )
    return config


@functools.cache
def all_models(task: str = "classify") -> dict[str, ModelEntry]:
    """The models of a task by name, in alphabetical order.

    Raises:
        ConfigError: for a model file that cannot be used; says which, and why.
    """
    found = {}
    for file in files_declaring("NAME", f"{__package__}.{MODEL_FOLDERS[task]}"):
        name, config = file.constant("NAME", str), _execute_config(file)
        found[name] = ModelEntry(
            name=name,
            module=file.module,
            summary=file.meaning,
            task=task,
            config_class=config,
            learning_rate=file.constants.get("LEARNING_RATE"),
            pad_size=file.constants.get("PAD_SIZE", 0 if issubclass(config, WindowedConfig) else 512),
            passes=file.constants.get("PASSES", 6),
            label_smoothing=file.constants.get("LABEL_SMOOTHING"),
            reads_spelling=file.constants.get("READS_SPELLING", False),
            lowercase=file.constants.get("LOWERCASE", False),
            cell=file.constants.get("CELL"),
        )
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def find_model(name: str, task: str = "classify", *, setting: str = "model") -> ModelEntry:
    """The model called `name`, upper and lower case being the same; for ``auto``, the larger of the kinds that it may
    become, under that name.

    Args:
        setting: whose value it is, for the message.

    Raises:
        ConfigError: if there is none; the message lists the models and names the nearest.
    """
    models = all_models(task)
    if task == "classify" and name.casefold() == AUTO:
        return dataclasses.replace(models[MIXED], name=AUTO, budget=AUTO_BUDGET)
    for known, entry in models.items():
        if known.casefold() == name.casefold():
            return entry
    raise ConfigError(
        f"`{setting}` {name}: no such model; expected one of {', '.join(models)}{did_you_mean(name, models)}"
    )

"""Estimators whose constructor takes every setting of a task, by the name of its flag with underscores.

The signature is made of the settings classes, as the flags of the command line are, so that both name the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import os
import shutil
import tempfile
import textwrap
import threading
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from textrnn.config import READING_SETTINGS, TASK_CONFIGS, RunSettings, Settings, find_problem
from textrnn.errors import ConfigError, DataError, TextRNNError, did_you_mean, one_line, user_path
from textrnn.estimators.inputs import InputError
from textrnn.models.registry import all_models, find_model

one_training = threading.RLock()  # dropout comes from torch's one generator: two at a time would not repeat themselves


OF_FILES = dict.fromkeys(
    ("dataset", *READING_SETTINGS),
    "a setting of files, and texts in memory are read as they are; expected none: leave it out",
)
OTHER_NAMES = {
    "random_state": "here it is `seed`; expected a whole number by that name",
    "n_jobs": "here it is `threads`; expected a whole number by that name",
}  # of what other estimators call so


class SettingError(ConfigError, ValueError):
    """A setting has a name or value that makes no sense; also a ValueError, which scikit-learn's own code expects."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turns an error about data or a setting into one that is a ValueError, too.

    Raises:
        InputError, SettingError: in its place.
    """
    try:
        yield
    except (InputError, SettingError):
        raise
    except DataError as error:
        raise InputError(str(error)) from error
    except ConfigError as error:
        raise SettingError(str(error)) from error


@dataclasses.dataclass(frozen=True)
class Declared:
    """A setting of a task.

    Attributes:
        annotation: the type of its values
        meaning: in one line, with the default
    """

    annotation: Any
    meaning: str


def declared_settings(task: str, left_out: Mapping[str, str]) -> dict[str, Declared]:
    """The settings of a task by their names: those of its models, of the data, of the training.

    Args:
        left_out: those that make no sense in Python.
    """
    uses: dict[str, dict[str, tuple[type[Settings], dataclasses.Field[Any]]]] = {}
    for entry in all_models(task).values():
        for field in entry.fields:
            uses.setdefault(field.name, {})[entry.name] = (entry.config_class, field)
    for group in (TASK_CONFIGS[task].data, TASK_CONFIGS[task].training):
        for field in dataclasses.fields(group):
            uses.setdefault(field.name, {})[""] = (group, field)
    found = {name: _declared(by_model, len(all_models(task))) for name, by_model in uses.items()}
    if TASK_CONFIGS[task].recipes:
        known = ", ".join(TASK_CONFIGS[task].recipes)
        found["recipe"] = Declared(str | None, f"settings that go together: {known} (default: default)")
    return {name: declared for name, declared in found.items() if name not in left_out}


def _declared(by_model: Mapping[str, tuple[type[Settings], dataclasses.Field[Any]]], models: int) -> Declared:
    group, field = next(iter(by_model.values()))
    meaning, defaults = field.metadata["help"], {field.default for _, field in by_model.values()}
    if "(default" not in meaning and field.default is not None:
        meaning += f" (default: {field.default if len(defaults) == 1 else 'that of the model'})"
    if "" not in by_model and len(by_model) < models:
        meaning += f"; of {', '.join(by_model)}"
    annotation = typing.get_type_hints(group)[field.name]
    return Declared(annotation | None, meaning)


def _described(settings: Mapping[str, Declared]) -> str:
    """The settings as a docstring has them."""
    lines = ["", "    Settings; None, their default, leaves them to what is written behind them:"]
    for name, declared in settings.items():
        text = f"{name}: {declared.meaning}".replace("`", "")
        lines += textwrap.wrap(text, 112, initial_indent="        ", subsequent_indent="            ")
    return "\n".join(lines) + "\n    "


class SettingsEstimator(BaseEstimator):  # type: ignore[misc]
    """Base of the estimators: constructor, parameters, copies and pickles.

    A subclass names its task and gives its constructor no other body than a call of this one.
    """

    _task: ClassVar[str]
    _left_out: ClassVar[dict[str, str]] = {}  # settings that make no sense in memory, and why
    _settings: ClassVar[dict[str, Declared]]

    def __init_subclass__(cls, *, task: str | None = None, left_out: Mapping[str, str] | None = None, **others: Any):
        super().__init_subclass__(**others)
        if task is None:  # a subclass of a user's
            return
        cls._task, cls._left_out = task, dict(left_out or {})
        cls._settings = declared_settings(task, cls._left_out)
        own = list(inspect.signature(cls.__init__, eval_str=True).parameters.values())
        kinds = inspect.Parameter
        settings = [
            kinds(name, kinds.KEYWORD_ONLY, default=None, annotation=declared.annotation)
            for name, declared in cls._settings.items()
        ]
        signature = inspect.Signature([*(p for p in own if p.kind is not kinds.VAR_KEYWORD), *settings])
        cls.__init__.__signature__ = signature  # type: ignore[attr-defined]
        cls.__doc__ = (cls.__doc__ or "").rstrip() + "\n" + _described(cls._settings)

    def __init__(self, model: str, verbose: bool, settings: Mapping[str, Any]):
        self.model, self.verbose = model, verbose
        self._refuse_unknown(settings)
        for name in self._settings:
            setattr(self, name, settings.get(name))

    def _refuse_unknown(self, names: Mapping[str, Any]) -> None:
        known = self._get_param_names()
        for name in names:
            if name in self._left_out:
                raise SettingError(f"`{name}`: {self._left_out[name]}")
            if name not in known:
                raise SettingError(f"`{name}`: no such setting{did_you_mean(name, known)}")

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name.

        Raises:
            SettingError: for a name that is no parameter; the message names the nearest.
        """
        self._refuse_unknown({name.partition("__")[0]: None for name in parameters})
        super().set_params(**parameters)
        return self

    def _named(self) -> dict[str, Any]:
        """The settings that were named, as plain values: a grid may be made of NumPy's numbers, a path be a `Path`."""
        found = {name: getattr(self, name) for name in self._settings}
        return {name: _plain(value) for name, value in found.items() if value is not None}

    def _model_name(self) -> str:
        """The model's name as its file has it.

        Raises:
            SettingError: if there is no such model.
        """
        with explained():
            return find_model(str(self.model), self._task).name

    def _settings_that_differ(self, settings: RunSettings[Any, Any, Any]) -> dict[str, Any]:
        """Of a model that was trained elsewhere, the settings that are not the default; what is fitted to the data
        stays open, so that a clone fits it anew."""
        return {
            field.name: value
            for group in settings.groups
            for field in dataclasses.fields(group)
            if field.name in self._settings
            and "fitted" not in field.metadata
            and (value := getattr(group, field.name)) != field.default
        }

    @classmethod
    def _kept_parameters(cls, kept: Mapping[str, Any], default: dict[str, Any]) -> dict[str, Any]:
        """The settings that an estimator kept of itself, those that this version knows.

        Args:
            kept: what stands in the model folder.
            default: of a model that no estimator kept.

        Raises:
            ValueError: if they are no settings with their values.
        """
        found = kept.get("parameters", default)
        if not isinstance(found, Mapping):
            raise ValueError(f"the estimator's parameters are {one_line(repr(found), widest=40)}, no settings by name")
        known = {name: value for name, value in found.items() if name in cls._settings and value is not None}
        for name, value in known.items():
            problem = find_problem(name, value, cls._settings[name].annotation, {})
            if problem is not None:
                raise ValueError(f"the estimator's {problem}")
        return known

    # --- copies, pickles and folders: all by the bytes of the model folder, never by objects of torch

    def _to_files(self) -> dict[str, bytes] | None:
        """The files of the model folder; None before anything is learnt."""
        raise NotImplementedError

    def _take_folder(self, folder: Path, device: str | None) -> None:
        """Answer as the model in a folder does; by default on the device that was named, if it is here."""
        raise NotImplementedError

    def _to_state(self) -> dict[str, Any]:
        """What else a pickle keeps, plain values."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        parameters = self.get_params(deep=False)
        return {"format_version": 1, "parameters": parameters, "files": self._to_files(), **self._to_state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.get("format_version") != 1:
            raise TextRNNError(
                f"{type(self).__name__}: a pickle of another version; expected one that this version wrote: `save` and "
                "`load` work from version to version"
            )
        for name, value in state["parameters"].items():
            setattr(self, name, value)
        if state["files"] is None:
            return
        folder = Path(tempfile.mkdtemp())
        try:
            for name, content in state["files"].items():
                (folder / name).write_bytes(content)
            self._take_folder(folder, None)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, Path) else value


def device_here(named: str | None) -> str:
    """The device that was named, if there is one of its kind here, else what there is."""
    import torch

    here = "cuda" if torch.cuda.is_available() else "cpu"
    return here if named is None or not named.startswith(here) else named


def folder_of(folder: object) -> Path:
    """A folder as a caller names it.

    Raises:
        ConfigError: if it is no path.
    """
    if not isinstance(folder, str | os.PathLike):
        shown = one_line(repr(folder), widest=40)
        raise SettingError(f"`folder` {shown}: no path; expected one, as a string or a `Path`")
    return user_path(str(folder), "folder")

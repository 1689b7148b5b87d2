"""``--config run.toml``: any flags in a file.

Keys are the names of flags, with underscores or dashes, values those of TOML, a list where a flag takes several. What
stands on the command line wins. Paths mean what they would mean there: they are relative to the working folder.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textrnn.config import TASK_CONFIGS, find_problem
from textrnn.errors import ConfigError, did_you_mean, one_line, user_path
from textrnn.models.registry import all_models

NOT_IN_A_FILE = {"config", "help", "version", "task"}  # the last is looked at before any other
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotation marks"}


@dataclass(frozen=True)
class ConfigFile:
    """A file of flags, read but not looked into.

    Attributes:
        values: by key, as they are written
    """

    path: Path
    text: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, name: str) -> ConfigFile:
        """Read a file.

        Raises:
            ConfigError: if it cannot be read or is no TOML.
        """
        path = user_path(name, "config")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be read ({error.strerror or error}); expected a file of flags, such as the run.toml "
                "of a model folder"
            ) from error
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ConfigError(f"{path}:{line}: not UTF-8; expected TOML: save it as UTF-8") from error
        import tomllib

        try:
            return cls(path, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(_not_toml(path, text, str(error))) from error
        except RecursionError as error:
            raise ConfigError(f"{path}: nested too deep; expected lines such as hidden_size = 64") from error

    def where(self, key: str) -> str:
        """``run.toml:3``, the place of a key; where it is written in an unusual way, the file alone."""
        written = re.compile(rf"""[ \t]*(\[[ \t]*){{0,2}}(["']?){re.escape(key)}\2[ \t]*[=.\]]""")
        lines = self.text.split("\n")
        for number, line in enumerate(lines):
            before = "".join(f"{earlier}\n" for earlier in lines[:number])
            if written.match(line) and _is_toml(before):  # else it is inside of a longer value
                return f"{self.path}:{number + 1}"
        return str(self.path)

    def task(self, known: Sequence[str]) -> str | None:
        """The task that the file names.

        Raises:
            ConfigError: for one that is not known.
        """
        task = self.values.get("task")
        if task is not None and task not in known:
            near = did_you_mean(task, known) if isinstance(task, str) else ""
            raise ConfigError(f"{self.where('task')}: task {_shown(task)}: expected one of {', '.join(known)}{near}")
        return task

    def give_to(self, parser: argparse.ArgumentParser, task: str, *, model: str | None = None) -> None:
        """Let the flags of a task have the values of the file where the command line does not name them.

        Args:
            model: as the command line names it; else the file does.

        Raises:
            ConfigError: for a key that is no flag, or a value of the wrong kind or out of bounds.
        """
        actions: dict[str, argparse.Action] = {}
        for action in parser._actions:
            if action.dest not in NOT_IN_A_FILE:
                actions.setdefault(action.dest, action)
        found: dict[str, Any] = {}
        for key, value in self.values.items():
            name = key.replace("-", "_")
            if name == "task":
                continue
            if isinstance(value, dict):
                raise ConfigError(f"{self.where(key)}: {key}: a table; expected keys without tables, as in seed = 0")
            if name not in actions:
                near = did_you_mean(name, actions)
                raise ConfigError(f"{self.where(key)}: {key}: no such setting of the task {task}{near}")
            if name in found:
                raise ConfigError(f"{self.where(key)}: {key}: named twice, with underscores and with dashes")
            problem, found[name] = _taken(key, value, actions[name])
            if problem:
                raise ConfigError(f"{self.where(key)}: {problem}")
        named = model or found.get("model")
        for key in self.values:
            problem = _out_of_bounds(key, found, task, named)
            if problem:
                raise ConfigError(f"{self.where(key)}: {problem}")
        parser.set_defaults(**{name: value for name, value in found.items() if value is not None})


def _is_toml(text: str) -> bool:
    import tomllib

    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _not_toml(path: Path, text: str, message: str) -> str:
    """What tomllib says, with the line in front."""
    place = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)", message)
    what = message[: place.start()].strip() if place else message
    line = place[1] if place and place[1] else str(text.rstrip("\n").count("\n") + 1)
    column = f", column {place[2]}" if place and place[2] else ""
    return (
        f"{path}:{line}: not TOML ({one_line(what)}{column}); expected lines such as hidden_size = 64 or "
        "model = 'LSTM': texts stand in quotation marks, in single ones where they have backslashes"
    )


def _taken(key: str, value: Any, action: argparse.Action) -> tuple[str | None, Any]:
    """What is wrong with the value of a flag, or None; and the value as the flag would give it."""
    if isinstance(action, argparse.BooleanOptionalAction) or action.nargs == 0:
        return (None, value) if isinstance(value, bool) else (_expected(key, value, KINDS[bool]), None)
    kind: Any = str if action.type is None else action.type
    several = action.nargs in ("+", "*")
    if isinstance(action.nargs, int):  # such as `below`: so many values, of any kind that can be typed
        if isinstance(value, list) and len(value) == action.nargs and all(map(_can_be_typed, value)):
            return None, [str(part) for part in value]
        return _expected(key, value, f"a list of {action.nargs} values"), None
    if action.nargs == "?" and isinstance(value, bool):  # such as `tensorboard`: its value may be left out
        return None, action.const if value else None
    values = value if several and isinstance(value, list) else [value]
    expected = KINDS[_read_as(kind)]
    if several:
        expected += ", or a list of such"
    taken = [_one(part, kind) for part in values]
    if None in taken or (action.nargs == "+" and not values):
        return _expected(key, value, expected), None
    if action.choices is not None and not set(taken) <= set(action.choices):
        known = list(map(str, action.choices))
        return f"{key} {_shown(value)}: expected one of {', '.join(known)}{did_you_mean(str(value), known)}", None
    return None, taken if several else taken[0]


def _can_be_typed(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _one(value: Any, kind: Any) -> Any:
    """A value as its flag would read it, by the type of the flag; None where it is of another kind."""
    if isinstance(value, bool) or not isinstance(value, (int, float) if _read_as(kind) is float else _read_as(kind)):
        return None
    return kind(value if kind in KINDS else str(value)) if _reads(kind, str(value)) else None


def _read_as(kind: Any) -> type:
    """What a flag takes: texts, numbers or whole numbers; of one that reads them in its own way, it is tried out."""
    if kind in KINDS:
        found: type = kind
        return found
    return next((plain for plain, typed in ((str, "a"), (float, "1.5")) if _reads(kind, typed)), int)


def _reads(kind: Any, typed: str) -> bool:
    try:
        kind(typed)
    except (ConfigError, ValueError, argparse.ArgumentTypeError):
        return False
    return True


def _expected(key: str, value: Any, what: str) -> str:
    return f"{key} = {_shown(value)}: expected {what}"


def _shown(value: Any) -> str:
    """A value in about the way in which it is written."""
    if isinstance(value, str | bool | list):
        return one_line(json.dumps(value, ensure_ascii=False, default=str), widest=60)
    return one_line(value, widest=60)


@functools.cache
def _declared(task: str, model: str | None) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    """By name, the fields of a task's settings and their types; those of the model, if it is one, before those of
    others."""
    models = all_models(task)
    own = [entry for name, entry in models.items() if model is not None and name.casefold() == model.casefold()]
    groups = [TASK_CONFIGS[task].data, TASK_CONFIGS[task].training]
    groups += [entry.config_class for entry in [*own, *models.values()]]
    found: dict[str, tuple[dataclasses.Field[Any], Any]] = {}
    for group in groups:
        hints = typing.get_type_hints(group)
        for entry in dataclasses.fields(group):
            found.setdefault(entry.name, (entry, hints[entry.name]))
    return found


def _out_of_bounds(key: str, values: Mapping[str, Any], task: str, model: Any) -> str | None:
    """What the limits of a setting say against its value; None for what is no setting."""
    name = key.replace("-", "_")
    known = _declared(task, model if isinstance(model, str) else None).get(name)
    if known is None or isinstance(values.get(name), list):
        return None
    problem = find_problem(name, values[name], known[1], known[0].metadata)
    return problem and problem.replace(f"`{name}`", key, 1)

"""From settings to flags and back: every task's flags are made of its settings classes and its models' fields."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from textrnn.cli.config_file import ConfigFile
from textrnn.config import TASK_CONFIGS, GenerationConfig, Recipe, Settings
from textrnn.errors import ConfigError, as_typed, did_you_mean
from textrnn.models.registry import ModelEntry, all_models

METAVARS = {
    "dataset": "NAME|DIR|FILE",
    "corpus": "NAME|FILE|DIR",
    "embedding": "random|pretrained|PATH|model2vec:FOLDER",
    "text_column": "COLUMN",
    "label_column": "COLUMN",
    "separator": "CHARACTER",
    "label_separator": "CHARACTER",
    "encoding": "NAME",
    "init_from": "FOLDER",
    "device": "DEVICE",
    "budget": "SECONDS",
}
OPPOSITES = {
    "letters": ("--raw", "read every character of the text (default for other texts)")
}  # boolean fields whose "no" has its own name
BESIDE_SETTINGS = {  # flags that are no settings
    "baseline", "below", "cells", "check", "compare", "config", "dataset", "digits", "evaluate", "experiment",
    "explain", "export", "fix", "host", "int8", "json", "label_next", "labels", "lengths", "mlflow", "model",
    "nearest", "output", "port", "predict", "predict_file", "problem", "problems", "processes", "quiet", "recipe",
    "resume", "save_dir", "score", "search", "second_digits", "seeds", "serve", "task", "tensorboard", "top_k",
    "unlabelled",
}  # fmt: skip
SAVE_DIR = "saved_dict"
SETTING = re.compile("`([a-z][a-z0-9_]*)(?:=([^`]*))?`")


def flag(field_name: str) -> str:
    """The flag of a field: ``hidden_size`` -> ``--hidden-size``."""
    return "--" + field_name.replace("_", "-")


def flagged(text: str) -> str:
    """A message of the library with its settings as flags: ```hidden_size``` -> ``--hidden-size``."""

    def shown(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name not in _all_names():
            return found[0]  # the user's own words
        if value in ("True", "False"):
            opposite = OPPOSITES[name][0] if name in OPPOSITES else flag(f"no_{name}")
            return flag(name) if value == "True" else opposite
        return flag(name) if value is None else f"{flag(name)} {value}"

    return SETTING.sub(shown, text)


def _names_of(task: str) -> set[str]:
    """The settings of a task, whatever group they belong to."""
    groups = [TASK_CONFIGS[task].data, TASK_CONFIGS[task].training]
    groups += [model.config_class for model in all_models(task).values()]
    return {name for group in groups for name in group.__dataclass_fields__}


@functools.cache
def _all_names() -> set[str]:
    """What may be named by a flag."""
    return BESIDE_SETTINGS.union(GenerationConfig.__dataclass_fields__, *map(_names_of, TASK_CONFIGS))


class Parser(argparse.ArgumentParser):
    """Raises instead of exiting, so that every mistake is reported in one place and one form."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see --help")


def _kinds(annotation: Any) -> tuple[type, ...]:
    """``int | None`` -> (int,)."""
    allowed = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return tuple(kind for kind in allowed if kind is not type(None))


def _value_arguments(kind: type, choices: Sequence[str] | None) -> dict[str, Any]:
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if typing.get_origin(kind) is tuple:
        return {"nargs": "+", "type": str, "metavar": "NAME"}
    shown = {int: "N", float: "X", str: "NAME"}[kind]
    return {"type": kind, "metavar": "{" + ",".join(choices) + "}" if choices else shown}


def add_settings(group: argparse._ArgumentGroup, settings: type[Settings]) -> None:
    """A flag for each field. A flag that is not given leaves no trace: defaults are the settings' own business."""
    hints = typing.get_type_hints(settings)
    for entry in dataclasses.fields(settings):
        (kind,) = _kinds(hints[entry.name])
        text = flagged(entry.metadata["help"]).replace("%", "%%")
        if entry.default is not None and kind is not bool and "(default" not in text:
            text += f" (default: {entry.default})"
        if entry.name in OPPOSITES:
            other, meaning = OPPOSITES[entry.name]
            group.add_argument(flag(entry.name), action="store_true", default=argparse.SUPPRESS, help=text)
            group.add_argument(other, dest=entry.name, action="store_false", default=argparse.SUPPRESS, help=meaning)
            continue
        arguments = _value_arguments(kind, entry.metadata.get("choices"))
        arguments |= {"metavar": METAVARS[entry.name]} if entry.name in METAVARS else {}
        group.add_argument(flag(entry.name), default=argparse.SUPPRESS, help=text, **arguments)


def add_model_settings(group: argparse._ArgumentGroup, models: Mapping[str, ModelEntry]) -> None:
    """A flag for each hyper-parameter of any model, saying which models have it and with which default."""
    by_name: dict[str, dict[str, dataclasses.Field[Any]]] = {}  # of a hyper-parameter, by the name of a model
    kinds: dict[str, type] = {}
    for model in models.values():
        hints = typing.get_type_hints(model.config_class)
        for entry in model.fields:
            by_name.setdefault(entry.name, {})[model.name] = entry
            (kinds[entry.name],) = _kinds(hints[entry.name])
    for name, uses in by_name.items():
        first, kind = next(iter(uses.values())), kinds[name]
        defaults = {model: entry.default for model, entry in uses.items()}
        if kind is bool and len(uses) == len(models):
            note = ""
        elif len(uses) == len(models) and len(set(defaults.values())) == 1:
            note = f" (default: {first.default})" if first.default is not None else ""
        else:
            note = f" ({_defaults_in_short(defaults)})"
        arguments = _value_arguments(kind, first.metadata.get("choices"))
        text = flagged(first.metadata["help"]) + note
        group.add_argument(flag(name), default=argparse.SUPPRESS, help=text, **arguments)


def _defaults_in_short(defaults: Mapping[str, Any]) -> str:
    """Defaults by model -> ``128; GRU, LSTM 192``: the commonest first, named only where few models have the
    setting."""
    by_value: dict[Any, list[str]] = {}
    for model, default in defaults.items():
        by_value.setdefault(default, []).append(model)
    groups = sorted(by_value.items(), key=lambda group: -len(group[1]))
    named = [f"{', '.join(names)} {value}" for value, names in groups]
    if len(defaults) > 3:
        named[0] = str(groups[0][0])
    return "; ".join(named)


def models_listed(models: Mapping[str, ModelEntry]) -> str:
    """A line for each model, for the end of the help."""
    return "\n".join(f"  {model.name:<14}{model.summary}" for model in models.values())


def add_recipe(group: argparse._ArgumentGroup, recipes: Mapping[str, Recipe]) -> None:
    """The flag that names a recipe."""
    shown = "{" + ",".join(recipes) + "}"
    group.add_argument(
        "--recipe", metavar=shown, default=argparse.SUPPRESS, help="settings that go together (see below)"
    )


def named_settings(task: str, options: argparse.Namespace) -> dict[str, Any]:
    """The settings of a run that were given as flags, the recipe among them."""
    names = {"recipe", *_names_of(task)}
    return {name: value for name, value in vars(options).items() if name in names}


def naming_flags(named: Mapping[str, Any]) -> list[str]:
    """The flags that name the same again; what is None or empty is left out, and the usual folder."""
    flags = []
    for name, value in named.items():
        if isinstance(value, bool):
            flags.append(flag(name if value else f"no_{name}"))
        elif value not in (None, ()) and (name, value) != ("save_dir", SAVE_DIR):
            values = [*map(str, value if isinstance(value, tuple) else [value])]
            looks_like_a_flag = len(values) == 1 and len(values[0]) > 1 and values[0].startswith("-")
            flags += [f"{flag(name)}={values[0]}"] if looks_like_a_flag else [flag(name), *values]
    return flags


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """Flags -> values; the texts after ``--predict`` as they are.

    Raises:
        ConfigError: for an unknown flag or value.
    """
    known = [text for action in parser._actions for text in action.option_strings]
    texts, others = _split_off_texts(arguments) if "--predict" in known else (None, list(arguments))
    options, unknown = parser.parse_known_args(others)
    if options.config is not None and not unknown:
        given = options.model if isinstance(options.model, str) else None
        ConfigFile.read(options.config).give_to(parser, parser.get_default("task"), model=given)
        options, unknown = parser.parse_known_args(others)
    options.predict = [as_typed(text) for text in texts] if texts else getattr(options, "predict", None)
    if hasattr(options, "text_column"):
        options.text_column = tuple(map(as_typed, options.text_column))
    if hasattr(options, "corpus"):
        options.corpus = tuple(options.corpus)
    for name in ("label_column", "separator", "label_separator"):
        if hasattr(options, name):
            setattr(options, name, as_typed(getattr(options, name)))
    if unknown:
        word = unknown[0].partition("=")[0]
        hint = did_you_mean(word, known) if word.startswith("-") else "; put a text that has spaces in quotation marks"
        raise ConfigError(f"{word}: no such flag{hint}; see --help")
    return options


def _split_off_texts(arguments: Sequence[str]) -> tuple[list[str] | None, list[str]]:
    """The texts after ``--predict``, and all other arguments.

    A text may start with a dash, which argparse would take for a flag. Only what looks like a long flag ends the texts,
    and after ``--`` nothing does.
    """
    texts: list[str] | None = None
    others: list[str] = []
    taking = literal = False
    for argument in arguments:
        if not literal and (argument == "--predict" or argument.startswith("--predict=")):
            texts, taking = texts or [], True
            texts += [argument.partition("=")[2]] if "=" in argument else []
        elif taking and not literal and argument == "--":
            literal = True
        elif texts is not None and taking and (literal or not re.match("--[a-z]", argument)):
            texts.append(argument)
        else:
            others.append(argument)
            taking = False
    if texts == []:
        raise ConfigError(
            "--predict: no text after it; expected --predict TEXT [TEXT ...], or - for the lines of stdin"
        )
    return texts, others

"""What is needed to repeat a run: the command with every setting, the file with those that were named, versions."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textrnn.config import ClassifierSettings, RunSettings
from textrnn.errors import one_line
from textrnn.version import __version__

RUN_FILE = "run.toml"
USUAL_SAVE_DIR = Path("saved_dict")
LIBRARIES = ("torch", "numpy", "scikit-learn")


def command_line(parts: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """A command to be typed again, quoted for the shell of this system."""
    if not windows:
        return shlex.join(parts)
    from subprocess import list2cmdline

    quoted = [(part, list2cmdline([part])) for part in parts]
    # What would end or redirect the command stands in quotation marks, too.
    return " ".join(f'"{word}"' if word == part and re.search("[&|<>^();,']", part) else word for part, word in quoted)


def every_setting(settings: RunSettings[Any, Any, Any]) -> dict[str, Any]:
    """All that a run depends on by its names, however it was chosen, but for what is left open."""
    kept = settings.to_kept()  # paths as every system reads them
    groups = {name: value for group in ("hyper_parameters", "data", "training") for name, value in kept[group].items()}
    named = {"task": settings.task, "model": settings.model_name, "recipe": settings.recipe, **groups}
    return {name: value for name, value in named.items() if value not in (None, ())}


def command(settings: ClassifierSettings, *, baseline: bool = True) -> str:
    """The command that trains with these settings, all of them named, however they were chosen.

    Args:
        baseline: whether the linear model was trained beside it.
    """
    parts = ["python", "run.py"]
    for name, value in every_setting(settings).items():
        parts += [] if name == "task" else _flags(name, value)
    return command_line(parts if baseline else [*parts, "--no-baseline"])


def _flags(name: str, value: Any) -> list[str]:
    """Of one setting."""
    shown = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{shown}" if value else f"--no-{shown}"]
    values = [str(part) for part in (value if isinstance(value, tuple | list) else [value])]
    if len(values) == 1:  # joined, for a value may begin with a dash
        return [f"--{shown}={values[0]}"] if values[0].startswith("-") else [f"--{shown}", values[0]]
    return [f"--{shown}", *values]


def run_file(
    settings: RunSettings[Any, Any, Any],
    named: Mapping[str, Any],
    folder: Path,
    beside: Mapping[str, Any] | None = None,
) -> bytes:
    """``run.toml``, with which ``--config`` repeats a run: what was named, the seed and what a machine chose; all other
    settings as comments.

    Args:
        settings: settled.
        named: settings by their names, those that were named.
        folder: of the run.
        beside: flags that are no settings.
    """
    every, held = every_setting(settings), {"task", "model", "seed", *named}
    if settings.task == "lm" and not {"epochs", "budget"} & {name for name in named if named[name] is not None}:
        # How fast the machine is has decided between epochs and a budget; the dropouts follow.
        held |= {"epochs"} if settings.training.budget is None else {"budget", "dropout", "embedding_dropout"}
    values = {name: value for name, value in every.items() if name in held} | _save_dir(folder) | dict(beside or {})
    lines = [_head(folder, values), *(f"{name} = {toml_value(value)}" for name, value in values.items())]
    if others := [f"# {name} = {toml_value(value)}" for name, value in every.items() if name not in held]:
        lines += ["", f"# What textrnn {__version__} chose; without its #, a line holds whatever the data is.", *others]
    return _encoded(lines)


def request_file(values: Mapping[str, Any], folder: Path, *, place: Path | None = None) -> bytes:
    """The same of an experiment, a comparison or a search, from its flags alone.

    Args:
        place: where the file is, if not in the folder of the run.
    """
    every = {name: value for name, value in values.items() if value not in (None, (), [])} | _save_dir(folder)
    return _encoded(
        [_head(place or folder, every), *(f"{name} = {toml_value(value)}" for name, value in every.items())]
    )


def _head(folder: Path, values: Mapping[str, Any]) -> str:
    typed = one_line(command_line(["python", "run.py", "--config", str(folder / RUN_FILE)]), widest=1000)
    lines = [
        "# Repeats the run that left this folder:",
        f"#   {typed}",
        "# Flags typed behind it come before what stands here. Paths are relative to where the command is typed.",
    ]
    if "budget" in values:
        lines.append("# What fits into a number of seconds differs a little each time, and so do the weights.")
    return "\n".join(lines)


def _save_dir(folder: Path) -> dict[str, Any]:
    """The folder of all models, where it is not the usual one."""
    place = folder.parents[1] if len(folder.parents) > 1 else USUAL_SAVE_DIR
    return {} if place == USUAL_SAVE_DIR else {"save_dir": place.as_posix()}


def _encoded(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def toml_value(value: Any) -> str:
    """A setting as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


@functools.cache
def _versions() -> tuple[tuple[str, str], ...]:
    import platform
    from importlib import metadata

    found = [("textrnn", __version__), ("python", platform.python_version())]
    for library in LIBRARIES:
        try:
            found.append((library, metadata.version(library)))
        except metadata.PackageNotFoundError:
            continue
    return (*found, ("system", f"{platform.system()} {platform.machine()}"))


def versions() -> Mapping[str, str]:
    """Of the packages that figures depend on, and the system that they were made on."""
    return dict(_versions())

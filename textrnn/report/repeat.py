"""What is needed to repeat a run: the command with every setting, and the versions of what it ran on."""

from __future__ import annotations

import functools
import os
import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from textrnn.config import ClassifierSettings
from textrnn.version import __version__

LIBRARIES = ("torch", "numpy", "scikit-learn")


def command_line(parts: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """A command to be typed again, quoted for the shell of this system."""
    if not windows:
        return shlex.join(parts)
    from subprocess import list2cmdline

    quoted = [(part, list2cmdline([part])) for part in parts]
    # What would end or redirect the command stands in quotation marks, too.
    return " ".join(f'"{word}"' if word == part and re.search("[&|<>^();,']", part) else word for part, word in quoted)


def command(settings: ClassifierSettings, *, baseline: bool = True) -> str:
    """The command that trains with these settings, all of them named, however they were chosen.

    Args:
        baseline: whether the linear model was trained beside it.
    """
    parts = ["python", "run.py", "--model", settings.model_name]
    for name, value in settings.to_flat().items():
        parts += _flags(name, value)
    return command_line(parts if baseline else [*parts, "--no-baseline"])


def _flags(name: str, value: Any) -> list[str]:
    """Of one setting; none of what is left open, which would be left open again."""
    shown = name.replace("_", "-")
    if value is None or value == ():
        return []
    if isinstance(value, bool):
        return [f"--{shown}" if value else f"--no-{shown}"]
    values = [str(part) for part in (value if isinstance(value, tuple | list) else [value])]
    if len(values) == 1:  # joined, for a value may begin with a dash
        return [f"--{shown}={values[0]}"] if values[0].startswith("-") else [f"--{shown}", values[0]]
    return [f"--{shown}", *values]


@functools.cache
def _versions() -> tuple[tuple[str, str], ...]:
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

"""Calls the command line, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from textrnn.cli import main

ROOT = Path(__file__).resolve().parents[1]
SMALL = ["--embedding-size", "8", "--hidden-size", "12", "--learning-rate", "0.01", "--no-baseline"]
TINY = ["--task", "lm", "--hidden-size", "12", "--embedding-size", "6", "--num-steps", "20", "--quiet"]
SLOWED = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


class Result:
    def __init__(self, status: int, out: str, err: str):
        self.status, self.out, self.err = status, out, err


def run_in(folder: Path, *arguments: object) -> Result:
    """A command in this process, with `folder` as its working folder."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return Result(status, out.getvalue(), err.getvalue())


def error_of(result: Result) -> str:
    assert result.status == 2
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    return result.err.removeprefix("error: ").rstrip("\n")


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "run.py"), *map(str, arguments)]


MEMORY = ["--task", "memory"]
SMALL_MEMORY = ["--hidden-size", "5", "--epochs", "2", "--evaluate-every", "5"]
SMALL_SETTINGS: dict[str, Any] = {"named": {"hidden_size": 5, "epochs": 2}}
MEMORY_ROOT = Path("saved_dict/memory")


@contextlib.contextmanager
def undrawn_gates() -> Iterator[None]:
    """The gates experiment meanwhile draws no heat maps, which takes it far longer than a small training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textrnn.tasks.memory.gates.plot_gates", lambda *_, **__: {"gates.svg": b"<svg></svg>"})
        yield


def without_seconds(value: Any) -> Any:
    """What two runs of the same settings must have in common."""
    if isinstance(value, dict):
        return {key: without_seconds(inner) for key, inner in value.items() if key != "seconds"}
    return [without_seconds(inner) for inner in value] if isinstance(value, list) else value


def metrics_of(name: str) -> dict[str, Any]:
    """The figures of a memory experiment."""
    found: dict[str, Any] = json.loads((MEMORY_ROOT / name / "metrics.json").read_text(encoding="utf-8"))
    return found

"""Imports point down only, as the design has it; the command line starts without anything heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "textrnn"
# A module may import from its own level or a lower one; `models` and `corpus` never from each other.
LEVELS = {
    "cli": 7,
    "estimator": 6,
    "progress": 5,
    "tasks": 5,
    "artifact": 4,
    "character_model": 4,
    "mixing": 4,
    "generation": 3,
    "model_folder": 3,
    "report": 4,
    "baseline": 3,
    "train_eval": 3,
    "training_state": 3,
    "optimizers": 3,
    "objectives": 3,
    "models": 2,
    "corpus": 2,
    "history": 1,
    "randomness": 1,
    "config": 1,
    "metrics": 1,
    "calibration": 1,
    "checkpoint": 1,
    "errors": 0,
}


def imported_parts(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            if node.module == "textrnn":
                found |= {alias.name for alias in node.names}
            elif node.module and node.module.startswith("textrnn."):
                found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("textrnn.")}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part == "__init__":
        assert imported_parts(path) <= {"estimator"}  # when it is asked for; the test below holds that
        return
    for other in imported_parts(path) - {"__version__"}:
        assert LEVELS[other] <= LEVELS[part], f"{part} imports {other}, which stands above it"
        assert {part, other} != {"models", "corpus"}, "models and corpus never import each other"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from textrnn.cli import main; assert main(['--help']) == 0; "
        "heavy = {'torch', 'numpy', 'sklearn', 'matplotlib', 'jieba', 'tqdm'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent, stdout=subprocess.DEVNULL)


def test_every_package_is_installed() -> None:
    with open(PACKAGE.parent / "pyproject.toml", "rb") as file:
        listed = set(tomllib.load(file)["tool"]["setuptools"]["packages"])
    there = {".".join(("textrnn", *path.parent.relative_to(PACKAGE).parts)) for path in PACKAGE.rglob("__init__.py")}
    assert there <= listed

"""Imports point down only, as the design has it; the command line starts without anything heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "textrnn"
# A module may import from its own level or a lower one; `models` and `corpus` never from each other.
LEVELS = {
    "__main__": 11,
    "cli": 10,
    "estimators": 9,
    "serve": 9,
    "tasks": 8,
    "report": 7,
    "export": 7,
    "saved": 6,
    "training": 5,
    "models": 4,
    "corpus": 4,
    "evaluation": 3,
    "config": 2,
    "files": 1,
    "randomness": 1,
    "errors": 0,
    "version": 0,
}
MOST_AT_THE_ROOT = 6  # what everybody uses, and nothing else


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
        assert imported_parts(path) <= {"estimators", "version"}  # when asked for; the test below holds that
        return
    for other in imported_parts(path):
        assert LEVELS[other] <= LEVELS[part], f"{part} imports {other}, which stands above it"
        assert {part, other} != {"models", "corpus"}, "models and corpus never import each other"


def test_only_what_everybody_uses_stands_at_the_root() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_AT_THE_ROOT


def imported_modules(path: Path) -> set[str]:
    """The modules of textrnn that a file imports at its top level."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textrnn."):
            assert node.module is not None
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}  # some of them are modules
    return found


def test_imports_go_round_in_no_circle() -> None:
    modules = {
        ".".join(("textrnn", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in PACKAGE.rglob("*.py")
    }
    names = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    graph = {name: imported_modules(path) & set(names) - {name} for name, path in names.items()}
    assert tuple(TopologicalSorter(graph).static_order())  # raises CycleError


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from textrnn.cli import main; assert main(['--help']) == 0; "
        "heavy = {'torch', 'numpy', 'sklearn', 'matplotlib', 'jieba', 'tqdm', 'jinja2', 'wcwidth', 'tokenizers', "
        "'logging', 'tarfile', 'tomllib', 'importlib.metadata'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent, stdout=subprocess.DEVNULL)


def setuptools_settings() -> dict[str, Any]:
    with open(PACKAGE.parent / "pyproject.toml", "rb") as file:
        settings: dict[str, Any] = tomllib.load(file)["tool"]["setuptools"]
    return settings


def test_every_package_is_installed() -> None:
    listed = set(setuptools_settings()["packages"])
    there = {".".join(("textrnn", *path.parent.relative_to(PACKAGE).parts)) for path in PACKAGE.rglob("__init__.py")}
    assert there <= listed


def test_every_template_is_installed() -> None:
    packages = setuptools_settings()["package-data"]
    installed = {
        path
        for package, patterns in packages.items()
        if not package.startswith("textrnn.data")
        for pattern in patterns
        for path in PACKAGE.parent.joinpath(*package.split(".")).glob(pattern)
    }
    there = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert there
    assert there == installed

"""What files of a package declare at their top level, read from their syntax trees.

No file is run, so ``--help`` can list models, experiments and problems without waiting for torch.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from textrnn.errors import ConfigError, one_line

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class DeclaringFile:
    """A file and its syntax tree.

    Attributes:
        module: the dotted name that it is imported by
    """

    path: Path
    module: str
    tree: ast.Module

    @property
    def meaning(self) -> str:
        """The first line of the docstring."""
        return (ast.get_docstring(self.tree) or "").partition("\n")[0]

    @functools.cached_property
    def assignments(self) -> dict[str, ast.expr]:
        """What is assigned to a name at the top level."""
        found = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                found[node.target.id] = node.value
        return found

    @functools.cached_property
    def constants(self) -> dict[str, Any]:
        """The assignments whose values are literals."""
        found = {}
        for name, value in self.assignments.items():
            try:
                found[name] = ast.literal_eval(value)
            except ValueError:
                continue  # computed when the file is run
        return found

    def constant(self, name: str, kind: type[Kind]) -> Kind:
        """A constant that the file must have.

        Raises:
            ConfigError: if it is not there, no literal or of another type.
        """
        value = self.constants.get(name)
        if not isinstance(value, kind):
            raise ConfigError(f"{self.path}: {name} is missing or no literal; expected {name} = a {kind.__name__}")
        return value


def files_declaring(name: str, package: str) -> Iterator[DeclaringFile]:
    """The files of a package, in all folders of its ``__path__``, that assign `name` at their top level.

    Raises:
        ConfigError: for a file that is no Python.
    """
    for folder in importlib.import_module(package).__path__:
        for path in sorted(Path(folder).glob("*.py")):
            try:
                source = path.read_text(encoding="utf-8")
                if not re.search(rf"^{name}\b", source, flags=re.MULTILINE):
                    continue  # quicker than parsing
                file = DeclaringFile(path, f"{package}.{path.stem}", ast.parse(source, path.name))
            except (OSError, ValueError, SyntaxError) as error:
                raise ConfigError(
                    f"{path}: cannot be read as Python ({one_line(error)}); correct it, or move it out of the folder"
                ) from error
            if name in file.assignments:
                yield file

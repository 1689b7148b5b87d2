"""d2l 0.17.0 as an oracle, without what it imports and these tests do not need."""

from __future__ import annotations

import functools
import importlib
import sys
from types import ModuleType
from unittest import mock


class _Stub(ModuleType):
    """A module that has everything, and nothing in it."""

    __path__: list[str] = []  # noqa: RUF012 - what makes it a package

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return mock.MagicMock(name=name)


@functools.cache
def load_d2l() -> ModuleType:
    """The module ``d2l.torch``.

    Raises:
        ImportError: where d2l is not installed: ``pip install --no-deps d2l==0.17.0``.
    """
    stubs = []
    for name in ("torchvision", "torchvision.transforms", "pandas", "requests", "IPython", "IPython.display"):
        try:
            importlib.import_module(name)
        except ImportError:
            sys.modules[name] = _Stub(name)
            stubs.append(name)
    try:
        module = importlib.import_module("d2l.torch")
    finally:
        for name in stubs:
            del sys.modules[name]
    assert isinstance(module, ModuleType)
    return module

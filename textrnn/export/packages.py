"""The packages that exporting takes: they come with an extra, and who does not export need not have them."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

from textrnn.errors import missing_package

STDOUT = 1  # its file descriptor
PACKAGES = ("onnx", "onnxruntime")


def require_packages() -> None:
    """Find out whether the packages are here, before anything is trained or read.

    Raises:
        ConfigError: that names the one that is missing, and what installs both.
    """
    for name in PACKAGES:
        try:
            with quiet():
                importlib.import_module(name)
        except ImportError as error:
            raise missing_package("export", name, " ".join(PACKAGES)) from error


def package(name: str) -> Any:
    """A module of one of the packages, by its full name."""
    with quiet():
        return importlib.import_module(name)


@contextlib.contextmanager
def silenced_stdout() -> Iterator[None]:
    """What is printed past Python goes nowhere: torch's exporter prints the whole graph where it fails."""
    try:
        kept = os.dup(STDOUT)
    except OSError:  # closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDOUT)
    try:
        yield
    finally:
        os.dup2(kept, STDOUT)
        os.close(nowhere)
        os.close(kept)


@contextlib.contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """What other libraries would tell goes nowhere. Gives the warnings, as they come."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            open(os.devnull, "w", encoding="utf-8") as nowhere,
            contextlib.redirect_stdout(nowhere),
            warnings.catch_warnings(record=True) as told,
        ):
            warnings.simplefilter("always")
            yield told
    finally:
        logging.disable(disabled)

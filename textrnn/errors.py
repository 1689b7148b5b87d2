"""Errors that the user can fix, and notes.

A message is one line that says what is wrong, where (``path:line`` or the setting), what was expected and how to fix
it. The command line prints it after ``error: `` and exits with 2; a Python caller catches :class:`TextRNNError`.

A message has settings by their names between backticks, with a value where one is meant: ```hidden_size```,
```tokenizer=word```. The command line shows such a name as its flag.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class TextRNNError(Exception):
    """Base of all errors raised on purpose."""


class DataError(TextRNNError):
    """A data set, an embedding file or a download is not what it should be."""


class UnlabelledError(DataError):
    """A file of texts has no labels."""


class ConfigError(TextRNNError):
    """A setting has a value that makes no sense, or two settings contradict each other."""


class ArtifactError(TextRNNError):
    """A saved model folder or a checkpoint cannot be read or written."""


class TrainingError(TextRNNError):
    """Training cannot go on, for instance because it runs out of memory."""


class DivergedError(TrainingError):
    """The loss is no longer a number."""


class WorkerError(TextRNNError):
    """A process that helps has ended before its work was done."""


class Interrupted(TextRNNError):
    """Training was asked to stop; the checkpoint is already on disk.

    Attributes:
        resumable: whether ``--resume`` goes on from there
    """

    def __init__(self, message: str, *, resumable: bool = True):
        super().__init__(message)
        self.resumable = resumable


@dataclass(frozen=True, init=False)
class Note:
    """Something the user should know, which stops nothing: its kind, and the facts.

    Only ``report`` and ``cli`` turn it into text, which no code reads.

    >>> Note("replaced", folder=Path("saved_dict/headlines/LSTM"))
    """

    kind: str
    facts: Mapping[str, Any]

    def __init__(self, kind: str, /, **facts: Any):
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "facts", facts)

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]


def as_typed(text: str) -> str:
    """An argument in UTF-8 where Python took it for bytes without a meaning, as in the locale C without UTF-8 mode."""
    try:
        return text.encode("ascii", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text


def user_path(text: str, setting: str) -> Path:
    """A path as the user typed it, ``~`` resolved.

    Args:
        setting: whose value it is, for the message.

    Raises:
        ConfigError: if it is empty, not in the encoding of file names, or ``~name`` names nobody here.
    """
    if not text.strip():
        raise ConfigError(f"`{setting}`: nothing is named; expected a path")
    if any("\ud800" <= character <= "\udfff" for character in text):  # bytes that Python could not decode
        encoding = sys.getfilesystemencoding()
        shown = one_line(as_typed(text).encode("utf-8", "replace").decode("utf-8"))
        raise ConfigError(
            f"`{setting}` {shown}: not in {encoding}, in which this Python reads names of files; expected one that "
            f"is: {'rename it' if encoding == 'utf-8' else 'set PYTHONUTF8=1'}"
        )
    try:
        return Path(text).expanduser() if text.startswith("~") else Path(text)  # ./~a is no user
    except RuntimeError as error:
        raise ConfigError(
            f"`{setting}` {one_line(text)}: there is no such user here; expected a path that exists"
        ) from error


def listed(names: Iterable[str], *, most: int = 12, widest: int = 40) -> str:
    """Names for a message, separated by commas; long ones and long lists are cut, control characters are blanks."""
    every = [one_line(name, widest=widest) for name in names]
    return ", ".join(every[:most]) + (f", ... ({len(every)} in all)" if len(every) > most else "")


def one_line(reason: object, *, widest: int = 200) -> str:
    """A message of another library on one line, cut to `widest` characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(reason)).split())
    return text if len(text) <= widest else text[: widest - 1] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``"; did you mean X?"`` for the nearest of `known` (case ignored), or an empty string if none is near."""
    by_folded = {name.casefold(): name for name in known}
    beginnings = [name for name in by_folded if len(word) > 2 and name.startswith(word.casefold())]
    near = beginnings or difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.5)
    return f"; did you mean {by_folded[near[0]]}?" if near else ""


def missing_package(setting: str, package: str, install: str) -> ConfigError:
    """The error for a setting that takes a package which is not installed.

    Args:
        install: the packages that make it work, as pip takes them.
    """
    return ConfigError(f"`{setting}`: takes the package {package}; expected it installed: `pip install {install}`")

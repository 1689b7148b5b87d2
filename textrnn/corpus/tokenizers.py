"""Cuts a text into tokens: characters, words (jieba) or whatever white space separates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textrnn.errors import ConfigError, did_you_mean


def _characters(text: str) -> Sequence[str]:
    return text  # a text is the sequence of its characters


def _words(text: str) -> list[str]:
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)  # it reports the building of its prefix dictionary on stderr
    return [word for word in jieba.cut(text) if not word.isspace()]


def _spaced(text: str) -> list[str]:
    return text.split()


CUTTERS: dict[str, Callable[[str], Sequence[str]]] = {"char": _characters, "word": _words, "space": _spaced}


@dataclass(frozen=True)
class Tokenizer:
    """A way of cutting, with the clean-up that goes before it. Called with a text, gives its tokens."""

    name: str = "char"
    lowercase: bool = False

    def __post_init__(self) -> None:
        if self.name not in CUTTERS:
            raise ConfigError(
                f"--tokenizer {self.name}: expected one of {', '.join(CUTTERS)}{did_you_mean(self.name, CUTTERS)}"
            )

    def __call__(self, text: str) -> Sequence[str]:
        return CUTTERS[self.name](text.lower() if self.lowercase else text)

    def to_dict(self) -> dict[str, Any]:
        """As stored in ``vocab.json`` and ``config.json``."""
        return {"name": self.name, "lowercase": self.lowercase}

"""textrnn: recurrent networks for text, from a file to a model that classifies it or continues it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textrnn.version import __version__

if TYPE_CHECKING:
    from textrnn.estimators.language_model import LanguageModel
    from textrnn.estimators.text_classifier import TextClassifier

__all__ = ["LanguageModel", "TextClassifier", "__version__"]


def __getattr__(name: str) -> Any:
    """The estimators are imported when they are asked for: they need torch, which the command line's start does not."""
    if name == "LanguageModel":
        from textrnn.estimators.language_model import LanguageModel

        return LanguageModel
    if name == "TextClassifier":
        from textrnn.estimators.text_classifier import TextClassifier

        return TextClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""textrnn: recurrent networks for text, from a file to a model that classifies it or continues it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textrnn.version import __version__

if TYPE_CHECKING:
    from textrnn.estimators.language_model import LanguageModel

__all__ = ["LanguageModel", "__version__"]


def __getattr__(name: str) -> Any:
    """``LanguageModel`` is imported when it is asked for: it needs torch, which the command line's start does not."""
    if name == "LanguageModel":
        from textrnn.estimators.language_model import LanguageModel

        return LanguageModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""textrnn from Python: a language model that trains, writes, scores, is saved and loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from textrnn.config import CorpusConfig, LanguageModelTrainConfig
from textrnn.errors import ConfigError, did_you_mean
from textrnn.models.registry import find_model
from textrnn.saved.character_model import CharacterModel
from textrnn.tasks.language_model import train
from textrnn.tasks.request import LanguageModelRequest
from textrnn.training.events import Listener


class Animator(Protocol):
    """What draws a curve while it grows, such as d2l's ``Animator``."""

    def add(self, x: Any, y: Any) -> None:
        """Add a point to each curve: an epoch, and the values [train perplexity, held-out perplexity]."""


class _Drawing(Listener):
    """Hands every evaluation to an animator."""

    def __init__(self, animator: Animator):
        self.animator = animator

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.animator.add(int(row["epoch"]), [row["train_perplexity"], row["dev_perplexity"]])


class LanguageModel(CharacterModel):
    """A character language model.

    >>> model = LanguageModel.train("my_text.txt", budget=60)
    >>> model.generate("time ", length=50)
    >>> model.score("the time traveller").bits_per_char
    >>> model.save("my_model")
    >>> model = LanguageModel.load("my_model")
    """

    @classmethod
    def train(
        cls,
        corpus: str | Path,
        *,
        model: str = "LSTM",
        recipe: str | None = None,
        animator: Animator | None = None,
        listeners: Sequence[Listener] = (),
        say: Callable[[str], None] = lambda line: None,
        save_dir: str | Path | None = None,
        **settings: Any,
    ) -> Self:
        """Train on a text.

        Args:
            corpus: a name (``timemachine``, ``tinyshakespeare``, ``story``) or the path of a text file.
            model: ``LSTM``, ``GRU``, ``RNN``, or one of them written out: ``lstm-scratch`` and so on.
            recipe: ``default`` or ``d2l``, the book's.
            animator: has ``.add(epoch, [train perplexity, held-out perplexity])``, called after every evaluation.
            listeners: told of every step and evaluation.
            say: takes each line of the report; by default nothing is reported.
            save_dir: where the run is kept as the command line keeps it; by default nothing is kept.
            settings: any setting, by the name of its flag with underscores: ``budget=60``, ``hidden_size=256``; for
                ``--raw``, ``letters=False``.

        Raises:
            TextRNNError: for anything the caller can mend.
        """
        entry = find_model(model, "lm")
        groups: dict[str, dict[str, Any]] = {"model": {}, "data": {"corpus": str(corpus)}, "train": {}}
        fields = {
            "model": {field.name for field in entry.fields},
            "data": set(CorpusConfig.__dataclass_fields__) - {"corpus"},
            "train": set(LanguageModelTrainConfig.__dataclass_fields__),
        }
        for name, value in settings.items():
            group = next((group for group, names in fields.items() if name in names), None)
            if group is None:
                known = sorted(set().union(*fields.values()))
                raise ConfigError(f"{name}: no such setting{did_you_mean(name, known)}")
            groups[group][name] = value
        with tempfile.TemporaryDirectory() as nowhere:
            request = LanguageModelRequest(
                entry.name,
                groups["model"],
                groups["data"],
                groups["train"],
                Path(nowhere if save_dir is None else save_dir),
                recipe=recipe,
            )
            told = [*listeners, *([_Drawing(animator)] if animator is not None else [])]
            return cls.load(train(request, say=say, listeners=told))

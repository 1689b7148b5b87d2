"""textrnn from Python: a language model that trains, writes, scores, is saved and loaded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from textrnn.config import GenerationConfig, Run
from textrnn.corpus.texts import corpus_name, several
from textrnn.errors import Note
from textrnn.models.registry import find_model
from textrnn.report.notes import line, words
from textrnn.saved.character_model import CharacterModel
from textrnn.tasks.language_model import train
from textrnn.training.events import Listener, ListenerGroup


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


class _Saying(Listener):
    """Hands every note to `say`, in words."""

    def __init__(self, say: Callable[[str], None]):
        self.say = say

    def on_note(self, note: Note) -> None:
        self.say(line(note))


class LanguageModel(CharacterModel):
    """A character language model.

    >>> model = LanguageModel.train("my_text.txt", budget=60)
    >>> model.generate("time ", length=50)
    >>> model.score("the time traveller").bits_per_char
    >>> model.save("my_model")
    >>> model = LanguageModel.load("my_model")
    """

    def stream(self, prefix: str = "", config: GenerationConfig | None = None, *, seed: int = 0) -> Iterator[str]:
        """As :meth:`CharacterModel.stream`; warns of characters that the model does not know."""
        for note in self.read_prefix(prefix)[1]:
            warnings.warn(words(note), stacklevel=3)
        return super().stream(prefix, config, seed=seed)

    @classmethod
    def train(
        cls,
        corpus: str | Path | Sequence[str | Path],
        *,
        model: str = "LSTM",
        animator: Animator | None = None,
        listeners: Sequence[Listener] = (),
        say: Callable[[str], None] | None = None,
        save_dir: str | Path | None = None,
        **settings: Any,
    ) -> Self:
        """Train on a text.

        Args:
            corpus: a name (``timemachine``, ``tinyshakespeare``, ``story``), or the paths of text files and folders.
            model: ``LSTM``, ``GRU``, ``RNN``, or one of them written out: ``lstm-scratch`` and so on.
            animator: has ``.add(epoch, [train perplexity, held-out perplexity])``, called after every evaluation.
            listeners: told of every step, evaluation and note; asked whether to stop.
            say: takes each line of the report, such as ``print``; by default nothing is reported.
            save_dir: where the run is kept as the command line keeps it; by default nothing is kept.
            settings: any setting, by the name of its flag with underscores: ``budget=60``, ``hidden_size=256``,
                ``recipe="d2l"``; for ``--raw``, ``letters=False``.

        Raises:
            TextRNNError: for anything the caller can mend.
        """
        name = find_model(model, "lm").name
        folder = None if save_dir is None else Path(save_dir) / corpus_name(several(corpus)) / f"lm_{name}"
        told = [*listeners, *([_Drawing(animator)] if animator else []), *([_Saying(say)] if say else [])]
        run = Run("lm", name, {"corpus": several(corpus), **settings}, folder)
        _, result = train(run, ListenerGroup(told))
        assert result is not None, "only a run that goes on can be finished already"
        trained = result.saved
        trained.network.cpu().eval()
        trained.ngram = None if trained.ngram is None else trained.ngram.to("cpu")
        return cls(**vars(trained))

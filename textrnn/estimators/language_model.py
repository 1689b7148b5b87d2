"""textrnn from Python: a language model that trains, writes, scores, is saved and loaded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from sklearn.utils.validation import check_is_fitted

from textrnn.config import GenerationConfig, Run
from textrnn.corpus.in_memory import NAME, corpus_in_memory
from textrnn.corpus.texts import corpus_name, several
from textrnn.errors import Note
from textrnn.estimators.inputs import texts_of
from textrnn.estimators.interrupts import KeepingTheBest
from textrnn.estimators.progress import Progress
from textrnn.estimators.settings import OTHER_NAMES, SettingsEstimator, device_here, folder_of, one_training
from textrnn.models.registry import find_model
from textrnn.report.language_model import LanguageModelResult
from textrnn.report.notes import line, words
from textrnn.saved.character_model import Carried, CharacterModel, Score
from textrnn.tasks.language_model import train, train_on
from textrnn.tasks.settings import combine
from textrnn.training.events import Listener, ListenerGroup

LONGEST_NAME = 300  # characters of a name or path; a text of fewer in one line has too few to learn from


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


class LanguageModel(SettingsEstimator, task="lm", left_out=OTHER_NAMES):
    """A character language model.

    >>> model = LanguageModel(model="GRU", budget=60).fit(Path("my_text.txt"))
    >>> model.generate("time ", length=50)
    >>> model.score("the time traveller").bits_per_char
    >>> model.save("my_model")
    >>> model = LanguageModel.load("my_model")

    What a saved model has (``settings``, ``network``, ``vocabulary``, ...) is had by a trained one, too, see
    :class:`textrnn.saved.character_model.CharacterModel`; where a setting has the same name, by ``trained_`` alone.

    Args:
        model: ``LSTM``, ``GRU``, ``RNN``, or one of them written out: ``lstm-scratch`` and so on.
        verbose: show a progress bar, and what is to be known of text and training.

    Attributes:
        trained_: what the command line saves and loads, :class:`textrnn.saved.character_model.CharacterModel`
        result_: how the training went and what is held out scored; None of a model that was loaded
    """

    def __init__(self, model: str = "LSTM", *, verbose: bool = False, **settings: Any):
        super().__init__(model, verbose, settings)

    # --- learning

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Learn from a text; what was learnt before is forgotten.

        Args:
            X: a name (``timemachine``, ``tinyshakespeare``, ``story``) or the path of a file or folder, several as
                ``Path`` objects in a list; or the text itself; or texts, which are learnt one after the other, a line
                end between them. A string of one line and at most 300 characters is a name or path. By default what
                `corpus` says.
            y: not used.

        Raises:
            TextRNNError: for anything the caller can mend.
        """
        run = Run("lm", self._model_name(), self._named())
        interrupts = KeepingTheBest()
        listener = ListenerGroup([interrupts, *([Progress()] if self.verbose else [])])
        text = _text_in(X)
        with one_training:
            if text is not None:
                run = Run("lm", run.model_name, {**run.named, "corpus": (NAME,)})
                result: LanguageModelResult | None = train_on(corpus_in_memory(text, combine(run).data), run, listener)
            else:
                named = run.named if X is None else {**run.named, "corpus": several(X)}
                _, result = train(Run("lm", run.model_name, named), listener)
        assert result is not None, "only a run that goes on can be finished already"
        interrupts.warn(result.history)
        return self._take_result(result)

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
        """Train on a text that is in files, with something to watch it by.

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
        self = cls(model=name, **settings)
        folder = None if save_dir is None else Path(save_dir) / corpus_name(several(corpus)) / f"lm_{name}"
        interrupts = KeepingTheBest()
        told = [interrupts, *listeners]
        told += [*([_Drawing(animator)] if animator else []), *([_Saying(say)] if say else [])]
        run = Run("lm", name, {"corpus": several(corpus), **settings}, folder)
        with one_training:
            _, result = train(run, ListenerGroup(told))
        assert result is not None, "only a run that goes on can be finished already"
        interrupts.warn(result.history)
        return self._take_result(result)

    def _take_result(self, result: LanguageModelResult) -> Self:
        trained = result.saved
        trained.network.cpu().eval()
        trained.ngram = None if trained.ngram is None else trained.ngram.to("cpu")
        self.trained_: CharacterModel = trained
        self.result_: LanguageModelResult | None = result
        return self

    # --- answering

    def __getattr__(self, name: str) -> Any:
        """What the trained model has."""
        if name.startswith("_") or name.endswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        trained = vars(self).get("trained_")
        if trained is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r} (before it is trained)")
        return getattr(trained, name)

    def score(self, X: str, carried: Carried | None = None) -> Score:
        """How probable a text is, character by character; see :meth:`CharacterModel.score`."""
        check_is_fitted(self)
        return self.trained_.score(X, carried)

    def stream(self, prefix: str = "", config: GenerationConfig | None = None, *, seed: int = 0) -> Iterator[str]:
        """As :meth:`CharacterModel.stream`; warns of characters that the model does not know."""
        check_is_fitted(self)
        self._warn_of(prefix)
        return self.trained_.stream(prefix, config, seed=seed)

    def generate(
        self,
        prefix: str = "",
        length: int = 50,
        *,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        typical_p: float | None = None,
        beam: int | None = None,
        seed: int = 0,
    ) -> str:
        """`prefix` as the model read it, and `length` characters that follow; warns of characters that the model does
        not know.

        Raises:
            ConfigError: for a value out of bounds, or a prefix that is too long.
        """
        check_is_fitted(self)
        self._warn_of(prefix)
        return self.trained_.generate(
            prefix,
            length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            typical_p=typical_p,
            beam=beam,
            seed=seed,
        )

    def _warn_of(self, prefix: str) -> None:
        for note in self.trained_.read_prefix(prefix)[1]:
            warnings.warn(words(note), stacklevel=3)

    # --- keeping

    def save(self, folder: str | Path) -> None:
        """Write the model folder, which the command line reads, too.

        Raises:
            ArtifactError: if it cannot be written; a model that was there stays as it was.
        """
        check_is_fitted(self)
        self.trained_.save(folder_of(folder))

    @classmethod
    def load(cls, folder: str | Path, device: Any = "cpu") -> Self:
        """Read a model folder that :meth:`save` or the command line wrote.

        Raises:
            ConfigError: if there is no such device.
            ArtifactError: if it is of a newer format or another task, incomplete, or its files do not belong together.
        """
        self = cls()
        self._take_folder(folder_of(folder), str(device))
        settings = self.trained_.settings
        return self.set_params(model=settings.model_name, **self._settings_that_differ(settings))

    def _to_files(self) -> dict[str, bytes] | None:
        return self.trained_.to_files() if self.__sklearn_is_fitted__() else None

    def _take_folder(self, folder: Path, device: str | None) -> None:
        self.trained_ = CharacterModel.load(folder, device_here(self.device) if device is None else device)
        self.result_ = None

    def __sklearn_is_fitted__(self) -> bool:
        return "trained_" in vars(self)


def _text_in(given: Any) -> str | None:
    """The text itself; None for a name or paths, which are read from files."""
    if given is None or isinstance(given, Path):
        return None
    if isinstance(given, str):
        return None if len(given) <= LONGEST_NAME and "\n" not in given.strip() else given
    if isinstance(given, list | tuple) and given and all(isinstance(each, Path) for each in given):
        return None
    return "\n".join(texts_of(given)) + "\n"

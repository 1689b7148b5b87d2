"""Finds the experiments and the problems of the laboratory: each is one file, and dropping a file in is all it takes.

Both are read from syntax trees, so that the help can list them without waiting for torch or numpy.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from textrnn.config.declarations import DeclaringFile, files_declaring
from textrnn.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from textrnn.corpus.sequences import LabelledSequences

DEFAULT_PROBLEM = "digit-sum"
Entry = TypeVar("Entry")
ASKS = ("once", "several", "running")
UNLESS_IT_SAYS: dict[str, Any] = {  # what a problem's file need not say
    "answer_reads": "{answer}", "asks": "once", "mixes_lengths": False, "longer": (2.0, 4.0, 6.4), "lengths": (),
    "keeps_splits_apart": True, "theory": "", "theory_chinese": "",
}  # fmt: skip


@dataclass(frozen=True)
class Experiment:
    """What is to be known of an experiment before it runs.

    Its file assigns one to ``EXPERIMENT``, every argument by its name and a literal, and has a function
    ``run(request, bench)``.

    Attributes:
        place: in the help, from 1
        models, lengths: where none are named
        accepts: the flags that mean something to it, of model, lengths, recipe, seeds, problem, digits,
            second_digits, dataset, problems, cells, processes
        trains: ``sequences``, with all settings of the training; ``classifiers``, with those that these have, too; or
            ``nothing``, with seed and device
        varies: the settings that it chooses itself, so that nobody else may
        folders: ``each`` model has one, ``together`` they have one, or both; or ``one``, whatever is asked for
        one_length: whether it takes no more than one
        resumable: whether a stopped one can go on; the others are too short to be worth it
        keeps_itself: whether it keeps what is finished in a way of its own
        shortest, shortest_means: the least length, and what its tokens are, where it is not the problem's
        problems, cells: where none are named
        every_problem, every_cell: what ``all`` stands for
        settings: under those that the user named
        defaults: what they are, in words for the help
        module: where it was found
    """

    name: str
    meaning: str
    place: int = 1000
    models: tuple[str, ...] = ("LSTM",)
    lengths: tuple[int, ...] = ()
    accepts: tuple[str, ...] = ()
    trains: str = "sequences"
    varies: tuple[str, ...] = ()
    folders: tuple[str, ...] = ("each",)
    one_length: bool = False
    resumable: bool = False
    keeps_itself: bool = False
    shortest: int = 0
    shortest_means: str = ""
    problems: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    every_problem: tuple[str, ...] = ()
    every_cell: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    defaults: str = ""
    module: str = ""


@dataclass(frozen=True)
class Problem:
    """A synthetic problem, as the constants at the top level of its file declare it: each in capitals.

    The file's docstring begins with what the problem is and works an instance by hand, and it has two functions:
    ``sample(length, variants, generator)`` draws ``LabelledSequences`` of so many tokens, `variants` of each case, and
    ``answer(tokens)`` gives the right answer for one sequence of any tokens: a number, or one for each token, -1 where
    nothing is asked.

    Attributes:
        title: what it is called in titles (its name, unless the file says)
        about: a sentence on what is tested (``meaning``, unless the file says)
        vocabulary_size: tokens are 0 to this minus 1
        class_count: answers are 0 to this minus 1
        shortest, shortest_means: the least length, and what its tokens are
        answer_means: what the answer is
        answer_reads: a format of the tokens and ``answer`` (the answer alone, unless the file says)
        asks: ``once``, after the last token; ``several``, whose answers all count alike; or ``running``: networks learn
            from an answer at each step, and are judged by the last (``once``, unless the file says)
        mixes_lengths: whether networks learn from sequences of all lengths up to the one that is named (False, unless
            the file says)
        longer: how many times longer the sequences are on which they are tested, too ((2, 4, 6.4), unless it says)
        lengths: of sequences, where none are named (those of the experiment, unless it says)
        keeps_splits_apart: whether no sequence is in two splits, as far as there are enough (True, unless it says)
        theory, theory_chinese: a sentence on which cells can do it and why (empty, unless the file says)
        best_constant: the answer that is right most often where always the same is given
        chance: its accuracy
        examples: two sequences: the one that is worked by hand, and another
        module: where it was found
    """

    name: str
    meaning: str
    title: str
    about: str
    vocabulary_size: int
    class_count: int
    shortest: int
    shortest_means: str
    answer_means: str
    answer_reads: str
    asks: str
    mixes_lengths: bool
    longer: tuple[float, ...]
    lengths: tuple[int, ...]
    keeps_splits_apart: bool
    theory: str
    theory_chinese: str
    best_constant: int
    chance: float
    examples: tuple[tuple[int, ...], ...]
    module: str

    @property
    def tokens_called(self) -> str:
        """``digits``, where each is one."""
        return "digits" if self.vocabulary_size <= 10 else "numbers"

    def sample(self, length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
        """Sequences of `length` tokens and their answers, `variants` of each case."""
        found: LabelledSequences = importlib.import_module(self.module).sample(length, variants, generator)
        return found

    def answer(self, tokens: Sequence[int]) -> int | list[int]:
        """The right answer for one sequence; or what is right after each token, -1 where nothing is asked."""
        found: int | list[int] = importlib.import_module(self.module).answer(tokens)
        return list(found) if isinstance(found, Sequence) else int(found)

    def judged(self, split: LabelledSequences) -> LabelledSequences:
        """What networks are judged by: all that is asked, or the last answer of those that run along."""
        return split.at_the_end() if self.asks == "running" else split

    def longer_lengths(self, length: int) -> list[int]:
        """On which a network is tested, too, that learnt from sequences of `length` tokens."""
        return [round(times * length) for times in self.longer]


@functools.cache
def all_experiments() -> dict[str, Experiment]:
    """The experiments by name, in the order of the help.

    Raises:
        ConfigError: for a file whose ``EXPERIMENT`` cannot be read.
    """
    found = [_experiment(file) for file in files_declaring("EXPERIMENT", __package__)]
    return {entry.name: entry for entry in sorted(found, key=lambda entry: (entry.place, entry.name))}


def _experiment(file: DeclaringFile) -> Experiment:
    call = file.assignments["EXPERIMENT"]
    try:
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError("it is no call with named arguments")
        values = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
        return Experiment(**values, module=file.module)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{file.path}: EXPERIMENT cannot be read ({error}); expected Experiment(name=..., meaning=..., ...), every "
            "value a literal"
        ) from error


@functools.cache
def all_problems() -> dict[str, Problem]:
    """The problems by name, in alphabetical order.

    Raises:
        ConfigError: for a file that lacks one of the constants of a problem.
    """
    found = [_problem(file) for file in files_declaring("NAME", f"{__package__}.problems")]
    return {entry.name: entry for entry in sorted(found, key=lambda entry: entry.name)}


def _problem(file: DeclaringFile) -> Problem:
    name = file.constant("NAME", str)
    if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ConfigError(f"{file.path}: NAME {name!r}; expected small letters and digits, with hyphens between words")
    found: dict[str, Any] = {"title": name, "about": file.meaning, **UNLESS_IT_SAYS}
    found |= {entry: file.constants[entry.upper()] for entry in found if entry.upper() in file.constants}
    found |= {"name": name, "meaning": file.meaning, "module": file.module}
    for entry, kind in typing.get_type_hints(Problem).items():
        if entry not in found:
            found[entry] = file.constant(entry.upper(), typing.get_origin(kind) or kind)
    if found["asks"] not in ASKS:
        raise ConfigError(f"{file.path}: ASKS {found['asks']!r}; expected one of {', '.join(ASKS)}")
    return Problem(**found)


def find_named(what: str, name: str, known: Mapping[str, Entry], *, setting: str = "") -> Entry:
    """What is called `name`.

    Args:
        what: ``experiment``, ``problem`` or ``recipe``.
        setting: whose value it is, for the message, if it is not called the same.

    Raises:
        ConfigError: if there is none; the message lists all and names the nearest.
    """
    if name not in known:
        hint = did_you_mean(name, known)
        raise ConfigError(f"`{setting or what}` {name}: no such {what}; expected one of {', '.join(known)}{hint}")
    return known[name]

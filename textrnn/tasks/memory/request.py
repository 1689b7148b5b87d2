"""What the user asks for, as the command line or a Python caller puts it. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textrnn.config import MemoryTrainConfig, Run, TrainConfig
from textrnn.errors import ConfigError, listed
from textrnn.models.registry import find_model
from textrnn.tasks.memory.registry import (
    DEFAULT_PROBLEM,
    Experiment,
    Problem,
    all_experiments,
    all_problems,
    find_named,
)
from textrnn.tasks.settings import combine

LONGEST = 1_000_000
MOST_SEEDS = 1000
MOST_PROCESSES, MOST_LAYERS = 1024, 16
ALL = "all"  # problems, cells


def layered(cell: str) -> tuple[str, int]:
    """``minGRU:3`` -> the model's exact name, and how many layers of it there are.

    Raises:
        ConfigError: for a model that is not known, or no number of layers.
    """
    name, colon, count = cell.partition(":")
    model = find_model(name, "memory", setting="cells").name
    if colon and not (count.isdecimal() and 1 <= int(count) <= MOST_LAYERS):
        raise ConfigError(
            f"`cells` {cell}: no number of layers; expected a name alone, or with a colon and 1 to {MOST_LAYERS} "
            "layers behind it, such as minGRU:3"
        )
    return model, int(count or 1)


@dataclass(frozen=True)
class MemoryRequest:
    """Run one experiment; None and empty stand for the experiment's own defaults.

    Attributes:
        models: names of :func:`textrnn.models.registry.all_models` of the task ``memory``
        lengths: digits in a sequence; of the normalisation experiment, tokens in a padded text
        problem: what the networks learn, a name of :func:`textrnn.tasks.memory.registry.all_problems`
        digits, second_digits: the sequence that ``gates`` draws, and one beside it
        seeds: how many seeds, from the seed of the training settings on
        dataset: what the classifiers of the normalisation experiment learn
        problems, cells: rows and columns of the suite, ``("all",)`` for all of them; a cell is the name of a model, or
            one with its number of layers, ``minGRU:3``
        processes: of the suite, which learn side by side
        named: settings by their names, those that were named; ``recipe`` may be among them

    Raises:
        ConfigError: for a name that is not known, a number out of bounds, or what the experiment has no use for.
    """

    experiment: str = "lengths"
    models: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    problem: str | None = None
    digits: tuple[int, ...] | None = None
    second_digits: tuple[int, ...] | None = None
    seeds: int | None = None
    dataset: str | None = None
    problems: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    processes: int | None = None
    named: Mapping[str, Any] = field(default_factory=dict)
    save_dir: Path = Path("saved_dict")
    resume: bool = False

    def __post_init__(self) -> None:
        experiment = self.experiment_entry
        self._refuse_what_has_no_use()
        combine(Run("memory", named=self.named))
        if self.seeds is not None and not 1 <= self.seeds <= MOST_SEEDS:
            raise ConfigError(f"`seeds` {self.seeds}: must be at least 1 and at most {MOST_SEEDS}")
        MemoryTrainConfig(seed=self.all_seeds[-1])  # so that the last one is no surprise later
        if self.processes is not None and not 1 <= self.processes <= MOST_PROCESSES:
            raise ConfigError(f"`processes` {self.processes}: must be at least 1 and at most {MOST_PROCESSES}")
        names = tuple(find_model(name, "memory").name for name in self.models) or experiment.models
        problems, cells = self._rows_and_columns()
        of_problem = self.problem_entry.lengths if "problem" in experiment.accepts and experiment.lengths else ()
        lengths = self.lengths or of_problem or experiment.lengths
        for named, values in (
            ("`model`", names), ("`lengths`", lengths), ("`problems`", problems), ("`cells`", cells)
        ):  # fmt: skip
            twice = sorted({str(value) for value in values if values.count(value) > 1})
            if twice:
                raise ConfigError(f"{named}: {listed(twice)} named twice; expected each once")
        for problem in [all_problems()[name] for name in problems] or [self.problem_entry]:
            self._check_lengths(lengths, problem)
        digits = self.problem_entry.examples[0] if self.digits is None else self.digits
        self._check_digits("digits", digits)
        if self.second_digits is not None:
            self._check_digits("second_digits", self.second_digits)
        if self.experiment == "gates":
            lengths = lengths or (len(digits),)
        found = {"models": names, "lengths": lengths, "digits": digits, "problems": problems, "cells": cells}
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @property
    def experiment_entry(self) -> Experiment:
        """What is known of the experiment."""
        return find_named("experiment", self.experiment, all_experiments())

    @property
    def problem_entry(self) -> Problem:
        """What the networks learn."""
        return find_named("problem", self.problem or DEFAULT_PROBLEM, all_problems())

    @property
    def other_problem(self) -> str | None:
        """The name of the problem, where it is not the one that everybody expects."""
        return None if self.problem == DEFAULT_PROBLEM else self.problem

    def _refuse_what_has_no_use(self) -> None:
        experiment = self.experiment_entry
        given = {
            "model": self.models or None, "lengths": self.lengths or None, "recipe": self.named.get("recipe"),
            "seeds": self.seeds, "problem": self.problem, "digits": self.digits,
            "second_digits": self.second_digits, "dataset": self.dataset,
            "problems": self.problems or None, "cells": self.cells or None, "processes": self.processes,
        }  # fmt: skip
        for name, value in given.items():
            if value is not None and name not in experiment.accepts:
                others = ", ".join(other.name for other in all_experiments().values() if name in other.accepts)
                raise ConfigError(f"`{name}`: of no use to the {self.experiment} experiment; expected with {others}")
        if self.resume and not experiment.resumable:
            raise ConfigError(
                f"`resume`: of no use to the {self.experiment} experiment, which starts over; expected with "
                f"{', '.join(other.name for other in all_experiments().values() if other.resumable)}"
            )
        meant = {
            "sequences": {*self.named} - {*experiment.varies},
            "classifiers": MemoryTrainConfig.__dataclass_fields__.keys() & TrainConfig.__dataclass_fields__.keys(),
            "nothing": {"seed", "device", "recipe"},
        }[experiment.trains]
        for name in self.named:
            if name not in meant:
                raise ConfigError(f"`{name}`: of no use to the {self.experiment} experiment; leave it out")

    def _rows_and_columns(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The problems and cells of the suite, by their exact names."""
        experiment = self.experiment_entry
        if self.problems == (ALL,):
            problems = experiment.every_problem
        else:
            known = all_problems()
            problems = tuple(find_named("problem", name, known, setting="problems").name for name in self.problems)
        if self.cells == (ALL,):
            cells = experiment.every_cell
        else:
            cells = tuple(":".join(map(str, layered(cell))).removesuffix(":1") for cell in self.cells)
        return problems or experiment.problems, cells or experiment.cells

    def _check_lengths(self, lengths: tuple[int, ...], problem: Problem) -> None:
        experiment = self.experiment_entry
        least = experiment.shortest or problem.shortest
        for length in lengths:
            if length < least:
                what = experiment.shortest_means or problem.shortest_means
                raise ConfigError(f"`lengths` {length}: expected at least {least}, {what}")
            if length > LONGEST:
                raise ConfigError(f"`lengths` {length}: must be at most {LONGEST}")
        if experiment.one_length and len(lengths) > 1:
            raise ConfigError(
                f"`lengths` {' '.join(map(str, lengths))}: the {self.experiment} experiment takes one length"
            )

    def _check_digits(self, name: str, digits: tuple[int, ...]) -> None:
        problem = self.problem_entry
        wrong = [str(digit) for digit in digits if not 0 <= digit < problem.vocabulary_size]
        if wrong:
            what = f"{problem.tokens_called} from 0 to {problem.vocabulary_size - 1}"
            raise ConfigError(f"`{name}`: {listed(wrong)}; expected {what}, separated by spaces")
        if len(digits) < problem.shortest:
            raise ConfigError(
                f"`{name}`: {len(digits)} of them; expected at least {problem.shortest}, {problem.shortest_means}"
            )

    @property
    def root(self) -> Path:
        """Where the folders of all experiments and their common page are."""
        return self.save_dir / "memory"

    def folder_of(self, *models: str) -> Path:
        """Where the experiment with these models is kept: the problem is named if it is not the usual one."""
        if self.experiment_entry.folders == ("one",):
            return self.root / self.experiment
        problem = f"_on_{self.other_problem}" if self.other_problem else ""
        return self.root / f"{self.experiment}_{'+'.join(models)}{problem}"

    @property
    def folder(self) -> Path:
        """Where what all models of the request have in common is kept."""
        return self.folder_of(*self.models)

    @property
    def folders(self) -> list[Path]:
        """All folders that are written: one of each model, or one of all together, or both."""
        found = {"each": [self.folder_of(model) for model in self.models], "together": [self.folder]}
        found["one"] = found["together"]
        return list(dict.fromkeys(folder for kind in self.experiment_entry.folders for folder in found[kind]))

    def flags(self, models: Sequence[str]) -> dict[str, Any]:
        """What makes the same request again, for these models alone; the folder aside."""
        own = {
            "model": models, "lengths": self.lengths, "problem": self.problem, "digits": self.digits,
            "second_digits": self.second_digits, "seeds": self.seeds, "dataset": self.dataset,
            "problems": self.problems, "cells": self.cells,
        }  # fmt: skip
        meant = {name: value for name, value in own.items() if name in self.experiment_entry.accepts}
        return {
            "task": "memory", "experiment": self.experiment, **meant, **self.named, "seed": self.all_seeds[0],
        }  # fmt: skip

    @property
    def recipe_name(self) -> str:
        """The recipe."""
        return str(self.named.get("recipe", "default"))

    @property
    def all_seeds(self) -> list[int]:
        """The seeds that are tried."""
        first = int(self.named.get("seed", MemoryTrainConfig().seed))
        return [first + index for index in range(self.seeds or 1)]

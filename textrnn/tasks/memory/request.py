"""What the user asks for, as the command line or a Python caller puts it. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textrnn.config import (
    DIGITS,
    EXPERIMENTS,
    LENGTHS,
    LONGEST,
    MEMORY_RECIPES,
    SHORTEST,
    MemoryTrainConfig,
    TrainConfig,
    flag,
)
from textrnn.errors import ConfigError, did_you_mean, listed
from textrnn.models.registry import find_model

SHORTEST_PADDED = 8  # tokens that the padded texts of the normalisation experiment have at least
PADDED_LENGTHS = (24, 48, 96, 192)
CLASSIFIERS = "BiLSTM_LN+LSTM+RNN"  # what the normalisation experiment trains
# By experiment: the models and lengths where none are named, and the flags that mean something to it.
DEFAULT_MODELS = {"lengths": ("LSTM",), "learning-rates": ("LSTM",), "explosion": ("SRN",), "gates": ("LSTM",),
                  "speed": ("SRN", "LSTM"), "normalisation": ()}  # fmt: skip
DEFAULT_LENGTHS = {"lengths": LENGTHS, "learning-rates": LENGTHS, "explosion": (20,), "gates": (),
                   "speed": (), "normalisation": PADDED_LENGTHS}  # fmt: skip
MEANT_FOR = {
    "model": {"lengths", "learning-rates", "explosion", "gates", "speed"},
    "lengths": {"lengths", "learning-rates", "explosion", "gates", "normalisation"},
    "recipe": {"lengths", "learning-rates", "gates"},
    "seeds": {"lengths", "learning-rates"},
    "digits": {"gates"},
    "dataset": {"normalisation"},
}
ONE_LENGTH = {"explosion", "gates"}
MOST_SEEDS = 1000
RESUMABLE = {"lengths", "learning-rates"}  # the others are too short to be worth it


@dataclass(frozen=True)
class MemoryRequest:
    """Run one experiment; None and empty stand for the experiment's own defaults.

    Attributes:
        models: names of :func:`textrnn.models.registry.all_models` of the task ``memory``
        lengths: digits in a sequence; of the normalisation experiment, tokens in a padded text
        digits: the sequence that ``gates`` draws
        seeds: how many seeds, from the seed of the training settings on
        dataset: what the classifiers of the normalisation experiment learn

    Raises:
        ConfigError: for a name that is not known, a number out of bounds, or what the experiment has no use for.
    """

    experiment: str = "lengths"
    models: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    digits: tuple[int, ...] | None = None
    recipe: str | None = None
    seeds: int | None = None
    dataset: str | None = None
    model_settings: Mapping[str, Any] = field(default_factory=dict)
    data_settings: Mapping[str, Any] = field(default_factory=dict)
    train_settings: Mapping[str, Any] = field(default_factory=dict)
    save_dir: Path = Path("saved_dict")
    resume: bool = False

    def __post_init__(self) -> None:
        if self.experiment not in EXPERIMENTS:
            hint = did_you_mean(self.experiment, EXPERIMENTS)
            raise ConfigError(
                f"--experiment {self.experiment}: no such experiment; expected one of {', '.join(EXPERIMENTS)}{hint}"
            )
        self._refuse_what_has_no_use()
        if self.recipe is not None and self.recipe not in MEMORY_RECIPES:
            hint = did_you_mean(self.recipe, MEMORY_RECIPES)
            raise ConfigError(
                f"--recipe {self.recipe}: no such recipe; expected one of {', '.join(MEMORY_RECIPES)}{hint}"
            )
        if self.seeds is not None and not 1 <= self.seeds <= MOST_SEEDS:
            raise ConfigError(f"--seeds {self.seeds}: must be at least 1 and at most {MOST_SEEDS}")
        MemoryTrainConfig(seed=self.first_seed + self.seed_count - 1)  # so that the last one is no surprise later
        names = tuple(find_model(name, "memory").name for name in self.models or DEFAULT_MODELS[self.experiment])
        lengths = self.lengths or DEFAULT_LENGTHS[self.experiment]
        for named, values in (("--model", names), ("--lengths", lengths)):
            twice = sorted({str(value) for value in values if values.count(value) > 1})
            if twice:
                raise ConfigError(f"{named}: {listed(twice)} named twice; expected each once")
        self._check_lengths(lengths)
        digits = DIGITS if self.digits is None else self.digits
        wrong = [str(digit) for digit in digits if not 0 <= digit <= 9]
        if wrong:
            raise ConfigError(f"--digits: {listed(wrong)}; expected digits from 0 to 9, separated by spaces")
        if len(digits) < SHORTEST:
            raise ConfigError(f"--digits: {len(digits)} of them; expected at least {SHORTEST}, the two to add and more")
        if self.experiment == "gates":
            lengths = lengths or (len(digits),)
        for name, value in (("models", names), ("lengths", lengths), ("digits", digits)):
            object.__setattr__(self, name, value)

    def _refuse_what_has_no_use(self) -> None:
        given = {
            "model": bool(self.models), "lengths": bool(self.lengths), "recipe": self.recipe is not None,
            "seeds": self.seeds is not None, "digits": self.digits is not None, "dataset": self.dataset is not None,
        }  # fmt: skip
        for name, is_given in given.items():
            if is_given and self.experiment not in MEANT_FOR[name]:
                others = ", ".join(other for other in EXPERIMENTS if other in MEANT_FOR[name])
                raise ConfigError(f"--{name}: of no use to the {self.experiment} experiment; expected with {others}")
        if self.resume and self.experiment not in RESUMABLE:
            raise ConfigError(
                f"--resume: of no use to the {self.experiment} experiment, which starts over; expected with "
                f"{', '.join(other for other in EXPERIMENTS if other in RESUMABLE)}"
            )
        for name in (*self.model_settings, *self.data_settings, *self.train_settings):
            if name not in self._meant_settings():
                raise ConfigError(f"{flag(name)}: of no use to the {self.experiment} experiment; leave it out")

    def _meant_settings(self) -> set[str]:
        """The settings that mean something to the experiment."""
        every = {field.name for field in dataclasses.fields(MemoryTrainConfig)}
        if self.experiment == "speed":
            return {"seed", "device"}
        if self.experiment == "normalisation":
            return every & {field.name for field in dataclasses.fields(TrainConfig)}
        of_digits = every | {*self.model_settings, *self.data_settings}
        return of_digits - {"learning_rate"} if self.experiment == "learning-rates" else of_digits

    def _check_lengths(self, lengths: tuple[int, ...]) -> None:
        padded = self.experiment == "normalisation"
        least = SHORTEST_PADDED if padded else SHORTEST
        for length in lengths:
            if length < least:
                what = "tokens of a padded text" if padded else "the two digits to add and one more"
                raise ConfigError(f"--lengths {length}: expected at least {least}, {what}")
            if length > LONGEST:
                raise ConfigError(f"--lengths {length}: must be at most {LONGEST}")
        if self.experiment in ONE_LENGTH and len(lengths) > 1:
            raise ConfigError(
                f"--lengths {' '.join(map(str, lengths))}: the {self.experiment} experiment takes one length"
            )

    @property
    def root(self) -> Path:
        """Where the folders of all experiments and their common page are."""
        return self.save_dir / "memory"

    def folder_of(self, *models: str) -> Path:
        """Where the experiment with these models is kept."""
        return self.root / f"{self.experiment}_{'+'.join(models) or CLASSIFIERS}"

    @property
    def folder(self) -> Path:
        """Where what all models of the request have in common is kept."""
        return self.folder_of(*self.models)

    @property
    def folders(self) -> list[Path]:
        """All folders that are written: of several models, each has its own, and `lengths` one of all together."""
        each = [self.folder_of(model) for model in self.models]
        if self.experiment in ("speed", "normalisation"):
            return [self.folder]
        return [*each, self.folder] if self.experiment == "lengths" and len(each) > 1 else each

    @property
    def recipe_name(self) -> str:
        """The recipe."""
        return self.recipe or "default"

    @property
    def first_seed(self) -> int:
        """The seed to begin with."""
        return int(self.train_settings.get("seed", MemoryTrainConfig().seed))

    @property
    def seed_count(self) -> int:
        """How many seeds are tried."""
        return self.seeds or 1

    @property
    def all_seeds(self) -> list[int]:
        """The seeds that are tried."""
        return [self.first_seed + index for index in range(self.seed_count)]

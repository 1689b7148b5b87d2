"""What is tried next, and what was found: Optuna's sampler and pruner over a database in the folder of the search."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from textrnn.config.base import Choices, Span
from textrnn.config.space import Space, rounded
from textrnn.errors import ArtifactError, ConfigError, missing_package, one_line
from textrnn.evaluation.trials import DONE, MAXIMISED, STOPPED_EARLY, Trial
from textrnn.files import remove_file

STORE, NAME = "study.db", "textrnn"
RECORD, ABOUT = "trial", "about"  # what is kept with a trial, with the study
RANDOM_SHARE, MOST_RANDOM, LEAST_RANDOM = 3, 10, 2  # a third of the trials is drawn without regard to the others
TENTHS = 10  # of a training, at which trials are compared
SPARED = 3  # tenths at the beginning that say nothing yet: the learning rate still rises
SEEDS_APART = 100_003


def refuse_missing_package() -> None:
    """Before anything is read.

    Raises:
        ConfigError: if Optuna is not installed.
    """
    try:
        with _quietly():
            import optuna  # noqa: F401
    except ImportError as error:
        raise missing_package("search", "optuna", "optuna") from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Optuna's warnings and log are its own business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Study:
    """The trials of one search, kept after each of them.

    What is tried depends on the seed and on the trials that have ended: a search that was killed goes on as if nothing
    had happened.

    Args:
        folder: of the search.
        about: what must be the same when it goes on.
        judged_by: the score, see :data:`MAXIMISED`.
        wanted: trials in all.
        resume: go on with what is there.

    Raises:
        ConfigError: if a search goes on that was begun otherwise.
        ArtifactError: if its database cannot be read or written.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], *, judged_by: str, wanted: int, seed: int, resume: bool):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        self.optuna, self.seed, self.judged_by, self.wanted = optuna, seed, judged_by, wanted
        path = folder / STORE
        self.is_new = not (resume and path.is_file())
        if self.is_new:
            folder.mkdir(parents=True, exist_ok=True)
            remove_file(path)
        direction: Any = "maximize" if MAXIMISED[judged_by] else "minimize"
        try:
            with _quietly():
                # The path goes to SQLite as it is: in an address, some characters would mean something else.
                storage = optuna.storages.RDBStorage(
                    f"sqlite:///{STORE}", engine_kwargs={"creator": lambda: sqlite3.connect(path)}
                )
                self.study = optuna.create_study(
                    storage=storage, study_name=NAME, direction=direction, load_if_exists=True
                )
                self._take_up(dict(about), folder)
        except ConfigError:
            raise
        except Exception as error:  # a database that is damaged or locked can raise anything
            raise ArtifactError(
                f"{path}: cannot be used ({one_line(error)}); expected what a search left: delete it and start over"
            ) from error

    def _take_up(self, about: dict[str, Any], folder: Path) -> None:
        """Compare what is there with what is asked for; trials that were killed count for nothing."""
        asked = json.loads(json.dumps(about))
        before = self.study.user_attrs.get(ABOUT, asked)
        different = [name for name in {**before, **asked} if before.get(name) != asked.get(name)]
        if different:
            named = ", ".join(f"`{name}`" if name != "data" else "the data" for name in different)
            raise ConfigError(
                f"`resume`: the search in {folder} was begun with another value of {named}; expected the same: "
                "bring them back, or leave out `resume` to start over"
            )
        self.study.set_user_attr(ABOUT, asked)
        for trial in self.study.get_trials(deepcopy=False):
            if trial.state == self.optuna.trial.TrialState.RUNNING:
                self.study.tell(trial.number, state=self.optuna.trial.TrialState.FAIL)

    def keep(self, name: str, find: Callable[[], Any]) -> Any:
        """A value that is found once: that of the search that goes on, if there is one."""
        if name not in self.study.user_attrs:
            self.study.set_user_attr(name, find())
        return self.study.user_attrs[name]

    @property
    def trials(self) -> list[Trial]:
        """Those that have ended by themselves, in their order."""
        kept = [trial.user_attrs.get(RECORD) for trial in self.study.get_trials(deepcopy=False)]
        found = [Trial.from_dict(record) for record in kept if record is not None]
        return list({trial.number: trial for trial in found}.values())  # told twice where the end was not kept

    def ask(self, space: Space, defaults: Mapping[str, Any]) -> tuple[Any, Trial]:
        """The next trial: Optuna's, and ours, which is still to be done."""
        done = len(self.trials)
        random = min(MOST_RANDOM, max(LEAST_RANDOM, self.wanted // RANDOM_SHARE))
        with _quietly():
            seed = (self.seed * SEEDS_APART + done) % 2**32
            self.study.sampler = self.optuna.samplers.TPESampler(seed=seed, n_startup_trials=random)
            self.study.pruner = self.optuna.pruners.MedianPruner(n_startup_trials=random, n_warmup_steps=SPARED)
            if not done and not self.study.get_trials(deepcopy=False, states=[self.optuna.trial.TrialState.WAITING]):
                self.study.enqueue_trial({name: defaults[name] for name in space})
            asked = self.study.ask({name: self._distribution(place) for name, place in space.items()})
        values = {} if not done else {name: rounded(value, space[name]) for name, value in asked.params.items()}
        return asked, Trial(done + 1, values, DONE)

    def _distribution(self, place: Span | Choices) -> Any:
        kinds = self.optuna.distributions
        if isinstance(place, Choices):
            return kinds.CategoricalDistribution(place.values)
        return kinds.FloatDistribution(place.low, place.high, log=place.log)

    def should_stop(self, asked: Any, score: float, tenth: int) -> bool:
        """Whether a trial does worse than half of the others at this tenth of the training."""
        with _quietly():
            asked.report(score, tenth)
            return bool(asked.should_prune())

    def tell(self, asked: Any, trial: Trial) -> None:
        """A trial has ended."""
        states = self.optuna.trial.TrialState
        state = {DONE: states.COMPLETE, STOPPED_EARLY: states.PRUNED}.get(trial.state, states.FAIL)
        with _quietly():
            asked.set_user_attr(RECORD, trial.to_dict())
            score = trial.scores[self.judged_by] if state == states.COMPLETE else None
            self.study.tell(asked, score, state=state)

    def close(self) -> None:
        """Let go of the database: Windows removes no file that is open."""
        self.study._storage.remove_session()
        engine = getattr(getattr(self.study._storage, "_backend", self.study._storage), "engine", None)
        if engine is not None:
            engine.dispose()


def is_there(folder: Path) -> bool:
    """Whether a search was begun in a folder."""
    return os.path.isfile(folder / STORE)

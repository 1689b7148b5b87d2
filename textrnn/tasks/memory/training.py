"""One network after another on sequences; what is finished is kept, so that a stopped experiment can go on."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from textrnn.config import MemorySettings, MemoryTrainConfig, Run
from textrnn.corpus.sequence_files import find_splits, load_splits
from textrnn.corpus.sequences import LabelledSequences
from textrnn.errors import ConfigError, DivergedError, Interrupted, Note, one_line
from textrnn.evaluation.records import CURVE_COLUMNS, Training, training_key
from textrnn.files import exclusive_use, json_bytes, write_atomically
from textrnn.models.memory.base import SequenceClassifier
from textrnn.tasks.memory.learning import SIZE_SETTINGS, as_batch, build, score_longer
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.settings import SequenceFacts, combine, fit_to_data
from textrnn.training.events import Listener, ListenerGroup
from textrnn.training.history import History
from textrnn.training.objectives.sequences import SequenceBatch, SequenceObjective, score
from textrnn.training.threads import Threads
from textrnn.training.train_eval import choose_device, explain_out_of_memory, fit

UNFINISHED = "unfinished.json"


class Bench:
    """Trains the networks of a request, while it holds the folders that they go to.

    What a stopped experiment left is taken up or left behind on entering, and cleared away when nothing went wrong.

    Args:
        listener: told of every step, evaluation and note, beside what an experiment itself listens to; asked whether to
            stop.

    Raises:
        ConfigError: for settings out of bounds, a device that is not here, or, on entering, an experiment that was
            begun with other settings.
        ArtifactError: on entering, if another run writes to one of the folders.
    """

    def __init__(self, request: MemoryRequest, listener: Listener):
        self.request, self.listener = request, listener
        self.problem = request.problem_entry
        of_sequences = request.experiment_entry.trains == "sequences"
        self.settings = self.settings_of(request.models[0] if of_sequences else "LSTM")
        self.training = self.settings.training
        self.device = choose_device(self.training.device)
        self.finished: dict[str, Training] = {}
        self.digests: dict[str, str] = {}  # of the data that each was trained and tested on
        self.store = request.folder / UNFINISHED
        self._splits: dict[tuple[int, int], dict[str, LabelledSequences]] = {}
        self._commonest: dict[int, dict[int, tuple[int, float]]] = {}  # answer and share, by length and seed
        self.own_folders: dict[int, Path] = {}  # of lengths with sequences of the user's own

    def __enter__(self) -> Self:
        with ExitStack() as held:
            for folder in sorted({*self.request.folders, self.request.folder}):
                held.enter_context(exclusive_use(folder))
            held.enter_context(explain_out_of_memory(SIZE_SETTINGS))
            if not self.request.experiment_entry.keeps_itself:
                self._load_progress()
                held.push(self._clear_progress)
            self._held = held.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._held.__exit__(*exception)

    def note(self, kind: str, **facts: Any) -> None:
        """Something is to be told."""
        self.listener.on_note(Note(kind, **facts))

    def settings_of(self, model: str) -> MemorySettings:
        """The settings of a model; those that depend on the data are open."""
        request = self.request
        settings: MemorySettings = combine(Run("memory", model, {**request.experiment_entry.settings, **request.named}))
        return settings

    def groups(self) -> dict[str, Any]:
        """What the figures of the experiment depend on, for ``metrics.json`` and for whoever resumes."""
        kept = self.settings.to_kept()
        return {name: kept[name] for name in ("hyper_parameters", "training", "data")}

    def binding_training(self) -> dict[str, Any]:
        """The settings of the training that may not differ when it goes on."""
        return {name: value for name, value in self.training.to_dict().items() if not self.settings.is_free(name)}

    def _data(self, length: int, seed: int) -> dict[str, LabelledSequences]:
        if (length, seed) not in self._splits:  # one at a time is kept
            variants = self.settings.data.variants
            place = find_splits(self.problem, length, seed, variants)
            splits = load_splits(self.problem, length, seed, variants, place=place)
            if place.own and self.own_folders.get(length) != place.folder:
                self.own_folders[length] = place.folder
                self.note("own_sequences", folder=place.folder, missing=place.missing)
            self._splits = {(length, seed): splits}
            self._commonest.setdefault(length, {})[seed] = self.problem.judged(splits["test"]).commonest
        return self._splits[length, seed]

    def constant_answers(self) -> dict[int, tuple[int, float]]:
        """By length, the commonest answer of the test splits, and how often it is right: the mean over the seeds."""
        found = {}
        for length, by_seed in sorted(self._commonest.items()):
            shares = [share for _, share in by_seed.values()]
            answers = Counter(answer for answer, _ in by_seed.values())
            found[length] = answers.most_common(1)[0][0], sum(shares) / len(shares)
        return found

    def lengths_read(self, length: int) -> str:
        """``40 digits``, or ``3 to 40 digits``: what networks learn from."""
        shortest = f"{self.problem.shortest} to " if self.problem.mixes_lengths else ""
        return f"{shortest}{length} {self.problem.tokens_called}"

    def split(self, name: str, length: int, seed: int) -> SequenceBatch:
        """A split of the data, on the device."""
        return as_batch(self.problem, name, self._data(length, seed)[name], self.device)

    def digest(self, length: int, seed: int) -> str:
        """By which the data is known again: its files may be replaced."""
        return "".join(split.digest()[:16] for split in self._data(length, seed).values())

    def train(self, model: str, length: int, seed: int, learning_rate: float | None = None) -> Training:
        """Train a network, or take the result where that was done before the experiment was stopped.

        Args:
            learning_rate: in the place of that of the settings. A run whose loss is then no longer a number is no
                error but a result: the network is judged as it was left.

        Raises:
            DivergedError: if the loss is no longer a number, at a learning rate of the settings.
            Interrupted: if the experiment was asked to stop.
        """
        rate = self.training.learning_rate if learning_rate is None else learning_rate
        key, digest = training_key(model, length, seed, rate), self.digest(length, seed)
        if key in self.finished and self.digests.get(key) != digest:
            self.note("data_changed", training=key)
            del self.finished[key]
        if key not in self.finished:
            config = dataclasses.replace(self.training, seed=seed, learning_rate=rate)
            training = self._train(key, model, length, config, may_diverge=learning_rate is not None)
            self.finished[key], self.digests[key] = training, digest
            self._save_progress()
            self.note("sequences_learnt", training=training)
        return self.finished[key]

    def _train(self, key: str, model: str, length: int, config: MemoryTrainConfig, *, may_diverge: bool) -> Training:
        follower = Follower()
        try:
            self.fit(model, length, config, listeners=[follower], begin=follower.watch)
        except Interrupted as error:
            done = len(self.finished)
            kept = f"what is finished ({done} of the trainings) is kept in {self.store}" if done else "none is finished"
            raise Interrupted(f"{key}: stopped; {kept}", resumable=done > 0) from error
        except DivergedError as error:
            if not may_diverge:
                raise DivergedError(f"{key}: {error}") from error
            self.note("diverged", training=key, error=error)
        network, best = follower.network, follower.best
        assert network is not None
        threads = Threads.on(self.device, config.threads)
        dev, test = (score(network, self.split(name, length, config.seed), threads) for name in ("dev", "test"))
        longer = score_longer(network, self.problem, length, config, self.problem.longer_lengths(length))
        return Training(
            model, length, config.seed, config.learning_rate, dev.accuracy, test.accuracy, follower.seconds,
            follower.steps, int(best["step"]) if best else 0,
            [{name: row[name] for name in CURVE_COLUMNS} for row in follower.rows], test.whole,
            {str(at): found.accuracy for at, found in longer.items()},
            {str(at): found.whole for at, found in longer.items()},
        )  # fmt: skip

    def fit(
        self, model: str, length: int, config: MemoryTrainConfig, *, listeners: Sequence[Listener] = (),
        begin: Callable[[SequenceClassifier], None] = lambda network: None,
    ) -> tuple[SequenceClassifier, History]:  # fmt: skip
        """Train a network.

        Args:
            begin: shown the network before the first step.

        Returns:
            The network with the weights that did best on dev, and what happened.
        """
        train, dev = (self.split(name, length, config.seed) for name in ("train", "dev"))
        settings = dataclasses.replace(self.settings_of(model), training=config)
        settings = fit_to_data(settings, SequenceFacts(len(train.labels), length), {})
        network = self.build(settings, length)
        begin(network)
        name = training_key(model, length, config.seed, config.learning_rate)
        self.listener.on_training(settings, name, self.request.folder_of(model))
        objective = SequenceObjective(train, dev, settings.training)
        history = fit(network, objective, settings.training, listener=ListenerGroup([self.listener, *listeners]))
        return network, history

    def build(self, settings: MemorySettings, length: int) -> SequenceClassifier:
        """A new network on its device."""
        return build(self.problem, settings, length, self.device)

    def _kept_settings(self) -> dict[str, Any]:
        """What must be the same when the experiment goes on; device and threads may change."""
        settings: dict[str, Any] = json.loads(json.dumps({**self.groups(), "training": self.binding_training()}))
        del settings["training"]["seed"]  # a training's key has its seed
        return settings

    def as_now(self, hyper_parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What any version has kept of a model's settings, with those that came later.

        Raises:
            ConfigError: for what is no setting.
        """
        return type(self.settings.model_config).from_kept(hyper_parameters).to_dict()

    def _save_progress(self) -> None:
        trainings = {
            key: {**training.to_dict(), "digest": self.digests[key]} for key, training in self.finished.items()
        }
        write_atomically(self.store, json_bytes({"settings": self._kept_settings(), "trainings": trainings}))

    def _load_progress(self) -> None:
        """Take up what a stopped experiment left if that was asked for; otherwise leave it behind."""
        if not self.store.is_file():
            if self.request.resume:
                self.note("nothing_to_resume", file=UNFINISHED, folder=self.store.parent)
            return
        if not self.request.resume:
            self.note("started_over", what=self.store)
            self.store.unlink()
            return
        try:
            kept = json.loads(self.store.read_bytes())
            before: dict[str, Any] = kept["settings"]
            before["hyper_parameters"] = self.as_now(before["hyper_parameters"])
            digests = {key: values.pop("digest") for key, values in kept["trainings"].items()}
            trainings = {key: Training(**values) for key, values in kept["trainings"].items()}
            if any(training.key != key or not training.is_sound() for key, training in trainings.items()):
                raise ValueError("its figures do not fit together")
        except (ConfigError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"`resume`: {self.store} cannot be read ({one_line(error)}); expected what a stopped experiment left: "
                "delete it, or leave out `resume` to start over"
            ) from error
        refuse_other_settings(before, self._kept_settings(), self.store)
        self.finished, self.digests = trainings, digests
        self.note("going_on_after", trainings=len(trainings), store=self.store)

    def _clear_progress(self, error_type: type[BaseException] | None, *_: object) -> None:
        """Of an experiment that is finished, nothing is left to go on with."""
        if error_type is None:
            self.store.unlink(missing_ok=True)


def refuse_other_settings(before: Mapping[str, Any], now: Mapping[str, Any], store: Path) -> None:
    """What was kept with other settings cannot go on.

    Raises:
        ConfigError: if they are others.
    """
    if before != now:
        raise ConfigError(
            f"`resume`: other settings than those of {store}; expected the same flags: bring them back, or leave out "
            "`resume` to start over"
        )


class Follower(Listener):
    """Keeps what happened, so that it is known also of a run that ended with an error."""

    def __init__(self) -> None:
        self.network: SequenceClassifier | None = None
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, float] | None = None
        self.steps = 0

    def watch(self, network: SequenceClassifier) -> None:
        """The network that the run is about."""
        self.network = network

    @property
    def seconds(self) -> float:
        """Up to the last evaluation on dev."""
        return self.rows[-1]["seconds"] if self.rows else 0.0

    def on_step(self, step: int, loss: float) -> None:
        self.steps = step

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.rows.append(row)
        self.steps = int(row["step"])
        self.best = row if is_best else self.best

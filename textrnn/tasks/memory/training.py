"""One network after another on DigitSum; what is finished is kept, so that a stopped experiment can go on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from textrnn.config import MEMORY_RECIPES, DigitSumConfig, MemoryModelConfig, MemoryTrainConfig, Recipe
from textrnn.corpus.digit_sum import CLASSES, DigitSums, load_splits
from textrnn.errors import ConfigError, DivergedError, Interrupted, one_line
from textrnn.evaluation.records import CURVE, Training, training_key
from textrnn.files import json_bytes, write_atomically
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.registry import find_model
from textrnn.randomness import seeded
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.resuming import Say, ShouldStop, StopWhen
from textrnn.training.events import Listener, ListenerGroup
from textrnn.training.history import History
from textrnn.training.objectives.digit_sum import DigitBatch, DigitSumObjective, score
from textrnn.training.train_eval import choose_device, fit

UNFINISHED = "unfinished.json"
MOST_FOR_ONE_THREAD = 1 << 20  # multiplications of a step


class Bench:
    """Trains the networks of a request.

    Args:
        recipe: the settings under those that the user named.
        listeners: told of every step, beside what an experiment itself listens to.

    Raises:
        ConfigError: for settings out of bounds, or a device that is not here.
    """

    def __init__(
        self,
        request: MemoryRequest,
        *,
        say: Say,
        should_stop: ShouldStop = lambda: False,
        listeners: list[Listener] | None = None,
        recipe: Recipe | None = None,
    ):
        recipe = recipe or MEMORY_RECIPES[request.recipe_name]
        self.request, self.say, self.should_stop = request, say, should_stop
        self.listeners = listeners or []
        self.model_settings = {**recipe.model, **request.model_settings}
        self.training = MemoryTrainConfig.from_dict({**recipe.training, **request.train_settings})
        self.data = DigitSumConfig.from_dict(request.data_settings)
        self.device = choose_device(self.training.device)
        self.finished: dict[str, Training] = {}
        self.digests: dict[str, str] = {}  # of the data that each was trained and tested on
        self.store = request.folder / UNFINISHED
        self._splits: dict[tuple[int, int], dict[str, DigitSums]] = {}

    def config_of(self, model: str) -> MemoryModelConfig:
        """The hyper-parameters of a model."""
        config: MemoryModelConfig = find_model(model, "memory").config_class.from_dict(self.model_settings)
        return config

    def settings(self) -> dict[str, Any]:
        """What the figures of the experiment depend on, for ``metrics.json`` and for whoever resumes."""
        return {
            "hyper_parameters": self.config_of(self.request.models[0]).to_dict(),
            "training": self.training.to_dict(),
            "data": self.data.to_dict(),
        }

    def begin(self) -> None:
        """Take up what a stopped experiment left, or leave it behind.

        Raises:
            ConfigError: if it was begun with other settings.
        """
        if self.request.resume:
            self._take_up()
        elif self.store.is_file():
            self.say(f"note: {self.store} is started over; --resume would have gone on with it")
            self.store.unlink()

    def _data(self, length: int, seed: int) -> dict[str, DigitSums]:
        if (length, seed) not in self._splits:
            self._splits = {(length, seed): load_splits(length, seed, self.data.variants)}  # one at a time
        return self._splits[length, seed]

    def split(self, name: str, length: int, seed: int) -> DigitBatch:
        """A split of the data, on the device."""
        return DigitBatch.of(self._data(length, seed)[name], self.device)

    def digest(self, length: int, seed: int) -> str:
        """By which the data is known again: its files may be replaced."""
        return "".join(sums.digest()[:16] for sums in self._data(length, seed).values())

    def train(self, model: str, length: int, seed: int, learning_rate: float | None = None) -> Training:
        """Train a network, or take the result where that was done before the experiment was stopped.

        Args:
            learning_rate: in the place of that of the settings. A run whose loss is then no longer a number is no
                error but a result: the network is judged as it was left.

        Raises:
            DivergedError: if the loss is no longer a number, at a learning rate of the settings.
            Interrupted: if the experiment was asked to stop.
        """
        config = dataclasses.replace(self.training, seed=seed)
        if learning_rate is not None:
            config = dataclasses.replace(config, learning_rate=learning_rate)
        key = training_key(model, length, seed, config.learning_rate)
        digest = self.digest(length, seed)
        if key in self.finished and self.digests.get(key) != digest:
            self.say(f"{key}: the data is another than before; trained anew")
            del self.finished[key]
        if key not in self.finished:
            follower = Follower()
            try:
                self.fit(model, length, config, listeners=[follower], begin=follower.watch)
            except Interrupted as error:
                done = len(self.finished)
                kept = (
                    f"what is finished ({done} of the trainings) is kept in {self.store}"
                    if done
                    else "none is finished"
                )
                raise Interrupted(f"{key}: stopped; {kept}", resumable=done > 0) from error
            except DivergedError as error:
                if learning_rate is None:
                    raise DivergedError(f"{key}: {error}") from error
                self.say(f"{key}: diverged ({error})")
            network, best = follower.network, follower.best
            assert network is not None
            dev, test = (score(network, self.split(name, length, seed))[0] for name in ("dev", "test"))
            self.finished[key] = training = Training(
                model, length, seed, config.learning_rate, dev, test, follower.seconds, follower.steps,
                int(best["step"]) if best else 0, [{name: row[name] for name in CURVE} for row in follower.rows],
            )  # fmt: skip
            self.digests[key] = digest
            self._keep()
            self.say(
                f"{key}: {training.test:.2f} on test, {training.dev:.2f} on dev (weights of step "
                f"{training.best_step:,} of {training.steps:,}; {training.seconds:.1f} s)"
            )
        return self.finished[key]

    def fit(
        self, model: str, length: int, config: MemoryTrainConfig, *, listeners: list[Listener] | None = None,
        begin: Callable[[SequenceClassifier], None] = lambda network: None,
    ) -> tuple[SequenceClassifier, History]:  # fmt: skip
        """Train a network.

        Args:
            begin: shown the network before the first step.

        Returns:
            The network with the weights that did best on dev, and what happened.
        """
        train, dev = (self.split(name, length, config.seed) for name in ("train", "dev"))
        config = config.fitted_to(len(train.labels), length)
        network = self.build(model, length, config.seed)
        begin(network)
        with _as_many_threads_as_pay(network, config):
            history = fit(
                network,
                DigitSumObjective(train, dev, config),
                config,
                listener=ListenerGroup([*self.listeners, *(listeners or []), StopWhen(self.should_stop)]),
            )
        return network, history

    def build(self, model: str, length: int, seed: int) -> SequenceClassifier:
        """A new network on its device."""
        try:
            with seeded(seed, torch.device("cpu")):
                network: nn.Module = find_model(model, "memory").build(
                    self.config_of(model), vocabulary_size=10, class_count=CLASSES, sequence_length=length
                )
        except (RuntimeError, MemoryError) as error:
            raise ConfigError(
                f"{model}: cannot be built ({one_line(error)}); expected sizes that fit the memory: see --hidden-size "
                "and --embedding-size"
            ) from error
        assert isinstance(network, SequenceClassifier)
        return network.to(self.device)

    def _keep(self) -> None:
        trainings = {
            key: {**training.to_dict(), "digest": self.digests[key]} for key, training in self.finished.items()
        }
        write_atomically(self.store, json_bytes({"settings": self._kept_settings(), "trainings": trainings}))

    def _kept_settings(self) -> dict[str, Any]:
        """What must be the same when the experiment goes on; the device may change."""
        settings: dict[str, Any] = json.loads(json.dumps(self.settings()))
        del settings["training"]["device"], settings["training"]["seed"]  # a training's key has its seed
        return settings

    def _take_up(self) -> None:
        if not self.store.is_file():
            self.say(f"nothing to resume: no {UNFINISHED} in {self.store.parent}; starting from the beginning")
            return
        try:
            kept = json.loads(self.store.read_bytes())
            before: Mapping[str, Any] = kept["settings"]
            digests = {key: values.pop("digest") for key, values in kept["trainings"].items()}
            trainings = {key: Training(**values) for key, values in kept["trainings"].items()}
            if any(training.key != key or not training.is_sound() for key, training in trainings.items()):
                raise ValueError("its figures do not fit together")
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"--resume: {self.store} cannot be read ({one_line(error)}); expected what a stopped experiment left: "
                "delete it, or leave out --resume to start over"
            ) from error
        if before != self._kept_settings():
            raise ConfigError(
                f"--resume: other settings than those of {self.store}; expected the same flags: bring them back, or "
                "leave out --resume to start over"
            )
        self.finished, self.digests = trainings, digests
        self.say(f"going on after {len(trainings)} finished trainings in {self.store}")

    def clear(self) -> None:
        """The experiment is finished: nothing is left to go on with."""
        self.store.unlink(missing_ok=True)


@contextlib.contextmanager
def _as_many_threads_as_pay(network: SequenceClassifier, config: MemoryTrainConfig) -> Iterator[None]:
    """One thread where the products of a step are so small that waking a second takes longer than it saves."""
    before = torch.get_num_threads()
    if (config.batch_size or 1) * 4 * network.cell.hidden_size**2 <= MOST_FOR_ONE_THREAD:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
        """Up to the last look at the dev split."""
        return self.rows[-1]["seconds"] if self.rows else 0.0

    def on_step(self, step: int, loss: float) -> None:
        self.steps = step

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.rows.append(row)
        self.steps = int(row["step"])
        self.best = row if is_best else self.best

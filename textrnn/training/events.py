"""The events of a run, and listeners to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textrnn.config import RunSettings
from textrnn.errors import Note
from textrnn.training.history import Sample


class Listener:
    """Is told what happens in a run and may stop it; this one ignores everything."""

    def on_note(self, note: Note) -> None:
        """Something the user should know, which stops nothing."""

    def on_training(self, settings: RunSettings[Any, Any, Any], name: str, folder: Path | None) -> None:
        """A network with these settings is about to be trained, `on_start` follows.

        Args:
            name: of this training among those of the same folder; empty where it is the only one
            folder: where the run is kept; None: nowhere
        """

    def on_report(self, files: Mapping[str, bytes]) -> None:
        """The report of the training that :meth:`on_training` announced, file by file, as its folder has it."""

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        """Training starts, or goes on after `done_steps`; either `total_steps` or `seconds_left` may be open."""

    def on_step(self, step: int, loss: float) -> None:
        """A step is done; `loss` is the latest that was copied from the device."""

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        """The held-out data was scored.

        Args:
            row: as in the history, with the latest ``learning_rate`` and the ``examples_per_second`` of the run so far
        """

    def on_sample(self, sample: Sample) -> None:
        """What the network writes by now; only of what can write."""

    def on_end(self) -> None:
        """The training that :meth:`on_start` announced has ended, normally or not."""

    def aside(self) -> Listener:
        """Who is told of a training before the one that counts: by default nobody, but this one may stop it."""
        return Aside(self)

    def should_stop(self) -> bool:
        """Asked after every step; True ends the training with its checkpoint safe."""
        return False

    def should_end(self) -> bool:
        """Asked after every step; True ends the training as if all its steps were done, with the best weights so
        far."""
        return False


class Aside(Listener):
    """Ignores everything, and stops or ends what another one does.

    Args:
        listener: who decides that.
    """

    def __init__(self, listener: Listener):
        self.listener = listener

    def should_stop(self) -> bool:
        return self.listener.should_stop()

    def should_end(self) -> bool:
        return self.listener.should_end()


class ListenerGroup(Listener):
    """Several listeners as one; training stops or ends if any of them asks for it."""

    def __init__(self, listeners: Sequence[Listener]):
        self.listeners = listeners

    def on_note(self, note: Note) -> None:
        for listener in self.listeners:
            listener.on_note(note)

    def on_training(self, settings: RunSettings[Any, Any, Any], name: str, folder: Path | None) -> None:
        for listener in self.listeners:
            listener.on_training(settings, name, folder)

    def on_report(self, files: Mapping[str, bytes]) -> None:
        for listener in self.listeners:
            listener.on_report(files)

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        for listener in self.listeners:
            listener.on_start(total_steps, done_steps, seconds_left)

    def on_step(self, step: int, loss: float) -> None:
        for listener in self.listeners:
            listener.on_step(step, loss)

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        for listener in self.listeners:
            listener.on_evaluation(row, is_best)

    def on_sample(self, sample: Sample) -> None:
        for listener in self.listeners:
            listener.on_sample(sample)

    def on_end(self) -> None:
        for listener in self.listeners:
            listener.on_end()

    def aside(self) -> Listener:
        return ListenerGroup([listener.aside() for listener in self.listeners])

    def should_stop(self) -> bool:
        return any(listener.should_stop() for listener in self.listeners)

    def should_end(self) -> bool:
        return any(listener.should_end() for listener in self.listeners)

"""What is told while a run goes on, and whoever wants to hear it."""

from __future__ import annotations

from collections.abc import Sequence

from textrnn.errors import Note


class Listener:
    """Told what happens in a run, and asked whether to go on; this one hears nothing and never objects."""

    def on_note(self, note: Note) -> None:
        """There is something to be told that stops nothing."""

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        """Training starts, or goes on after `done_steps`; either `total_steps` or `seconds_left` may be open."""

    def on_step(self, step: int, loss: float) -> None:
        """A step is done; `loss` is the latest that was read off the device."""

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        """What is held out was scored."""

    def on_end(self) -> None:
        """The training that :meth:`on_start` told of is over, in whatever way."""

    def should_stop(self) -> bool:
        """Asked after every step; True ends the training with its checkpoint safe."""
        return False


class ListenerGroup(Listener):
    """Several listeners that are told as one; training stops if any of them says so."""

    def __init__(self, listeners: Sequence[Listener]):
        self.listeners = listeners

    def on_note(self, note: Note) -> None:
        for listener in self.listeners:
            listener.on_note(note)

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        for listener in self.listeners:
            listener.on_start(total_steps, done_steps, seconds_left)

    def on_step(self, step: int, loss: float) -> None:
        for listener in self.listeners:
            listener.on_step(step, loss)

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        for listener in self.listeners:
            listener.on_evaluation(row, is_best)

    def on_end(self) -> None:
        for listener in self.listeners:
            listener.on_end()

    def should_stop(self) -> bool:
        return any(listener.should_stop() for listener in self.listeners)

"""What listeners are told by a training, in which order, and how several are told as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import kept, learn, short
from tests.factories import new_classifier as new_model
from textrnn.errors import Interrupted, Note, TrainingError
from textrnn.training.events import Listener, ListenerGroup


class _Writing(Listener):
    """Writes down what it is told."""

    def __init__(self, *, stop_after: int = 10**9, fail_after: int = 10**9):
        self.heard: list[str] = []
        self.stop_after, self.fail_after = stop_after, fail_after

    def on_note(self, note: Note) -> None:
        self.heard.append(f"note {note.kind}")

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        self.heard.append(f"start {total_steps} {done_steps} {seconds_left}")

    def on_step(self, step: int, loss: float) -> None:
        self.heard.append(f"step {step}")
        if step == self.fail_after:
            raise TrainingError("the listener has enough")

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.heard.append(f"evaluation {row['step']}")

    def on_end(self) -> None:
        self.heard.append("end")

    def should_stop(self) -> bool:
        return f"step {self.stop_after}" in self.heard


def test_a_whole_training() -> None:
    listener = _Writing()
    learn(new_model(), short(epochs=1, evaluate_every=5), listener=listener)
    steps = [f"step {step}" for step in range(1, 9)]
    assert listener.heard == ["start 8 0 None", *steps[:5], "evaluation 5", *steps[5:], "evaluation 8", "end"]


def test_one_that_is_resumed(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        learn(new_model(), short(epochs=1), checkpoint=kept(tmp_path / "c"), listener=_Writing(stop_after=6))
    listener = _Writing()
    learn(new_model(), short(epochs=1), checkpoint=kept(tmp_path / "c", resume=True), listener=listener)
    assert listener.heard == ["start 8 6 None", "step 7", "step 8", "evaluation 8", "end"]
    again = _Writing()
    learn(new_model(), short(epochs=1), checkpoint=kept(tmp_path / "c", resume=True), listener=again)
    assert again.heard == ["start 8 8 None", "end"]


def test_the_end_is_told_however_it_comes() -> None:
    for listener, error in ((_Writing(stop_after=3), Interrupted), (_Writing(fail_after=3), TrainingError)):
        with pytest.raises(error):
            learn(new_model(), short(), listener=listener)
        assert listener.heard == ["start 32 0 None", "step 1", "step 2", "step 3", "end"]


def test_several_hear_the_same_and_any_can_stop() -> None:
    listeners = [_Writing(), _Writing(stop_after=6), _Writing()]
    group = ListenerGroup(listeners)
    group.on_note(Note("replaced"))
    with pytest.raises(Interrupted, match="training was stopped; nothing was saved"):
        learn(new_model(), short(), listener=group)
    assert listeners[0].heard == listeners[1].heard == listeners[2].heard
    assert listeners[0].heard[0] == "note replaced"
    assert listeners[0].heard[-2:] == ["step 6", "end"]


def test_nobody_to_tell() -> None:
    assert not ListenerGroup([]).should_stop()
    assert not Listener().should_stop()

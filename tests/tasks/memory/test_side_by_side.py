"""Squares learnt by several processes are those that one learns; Ctrl-C stops them all."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest

from textrnn.errors import Interrupted
from textrnn.evaluation.suite import Square
from textrnn.tasks.memory.side_by_side import squares
from textrnn.tasks.memory.squares import Asked
from textrnn.training.events import Listener

NAMED: dict[str, Any] = {
    "seed": 0, "variants": 3, "batch_size": 32, "embedding_size": 6, "hidden_size": 8, "embedding_dropout": 0.0,
    "epochs": 2,
}  # fmt: skip


def asked(problem: str, cell: str, **named: Any) -> Asked:
    return Asked(problem, cell, 6, {**NAMED, **named})


def figures(found: Square) -> tuple[Any, ...]:
    return found.problem, found.cell, [dataclasses.replace(one, seconds=0.0) for one in found.tried]


class Impatient(Listener):
    """Asks to stop from some time on."""

    patient = True

    def should_stop(self) -> bool:
        return not self.patient


def test_processes_change_nothing_and_stop() -> None:
    wanted = [asked("majority", "minGRU"), asked("majority", "minGRU:2")]
    alone = {one.cell: figures(one) for one in squares(wanted, 1, Listener())}
    assert set(alone) == {"minGRU", "minGRU:2"}
    listener, found = Impatient(), {}
    learning = squares([*wanted, asked("copy", "SRN", epochs=5000)], 2, listener)
    for one in itertools.islice(learning, 2):
        found[one.cell] = figures(one)
    assert found == alone
    listener.patient = False
    with pytest.raises(Interrupted):
        next(learning)

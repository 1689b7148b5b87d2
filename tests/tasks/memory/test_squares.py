"""One square of the suite: the rates that are tried, when they end, and the size of the state."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from tests.tasks.memory.test_side_by_side import asked
from textrnn.errors import Interrupted
from textrnn.evaluation.suite import Square, Tried
from textrnn.tasks.memory import squares
from textrnn.tasks.memory.registry import all_experiments
from textrnn.tasks.memory.squares import RATES, learn_square, sizes


def without_seconds(square: Square) -> list[Tried]:
    return [dataclasses.replace(one, seconds=0.0) for one in square.tried]


def test_a_rate_that_solves_it_is_the_last_and_the_same_seed_gives_the_same() -> None:
    one, again = (learn_square(asked("parity", "SRN", hidden_size=16, epochs=10)) for _ in range(2))
    *before, last = one.tried
    assert last.ended == "solved"
    assert last is one.best
    assert last.test > 0.99
    assert last.longer > 0.98
    assert all(rate.ended != "solved" for rate in before)
    assert [rate.learning_rate for rate in one.tried] == list(RATES[: len(one.tried)])
    assert without_seconds(one) == without_seconds(again)
    other = learn_square(asked("parity", "SRN", hidden_size=16, epochs=10, seed=1))
    assert without_seconds(one) != without_seconds(other)
    assert (one.length, one.longer_length, one.hidden_size, one.state_numbers) == (6, 24, 16, 16)


def test_what_does_not_move_ends_half_way() -> None:
    found = learn_square(asked("copy", "SRN", hidden_size=1, epochs=10))
    assert len(found.tried) == len(RATES)
    slow = found.tried[RATES.index(0.003)]
    assert slow.ended in ("no progress", "behind")
    assert 75 <= slow.steps <= 90  # of ten times fifteen
    assert {one.ended for one in found.tried} <= {"all steps", "no progress", "behind"}


def test_a_network_that_diverges_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squares, "RATES", (1e30,))
    found = learn_square(asked("majority", "SRN", schedule="constant", clip_norm=0.0))
    assert found.best.ended == "diverged"
    assert (found.best.test, found.best.longer, found.best.dev_loss) == (0.5, 0.5, math.inf)


def test_it_stops_when_asked() -> None:
    with pytest.raises(Interrupted):
        learn_square(asked("parity", "SRN"), lambda: True)


def test_every_cell_has_the_same_bytes_where_recall_says_so() -> None:
    def size(cell: str, problem: str = "recall", **named: Any) -> tuple[int, int]:
        return sizes(asked(problem, cell, hidden_size=64, **named))

    cells = all_experiments()["suite"].every_cell
    matrices = {cell: size(cell) for cell in cells if cell[:3] in ("mLS", "Gat")}
    assert {hidden for hidden, _ in matrices.values()} == {32}
    most = max(numbers for _, numbers in matrices.values())
    assert most == 4 * 8 * 8 + 3 * 3 * 32  # a matrix for each head, and the inputs that the convolution keeps
    assert len(matrices) == 3
    for cell in set(cells) - set(matrices):
        numbers = size(cell)[1]
        assert most <= numbers < most * 1.02
        assert size(cell, "parity")[0] == 64
    assert size("minGRU:3") == (182, 546)
    assert size("LSTM") == (272, 544)

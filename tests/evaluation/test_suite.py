"""The learning rate that counts, and squares as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.evaluation.suite import Square, Tried, best_of
from textrnn.files import json_bytes

shares = st.integers(0, 256).map(lambda right: right / 256)
tries = st.builds(
    Tried, st.sampled_from([0.1, 0.01, 0.001]), st.integers(1, 1000), st.sampled_from(["all steps", "behind"]),
    st.floats(0, 5), shares, shares, shares, shares, shares, shares, st.floats(0, 100),
)  # fmt: skip


def tried(**changes: Any) -> Tried:
    usual = Tried(0.01, 100, "all steps", 0.5, 0.9, 0.6, 0.9, 0.9, 0.6, 0.6, 2.0)
    return dataclasses.replace(usual, **changes)


def square(*tries: Tried, **changes: Any) -> Square:
    return dataclasses.replace(Square("parity", "LSTM", 24, 96, 64, 128, list(tries)), **changes)


@given(st.lists(tries, min_size=1, max_size=5))
def test_both_lengths_count_alike_and_the_test_not_at_all(found: list[Tried]) -> None:
    best = best_of(found)
    for one in found:
        assert one.dev + one.dev_longer <= best.dev + best.dev_longer + 1e-5
    unseen = [dataclasses.replace(one, test=0.0, longer=0.0) for one in found]
    assert best_of(unseen) == unseen[found.index(best)]


def test_what_is_equal_is_decided_by_the_loss_on_dev() -> None:
    worse, better = tried(dev_loss=0.4, test=1.0), tried(dev_loss=0.3, test=0.1)
    assert best_of([worse, better]) is better
    diverged = tried(dev_loss=math.inf, ended="diverged")
    assert best_of([diverged, worse]) is worse
    assert square(worse, better, diverged).best is better
    assert square(worse, better).seconds == 4.0


@given(st.lists(tries, min_size=1, max_size=5))
def test_squares_as_json_and_back(found: list[Tried]) -> None:
    before = square(*found, tried(dev_loss=math.inf, ended="diverged"))
    assert Square.from_dict(json.loads(json_bytes(before.to_dict()))) == before


@pytest.mark.parametrize(
    "change",
    [
        {"tried": []}, {"tried": None}, {"tried": [{"dev_loss": 1}]}, {"more": 1},
        {"tried": [{**dataclasses.asdict(tried()), "test": 1.5}]},
        {"tried": [{**dataclasses.asdict(tried()), "ended": "well"}]},
    ],
)  # fmt: skip
def test_what_is_no_square(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no square|do not fit together"):
        Square.from_dict({**square(tried()).to_dict(), **change})

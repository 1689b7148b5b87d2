"""The pace of a training by a clock that is set by hand."""

from __future__ import annotations

import pytest

from textrnn.config import FitConfig
from textrnn.training.pacing import (
    FIRST_SAMPLE,
    TRAINING_PER_CHECKPOINT,
    TRAINING_PER_EVALUATION,
    TRAINING_PER_SAMPLE,
    Pacer,
)


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0  # clocks do not begin at zero

    def __call__(self) -> float:
        return self.now


def begin(budget: float | None, total_steps: int | None = None, before: float = 0.0) -> tuple[Pacer, _Clock]:
    clock = _Clock()
    return Pacer(FitConfig(budget=budget), total_steps, clock, before), clock


def test_without_a_budget_only_steps_count() -> None:
    pacer, clock = begin(None, 8)
    clock.now += 1e6
    assert [pacer.progress(step) for step in (0, 2, 8)] == [0.0, 0.25, 1.0]
    pacer.note_evaluation(1e5)
    assert pacer.has_time_to_evaluate
    assert not pacer.time_is_up


def test_a_budget_is_spent_but_for_the_last_evaluation() -> None:
    pacer, clock = begin(10.0)
    pacer.expect_evaluation(2.0)
    assert pacer.progress(99) == 0.0
    clock.now += 4.0
    assert pacer.progress(99) == 0.5
    clock.now += 3.9
    assert not pacer.time_is_up
    clock.now += 0.1
    assert pacer.time_is_up
    clock.now += 5.0
    assert pacer.progress(99) == 1.0


def test_training_gets_half_of_a_budget_that_an_evaluation_would_use_up() -> None:
    pacer, clock = begin(10.0)
    pacer.expect_evaluation(60.0)
    clock.now += 4.9
    assert not pacer.time_is_up
    clock.now += 0.1
    assert pacer.time_is_up


def test_steps_or_time_whichever_is_further() -> None:
    pacer, clock = begin(10.0, 100)
    clock.now += 2.5
    assert [pacer.progress(step) for step in (10, 60)] == [0.25, 0.6]


def test_evaluations_take_no_large_part_of_a_budget() -> None:
    pacer, clock = begin(100.0)
    pacer.expect_evaluation(1.0)
    assert not pacer.has_time_to_evaluate
    clock.now += TRAINING_PER_EVALUATION
    assert pacer.has_time_to_evaluate
    clock.now += 3.0
    pacer.note_evaluation(3.0)  # it took longer than expected
    clock.now += 3 * TRAINING_PER_EVALUATION - 0.1
    assert not pacer.has_time_to_evaluate
    clock.now += 0.1
    assert pacer.has_time_to_evaluate


def test_no_evaluation_eats_into_the_time_of_the_last_one() -> None:
    pacer, clock = begin(100.0)
    pacer.expect_evaluation(2.0)
    clock.now += 96.0
    assert pacer.has_time_to_evaluate
    clock.now += 0.1
    assert not pacer.has_time_to_evaluate


def test_checkpoints_take_no_large_part_of_the_time() -> None:
    pacer, clock = begin(None, 8)
    assert pacer.checkpoint_is_due  # nobody knows yet what one costs
    clock.now += 0.5
    pacer.note_checkpoint(0.5)
    assert not pacer.checkpoint_is_due
    clock.now += 0.5 * TRAINING_PER_CHECKPOINT - 0.01
    assert not pacer.checkpoint_is_due
    clock.now += 0.01
    assert pacer.checkpoint_is_due


def test_a_checkpoint_belongs_to_what_an_evaluation_costs() -> None:
    pacer, clock = begin(100.0)
    pacer.note_evaluation(1.0)
    pacer.note_checkpoint(3.0)
    clock.now += 4 * TRAINING_PER_EVALUATION - 0.1
    assert not pacer.has_time_to_evaluate
    clock.now += 0.1
    assert pacer.has_time_to_evaluate
    clock.now = 1095.9
    assert not pacer.time_is_up
    clock.now = 1096.0
    assert pacer.time_is_up


def test_a_run_that_goes_on_has_spent_its_time() -> None:
    pacer, clock = begin(10.0, before=6.0)
    assert pacer.seconds == pytest.approx(6.0)
    assert pacer.progress(0) == pytest.approx(0.6)
    pacer.expect_evaluation(0.1)
    assert not pacer.has_time_to_evaluate  # it has only just gone on
    clock.now += 4.0
    assert pacer.time_is_up
    assert pacer.seconds == pytest.approx(10.0)


def test_no_step_begins_that_would_end_beyond_the_budget() -> None:
    pacer, clock = begin(10.0)
    pacer.expect_evaluation(1.0)
    clock.now += 1.0
    pacer.note_step(1.0)
    clock.now += 6.9
    assert not pacer.time_is_up
    clock.now += 0.1
    assert pacer.time_is_up


def test_one_slow_step_counts_little() -> None:
    pacer, clock = begin(10.0)
    for seconds in (1.0, 1.0, 2.0):
        pacer.note_step(seconds)
    clock.now += 8.85
    assert not pacer.time_is_up
    clock.now += 0.1
    assert pacer.time_is_up


def test_a_checkpoint_is_expected_until_one_is_written() -> None:
    pacer, clock = begin(10.0)
    pacer.expect_checkpoint(3.0)
    assert pacer.checkpoint_is_due
    clock.now += 7.0
    assert pacer.time_is_up
    pacer.note_checkpoint(1.0)
    assert not pacer.time_is_up


def test_samples_come_soon_and_take_no_large_part_of_the_time() -> None:
    pacer, clock = begin(None, 8)
    clock.now += FIRST_SAMPLE - 0.1
    assert not pacer.sample_is_due(at_evaluation=True)
    clock.now += 0.1
    assert pacer.sample_is_due(at_evaluation=False)
    clock.now += 0.5
    pacer.note_sample(0.5)
    clock.now += 0.5 * TRAINING_PER_SAMPLE - 0.1
    assert not pacer.sample_is_due(at_evaluation=True)
    clock.now += 0.1
    assert pacer.sample_is_due(at_evaluation=True)
    assert not pacer.sample_is_due(at_evaluation=False)


def test_no_sample_eats_into_the_time_of_the_last_evaluation() -> None:
    pacer, clock = begin(100.0)
    pacer.note_sample(0.5)
    clock.now += 99.6
    assert not pacer.sample_is_due(at_evaluation=True)

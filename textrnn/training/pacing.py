"""Decisions that depend on the clock while a model is trained."""

from __future__ import annotations

import math
from collections.abc import Callable

from textrnn.config import FitConfig

TRAINING_PER_EVALUATION = 5  # seconds of training that follow each second of evaluation, where there is a budget
TRAINING_PER_CHECKPOINT = 10  # seconds that follow each second of writing a checkpoint, at least
FIRST_SAMPLE = 3.0  # seconds of training before the first sample
STEP_SHARE = 0.1  # what the latest step counts in the mean of the steps before it
TRAINING_PER_SAMPLE = 100  # seconds that follow each second of making a sample, at least


class Pacer:
    """Tells the progress of a training, whether there is time for an evaluation or a checkpoint, and when time is up.

    A budget includes the last evaluation and checkpoint, and the step that would run beyond it is not begun; however
    long the former take, training gets half of the budget.

    Args:
        total_steps: of all epochs, or None where the budget alone ends the training.
        clock: returns the time in seconds.
        seconds_before: already spent, by a run that is resumed.
    """

    def __init__(
        self,
        config: FitConfig,
        total_steps: int | None,
        clock: Callable[[], float],
        seconds_before: float = 0.0,
    ):
        self.total_steps, self.clock = total_steps, clock
        self.budget = math.inf if config.budget is None else config.budget
        self._begun = clock() - seconds_before
        self._interrupted = self._saved = seconds_before  # when training last went on after an evaluation, a checkpoint
        self._evaluation_seconds = self._checkpoint_seconds = 0.0  # that the latest took
        self._expected_checkpoint = 0.0  # until there is a latest one
        self._step_seconds = 0.0  # of the latest steps, a mean
        self._sampled, self._sample_seconds = seconds_before, 0.0

    @property
    def seconds(self) -> float:
        """Since the training began, pauses between a stop and a resumption left out."""
        return self.clock() - self._begun

    @property
    def _interruption_seconds(self) -> float:
        return self._evaluation_seconds + (self._checkpoint_seconds or self._expected_checkpoint)

    @property
    def _deadline(self) -> float:
        """When training must end, so that the last evaluation is in time; no step may end later."""
        return max(self.budget - self._interruption_seconds - self._step_seconds, self.budget / 2)

    def progress(self, step: int) -> float:
        """The share of the training that is done after `step` steps, 0 to 1: of the steps or of the time."""
        return min(1.0, max(step / self.total_steps if self.total_steps else 0.0, self.seconds / self._deadline))

    @property
    def time_is_up(self) -> bool:
        """Whether to end now, so that the last evaluation is still within the budget."""
        return self.seconds >= self._deadline

    @property
    def has_time_to_evaluate(self) -> bool:
        """Whether an evaluation takes no large part of the budget and leaves time for the last one."""
        seconds, cost = self.seconds, self._interruption_seconds
        return math.isinf(self.budget) or (
            self.budget - seconds >= 2 * cost and seconds - self._interrupted >= TRAINING_PER_EVALUATION * cost
        )

    @property
    def checkpoint_is_due(self) -> bool:
        """Whether the last checkpoint is so long ago that writing takes no large part of the time."""
        return self.seconds - self._saved >= TRAINING_PER_CHECKPOINT * self._checkpoint_seconds

    def sample_is_due(self, *, at_evaluation: bool) -> bool:
        """Whether a sample takes no large part of the time: the first soon, others with the evaluations."""
        seconds = self.seconds
        if self._sample_seconds == 0.0:
            return seconds >= FIRST_SAMPLE
        is_long_ago = seconds - self._sampled >= TRAINING_PER_SAMPLE * self._sample_seconds
        return at_evaluation and is_long_ago and seconds + self._sample_seconds < self._deadline

    def expect_evaluation(self, seconds: float) -> None:
        """Estimate of the time of an evaluation, before the first one."""
        self._evaluation_seconds = seconds

    def expect_checkpoint(self, seconds: float) -> None:
        """Estimate of the time of a checkpoint, before the first one."""
        self._expected_checkpoint = seconds

    def note_step(self, seconds: float) -> None:
        """A step has ended that took so many seconds."""
        self._step_seconds += (seconds - self._step_seconds) * (STEP_SHARE if self._step_seconds else 1.0)

    def note_sample(self, seconds: float) -> None:
        """A sample has ended that took so many seconds."""
        self._sample_seconds, self._sampled = max(seconds, 1e-9), self.seconds

    def note_evaluation(self, seconds: float) -> None:
        """An evaluation has ended that took so many seconds."""
        self._evaluation_seconds, self._interrupted = seconds, self.seconds

    def note_checkpoint(self, seconds: float) -> None:
        """A checkpoint was written, which took so many seconds."""
        self._checkpoint_seconds, self._saved = seconds, self.seconds
        self._interrupted = self._saved

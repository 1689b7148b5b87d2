"""Ctrl-C while an estimator learns: what it has learnt so far is kept."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
import warnings
from types import FrameType
from typing import Any

from textrnn.training.events import Listener
from textrnn.training.history import History

TWICE = 3.0  # seconds within which a second Ctrl-C stops everything, a search over many fits among it
_latest = -TWICE  # when Ctrl-C last ended a training here


class KeepingTheBest(Listener):
    """While something is trained, Ctrl-C ends the training with the best weights so far.

    Before the first evaluation, and pressed twice, it does what it did before: it raises KeyboardInterrupt. Only in the
    main thread of the main process, where Python delivers it and where somebody sees the warning.
    """

    def __init__(self) -> None:
        self.asked = self.evaluated = False
        self.before: Any = None  # what handled Ctrl-C before, where this does now

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        is_main = multiprocessing.current_process().name == "MainProcess"
        if (
            is_main
            and threading.current_thread() is threading.main_thread()
            and callable(signal.getsignal(signal.SIGINT))
        ):
            self.before = signal.signal(signal.SIGINT, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        global _latest
        twice, _latest = time.monotonic() - _latest < TWICE, time.monotonic()
        if self.evaluated and not twice:
            self.asked = True
        else:
            self.before(number, frame)

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.evaluated = True

    def on_end(self) -> None:
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)
            self.before = None

    def should_end(self) -> bool:
        return self.asked

    def warn(self, history: History, *, stacklevel: int = 3) -> None:
        """Say what was kept, where something was cut short.

        Args:
            stacklevel: that of the caller's line, as :func:`warnings.warn` counts.
        """
        if self.asked:
            warnings.warn(
                f"interrupted after {len(history.learning_rate):,} steps; the best weights so far are kept, those of "
                f"step {history.best_step:,} (Ctrl-C twice stops everything)",
                stacklevel=stacklevel,
            )

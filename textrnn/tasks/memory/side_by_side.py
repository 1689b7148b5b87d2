"""Squares of the suite, learnt by several processes at once, each as soon as it is done.

Processes are spawned, as on every system, and are never told of Ctrl-C: this one is, and asks them to stop after the
step at hand.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from textrnn.errors import Interrupted, WorkerError
from textrnn.evaluation.suite import Square
from textrnn.tasks.memory.squares import Asked, learn_square
from textrnn.tasks.workers import interrupts_later
from textrnn.training.events import Listener

LOOK_EVERY = 0.2  # seconds between two questions whether to stop

_stop: Any = None  # of a process that was spawned: an event


def usable_processors() -> int:
    """That this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def squares(asked: Sequence[Asked], processes: int, listener: Listener) -> Iterator[Square]:
    """Learn them all.

    Args:
        processes: 1: this one.
        listener: asked whether to stop.

    Raises:
        Interrupted: if the listener asked to stop.
        WorkerError: if a process ends before its work does.
    """
    if min(processes, len(asked)) > 1:
        yield from _by_processes(asked, min(processes, len(asked)), listener)
        return
    for one in asked:
        yield learn_square(one, listener.should_stop)


def _by_processes(asked: Sequence[Asked], processes: int, listener: Listener) -> Iterator[Square]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_start, initargs=(stop,))
    try:
        with interrupts_later():
            waiting: set[Future[Square | None]] = {pool.submit(_learn, one) for one in asked}
        while waiting:
            done, waiting = wait(waiting, LOOK_EVERY, FIRST_COMPLETED)
            for future in done:
                if (square := future.result()) is not None:
                    yield square
            if waiting and listener.should_stop():
                raise Interrupted("stopped")
    except BrokenProcessPool as error:
        raise WorkerError(
            f"`processes` {processes}: one of them has ended before its work was done, as happens where memory is "
            "short or a script starts them outside of `if __name__ == '__main__':`; expected all of them to the end: "
            "use `processes=1`"
        ) from error
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _start(stop: Any) -> None:
    import torch

    global _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    _stop = stop


def _learn(asked: Asked) -> Square | None:
    """A square; None where it was asked to stop."""
    try:
        return learn_square(asked, _stop.is_set)
    except Interrupted:
        return None

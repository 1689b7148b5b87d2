"""How many threads compute: as many as are quickest at the moment, found by trying.

The threads of a layer wait for each other, by spinning. Where another program takes the core of one of them, all the
others wait with it: on two cores beside one busy process, two threads may take twenty times as long as one. Nothing
tells beforehand, so the time of the work itself decides.

The numbers do not depend on it, as far as the libraries below allow: layers whose sums would be cut in other places are
built otherwise (see :mod:`textrnn.models.parts.layers`), and MKL is asked for sums that are cut in the same places.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self, TypeVar

import torch

os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")  # read by MKL when it first multiplies; costs nothing measurable

Item = TypeVar("Item")

TRIAL_SECONDS, TRIAL_PIECES = 0.1, 4  # that each number of threads is tried for, at least
HOPELESS = 3.0  # times slower than another number: one piece is enough to give up
WORSE = 1.5  # times slower: three pieces are
GAIN = 1.03  # times quicker, at least, for another number to be taken
PER_LOST_SECOND = 200.0  # seconds without a trial, for each that the last one cost
SHORTEST_PEACE, LONGEST_PEACE = 2.0, 20.0  # seconds between two trials
WATCHED_SECONDS, WATCHED_PIECES = 0.25, 4  # after which the speed is compared with that of the trial
SLOWED = 1.3  # times slower than in the trial: time for another one


@contextlib.contextmanager
def thread_count(count: int) -> Iterator[None]:
    """So many threads for the layers that are computed meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def counts_to_try(most: int) -> list[int]:
    """Numbers of threads, falling: all, one less, and powers of two (6: 6, 5, 4, 2, 1)."""
    powers = {1 << power for power in range(most.bit_length())}
    return sorted({most, max(1, most - 1)} | powers, reverse=True)


@dataclass
class Speed:
    """What pieces of work took.

    Attributes:
        work: in whatever unit, the same for all pieces (tokens, say)
    """

    seconds: float = 0.0
    work: float = 0.0
    pieces: int = 0

    def add(self, seconds: float, work: float) -> None:
        """One more piece."""
        self.seconds, self.work, self.pieces = self.seconds + seconds, self.work + work, self.pieces + 1

    @property
    def rate(self) -> float:
        """Seconds a unit of work."""
        return self.seconds / self.work if self.work else 0.0


@dataclass
class Piece:
    """A piece of work under way.

    Attributes:
        count: the threads that do it
        work: how much it is, in any unit
    """

    count: int
    work: float = 1.0


class Threads:
    """Sets the number of threads for one kind of work that comes in many pieces, and measures what each takes.

    Args:
        count: always so many; None: as many as are quickest, tried at the beginning, now and then, and when the work
            becomes slower.
        most: to try; by default as many as torch would use.
        clock: returns the time in seconds.
    """

    def __init__(
        self, count: int | None = None, *, most: int | None = None, clock: Callable[[], float] = time.perf_counter
    ):
        most = most or torch.get_num_threads()
        self.counts = [count] if count else counts_to_try(most)
        self.count, self.clock = self.counts[0], clock
        self._trial: dict[int, Speed] | None = None  # None: no trial is under way
        self._reference = 0.0  # seconds a unit of work that are to be expected
        self._watched = Speed()
        self._peace = 0.0  # seconds of work until the next trial
        self._first = list(self.counts) if len(self.counts) > 1 else []  # numbers whose first piece is still to come
        if len(self.counts) > 1:
            self._begin_trial(self.counts)

    @property
    def most(self) -> int:
        """The largest number of threads that may be taken."""
        return self.counts[0]

    @classmethod
    def on(cls, device: torch.device, count: int | None = None) -> Self:
        """For work on a device; beside a GPU, the number of threads is not tried."""
        return cls(count or (None if device.type == "cpu" else torch.get_num_threads()))

    @contextlib.contextmanager
    def piece(self, work: float = 1.0) -> Iterator[Piece]:
        """One piece of the work. How much it is may be set on the piece later, while it is done."""
        is_first = bool(self._first)  # slow with any number, because kernels are prepared and threads started
        piece = Piece(self._first.pop() if is_first else self._next(), work)
        with thread_count(piece.count):
            started = self.clock()
            yield piece
            seconds = self.clock() - started
        if len(self.counts) > 1 and not is_first:
            self._note(piece.count, seconds, max(piece.work, 1.0))

    def over(self, items: Iterable[Item], work: Callable[[Item], float]) -> Iterator[Item]:
        """The items; what is done with each before the next is asked for counts as a piece."""
        for item in items:
            with self.piece(work(item)):
                yield item

    def _next(self) -> int:
        """In a trial the number that has done least, so that all are tried on the same mix of pieces."""
        trial = self._trial
        return min(trial, key=lambda count: trial[count].work) if trial else self.count

    def _note(self, count: int, seconds: float, work: float) -> None:
        trial = self._trial
        if trial is None:
            self._watch(seconds, work)
        elif count in trial:
            trial[count].add(seconds, work)
            self._judge(trial)

    def _begin_trial(self, counts: Iterable[int]) -> None:
        self._trial, self._lost = {count: Speed() for count in counts}, 0.0

    def _judge(self, trial: dict[int, Speed]) -> None:
        """Leave out what is clearly slower; end the trial when enough is known of the others."""
        begun = {count: speed for count, speed in trial.items() if speed.pieces}
        best = min(begun, key=lambda count: begun[count].rate)
        for count, speed in begun.items():
            slower = speed.rate / trial[best].rate if trial[best].rate else 1.0
            if slower > HOPELESS or (slower > WORSE and speed.pieces >= 3):
                del trial[count]
                self._lost += speed.seconds - speed.work * begun[best].rate
        if len(trial) > 1 and any(s.pieces < TRIAL_PIECES or s.seconds < TRIAL_SECONDS for s in trial.values()):
            return
        if self.count in trial and trial[self.count].rate < GAIN * trial[best].rate:
            best = self.count
        self._lost += sum(speed.seconds - speed.work * trial[best].rate for speed in trial.values())
        self.count, self._reference, self._trial = best, trial[best].rate, None
        self._peace = min(LONGEST_PEACE, max(SHORTEST_PEACE, PER_LOST_SECOND * self._lost))
        self._watched = Speed()

    def _watch(self, seconds: float, work: float) -> None:
        """Between two trials."""
        self._peace -= seconds
        self._watched.add(seconds, work)
        if self._watched.seconds >= WATCHED_SECONDS and self._watched.pieces >= WATCHED_PIECES:
            slowed = self._watched.rate > SLOWED * self._reference
            self._reference = max(self._reference, self._watched.rate)
            self._watched = Speed()
            if slowed:
                self._peace = 0.0
        if self._peace <= 0.0:
            at = self.counts.index(self.count)
            self._begin_trial(self.counts[max(0, at - 1) : at + 2])

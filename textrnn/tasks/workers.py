"""Answers from several threads of this process, or from several processes with one thread each; in the texts' order.

Threads that each answer texts of their own do not wait for each other, as those that share a layer do, and meanwhile
this one reads and writes. Other processes are spawned, as on every system: each loads the model from its folder. This
one reads and writes, and answers where all others are busy.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from textrnn.errors import WorkerError
from textrnn.saved.answers import Answers, answer
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.training.threads import Threads

Item = TypeVar("Item")
AHEAD = 2  # items under way for each other process
MOST_WAITING = 8  # items for each process, answered or not

Found = tuple[Any, Any, Any, Any]  # labels, probabilities, what is unusual and what is taken, as Answers has them
Result = TypeVar("Result")

_classifier: Classifier | None = None  # of a process that was spawned
_top_k = 1


def _start(folder: str, device: str, top_k: int) -> None:
    import torch

    global _classifier, _top_k
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that reads and writes ends this one
    torch.set_num_threads(1)
    _classifier, _top_k = load_classifier(Path(folder), device), top_k
    _classifier.threads = Threads(1)


def _answer(texts: list[str]) -> Found:
    assert _classifier is not None
    found = answer(_classifier, texts, top_k=_top_k)
    return found.labels, found.probabilities, found.unusual, found.taken


def in_order(
    items: Iterable[tuple[Item, list[str]]],
    begin: Callable[[list[str], Iterable[tuple[Item, Future[Result]]]], Future[Result]],
    most: int,
) -> Iterator[tuple[Item, Result]]:
    """What comes of each item, in their order.

    Args:
        begin: has the texts of an item answered; told of the items before that have not been taken yet.
        most: items asked for ahead, answered or not.
    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    for item, texts in items:
        waiting.append((item, begin(texts, waiting)))
        while waiting and (waiting[0][1].done() or len(waiting) > most):
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()


def answers_by_threads(
    classifier: Classifier, items: Iterable[tuple[Item, list[str]]], count: int, top_k: int
) -> Iterator[tuple[Item, Answers]]:
    """Answers to the texts of each item, in their order, by so many threads beside this one."""
    import torch

    usual, before = torch.get_num_threads(), classifier.threads
    classifier.threads = Threads(1)
    pool = ThreadPoolExecutor(count, "answers", torch.set_num_threads, (1,))
    try:
        yield from in_order(items, lambda texts, _: pool.submit(answer, classifier, texts, top_k=top_k), AHEAD * count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        classifier.threads = before
        torch.set_num_threads(usual)  # the latest call decides what threads to come begin with


@dataclass
class Workers:
    """Processes that answer.

    Attributes:
        classifier: in this process
        folder: where the same is saved
        count: of processes, this one among them; 2 at least
        top_k: classes of each answer
    """

    classifier: Classifier
    folder: Path
    count: int
    top_k: int

    def answers(self, items: Iterable[tuple[Item, list[str]]]) -> Iterator[tuple[Item, Answers]]:
        """Answers to the texts of each item, in their order; some items are asked for ahead.

        Raises:
            WorkerError: if a process ends before its work does.
        """
        device = str(next(self.classifier.network.parameters()).device)
        pool = ProcessPoolExecutor(
            self.count - 1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(str(self.folder), device, self.top_k),
        )
        threads, self.classifier.threads = self.classifier.threads, Threads(1)
        pad_size: Any = self.classifier.settings.data.pad_size
        try:
            with interrupts_later():
                for _ in range(self.count - 1):
                    pool.submit(_ready)  # starts one each, as long as none of them is ready
            begin = partial(self._begun, pool)
            for item, (labels, shares, unusual, taken) in in_order(items, begin, MOST_WAITING * self.count):
                yield item, Answers(self.classifier.class_names, labels, shares, unusual, pad_size, taken)
        except BrokenProcessPool as error:
            raise WorkerError(
                f"`processes` {self.count}: one of them has ended before its work was done, as happens where memory is "
                "short; expected all of them to the end: use fewer"
            ) from error
        finally:
            self.classifier.threads = threads
            pool.shutdown(wait=True, cancel_futures=True)

    def _begun(
        self, pool: ProcessPoolExecutor, texts: list[str], waiting: Iterable[tuple[Item, Future[Found]]]
    ) -> Future[Found]:
        """Answers that are under way in another process; where all have enough to do, those of this one."""
        if sum(not future.done() for _, future in waiting) < AHEAD * (self.count - 1):
            return pool.submit(_answer, texts)
        found, own = answer(self.classifier, texts, top_k=self.top_k), Future[Found]()
        own.set_result((found.labels, found.probabilities, found.unusual, found.taken))
        return own


def _ready() -> None:
    """Nothing to do."""


@contextlib.contextmanager
def interrupts_later() -> Iterator[None]:
    """Processes that are started meanwhile are never told of Ctrl-C, not even while they import; this one is told when
    they are started."""
    if sys.platform == "win32":
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which a process begins with
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

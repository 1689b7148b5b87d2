"""Answers from several processes with one thread each, this one among them; in the order of the texts.

The others are spawned, as on every system: each loads the model from its folder. This one reads and writes, and answers
where all others are busy.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from textrnn.errors import WorkerError
from textrnn.saved.answers import Answers, answer
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.training.threads import Threads

Item = TypeVar("Item")
AHEAD = 2  # items under way for each other process
MOST_WAITING = 8  # items for each process, answered or not

Found = tuple[Any, Any, Any]  # labels, probabilities and what is unusual, as Answers has them

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
    return found.labels, found.probabilities, found.unusual


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
        waiting: deque[tuple[Item, Future[Found]]] = deque()
        try:
            with _interrupts_ignored():
                pool.submit(_ready)  # starts them
            for item, texts in items:
                waiting.append((item, self._begun(pool, texts, waiting)))
                while waiting and (waiting[0][1].done() or len(waiting) > MOST_WAITING * self.count):
                    yield self._taken(*waiting.popleft())
            while waiting:
                yield self._taken(*waiting.popleft())
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
        own.set_result((found.labels, found.probabilities, found.unusual))
        return own

    def _taken(self, item: Item, future: Future[Found]) -> tuple[Item, Answers]:
        labels, shares, unusual = future.result()
        pad_size: Any = self.classifier.settings.data.pad_size
        return item, Answers(self.classifier.class_names, labels, shares, unusual, pad_size)


def _ready() -> None:
    """Nothing to do."""


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """So that processes which are started meanwhile are not told of Ctrl-C while they import."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread, where it cannot be set
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

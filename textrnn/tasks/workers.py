"""Answers from several processes, each with the model and one thread; in the order of the texts.

Processes are spawned, as on every system: each loads the model from its folder.
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
AHEAD = 2  # blocks that wait, for each process

_classifier: Classifier | None = None  # of a worker


def _start(folder: str, device: str, top_k: int) -> None:
    import torch

    global _classifier, _top_k
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that reads and writes ends this one
    torch.set_num_threads(1)
    _classifier, _top_k = load_classifier(Path(folder), device), top_k
    _classifier.threads = Threads(1)


_top_k = 1


def _answer(texts: list[str]) -> tuple[Any, Any, Any]:
    assert _classifier is not None
    found = answer(_classifier, texts, top_k=_top_k)
    return found.labels, found.probabilities, found.unusual


@dataclass
class Workers:
    """Processes that answer.

    Attributes:
        folder: of the model
        classifier: the same model, in this process
    """

    classifier: Classifier
    folder: Path
    count: int
    top_k: int

    def answers(self, items: Iterable[tuple[Item, list[str]]]) -> Iterator[tuple[Item, Answers]]:
        """Answers to the texts of each item, in their order; a few items are asked for ahead.

        Raises:
            WorkerError: if a process ends before its work does.
        """
        device = str(next(self.classifier.network.parameters()).device)
        pool = ProcessPoolExecutor(
            self.count,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(str(self.folder), device, self.top_k),
        )
        waiting: deque[tuple[Item, Future[tuple[Any, Any, Any]]]] = deque()
        try:
            for item, texts in items:
                with _interrupts_ignored() if not waiting else contextlib.nullcontext():
                    waiting.append((item, pool.submit(_answer, texts)))
                if len(waiting) > AHEAD * self.count:
                    yield self._taken(*waiting.popleft())
            while waiting:
                yield self._taken(*waiting.popleft())
        except BrokenProcessPool as error:
            raise WorkerError(
                f"`processes` {self.count}: one of them has ended before its work was done, as happens where the "
                "memory is short; expected all of them to the end: use fewer"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _taken(self, item: Item, future: Future[tuple[Any, Any, Any]]) -> tuple[Item, Answers]:
        labels, shares, unusual = future.result()
        pad_size: Any = self.classifier.settings.data.pad_size
        return item, Answers(self.classifier.class_names, labels, shares, unusual, pad_size)


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

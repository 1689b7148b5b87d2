"""Texts of many requests, classified together.

While a batch is computed by a thread, what comes in waits and is the next batch. Where nothing goes on, nothing waits;
and where the last batch was of many requests, whose clients are likely to ask again, the next one waits for as many,
for two milliseconds at most.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import Classifier
from textrnn.serve.http import ClientGone, Request, RequestError, busy, json_line
from textrnn.serve.limits import Limits
from textrnn.serve.metrics import Metrics
from textrnn.serve.shelf import Loaded
from textrnn.tasks.answers import Prediction, predict

RECENT_SECONDS = 0.05  # after a batch: who has asked then may ask again


@dataclass(slots=True, eq=False)
class Job:
    """Texts of one request."""

    loaded: Loaded
    texts: list[str]
    top_k: int
    answered: asyncio.Future[list[bytes]]
    deadline: float


def answer_of(prediction: Prediction, top_k: int) -> dict[str, Any]:
    """One answer, as it stands everywhere."""
    if len(prediction.classes) > top_k:
        prediction = replace(prediction, classes=prediction.classes[:top_k])
    return prediction.to_dict()


def compute(classifier: Classifier | CharacterModel, wanted: Sequence[tuple[list[str], int]]) -> list[list[bytes]]:
    """The answers to the texts of several requests, each as JSON.

    Args:
        wanted: of each request the texts, and how many classes it wants.
    """
    assert isinstance(classifier, Classifier)
    texts = [text for part, _ in wanted for text in part]
    answers = iter(predict(classifier, texts, top_k=max(top_k for _, top_k in wanted)))
    return [[json_line(answer_of(next(answers), top_k)) for _ in part] for part, top_k in wanted]


class Batcher:
    """Gathers texts, has them classified by its threads, and gives each request its answers.

    Everything but the computing happens in the event loop.
    """

    def __init__(self, limits: Limits, metrics: Metrics, *, threads: int = 1):
        self.limits, self.metrics, self.idle = limits, metrics, threads
        self.waiting: deque[Job] = deque()
        self.queued = 0  # texts
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="classify")
        self._computing: set[Job] = set()
        self._last_jobs, self._last_done = 1, 0.0
        self._timer: asyncio.Handle | None = None
        self._patient = False  # whether the timer waits for others

    def close(self) -> None:
        """Compute no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def classify(self, loaded: Loaded, texts: list[str], top_k: int) -> list[bytes]:
        """The answers to some texts, each as JSON.

        Raises:
            RequestError: if too much waits already, or it takes too long.
        """
        if self.queued + len(texts) > self.limits.queued_texts and self.queued:
            raise busy("queue_full", f"{self.queued:,} texts are waiting; expected fewer: ask again in a second")
        most = self.limits.batch_texts
        if len(texts) <= most:
            return await self._submit(loaded, texts, top_k)
        answers: list[bytes] = []
        for start in range(0, len(texts), most):  # one after the other, so that others come in between
            answers += await self._submit(loaded, texts[start : start + most], top_k)
        return answers

    def _submit(self, loaded: Loaded, texts: list[str], top_k: int) -> asyncio.Future[list[bytes]]:
        loop = asyncio.get_running_loop()
        now = loop.time()
        job = Job(loaded, texts, top_k, loop.create_future(), now + self.limits.request_seconds)
        self.waiting.append(job)
        self.queued += len(texts)
        if self.idle:
            self._arrange(loop, now)
        return job.answered

    def _arrange(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        """Have the next batch begin: at the end of this round of the loop, or when as many wait as the last time."""
        expected = self._last_jobs if now - self._last_done < RECENT_SECONDS else 1
        enough = len(self.waiting) >= expected
        if self._timer is not None:
            if not (enough and self._patient):
                return
            self._timer.cancel()
        self._patient = not enough
        if enough:
            self._timer = loop.call_soon(self._begin, loop)
        else:
            self._timer = loop.call_later(self.limits.gather_seconds, self._begin, loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        batch = self._next_batch()
        if not batch:
            return
        self.idle -= 1
        self._computing.update(batch)
        wanted = [(job.texts, job.top_k) for job in batch]
        classifier = batch[0].loaded.model
        done = loop.run_in_executor(self._threads, compute, classifier, wanted)
        done.add_done_callback(lambda done: self._finish(loop, batch, done))
        self.metrics.batch_texts.observe(sum(len(job.texts) for job in batch))
        if self.idle and self.waiting:
            self._arrange(loop, loop.time())

    def _next_batch(self) -> list[Job]:
        """The jobs that waited longest, all for one model; those for others keep their places."""
        batch: list[Job] = []
        others: list[Job] = []
        room = self.limits.batch_texts
        while self.waiting and room > 0:
            job = self.waiting.popleft()
            if job.answered.done():  # too late, or nobody waits any more
                self.queued -= len(job.texts)
            elif batch and (job.loaded is not batch[0].loaded or len(job.texts) > room):
                others.append(job)
            else:
                batch.append(job)
                room -= len(job.texts)
                self.queued -= len(job.texts)
        self.waiting.extendleft(reversed(others))
        return batch

    def _finish(
        self, loop: asyncio.AbstractEventLoop, batch: list[Job], done: asyncio.Future[list[list[bytes]]]
    ) -> None:
        self.idle += 1
        self._last_jobs, self._last_done = len(batch), loop.time()
        self._computing.difference_update(batch)
        if done.cancelled():
            error: BaseException | None = asyncio.CancelledError()
        else:
            error = done.exception()
        if error is None:
            for job, answers in zip(batch, done.result(), strict=True):
                if not job.answered.done():
                    job.answered.set_result(answers)
        elif len(batch) == 1 or done.cancelled():
            for job in batch:
                if not job.answered.done():
                    job.answered.set_exception(error)
        else:  # whose text it is must not matter to the others
            loop.create_task(self._one_by_one(batch))
        if self.waiting:
            self._arrange(loop, loop.time())

    async def _one_by_one(self, batch: list[Job]) -> None:
        loop = asyncio.get_running_loop()
        for job in batch:
            if job.answered.done():
                continue
            wanted = [(job.texts, job.top_k)]
            try:
                (answers,) = await loop.run_in_executor(self._threads, compute, job.loaded.model, wanted)
            except Exception as error:
                if not job.answered.done():
                    job.answered.set_exception(error)
            else:
                if not job.answered.done():
                    job.answered.set_result(answers)

    def expire(self, now: float) -> None:
        """Answer what has waited too long."""
        for job in [*self.waiting, *self._computing]:
            if job.deadline < now and not job.answered.done():
                job.answered.set_exception(too_slow(self.limits))


def too_slow(limits: Limits) -> RequestError:
    """What took longer than anybody should wait."""
    return busy("timeout", f"not done within {limits.request_seconds:g} seconds; ask for less at once", status=503)


class Slow:
    """Threads for what takes long, beside those that classify: scores and explanations.

    Args:
        waiting: jobs that may wait, beyond those under way.
    """

    def __init__(self, threads: int, limits: Limits, *, waiting: int):
        self.limits, self.most, self.under_way = limits, threads + waiting, 0
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="slow")

    def close(self) -> None:
        """Compute no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, request: Request, work: Any, *arguments: Any) -> Any:
        """Do something in a thread for a request that has been read.

        Raises:
            RequestError: if too much waits already, or it takes too long.
            ClientGone: if the client went away before it began: a page asks anew with every key.
        """
        if self.under_way >= self.most:
            raise busy("queue_full", f"{self.under_way} such requests are waiting; ask again in a second")
        self.under_way += 1
        started = time.monotonic()

        gone = asyncio.ensure_future(request.client_gone())

        def in_time() -> Any:
            if gone.done():
                raise ClientGone
            if time.monotonic() - started > self.limits.request_seconds:
                raise too_slow(self.limits)  # nobody waits for it any more
            return work(*arguments)

        done = asyncio.get_running_loop().run_in_executor(self._threads, in_time)
        done.add_done_callback(self._ended)
        try:
            return await asyncio.wait_for(asyncio.shield(done), self.limits.request_seconds)
        except TimeoutError:
            raise too_slow(self.limits) from None
        finally:
            gone.cancel()

    def _ended(self, done: asyncio.Future[Any]) -> None:
        self.under_way -= 1
        if not done.cancelled():
            done.exception()  # told to whoever waited, if anybody did

"""Requests to endpoints: who may ask, what is asked for, and that nothing but an answer or an error comes back."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textrnn.serve.batching import Batcher, Slow
from textrnn.serve.description import describe
from textrnn.serve.endpoints import Classify, Models
from textrnn.serve.gate import Gate
from textrnn.serve.http import API_HEADERS, Answer, ClientGone, Message, Request, RequestError, json_line
from textrnn.serve.language import Generate, Score
from textrnn.serve.limits import Limits
from textrnn.serve.metrics import CONTENT_TYPE, Metrics
from textrnn.serve.shelf import Shelf
from textrnn.serve.static import read_page

log = logging.getLogger("textrnn.serve")

Endpoint = Callable[[Request], Awaitable[Answer | None]]
SLOW_THREADS = 1
BELOW_MODELS = "/v1/models/"
CLIENT_GONE = 499  # what nginx counts such requests as


class Application:
    """The whole server as one ASGI application.

    Attributes:
        gate: set when the address is known, before the first request
        stopping: the server takes no more requests
        cut_off: requests that took too long for the server's end
    """

    def __init__(self, save_dir: Path, limits: Limits, *, key: str | None = None, threads: int = 1):
        self.limits, self.metrics, self.shelf = limits, Metrics(), Shelf(save_dir, limits)
        self.gate = Gate(set(), key)
        self.stopping, self.cut_off = False, 0
        self.batcher = Batcher(limits, self.metrics, threads=threads)
        self.slow = Slow(SLOW_THREADS, limits, waiting=limits.waiting_jobs)
        self.generate = Generate(self.shelf, limits)
        self.models = Models(self.shelf)
        self.page = read_page()
        self._description = json_line(describe(with_key=key is not None))
        self._endpoints: dict[str, tuple[str, Endpoint]] = {
            "/v1/classify": ("POST", Classify(self.shelf, self.batcher, self.slow, limits)),
            "/v1/generate": ("POST", self.generate),
            "/v1/score": ("POST", Score(self.shelf, self.slow, limits)),
            "/v1/models": ("GET", self.models),
            "/healthz": ("GET", self._health),
            "/metrics": ("GET", self._metrics),
            "/openapi.json": ("GET", self._openapi),
        }
        self._background: list[asyncio.Task[None]] = []
        show = self.metrics.show
        show("queue_texts", "Texts that wait to be classified", lambda: self.batcher.queued)
        show("models", "Models that can be asked", lambda: len(self.shelf.entries))
        show("models_loaded", "Models in memory", lambda: len(self.shelf.loaded))
        show("generations", "Texts being written", lambda: self.generate.under_way)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._answer(Request(scope, receive, send))
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(
        self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """What goes on from the start of the server to its end."""
        await receive()
        self._background = [asyncio.create_task(self.shelf.watch()), asyncio.create_task(self._expire())]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._background:
            task.cancel()
        for room in (self.shelf, self.batcher, self.slow, self.generate):
            room.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0.5)
            self.batcher.expire(loop.time())

    async def _answer(self, request: Request) -> None:
        """Answer a request, whatever it is."""
        started, status = time.perf_counter(), 200
        endpoint = "other"
        try:
            endpoint, answer = await self._route(request)
            if answer is not None:
                status = answer.status
                await request.answer(answer)
        except RequestError as error:
            endpoint, status = self._known(request.path), error.status
            await self._refuse(request, error)
        except ClientGone:
            endpoint, status = self._known(request.path), CLIENT_GONE
        except asyncio.CancelledError:  # the server stops, and this took too long
            endpoint, status = self._known(request.path), 503
            self.cut_off += 1
            await self._refuse(request, RequestError(503, "stopping", "the server stops; ask another one"))
        except Exception as error:
            endpoint, status = self._known(request.path), 500
            log.error("%s %s: %s", request.method, endpoint, _without_texts(error))
            await self._refuse(
                request, RequestError(500, "internal_error", "an error of the server, which its log has")
            )
        self.metrics.count(endpoint, status, time.perf_counter() - started)

    async def _refuse(self, request: Request, error: RequestError) -> None:
        if not request.started:
            await request.answer(Answer.of_error(error))
        else:  # in the middle of a stream: its last line says so
            await request.piece(Answer.of_error(error).body + b"\n", more=False)

    async def _route(self, request: Request) -> tuple[str, Answer | None]:
        """The endpoint's name in the metrics, and its answer; None where it has answered by itself.

        Raises:
            RequestError: for a request that is not let in, or to nowhere.
        """
        path = request.path
        found = self._endpoints.get(path)
        file = self.page.get(path) if found is None else None
        self.gate.check(request, is_open=file is not None or path == "/healthz")
        if found is not None:
            method, endpoint = found
            self._expect_method(request, method)
            return path, await endpoint(request)
        if file is not None:
            self._expect_method(request, "GET")
            return "page", file.answer(request)
        if path.startswith(BELOW_MODELS):
            self._expect_method(request, "GET")
            return BELOW_MODELS, await self._below_models(request, path.removeprefix(BELOW_MODELS))
        raise RequestError(404, "not_found", "nothing at this address; see /openapi.json")

    def _known(self, path: str) -> str:
        """The name of an endpoint in the metrics: one of a few, whatever is asked for."""
        if path in self._endpoints:
            return path
        if path in self.page:
            return "page"
        return BELOW_MODELS if path.startswith(BELOW_MODELS) else "other"

    @staticmethod
    def _expect_method(request: Request, method: str) -> None:
        if request.method != method and not (method == "GET" and request.method == "HEAD"):
            allowed = "GET, HEAD" if method == "GET" else method
            raise RequestError(405, "wrong_method", f"expected {allowed}", [(b"allow", allowed.encode("ascii"))])

    async def _below_models(self, request: Request, name: str) -> Answer:
        if name.endswith("/errors") and name.count("/") > 1:
            return await self.models.errors(request, name.removesuffix("/errors"))
        return await self.models.one(request, name)

    async def _health(self, request: Request) -> Answer:
        count = len(self.shelf.entries)
        status = "stopping" if self.stopping else "ready" if count else "no_models"
        answer = Answer.of({"status": status, "models": count})
        answer.status = 200 if status == "ready" else 503
        return answer

    async def _metrics(self, request: Request) -> Answer:
        return Answer(self.metrics.to_text(), 200, [(b"content-type", CONTENT_TYPE), *API_HEADERS])

    async def _openapi(self, request: Request) -> Answer:
        return Answer(self._description)


def _without_texts(error: Exception) -> str:
    """What went wrong and where; not the message, in which a user's text may stand."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "textrnn" in frame.filename] or frames
    return (
        f"{type(error).__name__} in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else type(error).__name__
    )

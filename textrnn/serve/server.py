"""The server's life: an address, the models, requests, and an end at which nothing that was taken is lost."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch
import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from textrnn.errors import ArtifactError
from textrnn.serve.address import BACKLOG
from textrnn.serve.application import Application
from textrnn.serve.gate import Gate
from textrnn.serve.limits import DEFAULT, Limits
from textrnn.serve.protocol import Connection, State

# A layer of oneDNN's is prepared anew for each number of texts and of tokens, and a thousand of them would be kept.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")

CHECK_SECONDS = 0.5


@dataclass(frozen=True)
class Ended:
    """How a server ended.

    Attributes:
        interrupted: whether by Ctrl-C
        cut_off: requests that took longer than it waits at the end
    """

    interrupted: bool
    cut_off: int


class Server(uvicorn.Server):
    """uvicorn's, whose connections are watched, and whose end is no error.

    Attributes:
        interrupted: whether it was Ctrl-C that ended it
    """

    def __init__(self, config: uvicorn.Config, application: Application):
        super().__init__(config)
        self.application, self.interrupted = application, False
        self.server_state = self.state = State(application.limits)
        self._watching: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for connection in list(self.state.connections):
                if isinstance(connection, Connection):
                    connection.check(loop.time())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.state.stopping = self.application.stopping = True
        await super().shutdown(sockets)
        if self._watching is not None:
            self._watching.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.interrupted = self.interrupted or sig == signal.SIGINT
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but the signal that ended the server is not sent once more when it has ended."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def build_server(
    save_dir: Path, sockets: list[socket.socket], host: str, key: str | None, limits: Limits = DEFAULT
) -> Server:
    """A server that is ready to run, its newest models in memory.

    Raises:
        ArtifactError: if there is no model.
    """
    torch.set_num_threads(1)
    application = Application(save_dir, limits, key=key)
    application.shelf.scan()
    if not application.shelf.entries:
        raise ArtifactError(
            f"{save_dir}: no saved model in it that can be read; expected <data>/<model> below it: train one first, or "
            "name another folder with `save_dir`"
        )
    for task in ("classify", "lm"):
        application.shelf.load_first(task)
    application.gate = Gate.at(host, sockets[0].getsockname()[1], key)
    config = uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(limits.idle_seconds),
        timeout_graceful_shutdown=int(limits.stop_seconds),
    )
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).disabled = True  # it shows traces; what matters, we say
    return Server(config, application)


def serve(
    save_dir: Path,
    host: str,
    sockets: list[socket.socket],
    key: str | None,
    on_start: Callable[[str, list[str]], None],
    limits: Limits = DEFAULT,
) -> Ended:
    """Answer requests until a signal ends it.

    Args:
        host: where the sockets listen, as it was named.
        key: that requests must bring, if any.
        on_start: called with the address and the models' names when requests are answered.

    Returns:
        How it ended.

    Raises:
        ArtifactError: if there is no model.
    """
    server = build_server(save_dir, sockets, host, key, limits)
    shown = f"[{host}]" if ":" in host else host
    on_start(f"http://{shown}:{sockets[0].getsockname()[1]}", sorted(server.application.shelf.entries))
    gc.collect()
    gc.freeze()  # what is there now stays; it need not be looked through again and again
    server.run(sockets=sockets)
    return Ended(server.interrupted, server.application.cut_off)

"""Servers in a thread of the tests, at whatever port is free."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from textrnn.serve.address import listen
from textrnn.serve.limits import DEFAULT, Limits
from textrnn.serve.server import Server, build_server


@dataclass
class Running:
    """A server that answers.

    Attributes:
        folder: with its models
        client: keeps its connections
    """

    server: Server
    folder: Path
    port: int
    client: httpx.Client

    def raw(self, content: bytes = b"", *, timeout: float = 10.0) -> socket.socket:
        """A connection over which something was sent."""
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        opened.sendall(content)
        return opened


def received(opened: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    found = b""
    with opened, contextlib.suppress(ConnectionResetError):
        while piece := opened.recv(65536):
            found += piece
    return found


@contextlib.contextmanager
def running(
    folder: Path, *, host: str = "127.0.0.1", key: str | None = None, limits: Limits = DEFAULT
) -> Iterator[Running]:
    """Serve the models below a folder."""
    sockets = listen(host, 0)
    port = sockets[0].getsockname()[1]
    server = build_server(folder, sockets, host, key, limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets})
    thread.start()
    until(lambda: server.started)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield Running(server, folder, port, client)
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def until(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def copied(source: Path, folder: Path) -> Path:
    """A copy of a model's folder, put in place as training does it: ``config.json`` last."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink(missing_ok=True)
    for path in sorted(source.iterdir(), key=lambda path: path.name == "config.json"):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    return folder

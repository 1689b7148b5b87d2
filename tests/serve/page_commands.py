"""What a page of docs/ tells people to ask a server with curl, asked."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from pathlib import Path

import httpx

from tests.serve.running import Running, running

SHOWN_ADDRESS = "http://localhost:8000"


class ServerOfPage:
    """A server that a page starts, and the requests after that.

    Args:
        folder: with the models, when it is started.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._running = contextlib.ExitStack()
        self._server: Running | None = None

    def follows(self, command: str) -> bool:
        """Whether a command is for the server; it is done, then."""
        words = shlex.split(command)
        if words[:2] == ["python", "run.py"] and "--serve" in words:
            if self._server is None:
                self._server = self._running.enter_context(running(self.folder))
            return True
        if words[:1] == ["curl"]:
            self._ask(words[1:], command)
            return True
        return False

    def _ask(self, arguments: list[str], command: str) -> None:
        assert self._server is not None, f"{command}: no server was started"
        parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
        parser.add_argument("-s", action="store_true")
        parser.add_argument("-N", action="store_true")
        parser.add_argument("-H", action="append", default=[])
        parser.add_argument("-d")
        parser.add_argument("address")
        asked = parser.parse_args(arguments)
        assert asked.address.startswith(SHOWN_ADDRESS), f"{command}: another server"
        headers = dict(header.split(": ", 1) for header in asked.H)
        content = None if asked.d is None else asked.d.encode("utf-8")
        address = f"http://127.0.0.1:{self._server.port}" + asked.address.removeprefix(SHOWN_ADDRESS)
        method = "GET" if content is None else "POST"
        found = httpx.request(method, address, headers=headers, content=content, timeout=60, trust_env=False)
        assert found.status_code == 200, f"{command}: {found.text}"
        assert found.content, f"{command}: nothing is answered"

    def stop(self) -> None:
        """The page ends."""
        self._running.close()

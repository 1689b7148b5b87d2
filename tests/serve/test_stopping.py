"""The server as a command: what it says, what it refuses, and that a stop loses nothing that was taken."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands import SLOWED, Result, command, error_of
from tests.serve.conftest import CLASSIFIER, LANGUAGE_MODEL
from tests.serve.running import received, running
from textrnn.serve.address import listen
from textrnn.serve.language import _some_lines
from textrnn.serve.limits import DEFAULT
from textrnn.serve.server import Ended

Run = Callable[..., Result]


@contextmanager
def server_of(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server in a process of its own, and its port."""
    arguments = command("--serve", "--port", 0, "--save-dir", folder)
    environment = {name: value for name, value in SLOWED.items() if name != "TEXTRNN_API_KEY"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    process = subprocess.Popen(arguments, env={**environment, "PYTHONUTF8": "1"}, **pipes)  # type: ignore[call-overload]
    try:
        line = process.stdout.readline()
        shown = re.fullmatch(r"serving on http://127\.0\.0\.1:(\d+) \(Ctrl-C ends it\): (.*)\n", line)
        assert shown, line + process.stderr.read()
        assert shown[2] == ", ".join(sorted([CLASSIFIER, LANGUAGE_MODEL]))
        yield process, int(shown[1])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


class Asker(threading.Thread):
    """Asks over one connection, again and again, until the server closes it."""

    def __init__(self, port: int):
        super().__init__()
        self.port, self.asked, self.answered, self.last = port, 0, 0, b""

    def run(self) -> None:
        body = json.dumps({"texts": ["猫的狗"] * 20}).encode()
        head = f"POST /v1/classify HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as opened:
            while b"connection: close" not in self.last:
                opened.sendall(request)
                self.asked += 1
                answer = b""
                while not answer.endswith(b"}]}"):
                    piece = opened.recv(65536)
                    if not piece:
                        return
                    answer += piece
                self.answered += answer.startswith(b"HTTP/1.1 200 ")
                self.last = answer.partition(b"\r\n\r\n")[0]


def test_a_stop_under_load_loses_nothing(models_folder: Path) -> None:
    with server_of(models_folder) as (process, port):
        askers = [Asker(port) for _ in range(8)]
        stream = socket.create_connection(("127.0.0.1", port), timeout=30)
        body = b'{"length": 1000, "temperature": 1.0}'
        head = f"POST /v1/generate HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
        stream.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        for asker in askers:
            asker.start()
        while not all(asker.answered > 2 for asker in askers):
            time.sleep(0.01)
        process.terminate()
        assert process.wait(60) == (0 if sys.platform != "win32" else 1)
        for asker in askers:
            asker.join(30)
        assert [asker.asked - asker.answered for asker in askers] == [0] * 8
        assert b'{"done":true,"characters":1000}\n' in received(stream)
        with pytest.raises(OSError):  # noqa: PT011  # refused, in the words of any system
            socket.create_connection(("127.0.0.1", port), timeout=5)
        assert process.stderr.read() == "stopped; every request is answered\n"


@pytest.mark.parametrize(
    ("ended", "status", "told"),
    [
        (Ended(interrupted=False, cut_off=0), 0, "stopped; every request is answered\n"),
        (Ended(interrupted=True, cut_off=0), 130, "stopped; every request is answered\n"),
        (Ended(interrupted=False, cut_off=3), 0, "stopped; 3 requests took too long and were cut off\n"),
    ],
)
def test_how_it_ended(run: Run, monkeypatch: pytest.MonkeyPatch, ended: Ended, status: int, told: str) -> None:
    monkeypatch.setattr("textrnn.serve.server.serve", lambda *_: ended)
    found = run("--serve", "--port", "0")
    assert (found.status, found.err) == (status, told)


def test_ctrl_c_is_told_from_a_plain_stop(models_folder: Path) -> None:
    with running(models_folder) as served:
        assert not served.server.interrupted
        served.server.handle_exit(signal.SIGINT, None)
    assert served.server.interrupted


def test_what_takes_too_long_at_the_end_is_cut_off(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(characters: Iterator[tuple[str, float]], most: int) -> tuple[bytes, int]:
        time.sleep(0.02)
        return _some_lines(characters, 1)

    monkeypatch.setattr("textrnn.serve.language._some_lines", slowly)
    with running(models_folder, limits=replace(DEFAULT, stop_seconds=1)) as served:
        body = {"length": 10_000, "temperature": 1.0}
        with served.client.stream("POST", "/v1/generate", json=body) as found:
            lines = found.iter_lines()
            next(lines)
            served.server.should_exit = True
            *_, last = lines
        error = {"status": 503, "code": "stopping", "message": "the server stops; ask another one"}
        assert json.loads(last) == {"error": error}
    assert served.server.application.cut_off == 1


def test_an_address_that_is_taken(run: Run, models_folder: Path) -> None:
    (taken,) = listen("127.0.0.1", 0)
    with taken:
        port = taken.getsockname()[1]
        found = run("--serve", "--port", port, "--save-dir", models_folder)
    assert error_of(found) == (
        f"--port {port}: another program has it on 127.0.0.1; expected a free one: end that, or name another"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0: others can reach that; expected a key for them in the environment variable TEXTRNN_API_KEY: set it, or leave --host out to answer this machine only"),
        (["--host", "no.such.host.invalid"], None),
        (["--port", "65536"], "--port 65536: expected a number from 0 to 65535"),
        (["--model", "GRU"], "--model: cannot stand beside --serve, which serves all models below --save-dir; leave it out"),
        (["--epochs", "3"], "--epochs: cannot stand beside --serve, which serves all models below --save-dir; leave it out"),
        (["--check"], "--check: cannot stand beside --serve; expected one of them"),
        (["--task", "lm", "--score", "x.txt"], "--score: cannot stand beside --serve; expected one of them"),
        (["--port", "0"], "saved_dict: no saved model in it that can be read; expected <data>/<model> below it: train one first, or name another folder with --save-dir"),
    ],
)  # fmt: skip
def test_what_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str | None) -> None:
    monkeypatch.delenv("TEXTRNN_API_KEY", raising=False)
    error = error_of(run("--serve", *arguments))
    assert message is None or error == message


@pytest.mark.parametrize("flag", ["--host", "--port"])
def test_flags_of_the_server_alone(run: Run, flag: str) -> None:
    assert error_of(run(flag, "1")) == f"{flag}: belongs to --serve; expected --serve beside it"
    assert error_of(run("--task", "lm", flag, "1")) == f"{flag}: belongs to --serve; expected --serve beside it"


def test_a_missing_package(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("textrnn.serve.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert error_of(run("--serve", "--port", "0")) == (
        "--serve: takes the package uvicorn; expected it installed: `pip install fastapi uvicorn httptools "
        "prometheus-client`"
    )

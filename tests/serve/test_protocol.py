"""Clients that are slow, endless, many, or speak no HTTP: cut off, and nobody else notices."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serve.running import Running, received, running, until
from textrnn.serve.limits import DEFAULT

SHORT = replace(DEFAULT, read_seconds=0.5, write_seconds=0.5, idle_seconds=1, connections=12, linger_seconds=0.1)


@pytest.fixture(scope="module")
def hasty(models_folder: Path) -> Iterator[Running]:
    """A server without patience."""
    with running(models_folder, limits=SHORT) as served:
        yield served


def request(port: int, body: bytes = '{"text": "猫"}'.encode(), more: str = "") -> bytes:
    head = f"POST /v1/classify HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def status_and_error(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["code"]


def test_slow_requests_are_cut_off_and_block_nobody(hasty: Running) -> None:
    whole = request(hasty.port)
    slow = [hasty.raw(part) for part in (b"", b"POST", whole[:60], whole[:-3], b"\r\n")]
    assert hasty.client.post("/v1/classify", json={"text": "猫"}).status_code == 200
    answers = [received(opened) for opened in slow]
    assert answers[0] == answers[4] == b""
    for answer in answers[1:4]:
        assert status_and_error(answer) == (408, "too_slow")
        assert b"connection: close\r\n" in answer


def test_a_byte_now_and_then_is_slow_too(hasty: Running) -> None:
    sent, content = 0, request(hasty.port)
    with hasty.raw() as opened, contextlib.suppress(OSError):
        for byte in content:
            opened.sendall(bytes([byte]))
            sent += 1
            time.sleep(0.1)
    assert sent < len(content)


def test_idle_connections_are_closed(hasty: Running) -> None:
    opened = hasty.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % hasty.port)
    assert received(opened).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_takes_nothing_is_cut_off(hasty: Running) -> None:
    texts = json.dumps({"texts": ["猫" * 1000] * 1000}).encode()
    opened = hasty.raw(request(hasty.port, texts[: len(texts)]))
    opened.sendall(request(hasty.port, texts))
    connections = hasty.server.server_state.connections
    until(lambda: not any(each.client == opened.getsockname() for each in connections))  # type: ignore[union-attr]
    opened.close()


def test_no_http(hasty: Running) -> None:
    for content in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        "GET /猫 HTTP/1.1\r\n\r\n".encode(),
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT example:80 HTTP/1.1\r\nHost: example\r\n\r\n",
    ):
        assert status_and_error(received(hasty.raw(content))) == (400, "bad_request"), content


def test_headers_without_end(hasty: Running) -> None:
    opened = hasty.raw(b"GET / HTTP/1.1\r\n")
    try:
        for number in range(2000):
            opened.sendall(b"x-%d: %s\r\n" % (number, b"y" * 100))
    except OSError:
        pass
    answer = received(opened)
    assert answer == b"" or status_and_error(answer) == (431, "head_too_large")


def test_too_many_connections(hasty: Running) -> None:
    until(lambda: len(hasty.server.server_state.connections) < 5)
    opened = [hasty.raw() for _ in range(40)]
    answers = [received(each) for each in opened]
    refused = [answer for answer in answers if answer]
    assert refused
    assert {status_and_error(answer) for answer in refused} == {(503, "too_many_connections")}
    assert hasty.client.get("/healthz").status_code == 200


def test_odd_but_right_requests(served: Running) -> None:
    body = '{"text": "猫"}'.encode()
    close = "Connection: close\r\n"
    chunked = request(served.port, b"", close).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunked += b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    pipelined = request(served.port) + request(served.port, b"{") + request(served.port, more=close)
    expecting = request(served.port, more=f"Expect: 100-continue\r\n{close}")
    upgrading = request(served.port, more="Connection: Upgrade, close\r\nUpgrade: h2c\r\n")
    old = request(served.port).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert received(served.raw(chunked)).count(b"HTTP/1.1 200 ") == 1
    answers = received(served.raw(pipelined))
    assert [answers.count(b"HTTP/1.1 %d " % status) for status in (200, 400)] == [2, 1]
    assert b"HTTP/1.1 100 Continue\r\n\r\n" not in received(served.raw(expecting)).partition(b"200 OK")[2]
    assert received(served.raw(old)).startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 5" not in received(served.raw(upgrading))


def test_clients_that_go_away(served: Running) -> None:
    for _ in range(20):
        served.raw(request(served.port)).close()
        served.raw(request(served.port)[:-4]).close()
    assert served.client.post("/v1/classify", json={"text": "猫"}).status_code == 200
    until(lambda: served.server.application.batcher.queued == 0)

"""Connections as uvicorn has them; and no client that is slow, endless or gone for good holds anything for long."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from textrnn.serve.http import JSON, error_body
from textrnn.serve.limits import DEFAULT, Limits


class State(ServerState):
    """What all connections share.

    Attributes:
        stopping: no request follows the one at hand
    """

    def __init__(self, limits: Limits = DEFAULT):
        super().__init__()
        self.limits, self.stopping = limits, False


class Connection(HttpToolsProtocol):
    """One connection, from the first byte to the last."""

    server_state: State
    flow: FlowControl

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.limits = self.server_state.limits
        self.reading_since: float | None = None  # when a request began that has not arrived whole
        self.stuck_since: float | None = None  # since when the client does not take what it is sent
        self.head_bytes, self.in_head = 0, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.reading_since = self.loop.time()
        if len(self.connections) > self.limits.connections:
            self.refuse(503, "too_many_connections", f"{self.limits.connections:,} are open; come again later")
        elif self.server_state.stopping:
            self.shutdown()

    def data_received(self, data: bytes) -> None:
        if self.reading_since is None and self._is_idle():
            self.reading_since = self.loop.time()
        super().data_received(data)
        if self.in_head:
            self.head_bytes += len(data)
            if self.head_bytes > self.limits.head_bytes and not self.transport.is_closing():
                self.refuse(431, "head_too_large", f"headers of more than {self.limits.head_bytes:,} bytes")
        else:
            self.head_bytes = 0

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.in_head = True
        if self.reading_since is None:
            self.reading_since = self.loop.time()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.in_head = False
        if self.server_state.stopping and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.reading_since = None

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def send_400_response(self, msg: str) -> None:
        self.refuse(400, "bad_request", "not a request as HTTP has it; expected one")

    def refuse(self, status: int, code: str, message: str) -> None:
        """Answer and close, whatever state the connection is in."""
        cycle = self.cycle
        busy = cycle is not None and not cycle.response_complete
        if not (busy and cycle.response_started):
            body = error_body(status, code, message)
            headers = [*self.server_state.default_headers, *JSON, (b"content-length", b"%d" % len(body))]
            lines = [name + b": " + value + b"\r\n" for name, value in [*headers, (b"connection", b"close")]]
            self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        if busy:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def shutdown(self) -> None:
        """Take no request after this one; a connection that is idle may have one under way, for a moment."""
        if self._is_idle():
            self.loop.call_later(self.limits.linger_seconds, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def _close_if_idle(self) -> None:
        if self._is_idle() and not (self.in_head and self.head_bytes) and not self.transport.is_closing():
            self.transport.close()

    def check(self, now: float) -> None:
        """Cut off a client that has taken too long."""
        if self.transport.is_closing() or self.flow.write_paused:
            self.stuck_since = self.stuck_since or now
            if now - self.stuck_since > self.limits.write_seconds:
                self.transport.abort()
            return
        self.stuck_since = None
        if self.reading_since is not None and now - self.reading_since > self.limits.read_seconds:
            if self._is_idle() and not self.head_bytes:  # nothing was asked
                self.transport.close()
            else:
                self.refuse(408, "too_slow", f"the request did not arrive in {self.limits.read_seconds:g} seconds")

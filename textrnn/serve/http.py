"""Requests as they come from the server's protocol (ASGI), answers as they go back, and the one form of every error."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from textrnn import files
from textrnn.errors import TextRNNError, one_line

Message = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]

# What every answer of the API says to browsers: take it for what it is, keep it nowhere, show it to no other site.
API_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
JSON: Headers = [(b"content-type", b"application/json"), *API_HEADERS]
NDJSON: Headers = [(b"content-type", b"application/x-ndjson"), *API_HEADERS]


class RequestError(TextRNNError):
    """A request that is not answered as it was meant.

    Attributes:
        status: of HTTP
        code: by which a program knows the kind
        headers: beside those of every answer
    """

    def __init__(self, status: int, code: str, message: str, headers: Headers | None = None):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers or []


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


def busy(code: str, message: str, *, status: int = 429) -> RequestError:
    """A refusal that asks to come again in a second."""
    return RequestError(status, code, message, [(b"retry-after", b"1")])


def json_line(value: Any) -> bytes:
    """A JSON document without white space that is not needed."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
    except ValueError:  # a number that is none, in a report say
        return files.json_line(value).rstrip(b"\n")


def error_body(status: int, code: str, message: str) -> bytes:
    """What every error looks like."""
    return json_line({"error": {"status": status, "code": code, "message": one_line(message, widest=500)}})


@dataclass(slots=True)
class Answer:
    """The whole answer to a request."""

    body: bytes
    status: int = 200
    headers: Headers = field(default_factory=lambda: JSON)

    @classmethod
    def of(cls, value: Any) -> Answer:
        """A JSON document."""
        return cls(json_line(value))

    @classmethod
    def of_error(cls, error: RequestError) -> Answer:
        """An error, in its one form."""
        return cls(error_body(error.status, error.code, str(error)), error.status, [*JSON, *error.headers])


class Request:
    """A request, read as far as is asked for.

    Attributes:
        headers: in lower case; of several with one name, the last
    """

    __slots__ = ("headers", "method", "path", "receive", "scope", "send", "started")

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ):
        self.scope, self.receive, self.send = scope, receive, send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.started = False  # the answer

    def query(self, known: set[str]) -> dict[str, str]:
        """The fields behind the question mark.

        Raises:
            RequestError: for one that is not known, or given twice.
        """
        fields: dict[str, str] = {}
        given = self.scope["query_string"].decode("latin-1")
        try:
            pairs = parse_qsl(given, keep_blank_values=True, max_num_fields=20, encoding="utf-8", errors="replace")
        except ValueError as error:
            raise RequestError(422, "wrong_fields", "more than 20 fields in the query; expected fewer") from error
        for name, value in pairs:
            if name not in known or name in fields:
                what = "given twice" if name in fields else "no such field"
                expected = ", ".join(sorted(known)) or "none"
                raise RequestError(
                    422, "wrong_fields", f"`{one_line(name, widest=40)}`: {what}; expected any of: {expected}"
                )
            fields[name] = value
        return fields

    async def json_body(self, most: int, drained: int) -> bytes:
        """The body of a request that holds a JSON document, as bytes.

        Args:
            most: bytes that are taken.
            drained: bytes of a larger body that are still read, and thrown away, before it is refused.

        Raises:
            RequestError: for another content type, an encoding, or a body that is too large.
            ClientGone: if the client is.
        """
        self._expect_json()
        message = await self.receive()
        pieces, size = [], 0
        while True:
            if message["type"] != "http.request":
                raise ClientGone
            piece = message.get("body", b"")
            size += len(piece)
            if size <= most:
                pieces.append(piece)
            else:
                pieces.clear()
            if not message.get("more_body", False) or size > drained:
                break
            message = await self.receive()
        if size > most:
            close = [(b"connection", b"close")] if size > drained else []
            raise RequestError(413, "body_too_large", f"a body of more than {most:,} bytes; expected less", close)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _expect_json(self) -> None:
        kind = self.headers.get(b"content-type", b"")
        if kind != b"application/json":
            media, _, parameters = kind.decode("latin-1").partition(";")
            charset = parameters.strip().lower().replace('"', "")
            if media.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", "charset=utf8"):
                raise RequestError(
                    415, "wrong_content_type", "expected JSON in UTF-8, with the header Content-Type: application/json"
                )
        if self.headers.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b""):
            raise RequestError(415, "wrong_content_encoding", "a compressed body; expected plain JSON")

    async def client_gone(self) -> None:
        """Returns when the client goes away; to be asked once the body was read."""
        while (await self.receive())["type"] == "http.request":
            pass

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        headers = answer.headers
        if answer.status != 304:
            headers = [*headers, (b"content-length", b"%d" % len(answer.body))]
        self.started = True
        await self.send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": answer.body})

    async def begin(self, headers: Headers) -> None:
        """Begin an answer that comes in pieces."""
        self.started = True
        await self.send({"type": "http.response.start", "status": 200, "headers": headers})

    async def piece(self, body: bytes, *, more: bool = True) -> None:
        """A piece of it; without `more`, the last."""
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

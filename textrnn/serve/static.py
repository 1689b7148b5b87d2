"""The page at ``/``: the files beside this module, read once and served from memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from textrnn.serve.http import Answer, Headers, Request

INDEX = "index.html"
TYPES = {  # the system's own table differs from machine to machine
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
HEADERS: Headers = [
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
    (b"cache-control", b"no-cache"),  # kept, but asked for whether it is still the same
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


@dataclass(frozen=True)
class File:
    """A file of the page, with its headers."""

    content: bytes
    tag: bytes
    headers: Headers

    def answer(self, request: Request) -> Answer:
        """The file, or that the browser has it already."""
        if self.tag in (
            tag.strip().removeprefix(b"W/") for tag in request.headers.get(b"if-none-match", b"").split(b",")
        ):
            return Answer(b"", 304, self.headers[1:])
        return Answer(self.content, 200, self.headers)


def read_page(folder: Traversable | None = None) -> dict[str, File]:
    """The files of the page by their addresses; none where there is no page.

    Args:
        folder: by default that of the package.
    """
    files: dict[str, File] = {}
    folder = folder or resources.files("textrnn.serve") / "page"
    for path in folder.iterdir() if folder.is_dir() else ():
        ending = "." + path.name.rpartition(".")[2]
        if not path.is_file() or ending not in TYPES:
            continue
        content = path.read_bytes()
        tag = b'"' + hashlib.sha256(content).hexdigest()[:32].encode("ascii") + b'"'
        headers = [(b"content-type", TYPES[ending].encode("ascii")), (b"etag", tag), *HEADERS]
        file = files[f"/{path.name}"] = File(content, tag, headers)
        if path.name == INDEX:
            files["/"] = file
    return files

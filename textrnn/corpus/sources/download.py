"""Downloads one file over HTTP: resumed after an interruption, verified, renamed into place when complete."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from textrnn.errors import DataError, one_line
from textrnn.files import replace_file

CHUNK_BYTES = 1 << 16
Progress = Callable[[str, int, int | None], None]  # file name, bytes so far, bytes in all where known


def git_blob_id(content: bytes) -> str:
    """The id git gives a file: SHA-1 of ``blob <size>``, a zero byte and the content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _checksum(kind: str, content: bytes) -> str:
    if kind == "git":
        return git_blob_id(content)
    return hashlib.new(kind, content, usedforsecurity=False).hexdigest()


def fetch(url: str, target: Path, checksum: str, *, timeout: float = 10.0, on_progress: Progress | None = None) -> None:
    """Download `url` to `target`. Proxies are taken from the environment, as urllib does.

    A partial download stays in ``<target>.part``; the next call continues it if the server supports that.

    Args:
        checksum: ``git:`` and the git blob id of the file, or ``sha1:`` and its SHA-1.
        timeout: seconds to wait for the connection, and for each piece of data after it.

    Raises:
        DataError: if the server cannot be reached, or what it sent is not the file that was expected.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch_into(part, url, timeout, on_progress)
        kind, _, expected = checksum.partition(":")
        found = _checksum(kind, part.read_bytes())
        if found != expected:
            part.unlink()  # a wrong file cannot be continued
            what = "git blob id" if kind == "git" else kind.upper().replace("SHA", "SHA-")
            raise DataError(
                f"{url}: the file that came is not the one published ({what} {found}, expected {expected}); "
                f"nothing was kept: try again, or put a good copy at {target}"
            )
        replace_file(part, target)
    except urllib.error.HTTPError as error:
        error.close()
        raise DataError(_advice(url, target, f"the server answered {error.code} {error.reason}")) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        # ValueError: an invalid address or header
        raise DataError(_advice(url, target, getattr(error, "reason", None) or error)) from error
    except OSError as error:
        raise DataError(f"{part}: cannot be written ({error.strerror}); expected room for the download") from error


def _fetch_into(part: Path, url: str, timeout: float, on_progress: Progress | None) -> None:
    """Append to `part` what is still missing of it."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "textrnn"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if (
            error.code == 416 and have
        ):  # nothing after the last byte: the part is complete or too long; the checksum decides
            error.close()
            return
        raise
    with response:
        if response.status != 206:
            have = 0  # the server sends the file from its start
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None else None
        with open(part, "ab" if have else "wb") as file:
            while chunk := response.read1(CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                if on_progress:
                    on_progress(part.stem, have, total)
        if total is not None and have < total:
            raise ConnectionError(f"the connection broke off after {have} of {total} bytes")


def _advice(url: str, target: Path, reason: object) -> str:
    return (
        f"{url}: cannot be downloaded ({one_line(reason)}); expected a network connection: try again (it goes on where "
        f"it stopped), set HTTPS_PROXY or TEXTRNN_MIRROR, or put the file at {target}"
    )

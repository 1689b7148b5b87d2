"""Who may ask: programs and the server's own page, with the key where one is set.

A page of another site can make a browser send requests to a server on the same machine, and under a name of its own
that it lets point there (DNS rebinding) even read the answers. So on loopback the ``Host`` must be one of loopback's
names, and a ``POST`` that a page sends must come from the server's own.
"""

from __future__ import annotations

import hmac
import ipaddress
import re

from textrnn.errors import ConfigError
from textrnn.serve.http import Request, RequestError

KEY_VARIABLE = "TEXTRNN_API_KEY"
READING = {"GET", "HEAD", "OPTIONS"}


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def checked_key(host: str, key: str | None) -> str | None:
    """The key that is asked for, if any.

    Args:
        key: as it stands in the environment.

    Raises:
        ConfigError: if it is missing where others can reach the server, or cannot stand in a header.
    """
    if not key:
        if is_loopback(host):
            return None
        raise ConfigError(
            f"`host` {host}: others can reach that; expected a key for them in the environment variable "
            f"{KEY_VARIABLE}: set it, or leave `host` out to answer this machine only"
        )
    if not re.fullmatch("[!-~]+", key):
        raise ConfigError(
            f"{KEY_VARIABLE}: it cannot stand in a header; expected letters, digits and marks of ASCII without spaces"
        )
    return key


class Gate:
    """Refuses what is not meant for this server.

    Args:
        names: that stand in ``Host``, with the port; empty: any.
        key: that a request must bring.
    """

    def __init__(self, names: set[str], key: str | None):
        self.names = {name.encode("ascii") for name in names}
        self.bearer = None if key is None else b"Bearer " + key.encode("ascii")

    @classmethod
    def at(cls, host: str, port: int, key: str | None) -> Gate:
        """For a server that listens there."""
        if not is_loopback(host):
            return cls(set(), key)
        literal = f"[{host.strip('[]')}]" if ":" in host else host
        names = {"localhost", "127.0.0.1", "[::1]", literal}
        return cls({f"{name}:{port}" for name in names} | (names if port == 80 else set()), key)

    def check(self, request: Request, *, is_open: bool) -> None:
        """Let a request through.

        Args:
            is_open: whether it needs no key.

        Raises:
            RequestError: if it is not for us, or not from us, or has not the key.
        """
        headers = request.headers
        host = headers.get(b"host", b"")
        if self.names and host.lower() not in self.names:
            raise RequestError(
                403, "foreign_host", "the header Host names another server; expected localhost and the port"
            )
        if request.method not in READING:
            origin = headers.get(b"origin")
            if origin is not None and origin.lower().partition(b"://")[2] != host.lower():
                raise RequestError(403, "foreign_origin", "sent by a page of another site; expected this server's own")
        scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
        given = (b"Bearer " if scheme.lower() == b"bearer" else b"") + key
        if self.bearer is not None and not is_open and not hmac.compare_digest(given, self.bearer):
            raise RequestError(
                401,
                "wrong_key",
                "no key, or a wrong one; expected the header Authorization: Bearer KEY",
                [(b"www-authenticate", b"Bearer")],
            )

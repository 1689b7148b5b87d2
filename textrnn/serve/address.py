"""Where a server listens. Nothing heavy is imported here, so that an address that cannot be had shows at once."""

from __future__ import annotations

import errno
import socket
import sys

from textrnn.errors import ConfigError

BACKLOG = 2048  # connections that wait to be taken


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets at an address, one for each that its name stands for.

    Raises:
        ConfigError: if there is no such address, or another program has it.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"`host` {host}: no address of this machine; expected one, such as 127.0.0.1") from error
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            if port == 0 and sockets:  # the same for all
                address = (address[0], sockets[0].getsockname()[1], *address[2:])
            sockets.append(_bound(socket.socket(family, kind, protocol), address))
    except OSError as error:
        for opened in sockets:
            opened.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"`port` {port}: another program has it on {host}; expected a free one: end that, or name another"
            ) from error
        if error.errno == errno.EACCES:
            raise ConfigError(f"`port` {port}: not allowed to this user; expected one above 1023") from error
        raise ConfigError(
            f"`host` {host}: cannot be listened at ({error.strerror}); expected an address of this machine"
        ) from error
    return sockets


def _bound(opened: socket.socket, address: object) -> socket.socket:
    try:
        if sys.platform != "win32":  # there, it would let two programs have one port
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if opened.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)  # type: ignore[arg-type]
        opened.listen(BACKLOG)  # now, so that a port in use shows before anything is loaded
    except OSError:
        opened.close()
        raise
    return opened

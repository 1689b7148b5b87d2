"""``--serve``: all saved models over HTTP, with a page in front of them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli.flags import named_settings
from textrnn.cli.output import say, say_aside
from textrnn.config import Run
from textrnn.errors import ConfigError, missing_package, user_path

if TYPE_CHECKING:
    import logging
    import socket

    from textrnn.serve.server import Ended

HOST, PORT = "127.0.0.1", 8000
INTERRUPTED = 130


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of the server."""
    main_group.add_argument(
        "--serve", action="store_true", help="answer over HTTP with all models below --save-dir, and show a page"
    )
    main_group.add_argument(
        "--host",
        metavar="ADDRESS",
        help=f"with --serve: where to listen (default: {HOST}, for this machine alone; beyond it, the environment "
        "variable TEXTRNN_API_KEY must hold a key)",
    )
    main_group.add_argument("--port", type=int, metavar="N", help=f"with --serve: default {PORT}; 0: any that is free")


def refuse(options: argparse.Namespace) -> None:
    """What is wrong with the flags of the server.

    Raises:
        ConfigError: that names the flag.
    """
    if not options.serve:
        for name in ("host", "port"):
            if getattr(options, name) is not None:
                raise ConfigError(f"`{name}`: belongs to `serve`; expected `serve` beside it")
        return
    given = [*named_settings(options.task, options), *(["model"] if options.model else [])]
    if given:
        raise ConfigError(
            f"`{given[0]}`: cannot stand beside `serve`, which serves all models below `save_dir`; leave it out"
        )
    if options.port is not None and not 0 <= options.port < 1 << 16:
        raise ConfigError(f"`port` {options.port}: expected a number from 0 to 65535")


def _one_line_each() -> logging.Handler:
    """What the server has to say, on stderr."""
    import logging

    class OneLine(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say_aside(f"{'error' if record.levelno >= logging.ERROR else 'note'}: {record.getMessage()}")

    return OneLine()


def run(asked: Run, options: argparse.Namespace) -> int:
    """Serve until a signal ends it, and give the exit status: 0, or 130 after Ctrl-C."""
    from textrnn.serve.address import listen
    from textrnn.serve.gate import KEY_VARIABLE, checked_key

    save_dir = user_path(options.save_dir, "save_dir")
    host = (options.host or HOST).strip("[]")
    key = checked_key(host, os.environ.get(KEY_VARIABLE))
    sockets = listen(host, PORT if options.port is None else options.port)
    try:
        ended = _serve(save_dir, host, sockets, key)
    finally:
        for opened in sockets:
            opened.close()
    left = f"{ended.cut_off} requests took too long and were cut off" if ended.cut_off else "every request is answered"
    say_aside(f"stopped; {left}")
    return INTERRUPTED if ended.interrupted else 0


def _serve(save_dir: Path, host: str, sockets: list[socket.socket], key: str | None) -> Ended:
    try:
        from textrnn.serve.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("textrnn", "torch"):
            raise
        packages = "fastapi uvicorn httptools prometheus-client"
        raise missing_package("serve", str(error.name), packages) from error
    import logging

    log = logging.getLogger("textrnn.serve")
    log.handlers, log.propagate = [_one_line_each()], False
    log.setLevel(logging.INFO)

    def tell(address: str, names: list[str]) -> None:
        say(f"serving on {address} (Ctrl-C ends it): {', '.join(names)}")

    return serve(save_dir, host, sockets, key, tell)

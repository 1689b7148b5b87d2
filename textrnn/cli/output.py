"""What reaches the terminal: results on stdout, everything beside them on stderr."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from textrnn.errors import one_line

if TYPE_CHECKING:
    from textrnn.cli.progress import DownloadBar, TrainingBar

Say = Callable[[str], None]


def write(text: str) -> None:
    """A piece of a result on stdout, at once."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:  # the reader of our output went away, as `head` does; the work goes on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(line: str) -> None:
    """A line of a result on stdout."""
    write(line + "\n")


def say_aside(line: str) -> None:
    """A line on stderr."""
    print(line, file=sys.stderr, flush=True)


def print_error(message: str) -> None:
    """The one line that tells what went wrong."""
    say_aside(f"error: {one_line(message, widest=2000)}")


def program() -> list[str]:
    """How this program was called: through ``run.py``, or installed as ``textrnn``."""
    return ["textrnn"] if Path(sys.argv[0]).stem == "textrnn" else ["python", "run.py"]


class StopOnInterrupt:
    """While entered, the first Ctrl-C asks training to stop after the step at hand; a second one interrupts at once."""

    def __init__(self) -> None:
        self.asked = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __enter__(self) -> Callable[[], bool]:
        self.before = signal.signal(signal.SIGINT, self._handle)
        return lambda: self.asked

    def __exit__(self, *exception: object) -> None:
        signal.signal(signal.SIGINT, self.before)


@contextlib.contextmanager
def bars(*, quiet: bool, say: Say) -> Iterator[tuple[TrainingBar, DownloadBar, Say]]:
    """The progress bars of a training, and a `say` that takes them away first."""
    from textrnn.cli.progress import DownloadBar, TrainingBar

    bar, download_bar = TrainingBar(shown=not quiet, say=say_aside), DownloadBar(shown=not quiet)
    with contextlib.closing(bar), contextlib.closing(download_bar):

        def say_below_bars(line: str) -> None:
            download_bar.close()
            bar.close()
            say(line)

        yield bar, download_bar, say_below_bars

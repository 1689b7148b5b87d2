"""What reaches the terminal: results on stdout, everything beside them on stderr."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from textrnn.cli.flags import flagged
from textrnn.errors import Interrupted, Note, TextRNNError, one_line
from textrnn.report.repeat import command_line as command_line  # for every task
from textrnn.training.events import Listener, ListenerGroup

if TYPE_CHECKING:
    from textrnn.cli.progress import DownloadBar

Say = Callable[[str], None]


# What a terminal would obey rather than show, line ends and tabs aside, and what turns the direction of writing.
OBEYED = dict.fromkeys(
    [*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], " "
)


class OutputError(TextRNNError):
    """What is printed cannot leave the program."""


class ReaderGone(Exception):
    """Nobody reads any more what is written to standard output, as after ``head``."""


def write_bytes(content: bytes) -> None:
    """A piece of a result in UTF-8 on stdout, as it is; a terminal gets nothing that it would obey.

    Raises:
        ReaderGone: if nobody reads it.
        OutputError: if it cannot be written otherwise.
    """
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None or sys.stdout.isatty():
        write(content.decode("utf-8"))
        return
    try:
        buffer.write(content)
        buffer.flush()
    except OSError as error:
        _throw_output_away()
        if isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL:
            raise ReaderGone from error
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> OutputError:
    return OutputError(
        f"standard output: cannot be written ({error.strerror or error}); expected room where it goes: free some "
        "space, or send it somewhere else"
    )


def write(text: str) -> None:
    """A piece of a result on stdout, at once."""
    _print(text.translate(OBEYED))


def _print(text: str) -> None:
    try:
        print(text, end="", flush=True)
    except OSError as error:
        _throw_output_away()  # what is left in the buffer would fail once more when the program ends
        # The reader of our output went away, as `head` does (Windows says EINVAL): the work goes on.
        if isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL:
            return
        raise _unwritable(error) from error


def _throw_output_away() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(line: str) -> None:
    """A line of a result on stdout."""
    write(line + "\n")


def say_coloured(line: str) -> None:
    """A line of a result on stdout, with the colours that are in it."""
    pieces = re.split("(\x1b\\[[0-9;]*m)", line)
    _print("".join(piece if index % 2 else piece.translate(OBEYED) for index, piece in enumerate(pieces)) + "\n")


def shows_colours() -> bool:
    """Whether stdout is a terminal that shows colours, and nobody wants none. Source: no-color.org."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    known = os.name != "nt" or "WT_SESSION" in os.environ  # an old console of Windows shows the codes themselves
    return bool(sys.stdout is not None and sys.stdout.isatty() and not plain and known)


def say_aside(line: str) -> None:
    """A line on stderr."""
    print(line.translate(OBEYED), file=sys.stderr, flush=True)


def print_error(message: str) -> None:
    """The one line that tells what went wrong."""
    say_aside(f"error: {one_line(flagged(message), widest=2000)}")


def program() -> list[str]:
    """How this program was called, as it can be called again: a script, as a module, or installed as ``textrnn``."""
    called = Path(sys.argv[0])
    if called.stem == "textrnn":
        return ["textrnn" if shutil.which("textrnn") else sys.argv[0]]
    if called.name == "__main__.py":
        return [_interpreter(), "-m", "textrnn"]
    return [_interpreter(), sys.argv[0]] if called.name == "run.py" else ["python", "run.py"]


def _interpreter() -> str:
    """Python, as it was called."""
    return sys.orig_argv[0] if sys.orig_argv and sys.orig_argv[0] else "python"


class StopOnInterrupt(Listener):
    """While something is trained, the first Ctrl-C asks to stop after the step at hand; a second one does so at once.

    Args:
        throughout: between trainings, too.
    """

    def __init__(self, *, throughout: bool = False) -> None:
        self.asked = False
        self.began = False
        self.before: Any = None  # what handled Ctrl-C before, where this does now
        self.throughout = throughout
        if throughout:
            self._handle_interrupts()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def aside(self) -> Listener:
        return self

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        self.began = True
        self._handle_interrupts()

    def on_note(self, note: Note) -> None:
        if note.kind == "network":  # it is about to be trained: from now on, there is something to lose
            self._handle_interrupts()

    def on_end(self) -> None:
        if not self.throughout:
            self.close()

    def _handle_interrupts(self) -> None:
        if self.before is None:
            self.before = signal.signal(signal.SIGINT, self._handle)

    def close(self) -> None:
        """Ctrl-C does what it did before."""
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)
            self.before = None

    def should_stop(self) -> bool:
        return self.asked


class Teller(Listener):
    """Puts notes into words and hands them to `say`."""

    def __init__(self, say: Say):
        self.say = say

    def on_note(self, note: Note) -> None:
        from textrnn.report.notes import line

        self.say(flagged(line(note)))


@contextlib.contextmanager
def shown(*, quiet: bool, say: Say, throughout: bool = False) -> Iterator[tuple[Listener, DownloadBar]]:
    """What shows a run in the terminal: bars, notes through `say` below them, and Ctrl-C; a bar for downloads.

    Args:
        throughout: Ctrl-C asks to stop between trainings, too.

    Raises:
        Interrupted: at a Ctrl-C that is not asked about; resumable if a training had begun.
    """
    from textrnn.cli.progress import DownloadBar, TrainingBar

    bar, download_bar = TrainingBar(shown=not quiet, say=say_aside), DownloadBar(shown=not quiet)
    with contextlib.closing(bar), contextlib.closing(download_bar):

        def say_below_bars(line: str) -> None:
            download_bar.close()
            bar.close()
            say(line)

        with contextlib.closing(StopOnInterrupt(throughout=throughout)) as stop:
            try:
                yield ListenerGroup([bar, Teller(say_below_bars), stop]), download_bar
            except KeyboardInterrupt as error:
                raise Interrupted("interrupted", resumable=stop.began and not throughout) from error

"""``--search``: trials of other settings, then a training with the best of them."""

from __future__ import annotations

import argparse
import sys

from textrnn.cli.flags import naming_flags
from textrnn.cli.output import command_line, program, say, shown
from textrnn.cli.tracking import tracked
from textrnn.config import Run
from textrnn.errors import ConfigError, Note, user_path
from textrnn.training.events import Listener, ListenerGroup

MOST_TRIALS = 10_000


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of a search."""
    main_group.add_argument(
        "--search",
        type=int,
        metavar="N",
        help="try N settings of the model on the dev split, the defaults first, within --budget seconds in all, and "
        "train with the best; flags that are named stay as they are",
    )


def refuse(options: argparse.Namespace) -> None:
    """What is wrong with the flags of a search.

    Raises:
        ConfigError: that names the flag.
    """
    if options.search is not None and not 1 <= options.search <= MOST_TRIALS:
        raise ConfigError(f"`search` {options.search}: must be at least 1 and at most {MOST_TRIALS}")


def run(asked: Run, options: argparse.Namespace) -> int:
    """Search, show each trial, and give the exit status."""
    from textrnn.tasks.search import folder_of, search

    # In a log file, a line for each trial says enough; the bar is for eyes.
    no_bar = options.quiet or not sys.stderr.isatty()
    with shown(quiet=no_bar, say=say, throughout=True) as (shower, download_bar), tracked(options, shower) as listener:
        told = _WithoutTrials(listener) if options.quiet else listener
        baseline = getattr(options, "baseline", True)
        done = search(asked, options.search, told, on_download=download_bar, baseline=baseline)
    naming = {
        "task": None if done.task == "classify" else done.task,
        "model": done.model_name,
        "dataset": done.named.get("dataset"),
        "corpus": done.named.get("corpus"),
        "save_dir": str(user_path(options.save_dir, "save_dir")),
    }
    flags = command_line([*program(), *naming_flags(naming)])
    say(
        f"saved in {done.folder} (open report.html); the trials are in {folder_of(done)}. Try it:\n"
        f'  {flags} --predict "..."'
    )
    return 0


class _WithoutTrials(ListenerGroup):
    """Keeps the lines on single trials back; the table says it all."""

    def __init__(self, listener: Listener):
        super().__init__([listener])

    def on_note(self, note: Note) -> None:
        if note.kind != "tried":
            super().on_note(note)

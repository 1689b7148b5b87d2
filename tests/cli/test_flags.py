"""Settings as flags: in the help, and in what the library says."""

from __future__ import annotations

import re

import pytest

from textrnn.cli import TASKS, build_parser
from textrnn.cli.flags import flagged


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("`hidden_size` 0: must be at least 1", "--hidden-size 0: must be at least 1"),
        ("use `embedding=PATH`, or `embedding=random`", "use --embedding PATH, or --embedding random"),
        ("`letters=False` reads all", "--raw reads all"),
        ("`letters=True`", "--letters"),
        ("`freeze_embedding=False`", "--no-freeze-embedding"),
        ("the class `spam` is unknown, `a b` too", "the class `spam` is unknown, `a b` too"),  # the user's own words
        ("leave out `resume` or name `save_dir`", "leave out --resume or name --save-dir"),
    ],
)
def test_settings_in_messages(said: str, shown: str) -> None:
    assert flagged(said) == shown


@pytest.mark.parametrize("task", TASKS)
def test_the_help_names_flags_that_there_are(task: str) -> None:
    parser = build_parser(task)
    text = parser.format_help()
    assert "`" not in text
    known = {option for other in TASKS for action in build_parser(other)._actions for option in action.option_strings}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", re.sub(r"-\n\s+", "-", text))) <= known


@pytest.mark.parametrize("task", TASKS)
def test_every_flag_can_be_named_in_a_message(task: str) -> None:
    for action in build_parser(task)._actions:
        if action.dest in ("help", "version"):
            continue
        assert flagged(f"`{action.dest}`").startswith("--"), action.dest

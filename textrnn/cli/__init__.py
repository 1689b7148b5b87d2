"""The command line: flags -> one task. The only place that prints results or decides the exit status.

Nothing heavy is imported before the flags are known to be right, so that ``--help`` and a mistyped flag answer at once.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from textrnn.cli.config_file import ConfigFile
from textrnn.cli.flags import SAVE_DIR, Parser, add_model_settings, add_settings, parse
from textrnn.cli.output import OutputError, command_line, print_error, program, say_aside, write
from textrnn.errors import ConfigError, Interrupted, TextRNNError, did_you_mean
from textrnn.models.registry import all_models
from textrnn.version import __version__

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130
TASKS = {"classify": "classify", "lm": "language_model", "memory": "memory"}  # and the module of each
TASK_HELP = "what to do: classify texts; lm, a character language model; memory, experiments (default: classify)"
CONFIG_HELP = "read flags from a TOML file, such as the run.toml of a model folder; those typed here come before them"


def command_line_of(task: str) -> ModuleType:
    """The module with the flags of a task."""
    return importlib.import_module(f"{__name__}.{TASKS[task]}")


def build_parser(task: str) -> Parser:
    """All flags of a task."""
    module = command_line_of(task)
    parser = Parser(
        prog=Path(program()[-1]).name,
        usage="%(prog)s [--task {classify,lm,memory}] [flags]",  # with all of them, it would fill the screen
        description=module.DESCRIPTION,
        epilog=module.epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"textrnn {__version__}")
    group = parser.add_argument_group("what to do")
    group.add_argument("--task", choices=list(TASKS), default=task, help=TASK_HELP)
    group.add_argument("--config", metavar="FILE", help=CONFIG_HELP)
    module.add_flags(group)
    saved = f"{module.SAVE_DIR_HELP} (default: {SAVE_DIR})"
    group.add_argument("--save-dir", default=SAVE_DIR, metavar="DIR", help=saved)
    group.add_argument("--quiet", action="store_true", help="no progress bar")
    for title, settings in module.SETTINGS.items():
        add_settings(parser.add_argument_group(title), settings)
    add_model_settings(parser.add_argument_group("model"), all_models(task))
    return parser


def find_task(arguments: Sequence[str]) -> str:
    """The task that is named, before any other flag is read: each task has its own flags.

    Raises:
        ConfigError: for one that is not known.
    """
    finder = Parser(add_help=False, allow_abbrev=False)
    finder.add_argument("--task")
    finder.add_argument("--config")
    named = finder.parse_known_args(arguments)[0]
    task: str | None = named.task
    if task is None and named.config is not None:
        task = ConfigFile.read(named.config).task(list(TASKS))
    if task is None:
        return "classify"
    if task not in TASKS:
        raise ConfigError(f"--task {task}: expected one of {', '.join(TASKS)}{did_you_mean(task, TASKS)}")
    return task


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 1 found wrong, 2 bad input or usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # of run.py, while it was importing
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform == "win32":  # Ctrl-Break ends at once, with a line that says how to go on
        signal.signal(signal.SIGBREAK, signal.default_int_handler)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, or a program without a console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Class names in any script, also where the terminal's encoding has no such characters.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        task = find_task(arguments)
        options = parse(build_parser(task), arguments)
        status: int | None = command_line_of(task).run(options)
    except Interrupted as error:
        say_aside(f"{error}; go on with:\n  {_resume_command(arguments)}" if error.resumable else str(error))
        return INTERRUPTED
    except TextRNNError as error:
        print_error(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        say_aside("interrupted")
        return INTERRUPTED
    except OSError as error:  # a path too long, a folder that may not be looked into
        where = f"{error.filename}: " if error.filename else ""
        print_error(f"{where}{error.strerror or error}; expected a path that can be used: see the flags that name one")
        return BAD_INPUT
    except UnicodeEncodeError as error:  # a path that a model was trained with, where this Python knows only ASCII
        name, encoding = error.object[error.start : error.end], error.encoding
        print_error(f"{name}: cannot be put into {encoding}, in which names of files are read; set PYTHONUTF8=1")
        return BAD_INPUT
    except SystemExit as exit_request:  # --help and --version
        return _printed_by_argparse(exit_request.code)
    return DONE if status is None else status


def _printed_by_argparse(status: object) -> int:
    """The exit status of ``--help`` and ``--version``, once what they printed has left."""
    try:
        write("")
    except OutputError as error:
        print_error(str(error))
        return BAD_INPUT
    return status if isinstance(status, int) else BAD_INPUT


def _resume_command(arguments: Sequence[str]) -> str:
    return command_line([*program(), "--resume", *(argument for argument in arguments if argument != "--resume")])

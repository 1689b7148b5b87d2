"""The command line: flags -> one task. The only place that prints results or decides the exit status.

Nothing heavy is imported before the flags are known to be right, so that ``--help`` and a mistyped flag answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import re
import shlex
import signal
import sys
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import textrnn
from textrnn.config import DataConfig, Settings, TrainConfig, flag
from textrnn.errors import ConfigError, Interrupted, TextRNNError, did_you_mean, one_line, user_path
from textrnn.models.registry import ModelEntry, all_models, find_model
from textrnn.tasks.request import ClassifyRequest

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130
METAVARS = {
    "dataset": "NAME|DIR|FILE",
    "embedding": "random|pretrained|PATH",
    "text_column": "COLUMN",
    "label_column": "COLUMN",
    "device": "DEVICE",
    "budget": "SECONDS",
}
DATA_FORMATS = """data sets:
  headlines (ships with the project), thucnews (downloaded once), any folder in data/ or in a folder of $TEXTRNN_DATA;
  a folder with train, dev and test files, or one file: text<TAB>label lines, CSV or TSV with a header, JSON lines,
  fastText's __label__x text; a class.txt beside the file names the classes that indices stand for
"""
EXAMPLES = """examples:
  python run.py --model LSTM --embedding random
  python run.py --dataset my_reviews.csv --model BiLSTM_LN --tokenizer space --pad-size 600
  python run.py --dataset thucnews --model LSTM --budget 60
  python run.py --model LSTM --predict "央行下调存款准备金率"
"""


class _Parser(argparse.ArgumentParser):
    """Raises instead of exiting, so that every mistake is reported in one place and one form."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see --help")


def _kinds(annotation: Any) -> tuple[type, ...]:
    """``int | None`` -> (int,)."""
    return tuple(kind for kind in typing.get_args(annotation) or (annotation,) if kind is not type(None))


def _value_arguments(kind: type, choices: Sequence[str] | None) -> dict[str, Any]:
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    shown = {int: "N", float: "X", str: "NAME"}[kind]
    return {"type": kind, "metavar": "{" + ",".join(choices) + "}" if choices else shown}


def _add_settings(group: argparse._ArgumentGroup, settings: type[Settings]) -> None:
    """A flag for each field. A flag that is not given leaves no trace: defaults are the settings' own business."""
    hints = typing.get_type_hints(settings)
    for entry in dataclasses.fields(settings):
        (kind,) = _kinds(hints[entry.name])
        text = entry.metadata["help"]
        if entry.default is not None and kind is not bool:
            text += f" (default: {entry.default})"
        arguments = _value_arguments(kind, entry.metadata.get("choices"))
        arguments |= {"metavar": METAVARS[entry.name]} if entry.name in METAVARS else {}
        group.add_argument(flag(entry.name), default=argparse.SUPPRESS, help=text, **arguments)


def _add_model_settings(group: argparse._ArgumentGroup, models: typing.Mapping[str, ModelEntry]) -> None:
    """A flag for each hyper-parameter of any model, saying which models have it and with which default."""
    by_name: dict[str, list[tuple[ModelEntry, Any]]] = {}
    for model in models.values():
        for entry in model.fields:
            by_name.setdefault(entry.name, []).append((model, entry))
    for name, uses in by_name.items():
        first = uses[0][1]
        defaults = {model.name: entry.default for model, entry in uses}
        if len(uses) == len(models) and len(set(defaults.values())) == 1:
            note = f"default: {first.default}"
        else:
            note = ", ".join(f"{model} {default}" for model, default in defaults.items())
        arguments = _value_arguments(first.kind, first.choices)
        group.add_argument(flag(name), default=argparse.SUPPRESS, help=f"{first.help} ({note})", **arguments)


def build_parser() -> argparse.ArgumentParser:
    """All flags of all tasks."""
    models = all_models("classify")
    listed = "\n".join(f"  {model.name:<12}{model.summary}" for model in models.values())
    parser = _Parser(
        prog=_program()[-1],
        description="Text classification with recurrent networks: trains on a file of labelled lines, shows how well "
        "it does and where it errs, and predicts.",
        epilog=f"models:\n{listed}\n\n{DATA_FORMATS}\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"textrnn {textrnn.__version__}")
    main_group = parser.add_argument_group("what to do")
    main_group.add_argument("--task", choices=["classify"], default="classify", help="what to do (default: classify)")
    main_group.add_argument("--model", default="LSTM", metavar="NAME", help=f"{', '.join(models)} (default: LSTM)")
    main_group.add_argument(
        "--predict",
        nargs="+",
        metavar="TEXT",
        help="classify texts with the saved model (trained first where there is none); - reads stdin, one text a line",
    )
    main_group.add_argument(
        "--top-k", type=int, default=3, metavar="N", help="classes shown for each text (default: 3)"
    )
    main_group.add_argument("--resume", action="store_true", help="go on with a run that was stopped or killed")
    main_group.add_argument(
        "--save-dir",
        default="saved_dict",
        metavar="DIR",
        help="models go to DIR/<data set>/<model>; with --predict, also a model folder itself (default: saved_dict)",
    )
    main_group.add_argument(
        "--baseline", action=argparse.BooleanOptionalAction, default=True, help="train the linear model to compare with"
    )
    main_group.add_argument("--quiet", action="store_true", help="no progress bar")
    _add_settings(parser.add_argument_group("data"), DataConfig)
    _add_settings(parser.add_argument_group("training"), TrainConfig)
    _add_model_settings(parser.add_argument_group("model"), models)
    return parser


def _split_off_texts(arguments: Sequence[str]) -> tuple[list[str] | None, list[str]]:
    """The texts after ``--predict``, and all other arguments.

    A text may start with a dash, which argparse would take for a flag. Only what looks like a long flag ends the texts,
    and after ``--`` nothing does.
    """
    texts: list[str] | None = None
    others: list[str] = []
    taking = literal = False
    for argument in arguments:
        if not literal and (argument == "--predict" or argument.startswith("--predict=")):
            texts, taking = texts or [], True
            texts += [argument.partition("=")[2]] if "=" in argument else []
        elif taking and not literal and argument == "--":
            literal = True
        elif texts is not None and taking and (literal or not re.match("--[a-z]", argument)):
            texts.append(argument)
        else:
            others.append(argument)
            taking = False
    if texts == []:
        raise ConfigError(
            "--predict: no text after it; expected --predict TEXT [TEXT ...], or - for the lines of stdin"
        )
    return texts, others


def _parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, ClassifyRequest]:
    """Flags -> options of the command itself, and the request with the settings that were named.

    Raises:
        ConfigError: for an unknown flag or value, or one that the model does not have.
    """
    parser = build_parser()
    texts, others = _split_off_texts(arguments)
    options, unknown = parser.parse_known_args(others)
    options.predict = texts
    if unknown:
        known = [text for action in parser._actions for text in action.option_strings]
        word = unknown[0].partition("=")[0]
        hint = did_you_mean(word, known) if word.startswith("-") else "; put a text that has spaces in quotation marks"
        raise ConfigError(f"{word}: no such flag{hint}; see --help")
    entry = find_model(options.model)
    given = vars(options)
    own = {field.name for field in entry.fields}
    of_any_model = {field.name for model in all_models().values() for field in model.fields}
    for name in of_any_model - own:
        if name in given:
            flags = ", ".join(flag(field.name) for field in entry.fields)
            raise ConfigError(f"{flag(name)}: not a setting of {entry.name}; expected one of {flags}")
    if options.top_k < 1:
        raise ConfigError(f"--top-k {options.top_k}: must be at least 1")
    data = {field.name: given[field.name] for field in dataclasses.fields(DataConfig) if field.name in given}
    train = {field.name: given[field.name] for field in dataclasses.fields(TrainConfig) if field.name in given}
    DataConfig.from_dict(data)  # a value out of bounds is reported before anything heavy is imported
    TrainConfig.from_dict(train)
    model = {name: given[name] for name in own if name in given}
    entry.check(model)
    return options, ClassifyRequest(
        model=entry.name,
        model_settings=model,
        data_settings=data,
        train_settings=train,
        save_dir=user_path(options.save_dir, "--save-dir"),
        resume=options.resume,
        baseline=options.baseline,
    )


class _StopOnInterrupt:
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


def _say(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # the reader of our output went away, as `head` does; the work goes on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_aside(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_error(message: str) -> None:
    _say_aside(f"error: {one_line(message, widest=2000)}")


def _train(request: ClassifyRequest, *, quiet: bool, say: Callable[[str], None]) -> Path:
    from textrnn.progress import DownloadBar, TrainingBar
    from textrnn.tasks.classify import train

    bar = TrainingBar(shown=not quiet, say=_say_aside)
    with contextlib.closing(bar), contextlib.closing(DownloadBar(shown=not quiet)) as download_bar:

        def say_below_bar(line: str) -> None:
            download_bar.close()
            bar.close()
            say(line)

        return train(request, say=say_below_bar, listener=bar, on_download=download_bar, stopping=_StopOnInterrupt())


def _texts(given: Sequence[str]) -> list[str]:
    """The texts to predict; ``-`` stands for the lines of stdin."""
    from textrnn.corpus.readers import decode

    texts: list[str] = []
    for text in given:
        if text != "-":
            texts.append(text)
        elif sys.stdin is not None:
            content, _ = decode(sys.stdin.buffer.read(), Path("stdin"))
            texts += [line.removesuffix("\r") for line in content.removesuffix("\n").split("\n") if content]
    return texts


def _predict(request: ClassifyRequest, options: argparse.Namespace) -> None:
    from textrnn.report.text import shortened
    from textrnn.tasks.predict import can_go_on, model_folder, predict

    texts = _texts(options.predict)
    if not texts:
        raise ConfigError("--predict -: no line on stdin; expected one text a line")
    folder = model_folder(request)
    if folder is None:
        unfinished = can_go_on(request)
        _say_aside(f"no saved model in {request.folder}: {'finishing' if unfinished else 'training'} it first")
        folder = _train(dataclasses.replace(request, resume=unfinished), quiet=options.quiet, say=_say_aside)
    for answer in predict(request, folder, texts, top_k=options.top_k, say=_say_aside):
        _say(shortened(answer.text, 76) or "(empty)")
        _say("  " + "  ".join(f"{shortened(name, 30)} {share:.4f}" for name, share in answer.classes))
        if answer.notice:
            _say(f"  note: {answer.notice}")


def _program() -> list[str]:
    """How this program was called: through ``run.py``, or installed as ``textrnn``."""
    return ["textrnn"] if Path(sys.argv[0]).stem == "textrnn" else ["python", "run.py"]


def _resume_command(arguments: Sequence[str]) -> str:
    return shlex.join([*_program(), "--resume", *(argument for argument in arguments if argument != "--resume")])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 2 bad input or usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # Class names in any script, also where the terminal's encoding has no such characters.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        options, request = _parse(arguments)
        if options.predict:
            _predict(request, options)
        else:
            folder = _train(request, quiet=options.quiet, say=_say)
            shown = shlex.join([*_program(), *_naming_flags(request)])
            _say(f'saved in {folder} (open report.html). Try it:\n  {shown} --predict "..."')
    except Interrupted as error:
        _say_aside(f"{error}; go on with:\n  {_resume_command(arguments)}")
        return INTERRUPTED
    except TextRNNError as error:
        _print_error(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        _say_aside(f"interrupted; if training had begun, go on with:\n  {_resume_command(arguments)}")
        return INTERRUPTED
    except OSError as error:  # a path too long, a folder that may not be looked into
        where = f"{error.filename}: " if error.filename else ""
        _print_error(f"{where}{error.strerror or error}; expected a path that can be used: see the flags that name one")
        return BAD_INPUT
    except SystemExit as exit_request:  # --help and --version
        return exit_request.code if isinstance(exit_request.code, int) else BAD_INPUT
    return DONE


def _naming_flags(request: ClassifyRequest) -> list[str]:
    """The flags that name a saved model again."""
    flags = ["--model", request.model]
    if "dataset" in request.data_settings:
        flags += ["--dataset", request.dataset]
    if request.save_dir != Path("saved_dict"):
        flags += ["--save-dir", str(request.save_dir)]
    return flags

"""The command line of text classification."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textrnn.cli.flags import Parser, add_model_settings, add_settings, models_listed, named, named_of_model
from textrnn.cli.output import Say, StopOnInterrupt, bars, program, say, say_aside
from textrnn.config import DataConfig, TrainConfig, flag
from textrnn.errors import ConfigError, user_path
from textrnn.models.registry import ModelEntry, all_models, find_model
from textrnn.tasks.request import ClassifyRequest

DATA_FORMATS = """data sets:
  headlines (ships with the project), thucnews (downloaded once), any folder in data/ or in a folder of $TEXTRNN_DATA;
  a folder with train, dev and test files, or one file: text<TAB>label lines, CSV or TSV with a header, JSON lines,
  fastText's __label__x text; a class.txt beside the file names the classes that indices stand for
"""
EXAMPLES = """examples:
  python run.py --model LSTM --embedding random
  python run.py --dataset my_reviews.csv --model BiLSTM_Ngram
  python run.py --dataset thucnews --model LSTM --budget 60
  python run.py --dataset my_reviews.csv --compare LSTM BiLSTM_Ngram FastText
  python run.py --model LSTM --predict "央行下调存款准备金率"
  python run.py --task lm --help
"""
DESCRIPTION = (
    "Text classification with recurrent networks: trains on a file of labelled lines, shows how well it does and where "
    "it errs, and predicts. (The other tasks have their own --help: --task lm --help, --task memory --help.)"
)


def epilog() -> str:
    """What follows the flags in the help."""
    return f"models:\n{models_listed(all_models('classify'))}\n\n{DATA_FORMATS}\n{EXAMPLES}"


def add_flags(parser: Parser, main_group: argparse._ArgumentGroup) -> None:
    """The flags of this task."""
    models = all_models("classify")
    main_group.add_argument("--model", metavar="NAME", help=f"{', '.join(models)} (default: LSTM)")
    main_group.add_argument(
        "--compare",
        nargs="*",
        metavar="NAME",
        help="train several models (all, or those named) and show them in one table, the linear model among them",
    )
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
    add_settings(parser.add_argument_group("data"), DataConfig)
    add_settings(parser.add_argument_group("training"), TrainConfig)
    add_model_settings(parser.add_argument_group("model"), models)


def to_request(options: argparse.Namespace) -> ClassifyRequest | list[ClassifyRequest]:
    """Flags -> request, or one for each model to compare.

    Raises:
        ConfigError: for a value out of bounds, or a flag that the model does not have.
    """
    if options.top_k < 1:
        raise ConfigError(f"--top-k {options.top_k}: must be at least 1")
    if options.compare is None:
        return _request(find_model(options.model or "LSTM"), vars(options))
    for name, given in (("predict", options.predict), ("model", options.model), ("no-baseline", not options.baseline)):
        if given:
            raise ConfigError(f"--{name}: cannot stand beside --compare; expected one of them")
    return _to_compare(options)


def _request(entry: ModelEntry, given: Mapping[str, Any]) -> ClassifyRequest:
    return ClassifyRequest(
        model=entry.name,
        model_settings=named_of_model(entry, all_models("classify"), given),
        data_settings=named(DataConfig, given),
        train_settings=named(TrainConfig, given),
        save_dir=user_path(given["save_dir"], "--save-dir"),
        resume=given["resume"],
        baseline=given["baseline"],
    )


def _to_compare(options: argparse.Namespace) -> list[ClassifyRequest]:
    """A request for each model that ``--compare`` names, or for every one; each with the flags that it has.

    Raises:
        ConfigError: for a name that is no model, or a flag that none of the models has.
    """
    by_name = {model.name: model for model in (find_model(name, flag="--compare") for name in options.compare)}
    models = list((by_name or all_models("classify")).values())
    of_any = {field.name for model in all_models("classify").values() for field in model.fields}
    of_these = {field.name for model in models for field in model.fields}
    for name in of_any - of_these:
        if name in vars(options):
            names = ", ".join(model.name for model in models)
            raise ConfigError(f"{flag(name)}: not a setting of {names}; expected a flag that one of them has")
    requests = []
    for model in models:
        of_others = of_any - {field.name for field in model.fields}
        own = {name: value for name, value in vars(options).items() if name not in of_others}
        try:
            named_of_model(model, all_models("classify"), own)
        except ConfigError as error:  # of several models, it is told which one
            raise ConfigError(f"{model.name}: {error}") from error
        requests.append(_request(model, own))
    return requests


def run(request: ClassifyRequest | list[ClassifyRequest], options: argparse.Namespace) -> None:
    """Do what was asked for."""
    if isinstance(request, list):
        _compare(request, quiet=options.quiet)
        return
    if options.predict:
        _predict(request, options)
        return
    folder = _train(request, quiet=options.quiet, say=say)
    shown = shlex.join([*program(), *_naming_flags(request)])
    say(f'saved in {folder} (open report.html). Try it:\n  {shown} --predict "..."')


def _train(request: ClassifyRequest, *, quiet: bool, say: Say) -> Path:
    from textrnn.tasks.classify import train

    with bars(quiet=quiet, say=say) as (bar, download_bar, say_below_bars):
        return train(request, say=say_below_bars, listener=bar, on_download=download_bar, stopping=StopOnInterrupt())


def _compare(requests: list[ClassifyRequest], *, quiet: bool) -> None:
    from textrnn.tasks.compare import compare

    with bars(quiet=quiet, say=say) as (bar, download_bar, say_below_bars):
        folder = compare(
            requests,
            say=say_below_bars,
            listener=bar,
            on_download=download_bar,
            stopping=StopOnInterrupt,
        )
    say(f"saved in {folder} (open report.html); the models are beside it")


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
    from textrnn.tasks.predict import predict
    from textrnn.tasks.resuming import can_go_on, model_folder

    texts = _texts(options.predict)
    if not texts:
        raise ConfigError("--predict -: no line on stdin; expected one text a line")
    folder = model_folder(request)
    if folder is None:
        unfinished = can_go_on(request)
        say_aside(f"no saved model in {request.folder}: {'finishing' if unfinished else 'training'} it first")
        folder = _train(dataclasses.replace(request, resume=unfinished), quiet=options.quiet, say=say_aside)
    for answer in predict(request, folder, texts, top_k=options.top_k, say=say_aside):
        say(shortened(answer.text, 76) or "(empty)")
        say("  " + "  ".join(f"{shortened(name, 30)} {share:.4f}" for name, share in answer.classes))
        if answer.notice:
            say(f"  note: {answer.notice}")


def _naming_flags(request: ClassifyRequest) -> list[str]:
    """The flags that name a saved model again."""
    flags = ["--model", request.model]
    if "dataset" in request.data_settings:
        flags += ["--dataset", request.dataset]
    if request.save_dir != Path("saved_dict"):
        flags += ["--save-dir", str(request.save_dir)]
    return flags

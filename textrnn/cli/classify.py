"""The command line of text classification."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from textrnn.cli import bulk, check, evaluate, export, label_next, predict, search, serve
from textrnn.cli.flags import flag, models_listed, named_settings, naming_flags
from textrnn.cli.output import command_line, program, say, shown
from textrnn.cli.tracking import add_flags as add_tracking_flags
from textrnn.cli.tracking import tracked
from textrnn.cli.trained import train
from textrnn.config import DataConfig, Run, TrainConfig
from textrnn.corpus.sources import STDIN
from textrnn.errors import ConfigError, user_path
from textrnn.models.registry import AUTO, SOLVED, all_models, find_model
from textrnn.tasks.settings import combine

DATA_FORMATS = """data sets:
  headlines (ships with the project), thucnews (downloaded once), any folder in data/ or in a folder of $TEXTRNN_DATA;
  a folder with train, dev and test files, or one file: text<TAB>label lines, CSV or TSV with a header, JSON lines,
  fastText's __label__x text; a class.txt beside the file names the classes that indices stand for
"""
EXAMPLES = """examples:
  python run.py --model LSTM --embedding random
  python run.py --dataset my_reviews.csv --model BiLSTM_Ngram
  python run.py --dataset my_reviews.csv --check
  python run.py --dataset thucnews --model LSTM --budget 60
  python run.py --dataset my_reviews.csv --compare LSTM BiLSTM_Ngram FastText
  python run.py --model LSTM --predict "央行下调存款准备金率"
  python run.py --model LSTM --predict-file titles.csv --output answers.csv
  python run.py --serve
  python run.py --task lm --help
"""
DESCRIPTION = (
    "Text classification with recurrent networks: trains on a file of labelled lines,\n"
    "shows how well it does and where it errs, and predicts.\n\n"
    "The other tasks have their own help: --task lm --help, --task memory --help."
)
SAVE_DIR_HELP = "models go to DIR/<data set>/<model>; with --predict, also a model folder itself"
SETTINGS = {"data": DataConfig, "training": TrainConfig}  # by the title in the help
# What else is done with a data set or a saved model, by the flag that asks for it. Each is a module with `add_flags`,
# `refuse` (flags that do not go with it) and `run`, which gives the exit status.
DOORS: dict[str, ModuleType] = {
    "predict": predict,
    "predict_file": bulk,
    "evaluate": evaluate,
    "check": check,
    "search": search,
    "export": export,
    "label_next": label_next,
    "serve": serve,
}


def epilog() -> str:
    """What follows the flags in the help."""
    return f"models:\n{models_listed(all_models('classify'))}\n\n{DATA_FORMATS}\n{EXAMPLES}"


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags that only this task has."""
    models = ", ".join(all_models("classify"))
    main_group.add_argument(
        "--model", metavar="NAME", help=f"{models}; or auto: as dev says, in some 120 s (default: LSTM)"
    )
    main_group.add_argument(
        "--compare",
        nargs="*",
        metavar="NAME",
        help="train several models (all, or those named) and show them in one table, the linear model among them",
    )
    main_group.add_argument(
        "--baseline", action=argparse.BooleanOptionalAction, default=True, help="train the linear model to compare with"
    )
    for door in DOORS.values():
        door.add_flags(main_group)
    add_tracking_flags(main_group)
    main_group.add_argument("--resume", action="store_true", help="go on with a run that was stopped or killed")


def to_runs(options: argparse.Namespace) -> list[Run]:
    """Flags -> a run, or one for each model to compare.

    Raises:
        ConfigError: for a value out of bounds, or a flag that the model does not have.
    """
    asked = [name for name in (*DOORS, "compare") if getattr(options, name) not in (None, False)]
    if len(asked) > 1:
        raise ConfigError(f"{flag(asked[0])}: cannot stand beside {flag(asked[1])}; expected one of them")
    for door in DOORS.values():
        door.refuse(options)
    given = named_settings("classify", options)
    if options.unlabelled is not None and (options.model or "").casefold() == AUTO:
        options.model = None  # the ladder chooses by cross-validation where no model is named
    if options.compare is None:
        usual = "LSTM" if options.unlabelled is None else label_next.MODEL
        return [_run(options.model or usual, given, options)]
    for name, value in (("model", options.model), ("no-baseline", not options.baseline)):
        if value:
            raise ConfigError(f"--{name}: cannot stand beside --compare; expected one of them")
    return _to_compare(given, options)


def _run(model: str, given: Mapping[str, Any], options: argparse.Namespace) -> Run:
    dataset = str(given.get("dataset", DataConfig().dataset))
    from textrnn.corpus.sources.catalog import dataset_name

    folder = user_path(options.save_dir, "save_dir") / dataset_name(dataset) / find_model(model).name
    run = Run("classify", find_model(model).name, given, folder, resume=options.resume)
    combine(run)  # what is wrong shows before anything heavy is imported
    return run


def _to_compare(given: Mapping[str, Any], options: argparse.Namespace) -> list[Run]:
    """A run of each model that ``--compare`` names, or of every one; each with the flags that it has.

    Raises:
        ConfigError: for a name that is no model, or a flag that none of the models has.
    """
    by_name = {model.name: model for model in (find_model(name, setting="compare") for name in options.compare)}
    models = list((by_name or all_models("classify")).values())
    if not by_name and str(given.get("embedding")).startswith("model2vec:"):
        models = [model for model in models if model.name != SOLVED]  # the one that reads no vectors
    of_any = {field.name for model in all_models("classify").values() for field in model.fields}
    of_these = {field.name for model in models for field in model.fields}
    for name in set(given) & (of_any - of_these):
        names = ", ".join(model.name for model in models)
        raise ConfigError(f"`{name}`: not a setting of {names}; expected a flag that one of them has")
    runs = []
    for model in models:
        of_model = {field.name for field in model.fields}
        try:
            model.config_class.from_dict({name: value for name, value in given.items() if name in of_model})
        except ConfigError as error:
            raise ConfigError(f"{model.name}: {error}") from error
        own = {name: value for name, value in given.items() if name in of_model or name not in of_any}
        runs.append(_run(model.name, own, options))
    return runs


def run(options: argparse.Namespace) -> int:
    """Do what was asked for, and give the exit status."""
    runs = to_runs(options)
    for name, door in DOORS.items():
        if getattr(options, name):
            status: int = door.run(runs[0], options)
            return status
    if options.compare is not None:
        _compare(runs, options)
        return 0
    done = train(runs[0], options, say=say)
    dataset = runs[0].named.get("dataset")
    naming = {
        "model": runs[0].model_name,
        "dataset": dataset,
        "save_dir": str(user_path(options.save_dir, "save_dir")),
    }
    if dataset == STDIN:  # is not there a second time
        naming = {"save_dir": str(done.folder)}
    flags = command_line([*program(), *naming_flags(naming)])
    say(f'saved in {done.folder} (open report.html). Try it:\n  {flags} --predict "..."')
    return 0


def _compare(runs: Sequence[Run], options: argparse.Namespace) -> None:
    from textrnn.tasks.compare import compare

    with shown(quiet=options.quiet, say=say) as (shower, download_bar), tracked(options, shower) as listener:
        folder = compare(runs, listener, on_download=download_bar)
    say(f"saved in {folder} (open report.html); the models are beside it")

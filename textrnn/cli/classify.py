"""The command line of text classification."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.cli import check
from textrnn.cli.flags import SAVE_DIR, flagged, models_listed, named_settings, naming_flags
from textrnn.cli.output import Say, Teller, command_line, program, say, say_aside, shown
from textrnn.config import DataConfig, Run, TrainConfig
from textrnn.corpus.sources.catalog import dataset_name
from textrnn.corpus.sources.content import STDIN
from textrnn.errors import ConfigError, user_path
from textrnn.models.registry import all_models, find_model
from textrnn.tasks.settings import combine

if TYPE_CHECKING:
    from textrnn.saved.classifier import Classifier

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
  python run.py --task lm --help
"""
DESCRIPTION = (
    "Text classification with recurrent networks: trains on a file of labelled lines, shows how well it does and where "
    "it errs, and predicts. (The other tasks have their own --help: --task lm --help, --task memory --help.)"
)
SAVE_DIR_HELP = "models go to DIR/<data set>/<model>; with --predict, also a model folder itself"
SETTINGS = {"data": DataConfig, "training": TrainConfig}  # by the title in the help


def epilog() -> str:
    """What follows the flags in the help."""
    return f"models:\n{models_listed(all_models('classify'))}\n\n{DATA_FORMATS}\n{EXAMPLES}"


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags that only this task has."""
    models = ", ".join(all_models("classify"))
    main_group.add_argument("--model", metavar="NAME", help=f"{models} (default: LSTM)")
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
        "--output", metavar="FILE", help="with --predict: write text, label and probability of each row to a CSV file"
    )
    main_group.add_argument(
        "--top-k", type=int, default=3, metavar="N", help="classes shown for each text (default: 3)"
    )
    main_group.add_argument(
        "--baseline", action=argparse.BooleanOptionalAction, default=True, help="train the linear model to compare with"
    )
    check.add_flags(main_group)
    main_group.add_argument("--resume", action="store_true", help="go on with a run that was stopped or killed")


def to_runs(options: argparse.Namespace) -> list[Run]:
    """Flags -> a run, or one for each model to compare.

    Raises:
        ConfigError: for a value out of bounds, or a flag that the model does not have.
    """
    if options.top_k < 1:
        raise ConfigError(f"`top_k` {options.top_k}: must be at least 1")
    check.refuse_alone(options)
    given = named_settings("classify", options)
    if options.output is not None and not options.predict:
        raise ConfigError("`output`: belongs to `predict`; expected `predict` beside it")
    if options.compare is None:
        return [_run(options.model or "LSTM", given, options)]
    for name, value in (("predict", options.predict), ("model", options.model), ("no-baseline", not options.baseline)):
        if value:
            raise ConfigError(f"--{name}: cannot stand beside --compare; expected one of them")
    return _to_compare(given, options)


def _run(model: str, given: Mapping[str, Any], options: argparse.Namespace) -> Run:
    dataset = str(given.get("dataset", DataConfig().dataset))
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
    if options.check:
        return check.check(runs[0], options)
    if options.compare is not None:
        _compare(runs, quiet=options.quiet)
    elif options.predict:
        _predict(runs[0], options)
    else:
        done = _train(runs[0], options, say=say)
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


def _train(run: Run, options: argparse.Namespace, *, say: Say) -> Run:
    from textrnn.tasks.classify import train

    with shown(quiet=options.quiet, say=say) as (listener, download_bar):
        return train(run, listener, on_download=download_bar, baseline=options.baseline)[0]


def _compare(runs: Sequence[Run], *, quiet: bool) -> None:
    from textrnn.tasks.compare import compare

    with shown(quiet=quiet, say=say) as (listener, download_bar):
        folder = compare(runs, listener, on_download=download_bar)
    say(f"saved in {folder} (open report.html); the models are beside it")


def _texts(given: Sequence[str], classifier: Classifier, encoding: str | None) -> list[str]:
    """The texts to predict; ``-`` stands for those from standard input."""
    from textrnn.corpus.sources.content import content_of
    from textrnn.report.notes import line
    from textrnn.tasks.given_texts import texts_in

    texts: list[str] = []
    for text in given:
        if text != STDIN:
            texts.append(text)
            continue
        config = replace(classifier.settings.data, encoding=encoding)
        found, note = texts_in(content_of(Path(STDIN)), config, classifier.read)
        texts += found
        if note:
            say_aside(line(note))
    return texts


def _refuse_empty_stdin(given: Sequence[str]) -> None:
    """Before anything is trained to answer for nothing."""
    from textrnn.corpus.sources.content import content_of

    if set(given) == {STDIN} and (sys.stdin is None or not content_of(Path(STDIN)).head(1)):
        raise ConfigError("--predict -: no line on stdin; expected one text a line")


def _predict(run: Run, options: argparse.Namespace) -> None:
    from textrnn.files import write_together
    from textrnn.report.notes import words
    from textrnn.report.spreadsheet import answers_csv
    from textrnn.report.text import shortened
    from textrnn.tasks.answers import is_data_file, open_classifier, predict
    from textrnn.tasks.common import can_go_on
    from textrnn.tasks.model_folders import find_saved, placed, refuse_mistyped_model

    for text in options.predict:
        if is_data_file(text):
            say_aside(
                f"note: {text} is a file; it is answered as a text here: its rows would be by --predict - < "
                f"{command_line([text])}"
            )
    _refuse_empty_stdin(options.predict)
    save_dir = user_path(options.save_dir, "save_dir")
    teller, model_named, own = Teller(say_aside), options.model is not None, placed(run)
    folder = find_saved(own, save_dir, teller, model_named=model_named)
    if folder is None:
        refuse_mistyped_model(own, save_dir, model_named=model_named, usual=Path(SAVE_DIR))
        unfinished = can_go_on(own)
        say_aside(f"no saved model in {own.folder}: {'finishing' if unfinished else 'training'} it first")
        own = _train(replace(run, resume=unfinished), options, say=say_aside)
        assert own.folder is not None
        folder = own.folder
        say_aside(f"saved in {folder} (open report.html)")
    classifier = open_classifier(own, folder, teller)
    texts = _texts(options.predict, classifier, run.named.get("encoding"))
    answers = predict(classifier, texts, top_k=options.top_k)
    if options.output is not None:
        path = user_path(options.output, "output")
        if path.is_dir():
            raise ConfigError(f"`output` {path}: a folder; expected the name of a file in it, such as answers.csv")
        write_together(path.parent, {path.name: answers_csv((answer.text, *answer.classes[0]) for answer in answers)})
        rows = "1 row" if len(answers) == 1 else f"{len(answers):,} rows"
        say(f"{rows} written to {path}")
        return
    for answer in answers:
        say(shortened(answer.text, 76) or "(empty)")
        say("  " + "  ".join(f"{shortened(name, 30)} {share:.4f}" for name, share in answer.classes))
        if answer.note:
            say(f"  note: {flagged(words(answer.note))}")

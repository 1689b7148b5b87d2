"""``--evaluate``: the saved classifier on other labelled texts, with the full report."""

from __future__ import annotations

import argparse

from textrnn.cli.output import say, shown
from textrnn.cli.trained import for_another_file, trained_classifier
from textrnn.config import Run
from textrnn.errors import user_path


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flag of labelled texts."""
    main_group.add_argument(
        "--evaluate",
        metavar="FILE|NAME|DIR",
        help="score the saved model on another labelled file, or on the test split of a data set, with the full report",
    )


def refuse(options: argparse.Namespace) -> None:
    """What is wrong with the flag.

    Raises:
        ConfigError: that names it.
    """
    if options.evaluate is not None:
        user_path(options.evaluate, "evaluate")


def run(asked: Run, options: argparse.Namespace) -> int:
    """Score, and give the exit status."""
    from textrnn.tasks.evaluate import evaluate, evaluation_folder, files_of

    own, config = for_another_file(asked)
    with shown(quiet=options.quiet, say=say) as (listener, download_bar):
        files_of(options.evaluate, download_bar)  # before anything is trained to be scored on nothing
        classifier, folder = trained_classifier(own, options)
        result = evaluate(classifier, options.evaluate, config, listener, folder=folder, on_download=download_bar)
    say(f"saved in {evaluation_folder(folder, result.dataset.name)} (open report.html)")
    return 0

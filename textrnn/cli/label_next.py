"""``--unlabelled``: few labels and a heap of texts without; ``--label-next``: which of those to label next."""

from __future__ import annotations

import argparse

from textrnn.cli.flags import flag
from textrnn.cli.output import Teller, say, say_aside
from textrnn.cli.trained import trained_classifier
from textrnn.config import Run
from textrnn.errors import ConfigError, user_path

MOST = 100_000
MODEL = "BiLSTM_Ngram"  # learns most from guesses
NOT_BESIDE = ("compare", "search", "check", "evaluate", "resume")  # what has no use for texts without labels


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of texts without labels."""
    main_group.add_argument(
        "--unlabelled",
        metavar="FILE|DIR",
        help="texts without labels, to learn from beside few with (any table, or one text a line); takes --budget "
        f"seconds at most (default: 300); the model is then {MODEL} unless another is named",
    )
    main_group.add_argument(
        "--label-next",
        type=int,
        metavar="N",
        help="with --unlabelled: write the N texts whose labels would teach the saved model most (trained first where "
        "there is none) into a .csv file to label, the labelled rows above them; see --output",
    )


def refuse(options: argparse.Namespace) -> None:
    """What is wrong with these flags.

    Raises:
        ConfigError: that names the flag.
    """
    if options.unlabelled is not None:
        user_path(options.unlabelled, "unlabelled")
        for name in NOT_BESIDE:
            if getattr(options, name) not in (None, False):
                raise ConfigError(f"`unlabelled`: cannot stand beside {flag(name)}; expected one of them")
    if options.label_next is None:
        return
    if options.unlabelled is None:
        raise ConfigError("`label_next`: needs the texts to choose from; expected `unlabelled` FILE beside it")
    if not 1 <= options.label_next <= MOST:
        raise ConfigError(f"`label_next` {options.label_next}: must be at least 1 and at most {MOST}")
    if options.output is not None and user_path(options.output, "output").suffix.lower() != ".csv":
        raise ConfigError(f"`output` {options.output}: expected a name that ends in .csv with `label_next`")


def run(asked: Run, options: argparse.Namespace) -> int:
    """Choose, write, and give the exit status."""
    from textrnn.tasks.few_labels.label_next import FILE, refuse_what_is_read, write_next

    if options.output is not None:  # before a model is trained
        refuse_what_is_read(asked, options.unlabelled, user_path(options.output, "output"))
    classifier, folder = trained_classifier(asked, options)
    path = folder / FILE if options.output is None else user_path(options.output, "output")
    rows = write_next(classifier, asked, options.unlabelled, options.label_next, path, Teller(say_aside))
    told = "1 row" if rows == 1 else f"{rows:,} rows"
    say(
        f"{told} to label written to {path}, below those that have a label: fill in the column label, take the file in "
        "the place of the training file, and train again"
    )
    return 0

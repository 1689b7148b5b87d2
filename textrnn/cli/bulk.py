"""``--predict-file``: the answers of the saved classifier to every row of a file."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli.flags import flagged
from textrnn.cli.output import ReaderGone, Teller, say, say_aside, write_bytes
from textrnn.cli.trained import for_another_file, trained_classifier
from textrnn.config import DataConfig, Run
from textrnn.corpus.sources import STDIN
from textrnn.errors import ConfigError, DataError, listed, user_path

if TYPE_CHECKING:
    from textrnn.tasks.bulk import Bulk, Done

MOST_PROCESSES = 256


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of a file of texts."""
    main_group.add_argument(
        "--predict-file",
        metavar="FILE|-",
        help="classify every row of a file (a table of any format, or one text a line) with the saved model; - reads "
        "stdin; all columns are kept",
    )
    main_group.add_argument(
        "--below",
        nargs=2,
        metavar=("P", "FILE"),
        help="with --predict-file: put the rows whose probability is below P (of several labels, that of the least "
        "sure) into FILE, for people to label",
    )
    main_group.add_argument(
        "--processes",
        type=int,
        default=None,
        metavar="N",
        help="with --predict-file: answer in N processes with a thread each (default: 1, with as many threads as help)",
    )


def refuse(options: argparse.Namespace) -> None:
    """What is wrong with these flags.

    Raises:
        ConfigError: that names the flag.
    """
    for name in ("below", "processes"):
        if getattr(options, name) is not None and options.predict_file is None:
            raise ConfigError(f"`{name}`: belongs to `predict_file`; expected `predict_file` beside it")
    if options.predict_file is None:
        return
    if options.predict_file != STDIN and user_path(options.predict_file, "predict_file").is_dir():
        raise ConfigError(f"`predict_file` {options.predict_file}: a folder; expected a table or one text a line")
    if options.processes is not None and not 1 <= options.processes <= MOST_PROCESSES:
        raise ConfigError(f"`processes` {options.processes}: expected a number from 1 to {MOST_PROCESSES}")
    if options.json and options.output is not None:
        raise ConfigError("`json`: cannot stand beside `output`, whose ending names the format; expected one of them")
    _probability(options)


def _probability(options: argparse.Namespace) -> float | None:
    if options.below is None:
        return None
    try:
        probability = float(options.below[0])
    except ValueError:
        probability = -1.0
    if not 0 < probability <= 1:
        raise ConfigError(
            f"`below` {options.below[0]}: no probability; expected a number above 0, up to 1, and a file: 0.6 FILE"
        )
    return probability


def run(asked: Run, options: argparse.Namespace) -> int:
    """Answer, and give the exit status."""
    from textrnn.cli.progress import FileBar
    from textrnn.corpus.sources.content import content_at
    from textrnn.tasks.bulk import answer_file

    own, config = for_another_file(asked)
    bulk = _bulk(options, config)
    if not content_at(bulk.source).head(1):  # before anything is trained to answer for nothing
        raise DataError(f"{content_at(bulk.source).path}: nothing in it; expected one text a line, or a table of texts")
    classifier, bulk.folder = trained_classifier(own, options)
    with contextlib.closing(FileBar(shown=not options.quiet)) as bar, contextlib.suppress(ReaderGone):
        done = answer_file(classifier, bulk, Teller(say_aside), bar)
        bar.close()
        _say(done, bulk)
    return 0


def _bulk(options: argparse.Namespace, config: DataConfig) -> Bulk:
    from textrnn.tasks.bulk import Below, Bulk

    probability, source = _probability(options), options.predict_file
    return Bulk(
        Path(STDIN) if source == STDIN else user_path(source, "predict_file"),
        None if options.output is None else user_path(options.output, "output"),
        write=write_bytes,
        form="jsonl" if options.json else "csv",
        config=config,
        top_k=options.top_k or 1,
        below=None if probability is None else Below(probability, user_path(options.below[1], "below")),
        processes=options.processes or 1,
    )


def _say(done: Done, bulk: Bulk) -> None:
    """What came of it; beside the answers themselves where those go to stdout."""
    from textrnn.report.notes import words

    for kind, count in done.notes.items():
        say_aside(f"note: {_rows(count)}: {flagged(words(done.unusual[kind]))}")
    if done.left_out:
        say_aside(
            f"note: keys that first come far behind the beginning are left out ({listed(done.left_out)}); a .jsonl "
            "keeps them"
        )
    if done.errors:
        say_aside(f"note: {_rows(done.errors)} without an answer, see the column of errors ({done.first_error})")
    told = say if bulk.output is not None else say_aside
    told(f"{_rows(done.rows)} {'written to ' + str(bulk.output) if bulk.output is not None else 'answered'}")
    if bulk.below is not None:
        told(f"{_rows(done.aside)} below {bulk.below.probability:g} put aside into {bulk.below.path}")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"

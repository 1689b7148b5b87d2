"""``--predict ... --explain``: why the saved classifier answered as it did, in the terminal, as a page or as JSON."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli.flags import flagged
from textrnn.cli.output import Teller, say, say_aside, say_coloured, shows_colours
from textrnn.errors import ConfigError, user_path

if TYPE_CHECKING:
    from textrnn.report.explanation import ExplainedAnswer
    from textrnn.saved.classifier import Classifier

NEAREST = 3  # training texts shown for each text
CLASSES = 3  # of an answer
ENDINGS = (".html", ".json", ".jsonl")


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of reasons, which stand beside those of answers."""
    main_group.add_argument(
        "--explain",
        action="store_true",
        help="with --predict: what each token adds to the answer, and the nearest training texts; --output FILE.html "
        "makes a page of it, .json and .jsonl data",
    )
    main_group.add_argument(
        "--nearest", type=int, metavar="N", help=f"training texts shown beside each (default: {NEAREST}; 0: none)"
    )


def refuse(options: argparse.Namespace) -> None:
    """What is wrong with the flags of reasons.

    Raises:
        ConfigError: that names the flag.
    """
    if options.explain and not options.predict:
        raise ConfigError("`explain`: belongs to `predict`; expected `predict` beside it")
    if options.nearest is not None and not options.explain:
        raise ConfigError("`nearest`: belongs to `explain`; expected `explain` beside it")
    if options.nearest is not None and options.nearest < 0:
        raise ConfigError(f"`nearest` {options.nearest}: must be at least 0")
    if options.explain and options.output is not None:
        page = user_path(options.output, "output")
        if page.is_dir():
            raise ConfigError(f"`output` {page}: a folder; expected the name of a file in it, such as reasons.html")
        if page.suffix.lower() not in ENDINGS:
            raise ConfigError(
                f"`output` {page}: not a file for reasons; expected a name that ends in .html, .json or .jsonl, such "
                f"as {page.with_suffix('.html').name}"
            )


def explain(classifier: Classifier, texts: Sequence[str], options: argparse.Namespace) -> None:
    """Answer with reasons, where the flags want them."""
    from textrnn.report.explanation import terminal_lines
    from textrnn.tasks.explanations import explain_answers

    nearest = NEAREST if options.nearest is None else options.nearest
    found = explain_answers(classifier, texts, Teller(say_aside), top_k=options.top_k or CLASSES, nearest=nearest)
    if options.output is not None:
        _write(user_path(options.output, "output"), classifier, found)
        return
    width, coloured = min(max(shutil.get_terminal_size((80, 24)).columns, 40), 100), shows_colours()
    for each in found:
        note = None if each.note is None else flagged(each.note)
        for line in terminal_lines(replace(each, note=note), width=width, coloured=coloured):
            say_coloured(line)


def _write(path: Path, classifier: Classifier, found: Sequence[ExplainedAnswer]) -> None:
    from textrnn.corpus.sources.catalog import dataset_name
    from textrnn.files import json_bytes, json_line, write_together
    from textrnn.report.explanation import explanations_page

    ending, settings = path.suffix.lower(), classifier.settings
    if ending == ".html":
        page = explanations_page(found, model=settings.model_name, data=dataset_name(settings.data.dataset))
        content = page.encode("utf-8", "replace")
    elif ending == ".json":
        content = json_bytes([each.to_dict() for each in found])
    else:
        content = b"".join(json_line(each.to_dict()) for each in found)
    write_together(path.parent, {path.name: content})
    texts = "1 text" if len(found) == 1 else f"{len(found):,} texts"
    say(f"reasons for {texts} written to {path}")

"""``--predict``: the answers of the saved classifier to texts that are typed, or come from standard input."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli import explain
from textrnn.cli.flags import flagged
from textrnn.cli.output import command_line, say, say_aside
from textrnn.cli.trained import trained_classifier
from textrnn.config import DataConfig, Run
from textrnn.corpus.sources import STDIN
from textrnn.errors import ConfigError, user_path

if TYPE_CHECKING:
    from textrnn.saved.classifier import Classifier
    from textrnn.tasks.answers import Prediction


SHOWN = 3  # classes of an answer


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of answers."""
    main_group.add_argument(
        "--predict",
        nargs="+",
        metavar="TEXT",
        help="classify texts with the saved model (trained first where there is none); - reads stdin, one text a line",
    )
    main_group.add_argument(
        "--output",
        metavar="FILE",
        help="with --predict or --predict-file: write the answers to a .csv, .tsv, .jsonl or .parquet file; with "
        "--explain: an .html, .json or .jsonl file; with --export: the folder; with --label-next: a .csv file",
    )
    main_group.add_argument("--top-k", type=int, metavar="N", help="classes of each answer (default: 3; 1 in a file)")
    explain.add_flags(main_group)


def refuse(options: argparse.Namespace) -> None:
    """What is wrong with the flags of answers.

    Raises:
        ConfigError: that names the flag.
    """
    if options.top_k is not None and options.top_k < 1:
        raise ConfigError(f"`top_k` {options.top_k}: must be at least 1")
    belongs = options.predict or options.predict_file is not None or options.export or options.label_next is not None
    if options.output is not None and not belongs:
        raise ConfigError("`output`: belongs to `predict_file`, `predict` or `export`; expected one of them beside it")
    explain.refuse(options)


def run(asked: Run, options: argparse.Namespace) -> int:
    """Answer, and give the exit status."""
    _predict(asked, options)
    return 0


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
        usual = classifier.settings.data.separator
        found, note = texts_in(content_of(Path(STDIN)), DataConfig(encoding=encoding), classifier.read, separator=usual)
        texts += found
        if note:
            say_aside(line(note))
    return texts


def _refuse_empty_stdin(given: Sequence[str]) -> None:
    """Before anything is trained to answer for nothing."""
    from textrnn.corpus.sources.content import content_of

    if set(given) == {STDIN} and (sys.stdin is None or not content_of(Path(STDIN)).head(1)):
        raise ConfigError("--predict -: no line on stdin; expected one text a line")


def answered_line(found: Prediction) -> str:
    """The classes of a text; where it may have several labels, those that it is given, then the next likeliest."""
    from textrnn.report.text import shortened

    def shown(classes: Sequence[tuple[str, float]]) -> str:
        return "  ".join(f"{shortened(name, 30)} {share:.4f}" for name, share in classes)

    if found.labels is None:
        return f"  {shown(found.classes)}"
    others = [each for each in found.classes if each not in found.labels]
    beside = f"  (next: {shown(others)})" if others else ""
    return f"  {shown(found.labels) or 'no label'}{beside}"


def _predict(asked: Run, options: argparse.Namespace) -> None:
    from textrnn.files import is_same, write_together
    from textrnn.report.answer_files import format_of
    from textrnn.report.answered import Joining
    from textrnn.report.notes import words
    from textrnn.report.text import shortened
    from textrnn.saved.answers import answer
    from textrnn.tasks.answers import answers_as, is_data_file, predict

    path = None if options.output is None else user_path(options.output, "output")
    form = None if path is None or options.explain else format_of(path, "output")
    if path is not None and any(is_data_file(text) and is_same(path, Path(text)) for text in options.predict):
        raise ConfigError(f"`output` {path}: the file that `predict` names, which would be lost; expected another one")
    for text in options.predict:
        if is_data_file(text):
            say_aside(
                f"note: {text} is a file; it is answered as a text here: its rows are answered by "
                f"{command_line(['--predict-file', text])}"
            )
    _refuse_empty_stdin(options.predict)
    classifier, _ = trained_classifier(asked, options)
    texts = _texts(options.predict, classifier, asked.named.get("encoding"))
    if options.explain:
        explain.explain(classifier, texts, options)
        return
    top_k = options.top_k or (SHOWN if path is None else 1)
    if path is not None and form is not None:
        content = answers_as(form, answer(classifier, texts, top_k=top_k), texts, Joining.of(classifier))
        write_together(path.parent, {path.name: content})
        rows = "1 row" if len(texts) == 1 else f"{len(texts):,} rows"
        say(f"{rows} written to {path}")
        return
    for found in predict(classifier, texts, top_k=top_k):
        say(shortened(found.text, 76) or "(empty)")
        say(answered_line(found))
        if found.note:
            say(f"  note: {flagged(words(found.note))}")

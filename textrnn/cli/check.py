"""``--check``: what is to be said of a data set, and a cleaned copy of it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textrnn.cli.flags import flagged
from textrnn.cli.output import say, say_aside, shown
from textrnn.config import Run
from textrnn.errors import ConfigError, user_path

if TYPE_CHECKING:
    from pathlib import Path

    from textrnn.report.label_errors import SuspectRow
    from textrnn.tasks.check import CheckResult, FixResult

MOST_SUSPECTS = 20  # shown
FOUND = 1  # exit status: something would make training wrong


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of a check."""
    main_group.add_argument(
        "--check",
        action="store_true",
        help="look the data over without training: what is wrong with which lines, and what to do; exit status 1 if "
        "something would make training wrong",
    )
    main_group.add_argument(
        "--fix", metavar="DIR", help="with --check: write a cleaned copy and the list of all changes to DIR"
    )
    main_group.add_argument(
        "--json",
        action="store_true",
        help="with --check: print one JSON document; with --predict-file: JSON lines instead of CSV on stdout",
    )
    main_group.add_argument(
        "--labels", action="store_true", help="with --check: find rows whose label is probably wrong, too"
    )


def refuse(options: argparse.Namespace) -> None:
    """The other flags of a check need ``--check``, which stands beside no training.

    Raises:
        ConfigError: that names the flag.
    """
    others = ("fix", "labels") if options.predict_file is not None else ("fix", "json", "labels")
    for name in others if not options.check else ():
        if getattr(options, name):
            if name == "json":
                raise ConfigError("--json: belongs to --check or --predict-file; expected one of them beside it")
            raise ConfigError(f"--{name}: belongs to --check; expected --check beside it")
    if options.check and options.resume:
        raise ConfigError("--resume: cannot stand beside --check; expected one of them")


def run(asked: Run, options: argparse.Namespace) -> int:
    """Check the data set of a run, say what was found, and give the exit status."""
    from textrnn.report.label_errors import COLUMNS, SUSPECTS_FILE
    from textrnn.tasks.check import check, write_fixed, write_suspects

    with shown(quiet=options.quiet, say=say_aside) as (_, download_bar):
        result = check(asked, on_download=download_bar)
        fixed = None
        document = result.to_dict()
        if options.fix is not None:
            fixed = write_fixed(asked, user_path(options.fix, "fix"))
            document["fixed"] = fixed.to_dict()
        suspects: list[SuspectRow] | None = None
        if options.labels:
            from textrnn.tasks.model_folders import placed  # brings torch along

            folder = placed(asked).folder  # of this data, not of other data of its name
            path = (
                user_path(options.save_dir, "save_dir") / result.name if folder is None else folder.parent
            ) / SUSPECTS_FILE
            suspects = write_suspects(asked, path)
            document["suspects"] = [dict(zip(COLUMNS, row, strict=True)) for row in suspects]
    if options.json:
        say(_as_json(document))
    else:
        _say(result, fixed)
        if suspects is not None:
            _say_suspects(suspects, sum(reading.rows for reading in result.readings), path)
    return FOUND if (fixed.after if fixed else result).has_errors else 0


def _say_suspects(suspects: Sequence[SuspectRow], total: int, path: Path) -> None:
    from textrnn.report.label_errors import COLUMNS, doubted
    from textrnn.report.text import shortened, table

    if not suspects:
        say("no label that is probably wrong was found")
        return
    shown = [
        [split, *map(shortened, (line, text, given, suggested), (40, 40, 16, 16)), f"{share:.2f}"]
        for split, line, text, given, suggested, share in suspects[:MOST_SUSPECTS]
    ]
    rows = doubted(len(suspects), total)
    more = f"; the likeliest {len(shown)} errors here" if len(shown) < len(suspects) else ""
    say(f"\nlabels in doubt: {rows}{more}; {path} has all of them\n\n{table([list(COLUMNS), *shown], left_columns=5)}")


def _say(result: CheckResult, fixed: FixResult | None) -> None:
    from textrnn.corpus.fixing import MENDED
    from textrnn.report.check import (
        class_counts_text,
        estimate_text,
        files_text,
        findings_text,
        summary_text,
    )
    from textrnn.tasks.check import CHANGES_FILE

    say(files_text(result.readings))
    if result.classes:
        say(f"\n{class_counts_text(result.classes)}")
    if result.estimate:
        say(f"\n{estimate_text(result.estimate.epochs, result.estimate.seconds, result.estimate.memory)}")
    if result.findings:
        say(f"\n{flagged(findings_text(result.findings))}")
    say(f"\n{summary_text(result.findings)}")
    if fixed is None:
        if any(finding.id in MENDED for finding in result.findings):
            say("--check --fix DIR writes a copy without what can be mended")
        return
    rows = ", ".join(f"{split} {len(part):,}" for split, part in fixed.fixed.rows.items())
    say(f"\nwritten to {fixed.folder}: {rows} rows; {len(fixed.fixed.changes):,} changes, see {CHANGES_FILE} there")
    if fixed.after.findings:
        say(f"what is left:\n{flagged(findings_text(fixed.after.findings))}")
    say(summary_text(fixed.after.findings))


def _as_json(document: dict[str, Any]) -> str:
    """A document without what a terminal would obey."""
    from textrnn.files import json_bytes

    text = json_bytes(document).decode("utf-8").rstrip("\n")
    return re.sub("[\x7f-\x9f\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)

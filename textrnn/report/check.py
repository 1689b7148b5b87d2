"""What the checks have found, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from textrnn.corpus.check import Finding
from textrnn.report.reading import several_labels
from textrnn.report.text import shortened, table, wrapped

if TYPE_CHECKING:
    from textrnn.corpus.readers.rows import Reading

WIDEST = 96  # columns
CLASSES_SHOWN = 12


def files_text(readings: Sequence[Reading]) -> str:
    """A line for each file: what it was read as."""
    return "\n".join(_reading(reading) for reading in readings)


def _reading(reading: Reading) -> str:
    label = (
        f"labels = {', '.join(reading.label_columns)}" if reading.label_columns else f"label = {reading.label_column}"
    )
    columns = f"text = {' + '.join(reading.text_columns)}, {label}"
    parts = [
        *(part for part in (reading.encoding, reading.format) if part),
        *(["header" if reading.header else "no header"] if reading.header is not None and reading.format else []),
        *([columns] if reading.text_columns else []),
        f"{reading.rows:,} rows" + (f", {len(reading.left_out):,} left out" if reading.left_out else ""),
        *filter(None, [several_labels([reading])]),
    ]
    return f"{reading.path}: {'; '.join(parts)}"


def class_counts_text(classes: Mapping[str, Mapping[str, int]]) -> str:
    """Rows by class and split; of many classes, the commonest and the rarest."""
    ranked = sorted(classes.items(), key=lambda item: -sum(item[1].values()))
    shown = ranked if len(ranked) <= CLASSES_SHOWN else [*ranked[: CLASSES_SHOWN - 3], *ranked[-2:]]
    rows = [["class", *next(iter(classes.values()))]]
    rows += [[shortened(name, 30), *(f"{count:,}" for count in counts.values())] for name, counts in shown]
    if len(shown) < len(ranked):
        rows.insert(-2, [f"... ({len(ranked):,} in all)"])
    return table(rows)


def findings_text(findings: Sequence[Finding]) -> str:
    """A block for each kind of finding: how grave, where, what; and once what to do about it."""
    return "\n".join(
        _block(list(group)) for _, group in groupby(findings, key=lambda finding: (finding.severity, finding.remedy))
    )


def _block(group: Sequence[Finding]) -> str:
    lines = []
    for number, finding in enumerate(group):
        begin = f"{finding.severity:<9}" if number == 0 else " " * 9
        told = finding.problem + finding.details
        place = f"{finding.where}: " if finding.where else ""
        lines += _indented(f"{place}{told}", begin)
    return "\n".join([*lines, *_indented(f"-> {group[0].remedy}", " " * 9)])


def _indented(text: str, begin: str) -> list[str]:
    first, *others = wrapped(text, WIDEST - 9).split("\n")
    return [begin + first, *(" " * 9 + line for line in others)]


def summary_text(findings: Sequence[Finding]) -> str:
    """How many there are of each severity, in a line."""
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if not findings:
        return "nothing found that is wrong"
    parts = [
        f"{count} {name}{'s' * (count > 1)}" for count, name in ((errors, "error"), (warnings, "warning")) if count
    ]
    return f"{' and '.join(parts)}{'' if errors else ': nothing that keeps from training'}"


def estimate_text(epochs: int, seconds: float, memory: float) -> str:
    """Roughly how long training takes."""
    if seconds < 90:
        long = f"about {seconds:.0f} s" if seconds > 10 else "a few seconds"
    else:
        long = f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
    needs = f"about {memory / 1e9:.1f} GB of memory"
    return f"training an LSTM: {long} on two processor cores ({epochs} epochs), {needs}"

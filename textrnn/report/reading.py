"""What was understood of a file, in one line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from textrnn.corpus.readers.rows import Reading
from textrnn.report.text import shortened

MAX_LINES = 5  # listed of a kind
MAX_DETAIL_WIDTH = 120
MAX_NAME_WIDTH, MAX_OTHER_COLUMNS = 40, 8  # columns of a terminal; columns of a file that are named though not read


def understood(reading: Reading) -> str:
    """The line that is shown before anything is learnt, and on the report's page.

    ``reviews.csv: UTF-8, comma, header; text = review, label = stars (also there: title); 12,044 rows, 3 left out``
    """
    file = [reading.encoding, reading.format, {True: "header", False: "no header", None: ""}[reading.header]]
    parts = [
        ", ".join(filter(None, file)),
        _columns(reading),
        _rows(reading),
        *(shortened(detail, MAX_DETAIL_WIDTH) for detail in reading.details),
        several_labels([reading]),
    ]
    return f"{shortened(reading.path.name, 2 * MAX_NAME_WIDTH)}: {'; '.join(filter(None, parts))}"


def several_labels(readings: Sequence[Reading]) -> str:
    """``several labels a row, joined by ','; 6.2 % of rows have two or more, 12 have none``, of files read alike.

    Of rows with one label each, nothing.
    """
    found = [(reading.labels, reading.rows) for reading in readings if reading.labels is not None]
    if not found:
        return ""
    shares = _each(f"{100 * labels.several / max(1, rows):.1f}" for labels, rows in found)
    none = _each(f"{labels.none:,}" for labels, _ in found) if any(labels.none for labels, _ in found) else ""
    how = {"joined": f", joined by {found[0][0].separator!r}", "columns": ", a column for each", "list": ""}
    first = f"several labels a row{how[found[0][0].form]}; {shares} % of rows have two or more"
    return f"{first}, {none} {'has' if none == '1' else 'have'} none" if none else first


def _each(values: Iterable[str]) -> str:
    *others, last = values
    return f"{', '.join(others)} and {last}" if others else last


def texts_understood(reading: Reading) -> str:
    """The same of a file of texts that are to be answered: ``titles.csv: UTF-8, comma, header; text = title``."""
    file = [reading.encoding, reading.format, {True: "header", False: "no header", None: ""}[reading.header]]
    parts = [part for part in (", ".join(filter(None, file)), _columns(reading)) if part]
    parts += [shortened(detail, MAX_DETAIL_WIDTH) for detail in reading.details]
    return f"{shortened(reading.path.name, 2 * MAX_NAME_WIDTH)}: {'; '.join(parts)}"


def all_understood(readings: Sequence[Reading]) -> list[str]:
    """A line for each file; one for all where they differ in nothing but the number of rows."""
    lines = [understood(reading) for reading in readings]
    same = {understood(_without_counts(reading, readings[0])) for reading in readings}
    if len(readings) < 2 or len(same) > 1 or readings[0].left_out or readings[0].damaged_lines:
        return lines
    names = ", ".join(shortened(reading.path.name, MAX_NAME_WIDTH) for reading in readings)
    _, _, rest = lines[0].partition(": ")
    rest = rest.replace(_rows(readings[0]), f"{_each(f'{reading.rows:,}' for reading in readings)} rows", 1)
    of_labels = several_labels(readings[:1])
    return [f"{names}: {rest.removesuffix(of_labels)}{several_labels(readings)}"]


def _without_counts(reading: Reading, first: Reading) -> Reading:
    labels = None if reading.labels is None else dataclasses.replace(reading.labels, several=0, none=0)
    return dataclasses.replace(reading, path=first.path, rows=0, labels=labels)


def _columns(reading: Reading) -> str:
    """``text = review, label = stars (also there: title, user)``; nothing of a format without columns."""
    named = [("text", " + ".join(map(_short, reading.text_columns))), ("label", _short(reading.label_column))]
    named += [("labels", _few(reading.label_columns))] if reading.label_columns else []
    read = ", ".join(f"{what} = {name}" for what, name in named if name)
    if not reading.other_columns:
        return read
    others = _few(reading.other_columns)
    return f"{read} (also there: {others})" if read else f"also there: {others}"


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(map(_short, names[:MAX_OTHER_COLUMNS]))
    more = len(names) - MAX_OTHER_COLUMNS
    return f"{shown} and {more:,} more" if more > 0 else shown


def _rows(reading: Reading) -> str:
    counts = [f"{reading.rows:,} {'row' if reading.rows == 1 else 'rows'}"]
    if reading.left_out:
        counts.append(f"{len(reading.left_out):,} left out ({_why(reading)})")
    if reading.damaged_lines:
        damaged = len(reading.damaged_lines)
        what = "line with damaged bytes" if damaged == 1 else "lines with damaged bytes"
        counts.append(f"{damaged:,} {what} ({_lines(reading.damaged_lines)})")
    return ", ".join(counts)


def _why(reading: Reading) -> str:
    """``no text: line 182; no label: lines 3, 7``."""
    by_reason: dict[str, list[int]] = {}
    for row in reading.left_out:
        by_reason.setdefault(row.reason, []).append(row.line)
    return "; ".join(f"{reason.replace('-', ' ')}: {_lines(lines)}" for reason, lines in by_reason.items())


def _lines(lines: Sequence[int]) -> str:
    more = f" and {len(lines) - MAX_LINES:,} more" if len(lines) > MAX_LINES else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:MAX_LINES]))}{more}"


def _short(name: str) -> str:
    return shortened(name, MAX_NAME_WIDTH)

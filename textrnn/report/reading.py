"""What was understood of a file, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from textrnn.corpus.readers.rows import Reading
from textrnn.report.text import shortened

MAX_NAME_WIDTH, MAX_OTHER_COLUMNS = 40, 8  # columns of a terminal; columns of a file that are named though not read


def understood(reading: Reading) -> str:
    """The line that is shown before anything is learnt, and on the report's page.

    ``reviews.csv: UTF-8, comma, header; text = review, label = stars (also there: title); 12,044 rows, 3 left out``
    """
    file = [reading.encoding, reading.format, {True: "header", False: "no header", None: ""}[reading.header]]
    parts = [", ".join(filter(None, file)), _columns(reading), _rows(reading), *map(_short, reading.details)]
    return f"{shortened(reading.path.name, 2 * MAX_NAME_WIDTH)}: {'; '.join(filter(None, parts))}"


def _columns(reading: Reading) -> str:
    """``text = review, label = stars (also there: title, user)``; nothing of a format without columns."""
    named = [("text", " + ".join(map(_short, reading.text_columns))), ("label", _short(reading.label_column))]
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
        counts.append(f"{len(reading.left_out):,} left out")
    if reading.damaged_lines:
        damaged = len(reading.damaged_lines)
        counts.append(f"{damaged:,} {'line' if damaged == 1 else 'lines'} with damaged bytes")
    return ", ".join(counts)


def _short(name: str) -> str:
    return shortened(name, MAX_NAME_WIDTH)

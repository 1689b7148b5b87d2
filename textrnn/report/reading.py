"""What was understood of a file, in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textrnn.corpus.readers import Reading
from textrnn.errors import listed

MOST_LINES = 5  # listed of each kind of row that was left out


def understood(readings: Sequence[Reading]) -> list[str]:
    """A line for each file; one for all where all is alike but the number of rows.

    ``reviews.csv: UTF-8, comma, header; text = review, label = stars (also there: title); 12,044 rows``
    """
    lines = [_understood(reading, reading.path.name, _rows(reading)) for reading in readings]
    alike = {_understood(reading, "", "") for reading in readings}
    if len(readings) < 2 or len(alike) > 1 or any(reading.left_out for reading in readings):
        return lines
    counts = [f"{reading.rows:,}" for reading in readings]
    names = ", ".join(reading.path.name for reading in readings)
    return [_understood(readings[0], names, f"{', '.join(counts[:-1])} and {counts[-1]} rows")]


def _understood(reading: Reading, name: str, rows: str) -> str:
    header = {True: "header", False: "no header", None: ""}[reading.header]
    form = ", ".join(part for part in (reading.encoding, reading.format, header) if part)
    columns = f"text = {' + '.join(reading.text_columns)}, label = {reading.label_column}"
    if reading.other_columns:
        columns += f" (also there: {listed(reading.other_columns, most=6, widest=24)})"
    told = [form, columns, rows, *reading.details]
    if reading.damaged_lines:
        told.append(f"bytes that cannot be decoded replaced on {_lines(reading.damaged_lines)}")
    return f"{name}: {'; '.join(told)}"


def _rows(reading: Reading) -> str:
    rows = "1 row" if reading.rows == 1 else f"{reading.rows:,} rows"
    if reading.left_out:
        rows += f", {len(reading.left_out):,} left out ({_reasons(reading)})"
    return rows


def _reasons(reading: Reading) -> str:
    counts = Counter(row.reason for row in reading.left_out)
    return "; ".join(
        f"{reason.replace('-', ' ')}: {_lines([row.line for row in reading.left_out if row.reason == reason])}"
        for reason in counts
    )


def _lines(lines: list[int] | tuple[int, ...]) -> str:
    if len(lines) == 1:
        return f"line {lines[0]}"
    more = f", ... ({len(lines):,} in all)" if len(lines) > MOST_LINES else ""
    return f"lines {', '.join(map(str, lines[:MOST_LINES]))}{more}"

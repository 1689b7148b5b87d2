"""What was understood of a file, in a line."""

from __future__ import annotations

from collections import Counter

from textrnn.corpus.readers import Reading
from textrnn.errors import listed

MOST_LINES = 5  # listed of each kind of row that was left out


def understood(reading: Reading) -> str:
    """``reviews.csv: UTF-8, comma, header; text = review, label = stars (also there: title); 12,044 rows``."""
    header = {True: "header", False: "no header", None: ""}[reading.header]
    form = ", ".join(part for part in (reading.encoding, reading.format, header) if part)
    columns = f"text = {' + '.join(reading.text_columns)}, label = {reading.label_column}"
    if reading.other_columns:
        columns += f" (also there: {listed(reading.other_columns, most=6, widest=24)})"
    rows = "1 row" if reading.rows == 1 else f"{reading.rows:,} rows"
    if reading.left_out:
        rows += f", {len(reading.left_out):,} left out ({_reasons(reading)})"
    told = [form, columns, rows, *reading.details]
    if reading.damaged_lines:
        told.append(f"bytes that cannot be decoded replaced on {_lines(reading.damaged_lines)}")
    return f"{reading.path.name}: {'; '.join(told)}"


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

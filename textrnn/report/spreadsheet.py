"""Tables for people's spreadsheets: UTF-8 with a byte order mark, CRLF, and nothing in them that is computed.

Source: RFC 4180.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from textrnn.corpus.formulas import starts_like_a_formula
from textrnn.report.plain import as_cell

LONGEST_CELL = 32_000  # characters; Excel breaks a cell of more than 32,767 in two


def spreadsheet(columns: Sequence[str], rows: Iterable[Sequence[str | float]]) -> bytes:
    """A CSV file. Without its mark, Excel would show Chinese as something else; readers of this project leave it out.

    Args:
        rows: texts, made harmless, and shares, shown with four digits.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")  # a carriage return alone in a text is quoted only so
    writer.writerow(columns)
    for row in rows:
        writer.writerow([harmless_cell(cell) if isinstance(cell, str) else f"{cell:.4f}" for cell in row])
    return out.getvalue().encode("utf-8-sig", "replace")


def harmless_cell(text: str) -> str:
    """A text that no spreadsheet computes: one that begins like a formula has an apostrophe before it."""
    cell = as_cell(text, LONGEST_CELL)
    return f"'{cell}" if starts_like_a_formula(cell) else cell

"""``suspects.csv``: the rows whose label is probably wrong, as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from textrnn.corpus.dataset import Dataset, Split
from textrnn.evaluation.label_errors import Suspect

SUSPECTS_FILE = "suspects.csv"
COLUMNS = ("split", "line", "text", "given", "suggested", "probability")
# What a spreadsheet would take for a formula (OWASP, CSV injection), in the widths of Chinese keyboards too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def suspects_csv(dataset: Dataset, suspects: Iterable[Suspect]) -> bytes:
    """The table, the most suspicious row first, with the columns :data:`COLUMNS`.

    UTF-8 with a byte order mark, without which Excel shows Chinese as something else; our own readers, pandas
    (``utf-8-sig``) and LibreOffice leave it out. What would be a formula gets an apostrophe before it.

    Args:
        suspects: of :func:`textrnn.tasks.label_errors.suspects_of`.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180; a carriage return alone in a text is quoted only so
    writer.writerow(COLUMNS)
    for suspect in suspects:
        split: Split = getattr(dataset, suspect.split)
        given, suggested = dataset.class_names[suspect.given], dataset.class_names[suspect.suggested]
        text, line = split.texts[suspect.row_index], _line(split, suspect.row_index)
        cells = (suspect.split, line, text, given, suggested)
        writer.writerow([*map(harmless_cell, cells), f"{suspect.probability:.4f}"])
    return out.getvalue().encode("utf-8-sig", "replace")


def harmless_cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + value if value.lstrip(" ").startswith(FORMULA_STARTS) else value


def _line(split: Split, index: int) -> str:
    """Where a row begins in its file; of a folder for each class, the file; of texts in memory, the row, from 1."""
    if split.rows is None:
        return str(index + 1)
    return str(split.rows.line_numbers[index] if split.rows.files is None else split.rows.files[index])

"""The rows whose label is probably wrong, as they are shown and as ``suspects.csv``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textrnn.corpus.dataset import Dataset, Split
from textrnn.evaluation.label_errors import Suspect
from textrnn.report.spreadsheet import spreadsheet

SUSPECTS_FILE = "suspects.csv"
COLUMNS = ("split", "line", "text", "given", "suggested", "probability")
TOO_MANY = 1 / 3  # of all rows: nobody mislabels that much, so that it is the models that are wrong
SuspectRow = tuple[str, str, str, str, str, float]  # by the columns


def suspect_rows(dataset: Dataset, suspects: Iterable[Suspect]) -> list[SuspectRow]:
    """A row for each, the most suspicious first, with the columns :data:`COLUMNS`.

    Args:
        suspects: of :func:`textrnn.tasks.label_errors.suspects_of`.
    """
    rows: list[SuspectRow] = []
    for suspect in suspects:
        split: Split = getattr(dataset, suspect.split)
        given, suggested = dataset.class_names[suspect.given], dataset.class_names[suspect.suggested]
        text, line = split.texts[suspect.row_index], _line(split, suspect.row_index)
        rows.append((suspect.split, line, text, given, suggested, suspect.probability))
    return rows


def doubted(count: int, total: int) -> str:
    """How many rows are in doubt, in words; and where they are too many to be wrong, why."""
    if count > TOO_MANY * total:
        why = "too many to be errors: the models know too little of these classes to judge"
        return f"{count:,} of {total:,} rows, {why}"
    return "1 row" if count == 1 else f"{count:,} rows"


def suspects_csv(rows: Sequence[SuspectRow]) -> bytes:
    """The table, for spreadsheets."""
    return spreadsheet(COLUMNS, rows)


def _line(split: Split, index: int) -> str:
    """Where a row begins in its file; of a folder for each class, the file; of texts in memory, the row, from 1."""
    if split.rows is None:
        return str(index + 1)
    return str(split.rows.line_numbers[index] if split.rows.files is None else split.rows.files[index])

"""Rows of Excel and LibreOffice workbooks, by python-calamine."""

from __future__ import annotations

import datetime
import importlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

from textrnn.corpus.sources.content import Content
from textrnn.errors import DataError, listed, one_line


def read_workbook(content: Content, words: str) -> tuple[Iterator[tuple[int, list[str]]], tuple[str, ...]]:
    """(row, cells) of the sheet that has most rows of two columns, and what was assumed.

    Args:
        words: what the file is, for messages.

    Raises:
        DataError: if python-calamine is not installed, or the workbook cannot be read.
    """
    try:
        calamine = importlib.import_module("python_calamine")
    except ImportError as error:
        raise DataError(
            f"{content.path}: {words}; reading it takes the package python-calamine: `pip install python-calamine`, or "
            "save it as CSV UTF-8"
        ) from error
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content.read()))
        names = list(workbook.sheet_names)
        name, rows, most = "", [], (0, 0)
        for sheet in names:
            found = workbook.get_sheet_by_name(sheet)
            cells = found.to_python(skip_empty_area=False)
            filled = [sum(cell not in ("", None) for cell in row) for row in cells]
            size = (sum(count > 1 for count in filled), sum(count > 0 for count in filled))
            if size > most:  # most rows of two columns, else of anything; a cover or a summary has few
                name, rows, most = sheet, cells, size
                _fill_merged(rows, getattr(found, "merged_cell_ranges", None) or [])
        if not rows:
            raise DataError(f"{content.path}: no sheet with anything in it; expected rows of a text and its label")
    except DataError:
        raise
    except Exception as error:  # a damaged file can raise anything
        reason = one_line(error) or type(error).__name__
        raise DataError(
            f"{content.path}: {words} that cannot be read ({reason}); expected a whole one without a password: save it "
            "anew, or as CSV UTF-8"
        ) from error
    others = [other for other in names if other != name]
    details = [f"sheet {name}" + (f" (also there: {listed(others, most=5)})" if others else "")]
    return ((number, list(map(_cell, row))) for number, row in enumerate(rows, 1)), tuple(details)


def _fill_merged(rows: list[list[Any]], ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """A cell merged over rows stands for each of them; one merged over columns is a title."""
    for (top, left), (bottom, right) in ranges:
        for row in rows[top + 1 : bottom + 1] if left == right else ():
            if left < len(row) and row[left] in ("", None):
                row[left] = rows[top][left]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Excel knows no other numbers
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return "" if value is None else str(value)

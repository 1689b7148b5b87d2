"""Texts that a spreadsheet would compute: in tables for people, an apostrophe stands before them.

Source: OWASP, CSV injection.
"""

from __future__ import annotations

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # what Excel takes for the beginning of a formula, full width as well
BLANKS = " \u00a0\u3000"  # that may stand before it


def starts_like_a_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute a cell."""
    return cell.lstrip(BLANKS).startswith(FORMULA_STARTS)


def without_apostrophe(cell: str) -> str:
    """The text of a cell that has an apostrophe before it for being one."""
    return cell[1:] if cell[:1] == "'" and starts_like_a_formula(cell[1:]) else cell

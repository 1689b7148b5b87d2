"""Rows that cannot be used: when they are left out with a word, and when they stop everything."""

from __future__ import annotations

from collections.abc import Sequence

from textrnn.corpus.readers.rows import LeftOut, Rows
from textrnn.errors import DataError, one_line

MOST_WITHOUT = 0.01  # share of rows without text or label that stops nothing
LISTED_LINES = 20
PROPOSED = "proposed_label"  # a column of rows to label next
MISSING = ("no-text", "no-label", "damaged-label")  # what is left out by itself
REASONS = {  # in few words, and how to mend it
    "no-text": ("no text", "fill the text in"),
    "no-label": ("no label", "fill the label in"),
    "damaged-label": ("damaged bytes in the label", "write the label anew"),
    "not-text": ("no text but another kind of file", "put texts in their place"),
    "fields": ("another number of fields", "put quotation marks round a text that contains the separator"),
    "no-separator": ("no separator", "put the separator between the text and its class"),
    "not-json": ("no JSON", "correct the line"),
    "several-labels": (
        "more than one label",
        "keep the one that matters, or learn all of them with `multi_label`",
    ),
    "no-answer": ("neither yes nor no in the column of a label", "write 1 or 0"),
    "swallowed-rows": (
        "a quotation mark that swallows rows",
        'close it, or double it where it is part of the text ("")',
    ),
    "open-quote": ("a quotation mark that closes nowhere", 'close it, or double it where it is part of the text ("")'),
}


def refuse_bad_rows(rows: Rows, on_bad_row: str | None) -> None:
    """Rows that were left out must be few, and lack nothing but their text or label.

    Args:
        on_bad_row: ``skip`` allows any, ``stop`` none.

    Raises:
        DataError: that lists the first of them.
    """
    assert rows.reading is not None
    left_out = rows.reading.left_out
    total = len(rows) + len(left_out)
    if not left_out or (on_bad_row == "skip" and len(rows)):
        return
    wrong = [row for row in left_out if row.reason not in MISSING]
    if not wrong and len(rows) and on_bad_row is None and PROPOSED in rows.reading.other_columns:
        return  # written for people to label: not all of it is done yet
    if not wrong and on_bad_row is None and len(left_out) <= MOST_WITHOUT * total and len(rows):
        return
    raise DataError(_account(rows, wrong or left_out, total, missing=not wrong and on_bad_row is None))


def _account(rows: Rows, left_out: Sequence[LeftOut], total: int, *, missing: bool) -> str:
    first = left_out[0]
    by_reason: dict[str, list[int]] = {}
    for row in left_out:
        by_reason.setdefault(row.reason, []).append(row.line)
    shown, parts = 0, []
    for reason, lines in by_reason.items():
        few = lines[: max(1, LISTED_LINES - shown)]
        shown += len(few)
        more = f", ... {len(lines):,} in all" if len(lines) > len(few) else ""
        parts.append(f"{REASONS[reason][0]} on line{'s' if len(lines) > 1 else ''} {', '.join(map(str, few))}{more}")
    remedies = list(dict.fromkeys(REASONS[reason][1] for reason in by_reason))
    content = f": {one_line(first.content, widest=60)!r}" if first.content and first.reason not in MISSING else ""
    what = (
        f"{first.problem}{content}"
        if len(left_out) == 1
        else f"{len(left_out):,} of {total:,} rows: " + "; ".join(parts)
    )
    if len(left_out) > 1 and first.reason not in MISSING:
        what += f" (the first: {first.problem}{content})"
    expected = "text and label in each row" if not missing else "at most 1 % of the rows without text or label"
    where = f"{rows.path}:{first.line}" if first.path is None else first.path
    return (
        f"{where}: {what}; expected {expected}: {', or '.join(remedies)}, or leave such rows out with `on_bad_row=skip`"
    )

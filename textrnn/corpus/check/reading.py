"""What could not be read: rows that were left out, bytes that were replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from textrnn.corpus.check import ExaminedFiles, Finding, Severity, counted, shown
from textrnn.corpus.readers.rows import LeftOut, Reading

MISSING = ("no-text", "no-label", "damaged-label")  # a gap here and there is usual
FEW = 0.01  # of all rows, that may have one
REASONS = {  # what a row is that was left out for this reason, and how that is mended
    "no-text": ("without a text", "write one, or leave the row out"),
    "no-label": ("without a label", "write one, or leave the row out"),
    "damaged-label": ("with damaged bytes in the label", "write the label anew, or leave the row out"),
    "not-text": ("that is no text but a file of another kind", "put a text in its place"),
    "fields": (
        "with another number of columns than the others",
        "put a text that has the separator in it in quotation marks, or name the `separator`",
    ),
    "no-separator": ("without a separator between text and label", "put it there, or name the `separator`"),
    "not-json": ("that are no JSON object", "write one object a line, or export the file again"),
    "several-labels": ("with several labels", "keep one label for each text, or learn all with `multi_label`"),
    "no-answer": ("that say neither yes nor no in the column of a label", "write 1 or 0"),
    "swallowed-rows": (
        "beginning with a quotation mark and swallowing the rows after it",
        'close the quotation mark, or double it (""), where it belongs to the text',
    ),
    "open-quote": (
        "with a quotation mark that is never closed",
        'close it, or double it (""), where it belongs to the text',
    ),
}  # fmt: skip


def rows_left_out(read: ExaminedFiles) -> Iterator[Finding]:
    """One finding for each reason; an error where training would stop over it."""
    for reading in _readings(read):
        by_reason: dict[str, list[LeftOut]] = {}
        for row in reading.left_out:
            by_reason.setdefault(row.reason, []).append(row)
        missing = sum(row.reason in MISSING for row in reading.left_out)
        few = missing <= FEW * (reading.rows + len(reading.left_out))
        for reason, rows in by_reason.items():
            tolerable = read.on_bad_row == "skip" or (read.on_bad_row is None and few and reason in MISSING)
            severity: Severity = "warning" if tolerable else "error"
            yield _left_out(reading.path, reason, rows, severity)


def _left_out(path: Path, reason: str, rows: list[LeftOut], severity: Severity) -> Finding:
    what, remedy = REASONS.get(
        reason, (f"that cannot be used ({shown(rows[0].problem, 80)})", "correct them, or leave them out")
    )
    aside = "" if severity == "warning" else "; `on_bad_row=skip` leaves them out"
    return Finding(
        f"rows-{reason}",
        severity,
        str(rows[0].path or f"{path}:{rows[0].line}"),
        f"{counted(len(rows), 'row')} {what}",
        f"left out; {remedy}" if severity == "warning" else f"expected none of them: {remedy}{aside}",
        rows[0].content.strip(),
        len(rows),
        tuple(row.line for row in rows if row.path is None),
        tuple(str(row.path) for row in rows if row.path is not None),
    )


def damaged_bytes(read: ExaminedFiles) -> Iterator[Finding]:
    """Lines with bytes that mean nothing in the encoding of the file."""
    for reading in _readings(read):
        if reading.damaged_lines:
            lines = reading.damaged_lines
            yield Finding(
                "damaged-bytes",
                "warning",
                f"{reading.path}:{lines[0]}",
                f"{counted(len(lines), 'line')} with bytes that are not {reading.encoding}; each was read as \ufffd",
                f"save the file as UTF-8 where it is from, or name its `encoding` if it is not {reading.encoding}",
                "",
                len(lines),
                tuple(lines),
            )


def control_characters(read: ExaminedFiles) -> Iterator[Finding]:
    """What a terminal obeys, of logs and copied screens; it is left out of every text that is read."""
    for reading in _readings(read):
        if reading.stripped_lines:
            lines = reading.stripped_lines
            yield Finding(
                "control-characters",
                "warning",
                f"{reading.path}:{lines[0]}",
                f"{counted(len(lines), 'text')} with control characters",
                "they are not read; see whether the texts are whole without them",
                "",
                len(lines),
                lines,
            )


def _readings(read: ExaminedFiles) -> Iterator[Reading]:
    """What was understood of each file, each once."""
    seen: list[Reading] = []
    for rows in read.rows.values():
        if rows.reading is not None and not any(rows.reading is other for other in seen):
            seen.append(rows.reading)
            yield rows.reading

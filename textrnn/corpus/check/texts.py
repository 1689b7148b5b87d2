"""What is in texts that should not be: nothing at all, control characters, markup, characters read in a wrong way."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from textrnn.corpus.check import ExaminedFiles, Finding, ReadFiles, about_rows, counted
from textrnn.corpus.cleaning import (
    LONGEST_TEXT,
    OUTLIER,
    has_markup,
    has_nothing_visible,
    has_replacement_characters,
    is_misread,
)
from textrnn.corpus.readers import Rows


def nothing_visible(read: ReadFiles) -> Iterator[Finding]:
    """Texts of characters that cannot be seen."""
    yield from _texts(
        read,
        has_nothing_visible,
        "nothing-visible",
        "whose text has no visible character",
        "nothing can be learnt from them: leave them out",
    )


def markup(read: ExaminedFiles) -> Iterator[Finding]:
    """Tags and entities, of texts copied from web pages."""
    yield from _texts(
        read,
        has_markup,
        "markup",
        "with tags or entities of HTML",
        "they are read as tokens: export the plain text, or remove them",
    )


def misread_characters(read: ExaminedFiles) -> Iterator[Finding]:
    """UTF-8 that an earlier program took for another encoding."""
    yield from _texts(
        read,
        is_misread,
        "misread-characters",
        "that an earlier program read in the wrong encoding and saved so",
        "export them again as UTF-8 from where they are right",
    )


def lost_characters(read: ExaminedFiles) -> Iterator[Finding]:
    """U+FFFD and the like, written by an earlier program in the place of what it could not read."""
    yield from _texts(
        read,
        has_replacement_characters,
        "lost-characters",
        "with characters that an earlier program lost (\\ufffd, 锟斤拷)",
        "export them again from where they are whole; the rest of the text is read",
    )


def very_long_texts(read: ExaminedFiles) -> Iterator[Finding]:
    """Texts far longer than the others: often rows that grew together, or whole documents."""
    lengths = [len(text) for part in read.rows.values() for text in part.texts]
    longest_usual = max(LONGEST_TEXT, OUTLIER * statistics.median(lengths))
    longest = max(lengths)
    if longest > longest_usual:
        yield from _texts(
            read,
            lambda text: len(text) > longest_usual,
            "very-long-texts",
            f"far longer than the others, of up to {longest:,} characters ({statistics.median(lengths):,.0f} in the "
            "middle)",
            "see whether rows grew together there",
        )


def _texts(read: ReadFiles, is_odd: Callable[[str], bool], id: str, problem: str, remedy: str) -> Iterator[Finding]:
    """A finding for each file that has odd texts."""
    for part in read.rows.values():
        damaged = _damaged_lines(part) if is_odd is has_replacement_characters else set()
        indices = [i for i, text in enumerate(part.texts) if is_odd(text) and part.line_numbers[i] not in damaged]
        if indices:
            problem_here = f"{counted(len(indices), 'text' if not problem.startswith('whose') else 'row')} {problem}"
            example = None if part.texts[indices[0]].isprintable() else repr(part.texts[indices[0]])
            yield about_rows(part, indices, id, "warning", problem_here, remedy, example=example)


def _damaged_lines(part: Rows) -> set[int]:
    """Where the reader itself replaced bytes, which it tells."""
    return set() if part.reading is None else set(part.reading.damaged_lines)

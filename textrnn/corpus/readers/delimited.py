"""Records of fields between separators: CSV and TSV in the dialects of Excel, databases and pandas.

lines -> (line number, fields) of each record; a quoted field may span lines
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST_LINES, MOST_CHARACTERS = 1_000, 1_000_000  # of a quoted field; a mark that closes further away closes nothing
MOST_OPEN = 50  # marks that close nowhere, after which none is looked for any further
Blocks = Iterable[tuple[int, list[str]]]  # (number of the first line, lines)


@dataclass(frozen=True)
class Dialect:
    """How the fields of a record are told apart.

    Attributes:
        separator: one character, or several
        quoted: whether quotation marks at both ends of a field are not part of it
        escaped: whether a backslash takes the meaning from what follows, as in exports of databases
        expected: fields of an ordinary record, where known; a quoted field that spans lines must end in such a record
        lenient: quotation marks that do not fit are part of the text, as in most tab-separated files
    """

    separator: str = ","
    quoted: bool = True
    escaped: bool = False
    expected: int = 0
    lenient: bool = False


@dataclass(slots=True)
class Record:
    """A record whose quotation marks need a second look.

    Attributes:
        line: where it begins
        last_line: where it ends
        open_quote: a quotation mark opens a field in it and closes nowhere
    """

    line: int
    last_line: int
    fields: list[str]
    open_quote: bool = False


def read_records(
    blocks: Blocks, dialect: Dialect, *, keep_empty: bool = False
) -> Iterator[tuple[int, list[str], Record | None]]:
    """(line, fields, None) of each record; with the :class:`Record` where quotation marks made it span lines, or open
    and never close. Blank lines are left out.

    Args:
        keep_empty: every record counts, also one whose fields are all empty, and every blank in a field.
    """
    waiting: list[str] = []  # lines of a record that is not complete
    waiting_from = never_closed = 0
    for first, lines in blocks:
        if not waiting:
            quick = _quick(first, lines, dialect, keep_empty=keep_empty)
            if quick is not None:
                yield from quick
                continue
        else:
            lines = waiting + lines
            first = waiting_from
        position = 0
        while position < len(lines):
            line = lines[position]
            if _is_blank(line, dialect.separator):
                position += 1
                continue
            fields, is_open = split_fields(line, dialect)
            if not is_open:
                yield first + position, fields, None
                position += 1
                continue
            record, complete = _spanning(lines, position, first, dialect, patient=never_closed < MOST_OPEN)
            if not complete:
                break
            never_closed += record.last_line == record.line
            yield record.line, record.fields, record if record.open_quote or record.last_line > record.line else None
            position = record.last_line - first + 1
        waiting, waiting_from = lines[position:], first + position
    while waiting:  # at the end of the file, what is open stays so
        line, number = waiting[0], waiting_from
        fields, is_open = split_fields(line, dialect)
        record = Record(number, number, fields)
        if is_open:
            record, complete = _spanning(waiting, 0, number, dialect, patient=never_closed < MOST_OPEN)
            if not complete:
                record = _never_closed(line, number, dialect)
            never_closed += record.last_line == record.line
        if line.strip() or (keep_empty and not _is_blank(line, dialect.separator)):
            spans = record.open_quote or record.last_line > record.line
            yield record.line, record.fields, record if spans else None
        used = record.last_line - number + 1
        waiting, waiting_from = waiting[used:], number + used


def _is_blank(line: str, separator: str) -> bool:
    return not line or (line.isspace() and separator not in line)


def _quick(
    first: int, lines: list[str], dialect: Dialect, *, keep_empty: bool
) -> list[tuple[int, list[str], None]] | None:
    """All records of a block at once, where no record spans lines and no quotation mark is odd; else None."""
    separator = dialect.separator
    text = "\n".join(lines)
    if dialect.escaped and "\\" in text:
        return None
    if not dialect.quoted or '"' not in text:
        if keep_empty:
            numbered = enumerate(lines, first)
            return [(n, line.split(separator), None) for n, line in numbered if not _is_blank(line, separator)]
        return [(n, line.split(separator), None) for n, line in enumerate(lines, first) if line and not line.isspace()]
    if dialect.lenient or len(separator) > 1:
        return None
    csv.field_size_limit(2**31 - 1)
    if keep_empty and (f"{separator} " in text or text.startswith(" ") or "\n " in text):
        return None  # blanks before a quotation mark are none of the field, all others are
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    try:
        records = list(reader)
    except csv.Error:
        return None
    if len(records) != len(lines):
        return None
    if keep_empty:
        numbered_lines = enumerate(zip(lines, records, strict=True), first)
        return [(n, fields, None) for n, (line, fields) in numbered_lines if not _is_blank(line, separator)]
    return [(n, fields, None) for n, fields in enumerate(records, first) if fields and any(map(str.strip, fields))]


def split_fields(line: str, dialect: Dialect) -> tuple[list[str], bool]:
    """The fields of a record, and whether a quotation mark opens a field that is not closed in it."""
    separator = dialect.separator
    if not dialect.quoted or '"' not in line:
        return (_split_escaped(line, separator) if dialect.escaped and "\\" in line else line.split(separator)), False
    fields: list[str] = []
    position = 0
    while True:
        start = _after_blanks(line, position, separator)
        if line[start : start + 1] == '"':
            end = _closing(line, start + 1, dialect.escaped)
            if end < 0:
                return [*fields, line[start + 1 :]], True
            after = _after_blanks(line, end + 1, separator)
            if after == len(line) or line.startswith(separator, after):
                fields.append(_unquoted(line[start + 1 : end], dialect.escaped))
                if after == len(line):
                    return fields, False
                position = after + len(separator)
                continue
            # What follows the closing mark is no separator: the marks belong to the text.
        end = _next_separator(line, position, dialect)
        if end < 0:
            return [*fields, _unescaped(line[position:], separator) if dialect.escaped else line[position:]], False
        field = line[position:end]
        fields.append(_unescaped(field, separator) if dialect.escaped else field)
        position = end + len(separator)


def _next_separator(line: str, position: int, dialect: Dialect) -> int:
    end = line.find(dialect.separator, position)
    while dialect.escaped and end > 0 and _is_escaped(line, end):
        end = line.find(dialect.separator, end + 1)
    return end


def _is_escaped(line: str, position: int) -> bool:
    before = position
    while before > 0 and line[before - 1] == "\\":
        before -= 1
    return (position - before) % 2 == 1


def _closing(line: str, position: int, escaped: bool) -> int:
    """Where the quotation mark stands that closes the field which begins at `position`; -1 if it stays open."""
    while True:
        end = line.find('"', position)
        if end < 0:
            return -1
        if escaped and _is_escaped(line, end):
            position = end + 1
        elif line.startswith('""', end):
            position = end + 2
        else:
            return end


def _unquoted(field: str, escaped: bool) -> str:
    field = field.replace('""', '"') if '""' in field else field
    return _unescaped(field, '"') if escaped else field


def _unescaped(field: str, separator: str) -> str:
    """Without the backslashes before quotation marks, separators and backslashes."""
    if "\\" not in field or field == "\\N":  # that is how databases write nothing at all
        return field
    parts, position = [], 0
    while (at := field.find("\\", position)) >= 0:
        following = field[at + 1 : at + 2]
        keep = following not in ('"', "\\", separator)
        parts.append(field[position : at + 1] if keep else field[position:at] + following)
        position = at + 1 if keep else at + 2
    return "".join([*parts, field[position:]])


def _split_escaped(line: str, separator: str) -> list[str]:
    fields, position = [], 0
    dialect = Dialect(separator, quoted=False, escaped=True)
    while (end := _next_separator(line, position, dialect)) >= 0:
        fields.append(_unescaped(line[position:end], separator))
        position = end + len(separator)
    return [*fields, _unescaped(line[position:], separator)]


def _spanning(lines: list[str], position: int, first: int, dialect: Dialect, *, patient: bool) -> tuple[Record, bool]:
    """The record that begins with a line whose last field is open, and whether these lines suffice to tell."""
    never_closed = _never_closed(lines[position], first + position, dialect)
    if not patient:
        return never_closed, True
    start, characters = position, 0
    separator, expected = dialect.separator, dialect.expected
    *fields, begun = split_fields(lines[start], dialect)[0]
    parts = [begun]  # of the field that is open
    whole_without = dialect.lenient and expected and lines[start].count(separator) + 1 >= expected
    for position in range(start + 1, min(len(lines), start + MOST_LINES + 2)):
        line = lines[position]
        characters += len(line)
        if position - start > MOST_LINES or characters > MOST_CHARACTERS:
            return never_closed, True
        is_row = expected > 1 and line.count(separator) + 1 >= expected
        end, after = _closing_before_separator(line, dialect) if '"' in line else (-1, 0)
        if end >= 0:
            fields.append(_unquoted("\n".join([*parts, line[:end]]), dialect.escaped))
            more, is_open = split_fields(line[after + len(separator) :], dialect) if after < len(line) else ([], False)
            fields += more
            if not is_open:
                fits = not dialect.lenient or not expected or len(fields) == expected
                whole = fits and not (whole_without and is_row)
                return Record(first + start, first + position, fields) if whole else never_closed, True
            parts = [fields.pop()]
        else:
            parts.append(line)
        if dialect.lenient and is_row:  # a row of its own: the mark was part of the text
            return never_closed, True
    return never_closed, False


def _closing_before_separator(line: str, dialect: Dialect) -> tuple[int, int]:
    """Where a field that began on an earlier line closes, and the place behind it; -1 if it goes on.

    Beyond a line end, only a mark before a separator is one that closes.
    """
    end = -1
    while (end := _closing(line, end + 1, dialect.escaped)) >= 0:
        after = _after_blanks(line, end + 1, dialect.separator)
        if after == len(line) or line.startswith(dialect.separator, after):
            return end, after
    return -1, 0


def _after_blanks(line: str, position: int, separator: str) -> int:
    while line[position : position + 1] == " " and separator != " ":
        position += 1
    return position


def _never_closed(line: str, number: int, dialect: Dialect) -> Record:
    """A line by itself, its quotation marks taken as they are."""
    fields = line.split(dialect.separator)
    if not dialect.lenient:
        return Record(number, number, fields, open_quote=True)
    return Record(number, number, [_closed_field(field, dialect) for field in fields])


def _closed_field(field: str, dialect: Dialect) -> str:
    inner, is_open = split_fields(field, dialect)
    return inner[0] if len(inner) == 1 and not is_open else field

"""What form the lines of a file have: JSON, fastText's marks, or fields between separators, and which.

first lines -> Form
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textrnn.config import DataConfig
from textrnn.corpus.readers.delimited import Dialect
from textrnn.corpus.readers.names import rank_as_label, rank_as_text
from textrnn.corpus.readers.quoting import find_dialect
from textrnn.errors import DataError, UnlabelledError

SAMPLED_LINES = 5000
JSON_BLANKS = " \t\r\n"
JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
FASTTEXT_MARK = "__label__"
SEPARATORS = ("\t", ",", ";", "|", "\x01", "\x1f", "^", "~")
SEPARATOR_NAMES = {
    "\t": "tab",
    " ": "blank",
    ",": "comma",
    ";": "semicolon",
    "|": "|",
    "\x01": "Ctrl-A",
    "\x1f": "unit separator",
}
PLAIN, ENOUGH = (
    0.9,
    0.5,
)  # share of records with the same number of fields, so that a separator is beyond doubt, or may be
NEARLY = 0.02  # shares of records that are as good as the same
MOST_NAMES = 1000  # of a header that are looked at to find the separator
LONGEST_NAME = 60  # characters; what is longer is a text that happens to have a word such as "label" in it
SEPARATOR_LINE = re.compile(r'("?)sep=(.)\1[\s,;]*')
STRANGE_SEPARATOR = re.compile(r"[^\w\s\"'。，！？、：；…（）]{2,}|_[^\w\s\"]+_")
ENDS_OF_SENTENCES = re.compile(r"[.!?…)\]*%:-]*(?:,+|;+|\|)|\.{2,}|-{2,}|!+|\?+|[!?]+")


@dataclass(frozen=True)
class Form:
    """The form of a file.

    Attributes:
        kind: ``json``, ``fasttext`` or ``fields``
        dialect: of fields
        skipped: lines before the first record
        details: what was assumed, in words
    """

    kind: str
    dialect: Dialect = field(default_factory=Dialect)
    skipped: int = 0
    details: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For people."""
        if self.kind == "fields":
            return SEPARATOR_NAMES.get(self.dialect.separator, repr(self.dialect.separator))
        return {"json": "JSON", "fasttext": "fastText"}[self.kind]


def find_form(
    lines: Sequence[str], path: Path, config: DataConfig, *, whole_text: Callable[[], str], is_cut: bool
) -> Form:
    """The form of a file.

    Args:
        lines: the first ones, `SAMPLED_LINES` at most.
        whole_text: gives everything, asked for where a JSON value spans lines.
        is_cut: whether more lines follow.

    Raises:
        DataError: if nothing separates a text from its label.
    """
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    first = filled[0][1]
    if config.separator is None and _is_json(first, path, whole_text):
        return Form("json")
    marked = sum(
        line.startswith(FASTTEXT_MARK) or f" {FASTTEXT_MARK}" in line or f"\t{FASTTEXT_MARK}" in line
        for _, line in filled
    )
    asked = config.separator or config.header or ("\t" in first and FASTTEXT_MARK not in first)
    if not asked and marked >= ENOUGH * len(filled):
        return Form("fasttext")
    announced = SEPARATOR_LINE.fullmatch(first)
    skipped = filled[0][0] if announced else 0
    body = list(lines[skipped:])
    separator = config.separator or (announced[2] if announced else None)
    if separator is not None:
        separator = "\t" if separator == "tab" else separator.replace("\\t", "\t")
        if len(separator) > 2 and separator[0] == separator[-1] and separator[0] in "'\"":
            separator = separator[1:-1]  # where a shell takes such marks for part of it
        dialect, _ = find_dialect(body, separator, is_cut=is_cut)
    else:
        dialect = _best_dialect(body, path, is_cut, filled)
    details = [f"sep={announced[2]} on the first line"] if announced else []
    details += ["backslashes escape"] if dialect.escaped else []
    return Form("fields", dialect, skipped, tuple(details))


def _is_json(first: str, path: Path, whole_text: Callable[[], str]) -> bool:
    first = first.strip(JSON_BLANKS)
    if path.suffix.lower() in JSON_ENDINGS:
        return True
    if not re.match(r'\{\s*("|\}|$)|\[\s*([\[{"]|$)', first):
        return False
    try:
        return isinstance(json.loads(first), dict | list)
    except (ValueError, RecursionError):
        pass
    text = whole_text().strip(JSON_BLANKS)
    try:
        for _ in range(2):  # one value over several lines, or several of them
            value, end = json.JSONDecoder().raw_decode(text)
            if not isinstance(value, dict | list):
                return False
            text = text[end:].lstrip(JSON_BLANKS + ",")
            if not text:
                return True
    except (ValueError, RecursionError):
        return False
    return True


def _best_dialect(lines: Sequence[str], path: Path, is_cut: bool, filled: Sequence[tuple[int, str]]) -> Dialect:
    """The separator that cuts most records into the same number of fields.

    Raises:
        DataError: if none cuts them.
    """
    suffix = path.suffix.lower()
    usual = {".csv": ",", ".tsv": "\t"}.get(suffix, "\t")
    found = []
    for order, separator in enumerate(SEPARATORS):
        if not any(separator in line for line in lines):
            continue
        dialect, usage = find_dialect(lines, separator, is_cut=is_cut)
        share, cut = usage.share, usage.share_cut
        header = names_in(lines, separator) if usage.widths.total() > 1 else []  # what it is the header of
        names = any(rank_as_text(n) is not None for n in header) and any(rank_as_label(n) is not None for n in header)
        if separator == "\t" and cut >= PLAIN:
            share = max(share, cut)  # a text may contain tabs; the label is what follows the last one
        likely = share >= ENOUGH or (names and cut >= ENOUGH)
        if likely:
            found.append((share + 0.5 * names, separator == usual, -order, dialect))
    best = max(found, default=None, key=lambda entry: entry[:3])
    strange = _strange_separator(filled)
    if best is not None and best[3].separator != "\t" and strange is None:
        alike = [entry[3].separator for entry in found if entry[0] >= best[0] - NEARLY and entry is not best]
        line = filled[0][1]
        alike = [separator for separator in alike if separator in line or best[3].separator not in line]
        if alike:
            raise _two_separators(path, filled[0], [best[3].separator, alike[0]])
    if best is not None and (strange is None or best[3].separator == "\t" or best[0] > 1):
        return best[3]
    # What ends texts, such as a euro, and the separator behind it; the header has the separator alone.
    if (
        best is not None
        and strange is not None
        and best[3].separator in strange
        and (not strange.isascii() or strange not in filled[0][1])
    ):
        return best[3]
    raise _no_separator(path, filled, strange)


def names_in(lines: Sequence[str], separator: str) -> list[str]:
    """The fields of the first line that is not blank, those that may be names of columns, quotation marks aside."""
    first = next((line for line in lines if line.strip()), "")
    cells = [cell.strip().strip('"') for cell in first.split(separator, MOST_NAMES)[:MOST_NAMES]]
    return [cell for cell in cells if len(cell) <= LONGEST_NAME]


def _strange_separator(filled: Sequence[tuple[int, str]]) -> str | None:
    """Several characters that stand in every line, equally often, and look like a separator."""
    if len(filled) < 5:
        return None
    by_line: list[Counter[str]] = [
        Counter(mark for mark in STRANGE_SEPARATOR.findall(line) if not ENDS_OF_SENTENCES.fullmatch(mark))
        for _, line in filled[:500]
    ]
    for mark in sorted(by_line[-1], key=lambda mark: -by_line[-1][mark]):
        counts = Counter(found[mark] for found in by_line if found[mark])
        if counts and max(counts.values()) >= 0.95 * len(by_line):
            return mark
    return None


def _two_separators(path: Path, first: tuple[int, str], separators: Sequence[str]) -> DataError:
    names = " and ".join(SEPARATOR_NAMES.get(separator, repr(separator)) for separator in separators)
    suggested = next((mark for mark in reversed(separators) if mark.isprintable()), ",")
    return DataError(
        f"{path}:{first[0]}: {names} cut every line alike; expected one that separates the columns: name it with "
        f"`separator`, such as `separator='{suggested}'`"
    )


def _no_separator(path: Path, filled: Sequence[tuple[int, str]], strange: str | None) -> DataError:
    number, line = filled[0]
    shown = line if len(line) <= 60 else line[:59] + "…"
    remedy = "put a tab between the text and its class"
    if strange is not None:
        remedy = f"`separator='{strange}'` if that is what separates columns, for it stands in every line"
    elif all(" " in text.strip() for _, text in filled):
        remedy += ", or name what separates them with `separator`, such as `separator=' '` for a blank"
    else:
        remedy += ", or name what separates them with `separator`"
    error = DataError if strange is not None else UnlabelledError
    return error(
        f"{path}:{number}: nothing that separates a text from its label in every line; the line was understood as one "
        f"text, {shown!r}; expected a tab, a comma, a semicolon or | between the columns: {remedy}"
    )

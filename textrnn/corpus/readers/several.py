"""Whether the rows of a file have several labels, how these are written, and the single ones.

labels as they are written -> lists in them -> marks that join them -> plain, doubtful or one a row
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textrnn.config import DataConfig
from textrnn.corpus.labels import canonical_label, joining_marks, parts_of
from textrnn.corpus.readers.form import FASTTEXT_MARK
from textrnn.corpus.readers.json_records import Several
from textrnn.corpus.readers.rows import LeftOut, Rows, SeveralLabels
from textrnn.errors import DataError, one_line

CONTENT_SHOWN = 80  # characters of a row that was left out

# So many rows with several labels are plain; fewer may be slips of the hand.
PLAIN_SHARE, PLAIN_ROWS, PLAIN_OF_FEW = 0.01, 5, 0.1
KNOWN = 0.9  # of the rows with a mark, those whose parts are labels elsewhere
KNOWN_OF_BAR = 0.5  # of those with a bar, which no name has
A_LIST = re.compile(r"\[.*\]|\{.*\}|\(.*\)|(?:frozen)?set\(.*\)", re.DOTALL)
IN_QUOTES = re.compile(r"'([^']*)'|\"([^\"]*)\"")  # of an array, as NumPy prints it
OF_SETS = re.compile(
    r"\s*(?:frozen)?set\((.*)\)\s*", re.DOTALL
)  # as Python shows the empty one, and what never changes
TRUE, FALSE = {"1", "1.0", "true"}, {"0", "0.0", "false"}


@dataclass(frozen=True)
class WithoutLabel:
    """A row without any label.

    Attributes:
        content: as it stands there
    """

    line: int
    text: str
    content: str


@dataclass
class Labelled:
    """What was taken of a file: texts, labels as they are written, and lines; and the rows without any label.

    Attributes:
        were_written_out: whether labels were lists in the form of texts, which they are no more
    """

    texts: list[str]
    labels: list[str]
    lines: array[int]
    without: list[WithoutLabel]
    left_out: list[LeftOut]
    were_written_out: bool = False

    def settle(
        self, config: DataConfig, where: Path, *, like: Rows | None, columns: bool, names: Collection[str]
    ) -> tuple[SeveralLabels | None, list[tuple[str, ...]] | None]:
        """Decide whether rows have several labels, and take or leave out accordingly.

        Args:
            like: the training rows of the same data set, which decide for all its files.
            columns: whether each label has a column.
            names: of classes, where they are known.

        Returns:
            How rows have several labels, and those of each; None where each has one.

        Raises:
            DataError: for a mark that was named and joins nothing, or lists that are written out in some rows alone.
        """
        self.were_written_out = _without_lists_in_text(self.labels, self.lines, where, names)
        _without_indicators(self.labels)
        self.labels[:] = [_each_once(label) if isinstance(label, Several) else label for label in self.labels]
        how = how_several(self.labels, len(self.without), config, where, like=like, columns=columns, names=names)
        if how is None or how.separator != "\n":
            self.labels[:] = [label.replace("\n", " ") if "\n" in label else label for label in self.labels]
        if how is None or not any(self.labels):
            self._leave_out_several()
            return None, None
        self._take_without_label()
        split = splitter(how, names)
        sets = [split(label) for label in self.labels]
        several, none = sum(len(each) > 1 for each in sets), sum(not each for each in sets)
        return dataclasses.replace(how, several=several, none=none), sets

    def _leave_out_several(self) -> None:
        """Where rows have one label, those with more or without."""
        for row in self.without:
            self.left_out.append(LeftOut(row.line, "no-label", "no label", row.content))
        odd = [at for at, label in enumerate(self.labels) if isinstance(label, Several)]
        for at in odd:
            values = values_of(self.labels[at])
            shown = f"{len(values)} labels ({one_line(self.labels[at], widest=60)})"
            kind, problem = ("several-labels", shown) if values else ("no-label", "no label")
            self.left_out.append(LeftOut(self.lines[at], kind, problem, self.texts[at][:CONTENT_SHOWN]))
        self._keep([at for at in range(len(self.labels)) if at not in set(odd)] if odd else None)

    def _take_without_label(self) -> None:
        """Where rows have several labels, none is an answer, too."""
        if self.without:
            self.texts += [row.text for row in self.without]
            self.labels += [""] * len(self.without)
            self.lines.extend(row.line for row in self.without)
            self._keep(sorted(range(len(self.lines)), key=self.lines.__getitem__))

    def _keep(self, places: list[int] | None) -> None:
        if places is not None:
            self.texts = [self.texts[at] for at in places]
            self.labels = [self.labels[at] for at in places]
            self.lines = array("q", [self.lines[at] for at in places])


def label_in(cell: str) -> str:
    """The label of a cell in the form in which it is compared; line ends within, which may join labels, stay."""
    label = canonical_label(cell)
    if "\n" in cell.strip() or "\r" in cell.strip():
        label = "\n".join(filter(None, map(canonical_label, cell.splitlines())))
    return label.removeprefix(FASTTEXT_MARK)


def written_labels(cell: Several) -> Several:
    """The labels of a cell in the form in which they are compared."""
    return Several.of([canonical_label(value).removeprefix(FASTTEXT_MARK) for value in cell.values])


def _each_once(cell: Several) -> str:
    each = tuple(dict.fromkeys(filter(None, cell.values)))
    return each[0] if len(each) == 1 else Several.of(each)


def values_of(cell: str) -> tuple[str, ...]:
    """The labels of a cell, none of an empty one."""
    if isinstance(cell, Several):
        return cell.values
    return (cell,) if cell else ()


def _without_lists_in_text(labels: list[str], lines: Sequence[int], where: Path, names: Collection[str]) -> bool:
    """Turn cells such as ``['a', 'b']``, as pandas writes lists, into their labels, if all cells are such.

    Returns:
        Whether they were.

    Raises:
        DataError: if some are, and others are not.
    """
    found = lists_in_texts(label for label in labels if not isinstance(label, Several))
    if not found:
        return False
    if None not in found.values():
        cells = {text: written_labels(Several.of(values)) for text, values in found.items() if values is not None}
        labels[:] = [label if isinstance(label, Several) else cells[label] for label in labels]
        return True
    written = [isinstance(label, Several) or found[label] is not None for label in labels]
    named = any(label in names for label in labels if not isinstance(label, Several) and IN_QUOTES.search(label))
    odd = odd_beside_lists(labels, written)
    if odd is not None and not named:
        raise DataError(f"{where}:{lines[odd[0]]}: {odd[1]}")
    return False


def lists_in_texts(labels: Iterable[str]) -> dict[str, list[str] | None]:
    """What stands in labels that are lists written out, None of those that are none; nothing if no label is one."""
    different = dict.fromkeys(labels)
    if not any(map(A_LIST.fullmatch, different)):
        return {}
    found = {text: listed_in(text) if A_LIST.fullmatch(text) else None for text in different}
    return found if any(values is not None for values in found.values()) else {}


def odd_beside_lists(labels: Sequence[str], written: Sequence[bool]) -> tuple[int, str] | None:
    """Where some labels are lists of names in quotation marks and others are none: the first row that is unlike most,
    and what is wrong with it. ``[0, 18]`` beside ``(18, 30]`` is a name, and no list.

    Args:
        written: of each label whether it is a list written out.
    """
    rows = sum(written)
    quoted = [at for at, label in enumerate(labels) if written[at] and IN_QUOTES.search(label)]
    if not quoted or rows == len(labels):
        return None
    plain = next(at for at, is_list in enumerate(written) if not is_list)
    at, what = (plain, "no list of labels") if 2 * rows > len(labels) else (quoted[0], "a list of labels written out")
    return at, (
        f"{one_line(repr(str(labels[at])), widest=60)} is {what}, and {rows:,} of {len(labels):,} rows have one; "
        f"expected a list in each row, such as {listed_as(labels[plain])}, or in none"
    )


def listed_as(label: str) -> str:
    """A label as a list of one; an example in the place of one with brackets and quotation marks of its own."""
    return "['price', 'place']" if set(label) & set("[](){}'\"") else one_line(str([str(label)]), widest=60)


def listed_in(text: str) -> list[str] | None:
    """What stands in a list or set that is written out in Python, JSON or by NumPy; None if it is no list of names."""
    text = OF_SETS.sub(r"\1", text) or "[]"
    for parse in (json.loads, ast.literal_eval):
        try:
            value = parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        # ('a') is a text in parentheses, and ["a" "b"] is one text to Python.
        glued = parse is ast.literal_eval and isinstance(value, list) and len(IN_QUOTES.findall(text)) > len(value)
        if glued or not isinstance(value, list | tuple | set):
            break
        plain = all(isinstance(part, str | int | float) for part in value)
        names = [part if isinstance(part, str) else str(part).lower() for part in value] if plain else None
        return sorted(names) if names and isinstance(value, set) else names
    quoted = [first or second for first, second in IN_QUOTES.findall(text)]
    return quoted if quoted and not IN_QUOTES.sub("", text).strip("[] ") else None


def _without_indicators(labels: list[str]) -> None:
    """Turn lists with a 0 or 1 for each class into the indices of the ones, if all cells are such."""
    lists = [label.values for label in labels if isinstance(label, Several)]
    different = set(lists)
    widths = set(map(len, different))
    if len(lists) < len(labels) or len(widths) != 1 or widths == {1} or all(len(set(v)) == len(v) for v in different):
        return
    if all((TRUE | FALSE).issuperset(values) for values in different):
        labels[:] = [Several.of([str(at) for at, value in enumerate(values) if value in TRUE]) for values in lists]


def how_several(
    labels: Sequence[str],
    none: int,
    config: DataConfig,
    where: Path,
    *,
    like: Rows | None,
    columns: bool,
    names: Collection[str],
) -> SeveralLabels | None:
    """How the rows have several labels; None if each has one, but for a few that are doubtful.

    Args:
        labels: of each row; a :class:`Several` where the format itself says so.
        none: rows with an empty cell, which are not among them.
        like: the training rows of the same data set, which decide for all its files.
        columns: whether each label has a column.
        names: of classes, where they are known.

    Raises:
        DataError: for a mark that was named and joins nothing.
    """
    multi_label: bool | None = config.multi_label
    if multi_label is False or (like is not None and like.label_sets is None):
        return None
    form = "columns" if columns else "list"
    several = sum(isinstance(label, Several) and len(label.values) > 1 for label in labels)
    if config.label_separator is not None:
        return _joined_as_named(labels, config.label_separator, where, like, names)
    total = len(labels) + none
    if like is not None or multi_label:
        learnt = set() if like is None else set(like.every_label)
        mark = "" if several or columns else _mark(labels, {*names, *learnt}, like)
        return SeveralLabels("joined", mark) if mark else SeveralLabels(form)
    without = sum(isinstance(label, Several) and not label.values for label in labels)
    if _is_plain(several, total) or (columns and _is_plain(without, total)):
        return SeveralLabels(form)
    if several or columns:
        return None
    marks = joining_marks(Counter(labels), names)
    if len(marks) != 1 or not _is_plain(marks[0].rows, total):
        return None
    enough = (KNOWN_OF_BAR if marks[0].mark == "|" else KNOWN) * marks[0].rows
    return SeveralLabels("joined", marks[0].mark) if marks[0].known >= enough else None


def _joined_as_named(
    labels: Sequence[str], separator: str, where: Path, like: Rows | None, names: Collection[str]
) -> SeveralLabels:
    separator = separator.replace("\\n", "\n")  # as it is typed in a shell
    joined = any(len(parts_of(label, separator, names)) > 1 for label in labels if not isinstance(label, Several))
    if like is None and not joined:
        raise DataError(
            f"{where}: no label has {separator!r} in it; expected `label_separator` to be what joins the labels of a "
            "row, or leave it out"
        )
    return SeveralLabels("joined", separator)


def _mark(labels: Sequence[str], known: Collection[str], like: Rows | None) -> str:
    """What joins labels where it is beyond doubt that rows have several."""
    if like is not None and like.reading is not None and like.reading.labels is not None:
        learnt = like.reading.labels
        if learnt.separator:
            return learnt.separator
    counts = Counter(label for label in labels if not isinstance(label, Several))
    marks = joining_marks(counts, known, asked=True)
    if marks or like is not None:
        return marks[0].mark if marks else ""
    for mark in ("|", "\n", ";", ",", "、", "/"):  # labels that never stand alone, but come again
        parts = [parts_of(label, mark, known) for label in counts]
        joined = [each for each in parts if len(each) > 1]
        if len(joined) > 1 and len({part for each in joined for part in each}) < sum(map(len, joined)):
            return mark
    return ""


def _is_plain(rows: int, total: int) -> bool:
    return rows >= PLAIN_SHARE * total and (rows >= PLAIN_ROWS or rows >= PLAIN_OF_FEW * total > 1 < rows)


def splitter(how: SeveralLabels, names: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Cell -> labels; those of a cell that comes again are split once."""
    known: dict[str, tuple[str, ...]] = {}

    def split(cell: str) -> tuple[str, ...]:
        if isinstance(cell, Several) or not how.separator:
            return values_of(cell)
        if cell not in known:
            parts = parts_of(cell, how.separator, names)
            known[cell] = tuple(dict.fromkeys(part.removeprefix(FASTTEXT_MARK) for part in parts))
        return known[cell]

    return split

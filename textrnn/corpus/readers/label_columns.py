"""A column for each label: which columns these are, and what their cells say."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from textrnn.corpus.readers.column import NUMBER, Column
from textrnn.corpus.readers.names import FAR, NEITHER, rank_as_label
from textrnn.errors import DataError, listed

# What cells say, each pair in words of its own; the last ones stand beside empty cells. In lower case.
YES_NO = (
    ({"1", "1.0", "1,0"}, {"0", "0.0", "0,0"}),
    ({"true"}, {"false"}),
    ({"yes"}, {"no"}),
    ({"y"}, {"n"}),
    ({"t"}, {"f"}),
    ({"on"}, {"off"}),
    ({"checked"}, {"unchecked"}),
    ({"是"}, {"否"}),
    ({"有"}, {"无"}),
    ({"对"}, {"错"}),
    ({"ja"}, {"nein", "nee", "nej", "nei"}),
    ({"oui"}, {"non"}),
    ({"sí", "si", "sì"}, {"no"}),
    ({"sim"}, {"não", "nao"}),
    ({"tak"}, {"nie"}),
    ({"да"}, {"нет"}),
    ({"はい"}, {"いいえ"}),
    ({"예", "네"}, {"아니오", "아니요"}),
    # True and false, as spreadsheets in these languages write them.
    ({"wahr"}, {"falsch"}),
    ({"vrai"}, {"faux"}),
    ({"verdadero", "verdadeiro", "vero"}, {"falso"}),
    ({"prawda"}, {"fałsz"}),
    ({"истина"}, {"ложь"}),
    ({"✓", "✔", "√", "✅", "○", "◯"}, {"✗", "✘", "❌", "×"}),
    *((({mark}, set[str]())) for mark in ("x", "✓", "✔", "√", "*", "●")),
)
YES, NO = set[str]().union(*(yes for yes, _ in YES_NO)), {""}.union(*(no for _, no in YES_NO))
MARKS = {mark for yes, no in YES_NO if not no for mark in yes}
STRANGE = 0.05  # of the cells of such a column at most, those that say neither: slips, which are told by their line
FIRST_WORD = re.compile(r"[^._:/ -]+[._:/ -]")


@dataclass(frozen=True)
class LabelColumns:
    """The columns that stand for a label each.

    Attributes:
        at: their places
        names: of the labels
    """

    at: tuple[int, ...]
    names: tuple[str, ...]

    def labels_of(self, fields: Sequence[str]) -> list[str] | None:
        """The labels of a row; None if a cell says neither yes nor no."""
        found = []
        for at, name in zip(self.at, self.names, strict=True):
            cell = fields[at].strip().casefold()
            if cell in YES:
                found.append(name)
            elif cell not in NO:
                return None
        return found


def find_label_columns(
    names: Sequence[str],
    columns: Sequence[Column],
    by_name: int | None,
    where: str,
    *,
    multi_label: bool | None,
    wanted: Collection[str],
    text_known: bool,
) -> LabelColumns | None:
    """The columns of zeros and ones, one for each label, where a table has such; None where it has not.

    Args:
        columns: without those of the text, as far as they are known.
        by_name: the column that has the name of a label, if there is one.
        multi_label: whether rows have several labels, as far as that was said.
        wanted: names of such columns in other files.

    Raises:
        DataError: where there are such columns, and others that may be the label.
    """
    here = [column.at for column in columns if names[column.at] in wanted]
    if here:
        return _named(names, here)
    group = _alike(columns)
    if len(group) < 2 or (by_name is not None and not _is_one_of_them(by_name, group, names, multi_label)):
        return None
    rest = [column for column in columns if column.at not in group]
    if not text_known and rest:
        rest.remove(max(rest, key=lambda column: column.mean_length))
    others = [c for c in rest if c.may_be_label and not NEITHER.intersection(re.split(r"\W|_", names[c.at].casefold()))]
    if others and not multi_label:
        raise DataError(
            f"{where}: a column of 0 and 1 for each label ({listed([names[at] for at in group])}), it seems; expected "
            "one column with the name of the label: name it with `label_column`, or say with `multi_label` that each "
            "of these is a label"
        )
    return _named(names, group)


def stand_below_names(cells: Sequence[str], columns: Sequence[Column]) -> bool:
    """Whether columns say yes and no below cells that say neither, so that these are their names."""
    group = _alike(columns)
    return len(group) > 1 and not any(cells[at].casefold() in YES | NO for at in group)


def _alike(columns: Sequence[Column]) -> list[int]:
    """The most columns that say yes and no in the same words, with those that do but for a few cells."""
    groups = [[c for c in columns if _says(c, yes, no)] for yes, no in YES_NO]
    largest = max(range(len(groups)), key=lambda at: len(groups[at]))
    yes, no = YES_NO[largest]
    return [c.at for c in columns if c in groups[largest] or (groups[largest] and _says_mostly(c, yes, no))]


def _says(column: Column, yes: Collection[str], no: Collection[str]) -> bool:
    values = set(map(str.casefold, column.counts))
    return bool(values) and values.issubset({*yes, *no}) and (bool(no) or column.filled < column.rows)


def _says_mostly(column: Column, yes: Collection[str], no: Collection[str]) -> bool:
    """Whether other words say it, or few cells are neither yes nor no, and no number: 2 would be a count."""
    strange = {value: count for value, count in column.counts.items() if value.casefold() not in {*yes, *no}}
    if not no or not strange or len(strange) == len(column.counts) or any(map(NUMBER.fullmatch, strange)):
        return False
    others = sum(count for value, count in strange.items() if value.casefold() not in YES | NO)
    return others <= max(1, STRANGE * column.filled)


def _is_one_of_them(by_name: int, group: Sequence[int], names: Sequence[str], multi_label: bool | None) -> bool:
    """Whether the column with the name of a label is one of many: ``label_sport`` beside ``label_money``."""
    if by_name not in group:
        return False
    alike = [at for at in group if (rank := rank_as_label(names[at])) is not None and rank >= FAR]
    return bool(multi_label) or (by_name in alike and len(alike) > 1 and bool(_prefix([names[at] for at in alike])))


def _prefix(names: Sequence[str]) -> str:
    """The word for a label that all names begin with: ``label_``."""
    found = FIRST_WORD.match(names[0])
    if found is None or rank_as_label(found[0][:-1]) is None:
        return ""
    return found[0] if all(name.startswith(found[0]) and len(name) > len(found[0]) for name in names) else ""


def _named(names: Sequence[str], at: Sequence[int]) -> LabelColumns:
    own = [names[place] for place in at]
    return LabelColumns(tuple(at), tuple(name[len(_prefix(own)) :] for name in own))

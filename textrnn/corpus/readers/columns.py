"""Which column holds the text and which the label, and whether the first row names them: decided by the data.

records of a sample -> header or none -> roles of the columns -> Layout
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from textrnn.config import DataConfig
from textrnn.corpus.labels import canonical_label
from textrnn.corpus.readers.column import NUMBER, Column
from textrnn.corpus.readers.label_columns import LabelColumns, find_label_columns, stand_below_names
from textrnn.corpus.readers.names import FAR, rank_as_label, rank_as_text
from textrnn.errors import DataError, UnlabelledError, did_you_mean, listed

PLAIN = 0.9  # share of records of the same width, so that this is the number of columns
MOST_COLUMNS = 100_000
MOST_ABOVE = 10  # records above a header
LONGEST_NAME = 40  # characters of a column's name


@dataclass(frozen=True)
class Layout:
    """Where text and label stand in a record.

    Attributes:
        names: of all columns; ``column 2`` where the file does not name them
        has_header: whether the first record is those names
        text_at: columns that are joined
        details: what was assumed, in words
        skipped: records above the first one, such as a title
        label_columns: where each label has one; `label_at` is the first of them
    """

    names: tuple[str, ...]
    has_header: bool
    text_at: tuple[int, ...]
    label_at: int
    details: tuple[str, ...] = ()
    skipped: int = 0
    label_columns: LabelColumns | None = None

    @property
    def width(self) -> int:
        """Fields of a record."""
        return len(self.names)

    @property
    def others(self) -> tuple[str, ...]:
        """Columns that are not read."""
        read = {*self.text_at, *self.labels_at}
        return tuple(name for at, name in enumerate(self.names) if at not in read)

    @property
    def labels_at(self) -> tuple[int, ...]:
        """The column of the label, or of all labels."""
        return (self.label_at,) if self.label_columns is None else self.label_columns.at


def find_layout(
    sample: Sequence[Sequence[str]],
    config: DataConfig,
    where: str,
    *,
    like: Layout | None,
    named: bool = False,
    label_columns: Collection[str] = (),
) -> Layout:
    """Where text and label stand.

    Args:
        sample: the first records.
        where: path and line of the first one, for messages.
        like: of the training split of the same data set.
        named: whether the format itself names the columns, as JSON does; the first record is these names then.
        label_columns: names of columns that are known to stand for a label each.

    Raises:
        DataError: if no column, or more than one, can be the text or the label.
    """
    skipped = 0 if named else records_above(sample, config, like)
    first, others = sample[skipped], sample[skipped + 1 :]
    width = len(first)
    has_header = named or names_columns(first, others, config, like)
    is_varied = False
    if width > MOST_COLUMNS:
        raise DataError(
            f"{where}: {width:,} columns; expected {MOST_COLUMNS:,} at most, text and label among them: name what "
            "separates them with `separator`"
        )
    records = others if has_header else sample
    names = tuple(name.strip() or f"column {at}" for at, name in enumerate(first, 1))
    if not has_header:
        width, count = Counter(map(len, records)).most_common(1)[0]
        if count < PLAIN * len(records):  # separators in texts: the label is what follows the last one, or is first
            width = 2
            pairs = [record for record in records if len(record) == 2]
            is_varied = 2 * len(pairs) < len(records)
            records = [[r[0], r[-1]] for r in records] if is_varied else pairs
        names = tuple(f"column {at}" for at in range(1, width + 1))
    elif len(names) > 1 and not first[-1].strip() and all(not r[-1].strip() for r in others if len(r) == width):
        names, width = names[:-1], width - 1  # a separator after the last field of every row, the header's too
    elif not named and has_row_numbers(width, others):
        names, width = ("row number", *names), width + 1
    if like is not None and _fits(like, names, has_header, records) and not (config.text_column or config.label_column):
        return replace(like, names=names, has_header=has_header, skipped=skipped)
    if like is not None:
        _refuse_unlabelled(names, like, where, has_header=has_header)
    columns = [Column.of(at, records) for at in range(width)]
    label_at = named_column(config.label_column, names, has_header, "label_column", where)
    text_at = tuple(
        at
        for column in config.text_column or ()
        if (at := named_column(column, names, has_header, "text_column", where)) is not None
    )
    if label_at is not None and label_at in text_at:
        raise DataError(
            f"{where}: {names[label_at]!r} is named for text and label both; expected `label_column` to be another "
            "column"
        )
    if named and len(names) < 2:
        raise DataError(f"{where}: no key but {listed(names)}; expected one object a text, with its label beside it")
    if label_at is None and has_header:
        if like is not None and like.label_columns is not None:
            label_columns = [like.names[at] for at in like.label_columns.at]
        found = _label_columns(names, columns, text_at, config, where, label_columns)
        if found is not None:
            rest = [column for column in columns if column.at not in found.at]
            text_at = text_at or (text_column(names, has_header, rest, where),)
            return Layout(names, has_header, text_at, found.at[0], (), skipped, found)
    layout = _with_roles(names, has_header, columns, text_at, label_at, where, is_varied=is_varied)
    return replace(layout, skipped=skipped)


def records_above(sample: Sequence[Sequence[str]], config: DataConfig, like: Layout | None) -> int:
    """How many records above a header have one cell, as a title or a comment has."""
    if config.header is False:
        return 0
    comments = next((at for at, record in enumerate(sample) if record[0].lstrip()[:1] != "#"), 0)
    if 0 < comments <= MOST_ABOVE and all(record[0].lstrip()[:1] != "#" for record in sample[comments:]):
        return comments if names_columns(sample[comments], sample[comments + 1 :], config, like) else 0
    filled = [sum(bool(cell.strip()) for cell in record) for record in sample]
    above = next((at for at, cells in enumerate(filled) if cells > 1), 0)
    if not 0 < above <= MOST_ABOVE or sum(cells > 1 for cells in filled) < PLAIN * (len(sample) - above):
        return 0
    return above if names_columns(sample[above], sample[above + 1 :], config, like) else 0


def has_row_numbers(width: int, records: Sequence[Sequence[str]]) -> bool:
    """Whether the rows have one column more than the header, with their numbers: R writes tables like that."""
    longer = [record for record in records if len(record) == width + 1 and record[-1].strip()]
    if not longer or len(longer) < PLAIN * len(records):
        return False
    first = Column.of(0, longer)
    return first.numbers == 1 and first.distinct == len(longer)


def _fits(like: Layout, names: Sequence[str], has_header: bool, records: Sequence[Sequence[str]]) -> bool:
    if has_header != like.has_header or len(names) != len(like.names):
        return False
    if has_header:
        return tuple(names) == tuple(like.names)
    if len(names) != 2:
        return True
    label, text = Column.of(like.label_at, records), Column.of(like.text_at[0], records)
    is_turned = text.may_be_label and not label.may_be_label and 2 * text.distinct < label.distinct
    return not is_turned


def _refuse_unlabelled(names: Sequence[str], like: Layout, where: str, *, has_header: bool) -> None:
    """Raises the error for a file with the texts of the training split's columns, and without the labels."""
    here = {name.strip().casefold() for name in names}
    texts = {like.names[at].strip().casefold() for at in like.text_at}
    label = like.names[like.label_at]
    if (
        has_header
        and like.has_header
        and texts <= here
        and not any(like.names[at].strip().casefold() in here for at in like.labels_at)
        and not any(rank_as_label(name) is not None for name in names)
    ):
        raise UnlabelledError(
            f"{where}: no column {label!r}, which has the labels of the training split (there is {listed(names)}); "
            "expected labels there: add them, or name another file"
        )


def named_column(column: str | None, names: Sequence[str], has_header: bool, setting: str, where: str) -> int | None:
    """The place of a column that was named, or numbered from 1."""
    if column is None:
        return None
    if has_header and column in names:
        return list(names).index(column)
    folded = [name.casefold() for name in names]
    if has_header and folded.count(column.strip().casefold()) == 1:
        return folded.index(column.strip().casefold())
    if column.strip().isdecimal() and 1 <= int(column) <= len(names):
        return int(column) - 1
    if not has_header:
        raise DataError(
            f"{where}: no header that could name a column {column!r}; expected `{setting}` to be a number from 1 to "
            f"{len(names)}, or `header=True` if the first row names the columns"
        )
    raise DataError(
        f"{where}: no column {column!r}; expected `{setting}` to be one of {listed(names)}{did_you_mean(column, names)}"
    )


def names_columns(
    first: Sequence[str], others: Sequence[Sequence[str]], config: DataConfig, like: Layout | None
) -> bool:
    """Whether the first record names the columns. Names alone never decide: the data must agree."""
    if config.header is not None:
        return config.header
    cells = [canonical_label(cell) for cell in first]
    if like is not None and like.has_header and tuple(cells[: like.width]) == tuple(map(canonical_label, like.names)):
        return True
    if any(
        column is not None and not column.strip().isdecimal() and column in cells
        for column in (*(config.text_column or ()), config.label_column)
    ):
        return True
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    if not all(cells[1:]) or max(map(len, cells)) > LONGEST_NAME:
        return False  # a name is missing (the first may be, as of an index), or is a text
    if len(set(cells)) < len(cells) and _known(cells) < 2:
        return False
    width = len(cells)
    records = [
        record for record in others if len(record) >= width and [canonical_label(c) for c in record[:width]] != cells
    ]
    if not records:
        return _known(cells) >= 2
    columns = [Column.of(at, records) for at in range(width)]
    occurs = [cells[column.at] in column.counts for column in columns]
    if _are_counted(cells) and any(column.numbers == 0 and column.mean_length > 4 for column in columns):
        return True
    if any(found and column.may_be_label for found, column in zip(occurs, columns, strict=True)):
        return False  # it is a class like any other
    if stand_below_names(cells, columns) or (_known(cells) >= min(2, width) and width > 1):
        return True
    if any(cells[column.at].endswith(("?", "？", ":", "：")) for column in columns if column.may_be_label):
        return True  # the question of a form
    if any(NUMBER.fullmatch(cell) for cell in cells):
        return False
    numeric = [column for column in columns if column.numbers == 1 and column.filled > 1]
    labels = [column for column in columns if column.may_be_label]
    texts = [column for column in columns if column.may_be_text and column not in labels]
    if numeric and (_known(cells) or len(numeric) + len(texts) + len(labels) >= width > 1):
        return True  # words above numbers
    if _known(cells) and labels:
        return True
    short = all(len(cells[column.at]) <= max(4, column.mean_length / 2) for column in texts)
    return bool(labels and texts and short and all(column.distinct * 3 <= column.filled for column in labels[:1]))


def _are_counted(cells: Sequence[str]) -> bool:
    """Whether these are the names that pandas gives columns without one, below none for the index."""
    named = cells if cells[0] else cells[1:]
    return len(named) > 1 and list(named) == [str(at) for at in range(len(named))]


def _known(cells: Sequence[str]) -> int:
    """1 if a text's or a label's usual name is among them, 2 for both."""
    return any(rank_as_text(c) is not None for c in cells) + any(rank_as_label(c) is not None for c in cells)


def _with_roles(
    names: tuple[str, ...],
    has_header: bool,
    columns: Sequence[Column],
    text_at: tuple[int, ...],
    label_at: int | None,
    where: str,
    *,
    is_varied: bool,
) -> Layout:
    details: list[str] = []
    free = [column for column in columns if column.at not in text_at and column.at != label_at]
    if len(columns) < 2:
        raise _one_column(names, has_header, where)
    if not has_header and len(columns) == 2 and not text_at and label_at is None:
        first, last = columns
        if is_varied and first.may_be_label and last.may_be_label:
            _label_column(names, has_header, columns, where, text_known=True)  # raises the error that asks for one
        label_first = (
            first.may_be_label
            and first.share_distinct * 2 <= last.share_distinct
            and not (last.may_be_label and last.mean_length < first.mean_length)
        ) or (not last.may_be_label and first.may_be_labels and not last.may_be_labels)
        details += ["label first"] if label_first else []
        return Layout(names, False, (1,) if label_first else (0,), 0 if label_first else 1, tuple(details))
    if label_at is None:
        label_at = _label_column(names, has_header, free, where, text_known=bool(text_at))
    if not text_at:
        rest = [column for column in free if column.at != label_at]
        text_at = (text_column(names, has_header, rest, where),)
    return Layout(names, has_header, text_at, label_at, tuple(details))


def _one_column(names: Sequence[str], has_header: bool, where: str) -> DataError:
    what = f"nothing but {names[0]!r}" if has_header else "one column"
    return DataError(
        f"{where}: {what}; expected a text and a label in each row: add the one that is missing, or name what "
        "separates them with `separator`"
    )


def _label_column(
    names: Sequence[str], has_header: bool, columns: Sequence[Column], where: str, *, text_known: bool
) -> int:
    """By name where the file has names, else the one whose values repeat."""
    by_name = _label_by_name(names, columns) if has_header else None
    if by_name is not None:
        return by_name
    may = [column for column in columns if column.may_be_label]
    if not may:
        may = [column for column in columns if column.may_be_labels]
    if len(may) > 1:  # of several, the one whose values repeat most, where that is plain
        longest = max(columns, key=lambda column: column.mean_length)
        may = [column for column in may if column is not longest or text_known]
    if len(may) == 1:
        return may[0].at
    listing = listed([_described(column, names) for column in may or columns], widest=60)
    which = "several columns may hold the label" if may else "no column holds classes that repeat"
    more = "" if has_header else ", by its number from 1"
    if any(set(one.counts) & set(other.counts) for one, other in itertools.combinations(may, 2)):
        more += "; where rows have several labels, join them in one column, a|b, or write 1 and 0 below each name"
    raise DataError(f"{where}: {which} ({listing}); expected one: name it with `label_column`{more}")


def _label_by_name(names: Sequence[str], columns: Sequence[Column]) -> int | None:
    """The column that has the name of a label."""
    by_name = [(rank, c) for c in columns if (rank := rank_as_label(names[c.at])) is not None]
    by_name = [(rank, c) for rank, c in by_name if c.filled] or by_name  # labels beside labels.name of empty lists
    by_name = [(rank, c) for rank, c in by_name if not _is_better_text(c, names, by_name)]
    exact = [(rank, c) for rank, c in by_name if rank < FAR or not any(c.may_be_label for c in columns)]
    usable = [(rank, c) for rank, c in by_name if c.may_be_label or c.filled < 20] or exact
    # Of labels.label and classes.label, as answers have them, that which is within a name of labels, too.
    outer = [rank_as_label(names[column.at].rpartition(".")[0]) is None for _, column in usable]
    return min(zip(usable, outer, strict=True), key=lambda found: (found[0][0], found[1]))[0][1].at if usable else None


def _label_columns(
    names: Sequence[str],
    columns: Sequence[Column],
    text_at: Collection[int],
    config: DataConfig,
    where: str,
    wanted: Collection[str],
) -> LabelColumns | None:
    """Columns that stand for a label each, where the file has names."""
    free = [column for column in columns if column.at not in text_at]
    return find_label_columns(
        names,
        free,
        _label_by_name(names, free),
        where,
        multi_label=config.multi_label,
        wanted=wanted,
        text_known=bool(text_at),
    )


def _is_better_text(column: Column, names: Sequence[str], by_name: Sequence[tuple[int, Column]]) -> bool:
    """Whether a column with the name of a label is rather the text: its name may be that of either."""
    others = [other for _, other in by_name if other is not column]
    return rank_as_text(names[column.at]) is not None and not column.may_be_label and bool(others)


def text_column(names: Sequence[str], has_header: bool, columns: Sequence[Column], where: str) -> int:
    if has_header:
        by_name = [(rank, c) for c in columns if (rank := rank_as_text(names[c.at])) is not None]
        usable = [(rank, c) for rank, c in by_name if c.may_be_text or c.filled < 2] or by_name
        if usable:
            return min(usable, key=lambda found: found[0])[1].at
    may = [column for column in columns if column.may_be_text]
    if may:
        return max(may, key=lambda column: column.mean_length * column.share_distinct).at
    if len(columns) == 1:
        return columns[0].at
    raise DataError(
        f"{where}: none of {listed([_described(c, names) for c in columns], widest=60)} looks like texts; expected "
        "such a column: name it with `text_column`" + ("" if has_header else ", by its number from 1")
    )


def _described(column: Column, names: Sequence[str]) -> str:
    example = next(iter(column.counts), "")
    shown = example if len(example) <= 16 else example[:15] + "…"
    return f"{names[column.at]}: {shown}"

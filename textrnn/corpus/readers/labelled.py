"""Labelled texts of a file, whatever its format, and what was left out of it.

Table -> layout of the columns -> every record is a row, or left out with the reason -> Rows
"""

from __future__ import annotations

import itertools
import re
from array import array
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from textrnn.config import DataConfig
from textrnn.corpus.formulas import without_apostrophe
from textrnn.corpus.labels import canonical_label
from textrnn.corpus.readers.class_folders import read_class_folders
from textrnn.corpus.readers.columns import Layout
from textrnn.corpus.readers.delimited import Record
from textrnn.corpus.readers.encodings import encoding_name
from textrnn.corpus.readers.json_records import NotJSON, Several
from textrnn.corpus.readers.left_out import PROPOSED, refuse_bad_rows
from textrnn.corpus.readers.rows import STRANGE, LeftOut, Reading, Rows, cleaned
from textrnn.corpus.readers.several import CONTENT_SHOWN, Labelled, WithoutLabel, label_in, written_labels
from textrnn.corpus.readers.swallowed import AsRow, Inside
from textrnn.corpus.readers.table_layout import layout_of
from textrnn.corpus.readers.tables import RecordAt, Table, open_table
from textrnn.corpus.sources.content import Content, content_at
from textrnn.corpus.sources.splits import class_folders
from textrnn.errors import DataError, UnlabelledError

AT_ONCE = 512  # records
NOTHING = {"", "\\N"}
RULE = re.compile(r"[\s:+|=-]*-{2,}[\s:+|=-]*")  # below a header, as databases and Markdown draw it
LOST = "\ufffd"


def read_rows(
    source: Path | Content,
    config: DataConfig | None = None,
    *,
    like: Rows | None = None,
    keep_bad: bool = False,
    class_names: Collection[str] = (),
    label_columns: Collection[str] = (),
) -> Rows:
    """All labelled texts of a file in any of the formats.

    Args:
        config: how it is to be read, where that is not to be found out.
        like: the training rows of the same data set, whose columns these probably have.
        keep_bad: rows that cannot be used are only listed, however many they are.
        class_names: where they are known: one of them is one label, whatever is in it.
        label_columns: names of columns that are known to stand for a label each.

    Raises:
        DataError: with ``path:line`` for anything that is not as it should be, or if there is no row at all.
    """
    config = config or DataConfig()
    if isinstance(source, Path) and source.is_dir() and class_folders(source):
        return read_class_folders(source, config, keep_bad=keep_bad)
    content = source if isinstance(source, Content) else content_at(source)
    table = open_table(content, config)
    taken = _Taken(table, layout_of(table, config, None if like is None else like.layout, label_columns))
    taken.take_all()
    rows = taken.to_rows(config, like, class_names)
    if not rows.texts and not taken.left_out:
        raise DataError(f"{content.path}: a header and nothing else; expected labelled texts below it")
    if like is not None and not rows.texts and all(row.reason == "no-label" for row in taken.left_out):
        expected = "one in each" if like.label_sets is None else "labels in some, or no such file"
        raise UnlabelledError(f"{content.path}: no label in any row; expected {expected}: add them")
    if not keep_bad or not rows.texts:
        refuse_bad_rows(rows, config.on_bad_row)
    return rows


@dataclass
class _Taken:
    """Rows while they are taken."""

    table: Table
    layout: Layout
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("q"))
    without: list[WithoutLabel] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    forms: dict[str, str] = field(default_factory=dict)  # of each label as written, the one in which it is compared
    long_quotes: list[Record] = field(default_factory=list)
    uncut: list[tuple[int, list[str]]] = field(default_factory=list)  # with separators in the text, as it seems
    open_quotes: list[int] = field(default_factory=list)
    damaged: list[tuple[int, list[str]]] = field(default_factory=list)  # with bytes of the label lost
    repeated_headers: int = 0
    stripped: list[int] = field(default_factory=list)

    def take_all(self) -> None:
        """Go through the whole table."""
        records, layout = self.table.records, self.layout
        above = [record[0] for record in itertools.islice(records, layout.skipped)]
        if above:
            where = f"lines {above[0]} to {above[-1]}" if len(above) > 1 else f"line {above[0]}"
            self.table.details.append(f"{where} above the header left out")
        header = next(records)[1] if layout.has_header else None
        while some := list(itertools.islice(records, AT_ONCE)):
            if not self._take_ordinary(some, header):
                for line, fields, odd in some:
                    if odd is not None or len(fields) != layout.width:
                        self._take_odd(line, fields, odd, header)
                    else:
                        self._take(line, fields, header)
        self._settle_uncut()
        self._settle_long_quotes()
        self._settle_damaged()

    def _take_ordinary(self, some: list[RecordAt], header: list[str] | None) -> bool:
        """Take some records at once; False, and none is taken, if one of them wants to be looked at by itself."""
        lines, records, odd = zip(*some, strict=True)
        width, label_at, text_at = self.layout.width, self.layout.label_at, self.layout.text_at[0]
        if (
            len(self.layout.text_at) > 1
            or self.layout.label_columns is not None
            or any(odd)
            or set(map(len, records)) != {width}
            or header in records
        ):
            return False
        labels = [self.forms.get(fields[label_at]) for fields in records]
        texts = [fields[text_at].strip() for fields in records]
        if not all(labels) or not all(texts) or "\\N" in texts or STRANGE.search("\n".join(texts)):
            return False
        self.texts += texts
        self.labels += labels  # type: ignore[arg-type]  # none of them is None
        self.lines.extend(lines)
        return True

    def _take_odd(self, line: int, fields: list[str], odd: Record | NotJSON | None, header: list[str] | None) -> None:
        if isinstance(odd, NotJSON):
            self._leave_out(line, "not-json", str(odd), "")
            return
        width = self.layout.width
        if len(fields) > width and not any(cell.strip() for cell in fields[width:]):
            fields = fields[:width]  # a separator after the last field
        if odd is not None and odd.open_quote:
            if len(fields) != width:
                problem = "a quotation mark opens a field and closes nowhere"
                self._leave_out(line, "open-quote", problem, self._shown(fields))
                return
            self.open_quotes.append(line)
        if header is not None and len(fields) == 2 * width - 1:
            fields = self._without_glued_header(fields, header)
        if len(fields) == width:
            if odd is not None and odd.last_line > odd.line:
                self.long_quotes.append(odd)
            self._take(line, fields, header)
        elif len(fields) > width == 2 and self.table.form is not None:
            self.uncut.append((line, fields))
        elif self._is_rule(fields, header):
            return
        elif odd is not None and odd.last_line > odd.line:
            self.long_quotes.append(odd)
        else:
            self._leave_out_misfit(line, fields)

    def _leave_out_misfit(self, line: int, fields: list[str]) -> None:
        """A record with another number of fields than there are columns."""
        if len(fields) == 1 and self.table.form is not None:
            words = self.table.form.name
            self._leave_out(line, "no-separator", f"no {words} in the line", self._shown(fields))
        else:
            counted = f"{len(fields)} fields" if len(fields) != 1 else "1 field"
            self._leave_out(line, "fields", f"{counted} instead of {self.layout.width}", self._shown(fields))

    def _take(self, line: int, fields: list[str], header: list[str] | None) -> None:
        if header is not None and self._is_header(line, fields, header):
            self.repeated_headers += 1
            return
        if self._is_rule(fields, header):
            return
        parts = [fields[at] for at in self.layout.text_at]
        raw, written = (
            " ".join(part.strip() for part in parts if part.strip() not in NOTHING),
            fields[self.layout.label_at],
        )
        text, label = cleaned(raw), label_in(written)
        if self.layout.label_columns is not None:
            said = self.layout.label_columns.labels_of(fields)
            if said is None:
                self._leave_out(line, "no-answer", "a label's column says neither yes nor no", self._shown(fields))
                return
            written = Several.of(said)
        if not text or text in NOTHING:
            self._leave_out(line, "no-text", "no text", self._shown(fields))
        elif isinstance(written, Several) and (written.values or self.layout.label_columns is not None):
            self._add(line, text, written_labels(written), raw)
        elif not label or label in NOTHING:
            self.without.append(WithoutLabel(line, text, self._shown(fields)[:CONTENT_SHOWN]))
        elif LOST in label and self.table.encoding is not None and line in self.table.encoding.damaged:
            self.damaged.append((line, fields))
        else:
            self.forms[written] = label
            self._add(line, text, label, raw)

    def _add(self, line: int, text: str, label: str, raw: str) -> None:
        self.stripped += [line] if STRANGE.search(raw.replace("\r", " ").strip()) else []
        self.texts.append(text)
        self.labels.append(label)
        self.lines.append(line)

    def _is_header(self, line: int, fields: list[str], header: list[str]) -> bool:
        """Whether a row is the header once more, of files that were glued together.

        Raises:
            DataError: if its columns stand in another order than before.
        """
        width = self.layout.width
        if fields[:width] == header[:width]:
            return True
        label_at = self.layout.label_at
        if len(header) < width or fields[label_at].strip().casefold() not in map(_folded, header):
            return False
        here, first = [*map(_folded, fields[:width])], [*map(_folded, header[:width])]
        if here != first and sorted(here) == sorted(first) and len(set(first)) == width:
            raise DataError(
                f"{self.table.content.path}:{line}: a header like the first one, with the columns in another order; "
                "expected one order in all of the file: put what follows this line into a file of its own"
            )
        return here == first

    def _without_glued_header(self, fields: list[str], header: list[str]) -> list[str]:
        """The row that ends a file without a line end, where the header of the next one is glued to it."""
        width = self.layout.width
        end = fields[width - 1]
        if [*map(_folded, fields[width:])] != [*map(_folded, header[1:width])]:
            return fields
        if not _folded(end).endswith(_folded(header[0])):
            return fields
        self.repeated_headers += 1
        return [*fields[: width - 1], end[: len(end.rstrip()) - len(header[0].strip())].rstrip("\ufeff")]

    def _is_rule(self, fields: list[str], header: list[str] | None) -> bool:
        """Whether this is the line between a header and its rows."""
        cells = [cell for cell in fields if cell.strip()]
        return header is not None and not self.texts and bool(cells) and all(map(RULE.fullmatch, cells))

    def _leave_out(self, line: int, reason: str, problem: str, content: str) -> None:
        self.left_out.append(LeftOut(line, reason, problem, content[:CONTENT_SHOWN]))

    def _shown(self, fields: list[str]) -> str:
        separator = self.table.form.dialect.separator if self.table.form is not None else ","
        return separator.join(fields)

    def _settle_uncut(self) -> None:
        """Rows with more fields than columns: where the label is one of the others', the rest is the text.

        In tab-separated lines without a header, the label is what stands before the first tab or after the last one.
        """
        if not self.uncut:
            return
        separator, known = self._separator(), set(self.labels)
        last = self.layout.label_at == 1
        if len(self.uncut) > len(self.labels):  # most texts have separators: classes are what repeats at that end
            ends = Counter(canonical_label(fields[-1] if last else fields[0]) for _, fields in self.uncut)
            known |= (
                {label for label, count in ends.items() if count > 1} if 2 * len(ends) <= len(self.uncut) else set()
            )
        tabs = separator == "\t" and not self.layout.has_header
        rest: list[tuple[int, list[str]]] = []
        for line, fields in self.uncut:
            label = canonical_label(fields[-1] if last else fields[0])
            if tabs or label in known:
                body = separator.join(fields[:-1] if last else fields[1:])
                if len(body) > 1 and body[0] == body[-1] == '"':  # with marks inside that are not doubled
                    body = body[1:-1]
                rest.append((line, [body, fields[-1]] if last else [fields[0], body]))
            else:
                problem = f"{len(fields)} fields instead of {self.layout.width}"
                self._leave_out(line, "fields", problem, self._shown(fields))
        if rest:
            self._merge(rest)
            if not tabs:
                name = self.table.form.name if self.table.form is not None else separator
                texts = f"1 text has a {name} in it" if len(rest) == 1 else f"{len(rest):,} texts have a {name} in them"
                self.table.details.append(f"{texts} without quotation marks (first on line {rest[0][0]})")

    def _merge(self, rows: list[tuple[int, list[str]]]) -> None:
        """Take rows that come earlier in the file than some that were taken."""
        for line, fields in rows:
            self._take(line, fields, None)
        order = sorted(range(len(self.lines)), key=self.lines.__getitem__)
        self.texts = [self.texts[at] for at in order]
        self.labels = [self.labels[at] for at in order]
        self.lines = array("q", [self.lines[at] for at in order])

    def _separator(self) -> str:
        assert self.table.form is not None
        return self.table.form.dialect.separator

    def _settle_long_quotes(self) -> None:
        """Fields over several lines: one that holds what reads as rows has swallowed them."""
        if not self.long_quotes or self.table.form is None:
            return
        counts = Counter(self.labels)
        where = {line: at for at, line in enumerate(self.lines)}
        swallowing: list[int] = []
        swallowed: list[tuple[int, list[str]]] = []
        for record in self.long_quotes:
            at = where.get(record.line)
            own = None if at is None else self.labels[at]
            known = {name for name, count in counts.items() if count > (name == own)}
            inside = Inside.of(record, self.table.form.dialect)
            rows = inside.count_rows(self._is_row(known), is_text=at is not None and inside.at in self.layout.text_at)
            if inside.at == self.layout.label_at and own in known:
                continue  # other rows have that label, too
            if not rows or rows < len(inside.lines) / 2:
                if at is None and len(record.fields) != self.layout.width:
                    self._leave_out_misfit(record.line, record.fields)
                continue
            what = "label" if inside.at == self.layout.label_at else "text"
            problem = f"a quotation mark opens a {what} here and closes on line {record.last_line}"
            problem += f"; {rows} of the lines between look like rows"
            self._leave_out(record.line, "swallowed-rows", problem, inside.first)
            swallowing += [] if at is None else [at]
            found, others = inside.rows(self._is_row(known))
            swallowed += found
            for line, text in others:
                self._leave_out(line, "swallowed-rows", f"inside the quotation marks of line {record.line}", text)
        for at in reversed(swallowing):
            del self.texts[at], self.labels[at], self.lines[at]
        if swallowed:
            self._merge(swallowed)

    def _settle_damaged(self) -> None:
        """Labels with lost bytes: where what is left of one fits a single class, it is of that; else left out."""
        if not self.damaged:
            return
        known, rows = dict.fromkeys(self.labels), []
        for line, fields in self.damaged:
            label = canonical_label(fields[self.layout.label_at])
            pattern = re.compile(".{1,3}".join(map(re.escape, re.split(f"{LOST}+", label))), re.DOTALL)
            fitting = [name for name in known if pattern.fullmatch(name)]
            if len(fitting) == 1 and label.strip(LOST):
                rows.append((line, [*fields[: self.layout.label_at], fitting[0], *fields[self.layout.label_at + 1 :]]))
            else:
                self._leave_out(line, "damaged-label", "a label with damaged bytes", self._shown(fields))
        if rows:
            self._merge(rows)

    def _is_row(self, known: set[str]) -> AsRow:
        width, label_at = self.layout.width, self.layout.label_at
        return lambda fields: len(fields) == width and canonical_label(fields[label_at]) in known

    def to_rows(self, config: DataConfig, like: Rows | None, class_names: Collection[str]) -> Rows:
        """What was taken, with the account of it."""
        table, layout, encoding = self.table, self.layout, self.table.encoding
        columns, path = layout.label_columns is not None, table.content.path
        taken = Labelled(self.texts, self.labels, self.lines, self.without, self.left_out)
        several, sets = taken.settle(config, path, like=like, columns=columns, names=class_names)
        self.left_out.sort(key=lambda row: row.line)
        details = [*table.details, *layout.details]
        details += ["a column for each label, and one label a row"] if columns and sets is None else []
        details += ["lists written out in cells"] if taken.were_written_out else []
        if count := self.repeated_headers:
            details.append("1 repeated header" if count == 1 else f"{count} repeated headers")
        if count := len(self.open_quotes):
            texts = "1 quotation mark closes" if count == 1 else f"{count} quotation marks close"
            details.append(f"{texts} nowhere (first on line {self.open_quotes[0]})")
        if count := len(self.stripped):
            details.append(f"control characters left out of {count:,} {'text' if count == 1 else 'texts'}")
        if encoding is not None:
            details += ["carriage returns end lines"] if encoding.cr_ends_lines else []
            if encoding.other is not None and encoding.other_lines:
                details.append(f"{encoding.other_lines:,} lines in {encoding_name(encoding.other)}")
        reading = Reading(
            path,
            encoding="" if encoding is None else encoding.name,
            format=table.format,
            header=None if table.named else layout.has_header,
            text_columns=tuple(layout.names[at] for at in layout.text_at),
            label_column="" if columns else layout.names[layout.label_at],
            label_columns=tuple(layout.names[at] for at in layout.labels_at) if columns else (),
            other_columns=layout.others,
            rows=len(taken.texts),
            left_out=tuple(self.left_out),
            damaged_lines=() if encoding is None else encoding.damaged,
            stripped_lines=tuple(sorted(self.stripped)),
            details=tuple(details),
            labels=several,
        )
        labels = taken.labels if sets is None else []
        if PROPOSED in layout.others:  # a table that people have labelled in a spreadsheet
            taken.texts = list(map(without_apostrophe, taken.texts))
        return Rows(path, taken.texts, labels, taken.lines, reading=reading, layout=layout, label_sets=sets)


def _folded(cell: str) -> str:
    return canonical_label(cell).casefold()

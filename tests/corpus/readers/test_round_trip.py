"""Whatever is written, in any format, dialect and encoding, is read back as the same rows.

The usual run tries some hundred tables; ``TEXTRNN_ROUND_TRIPS=100000 python -m pytest -m slow`` as many as it says.
A table is made from its number alone: the number in a failure is all that is needed to see it again.
"""

from __future__ import annotations

import os
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.readers import writers
from tests.corpus.readers.writers import PACKERS, Written
from textrnn.config import DataConfig
from textrnn.corpus.labels import canonical_label
from textrnn.corpus.readers import cleaned, read_rows

PIECES = [
    *['"', '""', '"""', "'", ",", ";", "|", "\t", "\n", "\r\n", "\r", "\\", '\\"', "\\n", "\\\\", "\\N", " ", "  ", "\0"],
    *["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1f", "\x1b[31m", "\x01", "\x9b", "\xa0", "\u3000", "\ufeff"],
    *["\u200b", "\u200d", "\u202e", "e\u0301", "é", "שלום", "مرحبا", "👩‍👩‍👧‍👦", "🇨🇳", "财经", "股市大涨，", "ｆｕｌｌ", "한국", "かな"],
    *["text", "label", "a", "good", "1", "0", "3.5", "-", "=1+1", "#", "{", "}", "[", "]", ":", "nan", "__label__", "_!_", "sep=;"],
    *['","', '"\n"', '",a\n', "\ta\n", '{"text": 1}', "<b>", "&amp;", "%", "\ud800", "\uffff", "\U0010ffff", "ä", "ß", "ñ", "¿"],
]  # fmt: skip
RANGES = [(0x20, 0x7F), (0, 0x20), (0x80, 0x250), (0x370, 0x700), (0x3000, 0x3100), (0x4E00, 0xA000), (0, 0x110000)]
ENCODINGS = [  # and whether a reader can know it
    *[("utf-8", True), ("utf-8", True), ("utf-8-sig", True), ("utf-16", True), ("utf-32", True)],
    *[("utf-16-le", False), ("utf-16-be", False), ("utf-32-le", False), ("gb18030", False), ("cp1252", False)],
    *[("cp950", False), ("cp932", False), ("cp949", False), ("cp1251", False)],
]
LINE_ENDS = ["\n", "\n", "\r\n", "\r"]
FORMATS = [*["delimited"] * 4, "escaped", "plain", "marked", "json", "array", "columns", "fasttext", "xlsx", "parquet"]


def any_text(chance: random.Random, most: int) -> str:
    """Pieces that make trouble, and characters from all over."""
    parts = []
    for _ in range(chance.randint(1, most)):
        if chance.random() < 0.6:
            parts.append(chance.choice(PIECES))
        else:
            begin, end = chance.choice(RANGES)
            parts += [chr(chance.randrange(begin, end)) for _ in range(chance.randint(1, 5))]
    text = "".join(parts)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if chance.random() < 0.9 else text


def is_usable(text: str, label: str) -> bool:
    """Whether both are there, and none is what stands for nothing or in a header."""
    text, label = cleaned(text), canonical_label(label)
    return bool(text and label) and "\\N" not in (text, label) and label not in ("text", "label", "__label__")


def any_table(chance: random.Random, codec: str) -> list[tuple[str, str]]:
    """Rows whose labels repeat."""

    def kept(text: str) -> str:
        return text if codec.startswith("utf") else text.encode(codec, "ignore").decode(codec)

    names: dict[str, str] = {}
    while len(names) < chance.choice((2, 3)):
        label = kept(any_text(chance, 3)).replace("__label__", "")
        if is_usable("text", label):
            names[canonical_label(label)] = label
    rows: dict[str, tuple[str, str]] = {}
    while len(rows) < 2 * len(names):
        text = kept(any_text(chance, 8))
        if is_usable(text, "a"):
            rows[cleaned(text)] = (text, list(names.values())[len(rows) % len(names)])
    return list(rows.values())


def any_written(chance: random.Random, rows: list[tuple[str, str]]) -> Written:
    """The table in one of the formats."""
    flag = lambda: chance.random() < 0.5  # noqa: E731
    form, line_end = chance.choice(FORMATS), chance.choice(LINE_ENDS)
    if form in ("delimited", "escaped"):
        names = ("header", "label_first", "index", "trailing", "blank_lines", "announced", "named", "quoted")
        options: dict[str, Any] = {name: flag() for name in names}
        options["header"] = options["header"] or options["trailing"]
        if form == "escaped":  # one row that tells, for a table without any would be read as it stands there
            rows = [*rows, ('a "telling" one', rows[0][1])]
        separator = chance.choice(",\t;|")
        return writers.write_delimited(
            rows, separator=separator, line_end=line_end, escaped=form == "escaped", **options
        )
    if form == "plain":
        return writers.write_plain(rows, line_end=line_end, label_first=flag())
    if form == "marked":
        mark = chance.choice(["_!_", " ||| ", "<sep>", "$$"])
        without = [(text.replace(mark, ""), label.replace(mark, "")) for text, label in rows]
        return writers.write_plain(without, separator=mark, line_end=line_end)
    if form == "json":
        return writers.write_json_lines(rows, ascii_only=flag(), line_end=line_end, listed=flag())
    if form == "array":
        return writers.write_json_array(rows, ascii_only=flag(), indent=chance.choice([None, 1]))
    if form == "columns":
        return writers.write_json_columns(rows, split=flag())
    if form == "fasttext":
        return writers.write_fasttext(rows, line_end=line_end, last=flag())
    return writers.write_workbook(rows) if form == "xlsx" else writers.write_parquet(rows)


def holds_rows(written: Written) -> bool:
    """Whether a text has a line that reads as a row of its table: that is refused, as rows that a mark swallowed."""
    known = {canonical_label(label) for _, label in written.rows}
    # Of white space around a text, too: a mark at the beginning of the next line may be one that closes.
    lines = [line for text, _ in written.rows for line in re.split("\r\n|\n|\r", text)[:-1]]
    return any(canonical_label(cell) in known for line in lines for cell in re.split("[,;|\t]", line))


@dataclass(frozen=True)
class Case:
    """A file: what is written, its bytes and ending, and what has to be named to read it."""

    written: Written
    content: bytes
    ending: str
    named: dict[str, Any]


def make_case(number: int) -> Case | None:
    """The case of a number; None where nothing is left of a text in the format."""
    chance = random.Random(number)
    codec, known = chance.choice(ENCODINGS)
    written = any_written(chance, any_table(chance, codec))
    packing = chance.choice([*[""] * 4, *PACKERS])
    if not all(is_usable(text, label) for text, label in written.rows) or holds_rows(written):
        return None
    if isinstance(written.content, bytes):
        content, named = written.content, {}
    else:
        try:
            content = written.content.encode(codec)
        except UnicodeEncodeError:
            return None
        named = {} if known else {"encoding": codec}
    packed = PACKERS[packing](content, f"a{written.ending}")
    return Case(written, packed, written.ending + packing, written.settings | named)


def check_round_trip(folder: Path, number: int) -> bool:
    """Whether there is such a case, which is then read back."""
    case = make_case(number)
    if case is None:
        return False
    path = folder / f"a{case.ending}"
    path.write_bytes(case.content)
    told = f"table {number}: {case.written.content!r}, read with {case.named}"
    try:
        read = read_rows(path, DataConfig(**case.named))
    except Exception as error:
        raise AssertionError(told) from error
    assert read.reading is not None
    rows = list(zip(read.texts, read.labels, strict=True))
    assert rows == [(cleaned(text), canonical_label(label)) for text, label in case.written.rows], told
    assert not read.reading.left_out, told
    assert not read.reading.damaged_lines, told
    assert case.written.lines is None or list(read.line_numbers) == case.written.lines, told
    return True


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert sum(check_round_trip(tmp_path, number) for number in range(600)) > 400


@pytest.mark.slow
@pytest.mark.skipif("TEXTRNN_ROUND_TRIPS" not in os.environ, reason="set TEXTRNN_ROUND_TRIPS to the number of tables")
def test_what_is_written_is_read_back_very_often(tmp_path: Path) -> None:
    wanted, number, done = int(os.environ["TEXTRNN_ROUND_TRIPS"]), 0, 0
    while done < wanted:
        done += check_round_trip(tmp_path, number)
        number += 1

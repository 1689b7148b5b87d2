"""Whatever is written, in any format, dialect and encoding, is read back as the same rows.

The usual run tries some hundred tables; ``TEXTRNN_ROUND_TRIPS=100000 pytest -m slow`` as many as it says.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.corpus.readers import writers
from tests.corpus.readers.writers import PACKERS, Written
from textrnn.config import DataConfig
from textrnn.corpus.labels import canonical_label
from textrnn.corpus.readers import LONE_SURROGATE, cleaned, read_rows

PIECES = [
    *[
        '"',
        '""',
        '"""',
        "'",
        ",",
        ";",
        "|",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\\",
        '\\"',
        "\\n",
        "\\\\",
        "\\N",
        " ",
        "  ",
        "\0",
    ],
    *[
        "\u2028",
        "\u2029",
        "\x85",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x1f",
        "\x1b[31m",
        "\x01",
        "\x9b",
        "\xa0",
        "\u3000",
        "\ufeff",
    ],
    *[
        "\u200b",
        "\u200d",
        "\u202e",
        "e\u0301",
        "é",
        "שלום",
        "مرحبا",
        "👩‍👩‍👧‍👦",
        "🇨🇳",
        "财经",
        "股市大涨，",
        "ｆｕｌｌ",
        "한국",
        "かな",
    ],
    *[
        "text",
        "label",
        "a",
        "good",
        "1",
        "0",
        "3.5",
        "-",
        "=1+1",
        "#",
        "{",
        "}",
        "[",
        "]",
        ":",
        "nan",
        "__label__",
        "_!_",
        "sep=;",
    ],
    *[
        '","',
        '"\n"',
        '",a\n',
        "\ta\n",
        '{"text": 1}',
        "<b>",
        "&amp;",
        "%",
        "\ud800",
        "\uffff",
        "\U0010ffff",
        "ä",
        "ß",
        "ñ",
        "¿",
    ],
]
words = st.sampled_from(PIECES)
texts = st.lists(words | st.text(max_size=8), min_size=1, max_size=8).map("".join)
labels = st.lists(words | st.text(max_size=4), min_size=1, max_size=3).map("".join)
ENCODINGS: list[tuple[str, bool]] = [  # and whether a reader can know it
    *[("utf-8", True), ("utf-8-sig", True), ("utf-16", True), ("utf-32", True)],
    *[("utf-16-le", False), ("utf-16-be", False), ("utf-32-le", False), ("gb18030", False), ("cp1252", False)],
    *[("cp950", False), ("cp932", False), ("cp949", False), ("cp1251", False)],
]
SEPARATORS = [",", "\t", ";", "|"]
LINE_ENDS = ["\n", "\n", "\r\n", "\r"]


def is_usable(text: str, label: str) -> bool:
    """Whether both are there, and none is what stands for nothing or in a header."""
    text, label = cleaned(text), canonical_label(label)
    return (
        bool(text and label)
        and "\\N" not in (text, label)
        and label not in ("text", "label")
        and "__label__" not in label
    )


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Rows whose labels repeat."""
    names = draw(st.lists(labels, min_size=2, max_size=3, unique_by=canonical_label))
    some = draw(st.lists(texts, min_size=4, max_size=9, unique_by=cleaned))
    return [(text, names[at % len(names)]) for at, text in enumerate(some)]


def encodable(rows: list[tuple[str, str]], codec: str) -> list[tuple[str, str]]:
    """The rows without characters that are not in an encoding."""

    def kept(text: str) -> str:
        text = LONE_SURROGATE.sub("\ufffd", text)
        return text if codec.startswith("utf") else text.encode(codec, "ignore").decode(codec)

    return [(kept(text), kept(label)) for text, label in rows]


def written_by(draw: st.DrawFn, rows: list[tuple[str, str]]) -> Written:
    """The table in one of the formats."""
    flag = lambda: draw(st.booleans())  # noqa: E731
    kind = draw(
        st.sampled_from(
            ["delimited"] * 4
            + ["escaped", "plain", "marked", "jsonl", "array", "columns", "fasttext", "xlsx", "parquet"]
        )
    )
    line_end = draw(st.sampled_from(LINE_ENDS))
    if kind in ("delimited", "escaped"):
        options: dict[str, Any] = {
            name: flag() for name in ("header", "label_first", "index", "trailing", "blank_lines", "announced", "named")
        }
        options["header"] = options["header"] or options["trailing"]
        if kind == "escaped":
            rows.append(('a "telling" one', rows[0][1]))
            options |= {"doublequote": False, "escapechar": "\\", "quoting": csv.QUOTE_ALL}
        else:
            options["quoting"] = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
        return writers.write_delimited(rows, separator=draw(st.sampled_from(SEPARATORS)), line_end=line_end, **options)
    if kind == "plain":
        return writers.write_plain(rows, line_end=line_end, label_first=flag())
    if kind == "marked":
        mark = draw(st.sampled_from(["_!_", " ||| ", "<sep>", "$$"]))
        return writers.write_plain(
            [(t.replace(mark, ""), n.replace(mark, "")) for t, n in rows], separator=mark, line_end=line_end
        )
    if kind == "jsonl":
        return writers.write_json_lines(rows, ascii_only=flag(), line_end=line_end, listed=flag())
    if kind == "array":
        return writers.write_json_array(rows, ascii_only=flag(), indent=draw(st.sampled_from([None, 1])))
    if kind == "columns":
        return writers.write_json_columns(rows, split=flag())
    if kind == "fasttext":
        return writers.write_fasttext(rows, line_end=line_end, last=flag())
    return writers.write_workbook(rows) if kind == "xlsx" else writers.write_parquet(rows)


File = tuple[Written, bytes, str, dict[str, Any]]


@st.composite
def files(draw: st.DrawFn) -> File:
    """What is written, its bytes and ending, and what has to be named to read it."""
    rows = draw(tables())
    codec, known = draw(st.sampled_from(ENCODINGS))
    rows = encodable(rows, codec)
    written = written_by(draw, rows)
    content = written.content if isinstance(written.content, bytes) else written.content.encode(codec)
    named = {} if known or isinstance(written.content, bytes) else {"encoding": codec}
    packing = draw(st.sampled_from(list(PACKERS)))
    packed = PACKERS[packing](content, "a" + written.ending)
    return written, packed, written.ending + packing, written.settings | named


def check_round_trip(folder: Path, file: File) -> None:
    written, content, ending, named = file
    assume(all(is_usable(text, label) for text, label in written.rows))
    path = folder / f"a{ending}"
    path.write_bytes(content)
    read = read_rows(path, DataConfig(**named))
    assert read.reading is not None
    assert list(zip(read.texts, read.labels, strict=True)) == [
        (cleaned(text), canonical_label(label)) for text, label in written.rows
    ]
    assert not read.reading.left_out
    assert not read.reading.damaged_lines
    if written.lines is not None:
        assert list(read.line_numbers) == written.lines


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@given(files())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_written_is_read_back(folder: Path, file: Any) -> None:
    check_round_trip(folder, file)


@pytest.mark.slow
@pytest.mark.skipif("TEXTRNN_ROUND_TRIPS" not in os.environ, reason="set TEXTRNN_ROUND_TRIPS to the number of tables")
@given(files())
@settings(
    max_examples=int(os.environ.get("TEXTRNN_ROUND_TRIPS", "1")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
def test_what_is_written_is_read_back_very_often(folder: Path, file: Any) -> None:
    check_round_trip(folder, file)

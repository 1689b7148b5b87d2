from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.corpus.readers.writers import write_workbook
from textrnn.config import DataConfig
from textrnn.corpus.readers.given import ABSENT, GivenTexts
from textrnn.corpus.readers.unlabelled import open_given
from textrnn.corpus.sources.content import Content, content_of
from textrnn.errors import DataError

LEARNT = [{"header": True, "text_columns": ["text"], "label_column": "label", "other_columns": []}]


def content(data: bytes, name: str = "given.txt") -> Content:
    return Content(Path(name), len(data), lambda: io.BytesIO(data))  # type: ignore[arg-type,return-value]


def opened(data: bytes | str, name: str = "given.txt", read: Any = LEARNT, **settings: Any) -> GivenTexts:
    data = data if isinstance(data, bytes) else data.encode()
    return open_given(content(data, name), DataConfig(**settings), read)


def all_of(given: GivenTexts, size: int = 3) -> tuple[list[list[Any]], list[str], dict[int, str]]:
    """Cells, texts and errors of all records."""
    cells, texts, errors = [], [], {}
    for block in given.blocks(size):
        assert 0 < len(block) <= size
        errors |= {len(texts) + at: error for at, error in block.errors.items()}
        cells += [["absent" if cell is ABSENT else cell for cell in row] for row in block.cells]
        texts += block.texts
    return cells, texts, errors


FORMS: dict[str, tuple[str, bytes]] = {
    "comma": ("a.csv", b'id,text\n1,"a, ""b"""\n2,c\n'),
    "tab": ("a.tsv", b'id\ttext\n1\ta, "b"\n2\tc\n'),
    "semicolon": ("a.csv", b'id;text\n1;"a, ""b"""\n2;c\n'),
    "mark": ("a.csv", b'\xef\xbb\xbfid,text\r\n1,"a, ""b"""\r\n2,c\r\n'),
    "gzip": ("a.csv.gz", gzip.compress(b'id,text\n1,"a, ""b"""\n2,c\n', mtime=0)),
    "utf-16": ("a.csv", 'id,text\n1,"a, ""b"""\n2,c\n'.encode("utf-16")),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_cell_of_a_table_is_kept(name: str) -> None:
    given = opened(FORMS[name][1], FORMS[name][0])
    assert given.columns == ("id", "text")
    assert all_of(given) == ([["1", 'a, "b"'], ["2", "c"]], ['a, "b"', "c"], {})


def test_values_of_json_stay_what_they_are() -> None:
    lines = '{"id": 1, "data": {"text": "a"}, "ok": true}\n{"id": 2.5, "data": {"text": "b", "x": [1]}}\n'
    given = opened(lines, read=[])
    assert given.columns == ("id", "data", "ok")
    assert given.reading.text_columns == ("data.text",)
    assert all_of(given)[:2] == ([[1, {"text": "a"}, True], [2.5, {"text": "b", "x": [1]}, "absent"]], ["a", "b"])
    array = json.dumps([{"id": 1, "text": "a"}, {"id": None, "text": "b"}], indent=1)
    assert all_of(opened(array, "a.json"))[0] == [[1, "a"], [None, "b"]]


def test_keys_that_come_late_are_kept_beside() -> None:
    lines = '{"text": "a"}\n' * 6000 + '{"text": "b", "late": 3}\n'
    blocks = list(opened(lines).blocks(7000))
    assert [block.others for block in blocks] == [{6000: {"late": 3}}]


def test_a_workbook() -> None:
    pytest.importorskip("python_calamine")
    written = write_workbook([("a", "x"), ("", "y")]).content
    assert isinstance(written, bytes)
    given = opened(written, "a.xlsx")
    assert given.columns == ("text", "label")
    assert all_of(given) == ([["a", "x"], ["", "y"]], ["a", ""], {})


def test_parquet_keeps_types_and_empty_rows() -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"id": [1, None, 3], "text": ["a", None, ""], "tags": [["x"], [], None]})
    out = io.BytesIO()
    parquet.write_table(table, out)
    given = opened(out.getvalue(), "a.parquet")
    assert given.schema.equals(table.schema)
    assert (given.unit, given.total) == ("rows", 3)
    cells, texts, errors = all_of(given, 2)
    assert cells == [[1, "a", ["x"]], [None, None, []], [3, "", None]]
    assert (texts, errors) == (["a", "", ""], {1: "row 2: no text"})
    assert given.done == 3


def test_fasttext_and_one_text_a_line() -> None:
    assert all_of(opened("__label__a some words\n__label__b others\n"))[0] == [["some words", "a"], ["others", "b"]]
    given = opened("a, b\n\n c, d\n")
    assert given.columns == ("row", "text")
    assert all_of(given) == ([[1, "a, b"], [2, ""], [3, " c, d"]], ["a, b", "", " c, d"], {})


def test_an_archive_of_one_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inside.csv", "id,text\n1,a\n")
    given = open_given(content_of(tmp_path / "a.zip"), DataConfig(), LEARNT)
    assert all_of(given)[0] == [["1", "a"]]


@pytest.mark.parametrize(
    ("data", "name", "read", "settings", "text"),
    [
        ("id,text,title\n1,a,b\n", "a.csv", LEARNT, {}, ("text",)),  # learnt from
        ("id,text,title\n1,a,b\n", "a.csv", LEARNT, {"text_column": ("title",)}, ("title",)),
        ("id,text,title\n1,a,b\n", "a.csv", LEARNT, {"text_column": ("3", "text")}, ("title", "text")),
        ("id,title,url\n1,a,b\n", "a.csv", LEARNT, {}, ("title",)),  # by its name
        ("id,xyz\n1,words of a text\n2,other words\n", "a.csv", LEARNT, {"header": True}, ("xyz",)),  # by its cells
        ("x\ta\ny\tb\n", "a.txt", [{"header": False, "text_columns": ["column 2"]}], {}, ("column 2",)),
        ("text\n" + "a, b\n" * 3, "a.txt", LEARNT, {}, ("text",)),  # one column, not quoted
        ('{"body": "a", "text": "b"}\n{"body": "c"}\n', "a.jsonl", LEARNT, {}, ("text",)),
    ],
)
def test_which_column_is_taken(data: str, name: str, read: Any, settings: Any, text: tuple[str, ...]) -> None:
    assert opened(data, name, read, **settings).reading.text_columns == text


def test_a_separator_of_training_is_taken_where_it_stands() -> None:
    data = content(b"1::a\n2::b, c\n")
    given = open_given(data, DataConfig(text_column=("2",)), (), separator="::")
    assert all_of(given)[1] == ["a", "b, c"]
    assert all_of(open_given(content(b"a\nb\n"), DataConfig(), (), separator="::"))[1] == ["a", "b"]


def test_what_is_wrong_with_a_row_stands_in_its_place() -> None:
    rows = 'id,text\n1,a\n2\n3,b,c\n\n4,\\N\n,\n"5,d\n6,e\n'
    cells, texts, errors = all_of(opened(rows, "a.csv"))
    assert errors == {
        1: "line 3: 1 field instead of 2",
        2: "line 4: 3 fields instead of 2",
        3: "line 6: no text",
    }
    assert cells[:5] == [["1", "a"], ["2", ""], ["3", "b,c"], ["4", "\\N"], ["", ""]]
    assert texts[:5] == ["a", "", "", "", ""]


def test_broken_lines_of_json() -> None:
    lines = '{broken\n{"text": "a"}\n[1\n"word"\n{"id": 3}\n{"text": null}\n\n{"text": 12}\n'
    cells, texts, errors = all_of(opened(lines, "a.jsonl"))
    assert texts == ["", "a", "", "", "", "", "12"]
    assert [(at, error.split(" (")[0]) for at, error in errors.items()] == [
        (0, "line 1: not JSON"),
        (2, "line 3: not JSON"),
        (3, "line 4: a JSON string, no object"),
        (4, "line 5: no text"),
        (5, "line 6: no text"),
    ]
    assert cells[0] == ["absent", "absent"]


@pytest.mark.parametrize("count", [1, 200])
def test_undecodable_bytes_lose_their_own_row(count: int) -> None:
    data = "文字\n".encode() * 300 + b"a\xff\xfeb\n" * count + "文字\n".encode()
    _, texts, errors = all_of(opened(data, encoding="utf-8" if count > 1 else None), 50)
    assert list(errors) == list(range(300, 300 + count))
    assert errors[300] == "line 301: bytes that are not UTF-8"
    assert texts == ["文字"] * 300 + [""] * count + ["文字"]


def test_undecodable_bytes_beside_the_text_do_no_harm() -> None:
    data = b"id,text\n" + "文,文字\n".encode() * 9 + b"\xff\xff,ok\n"
    _, texts, errors = all_of(opened(data, "a.csv"))
    assert (texts[-1], errors) == ("ok", {})


def test_names_that_are_missing_or_repeated() -> None:
    assert opened("id,,text,id\n1,2,a,3\n", "a.csv").columns == ("id", "column 2", "text", "id 2")


@pytest.mark.parametrize(
    ("data", "name", "settings", "message"),
    [
        ("\n \n", "a.txt", {}, "a.txt: the file is empty; expected one text a line, or a table of texts"),
        ("id,text\n1,a\n", "a.csv", {"text_column": ("tittle",)}, "a.csv:1: no column 'tittle'; expected `text_column` to be one of id, text"),
        ("%PDF-1.4\n%\x80\0", "a.pdf", {}, "a.pdf: a PDF; expected text: "),
        ("[1\n", "a.json", {}, "a.json:1: not JSON ("),
        ('"a"\n"b"\n', "a.jsonl", {}, "a.jsonl:1: a JSON string, no object; expected one text a line, or a table of texts"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_texts_is_refused(data: str, name: str, settings: Any, message: str) -> None:
    with pytest.raises(DataError) as error:
        all_of(opened(data.encode("latin-1"), name, **settings))
    assert str(error.value).startswith(message)


def test_the_place_in_the_file_is_known() -> None:
    data = b"id,text\n" + b"1,abcdefg\n" * 50_000
    given = opened(data, "a.csv")
    assert (given.unit, given.total) == ("B", len(data))
    places = [given.done for _ in given.blocks(1000)]
    assert places == sorted(places)
    assert 0 < places[0] < len(data) == places[-1]


CELLS = st.text(st.characters(exclude_characters="\0\r\x1a\ufeff", exclude_categories=("Cs",)), max_size=12)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20))
@example([("", "")])
@example([(" a", ' "'), ("\n", ",")])
@example([('"', "\\"), ("a", 'b"c')])
def test_as_many_csv_records_come_out_as_python_wrote(rows: list[tuple[str, str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("id", "text"), *rows])
    cells, texts, errors = all_of(opened(out.getvalue(), "a.csv", header=True, separator=","))
    assert cells == [list(row) for row in rows]
    assert texts == ["" if text == "\\N" else text for _, text in rows]
    assert set(errors.values()) <= {f"line {n}: no text" for n in range(2, 300)}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | CELLS,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "text", "x"]), VALUES), min_size=2, max_size=20))
def test_as_many_json_records_come_out_as_went_in(records: list[dict[str, Any]]) -> None:
    records = [{"text": "a"}, *records]
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    given = opened(lines, "a.jsonl")
    cells, texts, _ = all_of(given)
    assert len(cells) == len(texts) == len(records)
    for row, record in zip(cells, records, strict=True):
        assert {name: cell for name, cell in zip(given.columns, row, strict=True) if cell != "absent"} == record


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0\ufeff")), min_size=1))
@example(["", "a", ""])
def test_every_line_is_a_text(lines: list[str]) -> None:
    lines = ["第一行，没有分隔", *lines]
    given = opened("".join(f"{line}\n" for line in lines))
    if given.columns == ("row", "text"):  # nearly always: chance seldom makes a table
        assert all_of(given)[1] == lines

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from textrnn.config import DataConfig
from textrnn.corpus.sources.content import content_of
from textrnn.errors import DataError, Note
from textrnn.report.notes import words
from textrnn.tasks.given_texts import texts_in

READ = [{"header": True, "text_columns": ["text"]}]


def given(tmp_path: Path, content: bytes, read: list[dict[str, object]] | None = None) -> tuple[list[str], Note | None]:
    path = tmp_path / "given"
    path.write_bytes(content)
    return texts_in(content_of(path), DataConfig(), READ if read is None else read)


TABLES = {
    "comma": b'id,text\n1,"a, ""b"""\n2,c\n',
    "tab": b'id\ttext\r\n1\t"a, ""b"""\r\n2\tc\r\n',
    "text first": b'text;user\n"a, ""b""";x\nc;y\n',
    "JSON lines": b'{"id": 1, "text": "a, \\"b\\""}\n{"id": 2, "text": "c"}\n',
    "packed": gzip.compress(b'id,text\n1,"a, ""b"""\n2,c\n'),
    "one column": b'text\n"a, ""b"""\nc\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_the_column_that_was_learnt_from_is_taken(tmp_path: Path, name: str) -> None:
    texts, note = given(tmp_path, TABLES[name])
    assert texts == ['a, "b"', "c"]
    assert note is not None
    assert words(note).partition("; ")[2].partition(" (")[0] == "text = text"


def test_cells_keep_their_place_and_their_line_ends(tmp_path: Path) -> None:
    assert given(tmp_path, b'id,text\n1,"two\nlines"\n2,\n3,c\n')[0] == ["two\nlines", "", "c"]
    assert given(tmp_path, b'text\n"two\nlines"\n""\nc\n')[0] == ["two\nlines", "", "c"]


def test_several_columns_are_joined(tmp_path: Path) -> None:
    read: list[dict[str, object]] = [{"header": True, "text_columns": ["title", "body"]}]
    assert given(tmp_path, b"body,id,title\nb,1,t\n,2,u\n", read)[0] == ["t b", "u"]


@pytest.mark.parametrize(
    "content",
    [b"a, b\nc, d\n", b"the text\nof two lines\n", b'say "a"\n\n\nend', b"review, as such\n1,a\n2\n3\n"],
)
def test_anything_else_is_a_text_a_line(tmp_path: Path, content: bytes) -> None:
    assert given(tmp_path, content) == (content.decode().removesuffix("\n").split("\n"), None)


def test_a_table_is_found_by_itself(tmp_path: Path) -> None:
    read: list[dict[str, object]] = [{"header": False, "text_columns": ["column 1"]}]
    for known in (read, []):
        texts, note = given(tmp_path, b"id,review\n1,a\n", known)
        assert texts == ["a"]
        assert note is not None
        assert words(note) == "given: UTF-8, comma, header; text = review (also there: id)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,text\n1,a\n2\n", "given:3: 1 field instead of 2; expected a row like the others"),
        (b"id,text\n1,a, b\n", "given:2: 3 fields instead of 2; expected a row like the others"),
        (b"text, as such\nb\n", "given:2: 1 field instead of 2; expected a row like the others: mend it, or use "),
        (b'{"text": "a"}\nbroken\n', "given:2: not JSON ("),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n\0", "given: a PDF; expected text: "),
    ],
)
def test_what_cannot_be_answered_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError) as error:
        given(tmp_path, content)
    assert str(error.value).removeprefix(f"{tmp_path}/").startswith(message)

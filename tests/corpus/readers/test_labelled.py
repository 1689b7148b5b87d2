from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.config import DataConfig
from textrnn.corpus.readers import read_class_names, read_rows
from textrnn.errors import DataError
from textrnn.report.notes import words

WANTED = [("股市大涨", "财经"), ('say "hi", ok', "体育")]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", '股市大涨\t财经\nsay "hi", ok\t体育\n'),
        ("a.txt", '股市大涨\t财经\r\nsay "hi", ok\t体育\r\n'),
        ("a.txt", '\n股市大涨\t财经\n\nsay "hi", ok\t体育'),
        ("a.csv", 'text,label\n股市大涨,财经\n"say ""hi"", ok",体育\n'),
        ("a.csv", 'id;category;title\n1;财经;股市大涨\n2;体育;"say ""hi"", ok"\n'),
        ("a.tsv", 'label\tsentence\n财经\t股市大涨\n体育\t"say ""hi"", ok"\n'),
        ("a.csv", '标签,内容\n财经,股市大涨\n体育,"say ""hi"", ok"\n'),
        ("a.jsonl", '{"label": "财经", "text": "股市大涨"}\n{"text": "say \\"hi\\", ok", "label": "体育"}\n'),
        ("a.txt", '__label__财经 股市大涨\n__label__体育 say "hi", ok\n'),
    ],
)
@pytest.mark.parametrize("byte_order_mark", [False, True])
def test_formats(tmp_path: Path, name: str, content: str, byte_order_mark: bool) -> None:
    rows = read_rows(written(tmp_path, name, ("\ufeff" if byte_order_mark else "") + content))
    assert list(zip(rows.texts, rows.labels, strict=True)) == WANTED
    assert rows.notes == []


def test_a_text_may_contain_tabs_and_odd_line_separators(tmp_path: Path) -> None:
    rows = read_rows(written(tmp_path, "a.txt", "a\tb\u2028c\x85d\t0\nx\t1\n"))
    assert rows.texts == ["a\tb\u2028c\x85d", "x"]
    assert list(rows.line_numbers) == [1, 2]


def test_quoted_fields_span_lines_and_keep_line_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'text,label\n"one\ntwo",a\n"",b\n')
    with pytest.raises(DataError, match=r"a\.csv:4: the text is empty"):
        read_rows(path)


def test_named_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "text,summary,label,mine\nlong,short,x,y\n")
    rows = read_rows(path, DataConfig(text_column=("summary",), label_column="mine"))
    assert (rows.texts, rows.labels) == (["short"], ["y"])


def test_json_numbers_and_booleans_are_labels(tmp_path: Path) -> None:
    rows = read_rows(written(tmp_path, "a.json", '{"text": "x", "label": 3}\n{"text": "y", "label": true}\n'))
    assert rows.labels == ["3", "true"]


def test_gb18030_is_recognised_with_a_notice(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "央行下调存款准备金率\t财经\n".encode("gb18030"))
    rows = read_rows(path)
    assert rows.texts == ["央行下调存款准备金率"]
    assert list(map(words, rows.notes)) == [f"{path}: not UTF-8; read as GB18030"]


def test_utf16_is_recognised_with_a_notice(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "央行\t财经\n".encode("utf-16"))
    assert read_rows(path).texts == ["央行"]


def test_lone_surrogates_become_replacement_characters(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", json.dumps({"text": "a\ud800b", "label": "x"}) + "\n")
    assert read_rows(path).texts == ["a\ufffdb"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "好\t0\n坏掉的行\n", "{path}:2: no tab in the line; expected text<TAB>label: "
         "put a tab between the text and its class"),
        ("a.txt", "好\t0\n\t1\n", "{path}:2: the text is empty; expected some text with its label: "
         "fill it in or delete the line"),
        ("a.txt", "好\t0\n坏\t \n", "{path}:2: the label is empty; expected a class after the text: "
         "fill it in or delete the line"),
        ("a.txt", "", "{path}: the file is empty; expected one labelled text a line"),
        ("a.txt", " \n\n", "{path}: the file is empty; expected one labelled text a line"),
        ("a.csv", "text,label\n", "{path}: a header and nothing else; expected labelled texts below it"),
        ("a.txt", b"ok\t0\ncaf\xe9 ole\t1\n", "{path}:2: byte 0xe9 is neither UTF-8 nor GB18030; expected UTF-8 text: "
         "save the file as UTF-8"),
        ("a.txt", "naïvetäten überführt\t1\n".encode("latin-1"), "{path}:1: byte 0xef is neither UTF-8 nor GB18030; "
         "expected UTF-8 text: save the file as UTF-8"),
        ("a.csv", "words,kind\nx,y\n", "{path}:1: none of words, kind is a name that is known to hold the label; "
         "expected such a column: name it with `label_column`, or put a header line above the data"),
        ("a.csv", "text,label\na,b,c\n", "{path}:2: 3 fields; expected 2 as in the header: "
         "put quotation marks round a text that contains ','"),
        ("a.csv", 'text,label\n"open,b\n', "{path}:2: not CSV (unexpected end of data); expected quoted fields to be "
         "closed"),
        ("a.jsonl", '{"text": "x", "label": "y"}\nnot json\n', "{path}:2: not JSON (Expecting value: line 1 column 1 "
         "(char 0)); expected one object a line, {{\"text\": ..., \"label\": ...}}"),
        ("a.jsonl", "[1, 2]\n", "{path}:1: a JSON list; expected one object a line, {{\"text\": ..., \"label\": ...}}"),
        ("a.jsonl", "[" * 200_000, "{path}:1: not JSON (maximum recursion depth exceeded while decoding a JSON array from "
         "a unicode string); expected one object a line, {{\"text\": ..., \"label\": ...}}"),
        ("a.json", '[{"text": "x"},\n{"text": "y"}]\n', "{path}:1: not JSON (Expecting value: line 1 column 16 (char 15)); "
         "expected one object a line, {{\"text\": ..., \"label\": ...}}"),
        ("a.jsonl", '{"text": 5, "label": "y"}\n', "{path}:1: text is 5; expected a string"),
        ("a.jsonl", '{"text": "x", "label": ["y"]}\n', '{path}:1: label is ["y"]; expected a string or a whole number'),
        ("a.txt", "__label__a x\nplain\n", "{path}:2: no label; expected the line to start with __label__NAME"),
        ("a.txt", "__label__a __label__b x\n", "{path}:1: more than one label; expected one __label__NAME a line: "
         "keep the one that matters"),
    ],
)  # fmt: skip
def test_bad_files(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        read_rows(path)
    assert str(caught.value) == message.format(path=path)


@pytest.mark.parametrize("content", ["text\tlabel\nx\ty\n", "x\ty\n", "__label__y x\n"])
def test_named_columns_ask_for_a_header(tmp_path: Path, content: str) -> None:
    """A flag that names a column is never ignored, whatever the file looks like."""
    with pytest.raises(DataError, match=r":1: no column 'nope'; expected `label_column` to be one of "):
        read_rows(written(tmp_path, "a.txt", content), DataConfig(label_column="nope"))


def test_one_column_for_both(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "text,label\nx,y\n")
    with pytest.raises(
        DataError, match="'text' is named for text and label both; expected `label_column` to be another"
    ):
        read_rows(path, DataConfig(text_column=("text",), label_column="text"))


def test_a_quotation_mark_in_tab_separated_text_is_just_that(tmp_path: Path) -> None:
    path = written(
        tmp_path, "a.tsv", 'text\tlabel\n"great movie\ta\n"abc" said he\tb\nbad one"\ta\n"all of ""it"""\ta\n'
    )
    assert read_rows(path).texts == ['"great movie', '"abc" said he', 'bad one"', 'all of "it"']


def test_a_header_with_one_known_name_is_enough_in_a_tsv(tmp_path: Path) -> None:
    path = written(tmp_path, "a.tsv", "id\tsentence_a\tlabel\n1\tx\ty\n")
    with pytest.raises(DataError, match=r"none of id, sentence_a, label is a name that is known to hold the text"):
        read_rows(path)
    assert read_rows(path, DataConfig(text_column="sentence_a")).texts == ["x"]


def test_space_before_a_quoted_field(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'label, text\nb, "a, a"\n')
    assert read_rows(path).texts == ["a, a"]


def test_traditional_characters_in_gb18030(tmp_path: Path) -> None:
    text = "財經新聞報導，臺灣證券交易所擴大開放"
    assert read_rows(written(tmp_path, "a.txt", f"{text}\t財經\n".encode("gb18030"))).texts == [text]


def test_latin_1_far_into_a_file_is_not_taken_for_chinese(tmp_path: Path) -> None:
    content = "a plain line of ASCII text\tpos\n" * 10_000 + "a naïve man in Zürich saw it\tpos\n"
    with pytest.raises(DataError, match=r"a\.txt:10001: byte 0xef is neither UTF-8 nor GB18030"):
        read_rows(written(tmp_path, "a.txt", content.encode("latin-1")))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such file; expected the path of a data file"):
        read_rows(tmp_path / "none.txt")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\)"):
        read_rows(tmp_path)


def test_wrong_column_name_gets_a_hint(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "headline,label\nx,y\n")
    with pytest.raises(DataError) as caught:
        read_rows(path, DataConfig(text_column="headlin"))
    assert str(caught.value) == (
        f"{path}:1: no column 'headlin'; expected `text_column` to be one of headline, label; did you mean headline?"
    )


def test_class_names(tmp_path: Path) -> None:
    assert read_class_names(written(tmp_path, "c.txt", "财经\n体育\n\n")) == (["财经", "体育"], None)
    names, note = read_class_names(written(tmp_path, "c.txt", "财经\n体育\n".encode("gb18030")))
    assert names == ["财经", "体育"]
    assert note is not None
    assert words(note) == f"{tmp_path / 'c.txt'}: not UTF-8; read as GB18030"
    path = written(tmp_path, "c.txt", "财经\n体育\n财经\n")
    with pytest.raises(DataError) as caught:
        read_class_names(path)
    assert str(caught.value) == f"{path}:3: 财经 appears twice (first on line 1); expected each class once"


line_text = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\r\n\ufeff"), min_size=1).filter(
    str.strip
)
label_text = line_text.filter(lambda text: "\t" not in text)


@given(st.lists(st.tuples(line_text, label_text), min_size=1, max_size=5))
@settings(max_examples=200)
def test_whatever_is_written_as_tabs_is_read_back(rows: list[tuple[str, str]]) -> None:
    pass

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.corpus.readers.files import LABELS, details, error, pairs, read, some_rows, written
from textrnn.corpus.readers import read_rows
from textrnn.errors import DataError

WANTED = [("股市大涨", "财经"), ('say "hi", ok', "体育")]


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


REMEDY = "or leave such rows out with `on_bad_row=skip`"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "好\t0\n坏掉的行\n", "a.txt:2: no tab in the line: '坏掉的行'; expected text and label in each row: put the "
         f"separator between the text and its class, {REMEDY}"),
        ("a.txt", "好\t0\n\t1\n", "a.txt:2: no text; expected at most 1 % of the rows without text or label: fill the text "
         f"in, {REMEDY}"),
        ("a.txt", "好\t0\n坏\t \n", "a.txt:2: no label; expected at most 1 % of the rows without text or label: fill the "
         f"label in, {REMEDY}"),
        ("a.txt", "", "a.txt: the file is empty; expected one labelled text a line"),
        ("a.txt", " \n\n", "a.txt: the file is empty; expected one labelled text a line"),
        ("a.csv", "text,label\n", "a.csv: a header and nothing else; expected labelled texts below it"),
        ("a.csv", "text,label\na,b,c\n", "a.csv:2: 3 fields instead of 2: 'a,b,c'; expected text and label in each row: put "
         f"quotation marks round a text that contains the separator, {REMEDY}"),
        ("a.csv", "text\n" + "some text\n" * 9, "a.csv:1: nothing that separates a text from its label in every line; the "
         "line was understood as one text, 'text'; expected a tab, a comma, a semicolon or | between the columns: put a "
         "tab between the text and its class, or name what separates them with `separator`"),
        ("a.html", "<!DOCTYPE html>\n<html><body>x</body></html>", "a.html: an HTML page; expected text: open it in a "
         "browser and save what it shows as text, or download the data file itself"),
    ],
)  # fmt: skip
def test_bad_files(tmp_path: Path, name: str, content: str, message: str) -> None:
    assert error(tmp_path, name, content) == message


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such file; expected the path of a data file"):
        read_rows(tmp_path / "none.txt")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\)"):
        read_rows(tmp_path)


def test_quoted_fields_span_lines_and_keep_line_numbers(tmp_path: Path) -> None:
    rows = read(tmp_path, "a.csv", 'text,label\n"one\ntwo",a\n"",b\nx,b\n', on_bad_row="skip")
    assert list(rows.line_numbers) == [2, 5]
    assert rows.reading is not None
    assert [(row.line, row.reason) for row in rows.reading.left_out] == [(4, "no-text")]


def test_lone_surrogates_become_replacement_characters(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jsonl", json.dumps({"text": "a\ud800b", "label": "x"}) + "\n").texts == ["a\ufffdb"]


def test_a_hundredth_of_the_rows_may_lack_text_or_label(tmp_path: Path) -> None:
    lines = [f"{text},{label}" for text, label in some_rows(200)]
    lines[49], lines[99] = ",delivery", "a text,"
    rows = read(tmp_path, "a.csv", "text,label\n" + "\n".join(lines) + "\n")
    assert len(rows) == 198
    assert rows.reading is not None
    assert [(row.line, row.reason) for row in rows.reading.left_out] == [(51, "no-text"), (101, "no-label")]
    lines[149] = ","
    assert error(tmp_path, "a.csv", "text,label\n" + "\n".join(lines) + "\n") == (
        "a.csv:51: 3 of 200 rows: no text on lines 51, 151; no label on line 101; expected at most 1 % of the rows "
        f"without text or label: fill the text in, or fill the label in, {REMEDY}"
    )


def test_of_many_the_first_twenty_are_listed(tmp_path: Path) -> None:
    content = "text,label\n" + "".join(
        f"{text},{label if at % 2 else ''}\n" for at, (text, label) in enumerate(some_rows(60))
    )
    lines = ", ".join(str(line) for line in range(2, 42, 2))
    assert error(tmp_path, "a.csv", content) == (
        f"a.csv:2: 30 of 60 rows: no label on lines {lines}, ... 30 in all; expected at most 1 % of the rows without text "
        f"or label: fill the label in, {REMEDY}"
    )
    assert len(read(tmp_path, "a.csv", content, on_bad_row="skip")) == 30


def test_on_bad_row_stop_allows_none(tmp_path: Path) -> None:
    lines = [f"{text},{label}" for text, label in some_rows(200)] + [",delivery"]
    content = "text,label\n" + "\n".join(lines) + "\n"
    assert len(read(tmp_path, "a.csv", content)) == 200
    assert error(tmp_path, "a.csv", content, on_bad_row="stop").startswith(
        "a.csv:202: no text; expected text and label in "
    )


def test_nothing_is_left_when_every_row_is_bad(tmp_path: Path) -> None:
    assert error(tmp_path, "a.csv", "text,label\n,a\n,b\n", on_bad_row="skip").startswith(
        "a.csv:2: 2 of 2 rows: no text on "
    )


def test_rows_that_cannot_be_used_are_kept_for_those_who_ask(tmp_path: Path) -> None:
    rows = read_rows(written(tmp_path, "a.csv", "text,label\n,a\nx,b\ny,b\n"), keep_bad=True)
    assert rows.reading is not None
    assert ([row.line for row in rows.reading.left_out], rows.texts) == ([2], ["x", "y"])


def test_commas_in_texts_without_quotation_marks(tmp_path: Path) -> None:
    rows = [(f"{text}, and late" if at % 10 == 3 else text, label) for at, (text, label) in enumerate(some_rows())]
    found = read(tmp_path, "a.csv", "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    assert pairs(found) == rows
    assert details(found) == ("4 texts have a comma in them without quotation marks (first on line 5)",)
    found = read(tmp_path, "a.csv", "label,text\n" + "".join(f"{label},{text}\n" for text, label in rows))
    assert pairs(found) == rows


def test_commas_in_every_text(tmp_path: Path) -> None:
    rows = [(f"hello, {text}", label) for text, label in some_rows()]
    assert pairs(read(tmp_path, "a.csv", "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))) == rows


def test_a_row_whose_last_field_is_no_label_is_not_taken(tmp_path: Path) -> None:
    content = "text,label\n" + "".join(f"{text},{label}\n" for text, label in some_rows()) + "a text,delivery,remark\n"
    assert error(tmp_path, "a.csv", content).startswith("a.csv:42: 3 fields instead of 2: 'a text,delivery,remark'; ")


def test_tabs_in_texts(tmp_path: Path) -> None:
    rows = [(f"a\t{text}" if at % 3 == 0 else text, label) for at, (text, label) in enumerate(some_rows())]
    assert pairs(read(tmp_path, "a.txt", "".join(f"{text}\t{label}\n" for text, label in rows))) == rows


def test_repeated_headers_of_glued_files(tmp_path: Path) -> None:
    part = "text,label\n" + "".join(f"{text},{label}\n" for text, label in some_rows(8))
    found = read(tmp_path, "a.csv", part * 3)
    assert pairs(found) == some_rows(8) * 3
    assert details(found) == ("2 repeated headers",)


def test_a_line_that_names_the_separator(tmp_path: Path) -> None:
    content = "sep=;\r\ntext;label\r\n" + "".join(f"{text}, really;{label}\r\n" for text, label in some_rows())
    found = read(tmp_path, "a.csv", "\ufeff" + content)
    assert pairs(found) == [(f"{text}, really", label) for text, label in some_rows()]
    assert details(found) == ("sep=; on the first line",)
    assert found.line_numbers[0] == 3


@pytest.mark.parametrize("header", ["text,label", "text,label,"])
def test_a_separator_after_the_last_field(tmp_path: Path, header: str) -> None:
    content = f"{header}\n" + "".join(f"{text},{label},\n" for text, label in some_rows())
    assert pairs(read(tmp_path, "a.csv", content)) == some_rows()


def test_a_title_above_the_header(tmp_path: Path) -> None:
    content = "Reviews of 2024\n\ntext,label\n" + "".join(f"{text},{label}\n" for text, label in some_rows())
    found = read(tmp_path, "a.csv", content)
    assert pairs(found) == some_rows()
    assert details(found) == ("line 1 above the header left out",)


def test_row_numbers_that_have_no_name(tmp_path: Path) -> None:
    rows = "".join(f'"{at}","{text}","{label}"\n' for at, (text, label) in enumerate(some_rows(), 1))
    found = read(tmp_path, "a.csv", '"text","label"\n' + rows)  # as R writes them
    assert pairs(found) == some_rows()
    assert pairs(read(tmp_path, "a.csv", ',"text","label"\n' + rows)) == some_rows()  # as pandas does


@pytest.mark.parametrize("separator", ["|", ";", "\t", "^", "~", "\x01"])
def test_separators_that_are_found(tmp_path: Path, separator: str) -> None:
    rows = [(text.replace(" ", ", ", at % 3), label) for at, (text, label) in enumerate(some_rows())]
    assert pairs(read(tmp_path, "a.txt", "".join(f"{text}{separator}{label}\n" for text, label in rows))) == rows


def test_two_separators_that_cut_alike(tmp_path: Path) -> None:
    content = "".join(f"{text};{label}\n" for text, label in some_rows(commas=True))
    assert error(tmp_path, "a.txt", content) == (
        "a.txt:1: comma and semicolon cut every line alike; expected one that separates the columns: name it with "
        "`separator`, such as `separator=';'`"
    )
    assert pairs(read(tmp_path, "a.txt", content, separator=";")) == some_rows(commas=True)


@pytest.mark.parametrize("separator", ["_!_", "|,|", " ||| ", " "])
def test_separators_that_are_named(tmp_path: Path, separator: str) -> None:
    rows = [(f"文本{at}号", LABELS[at % 4]) for at in range(40)]
    content = "".join(f"{text}{separator}{label}\n" for text, label in rows)
    if separator != " ":
        assert f"`separator='{separator.strip()}'`" in error(tmp_path, "a.txt", content)
    assert pairs(read(tmp_path, "a.txt", content, separator=separator)) == rows


def test_a_blank_between_words_and_label(tmp_path: Path) -> None:
    rows = [(f"{text}{' indeed' * (at % 5)}", label) for at, (text, label) in enumerate(some_rows())]
    content = "".join(f"{label} {text}\n" for text, label in rows)
    assert pairs(read(tmp_path, "a.txt", content, separator=" ", label_column="1")) == rows


def test_packed_files_and_standard_endings(tmp_path: Path) -> None:
    content = "text,label\n" + "".join(f"{text},{label}\n" for text, label in some_rows())
    assert pairs(read(tmp_path, "a.csv.gz", gzip.compress(content.encode()))) == some_rows()


def test_very_many_columns(tmp_path: Path) -> None:
    names = ",".join(f"f{at}" for at in range(2000))
    content = f"text,label,{names}\n" + "".join(f"{text},{label}{',0' * 2000}\n" for text, label in some_rows())
    assert pairs(read(tmp_path, "a.csv", content)) == some_rows()
    assert error(tmp_path, "b.csv", "a," * 150_000) == (
        "b.csv:1: 150,001 columns; expected 100,000 at most, text and label among them: name what separates them with "
        "`separator`"
    )

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.readers.files import LABELS, details, error, pairs, read, some_rows
from textrnn.corpus.readers.delimited import Dialect, read_records, split_fields

MARKS = ['"', '""', ",", ";", "\t", "\n", " ", "\\", "a", "é", "\u2028", "\x85", "'"]
cells = st.lists(st.sampled_from(MARKS) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0\ufeff"), max_size=3), max_size=6).map("".join)  # fmt: skip
tables = st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6)


@given(tables, st.sampled_from(",;|\t"), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.integers(1, 4))
@settings(max_examples=500, deadline=None)
def test_records_after_rfc_4180_are_those_of_python(
    table: list[list[str]], separator: str, quoting: int, lines_in_a_block: int
) -> None:
    table = [["x", *record] for record in table]  # no blank lines
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=separator, quoting=quoting, lineterminator="\n").writerows(table)
    lines = written.getvalue().removesuffix("\n").split("\n")
    blocks = [(at + 1, lines[at : at + lines_in_a_block]) for at in range(0, len(lines), lines_in_a_block)]
    found = list(read_records(blocks, Dialect(separator, expected=4)))
    oracle = list(csv.reader(io.StringIO(written.getvalue(), newline=""), delimiter=separator, strict=True))
    assert oracle == table
    # Blanks around a field mean nothing here.
    assert [[cell.strip(" ") for cell in fields] for _, fields, _ in found] == [
        [c.strip(" ") for c in r] for r in table
    ]
    starts = [1 + sum(cell.count("\n") for record in table[:at] for cell in record) + at for at in range(len(table))]
    assert [line for line, _, _ in found] == starts


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a,b", ["a", "b"]),
        (",", ["", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a ""b"" c",d', ['a "b" c', "d"]),
        ('a "b" c,d', ['a "b" c', "d"]),
        ('"a" b,c', ['"a" b', "c"]),
        ('b, "a, a"', ["b", "a, a"]),
        ('"a" ,b', ["a", "b"]),
        ('"",b', ["", "b"]),
        ('"""",b', ['"', "b"]),
    ],
)
def test_fields_of_a_line(line: str, fields: list[str]) -> None:
    assert split_fields(line, Dialect()) == (fields, False)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (r'"a \"b\" c",d', ['a "b" c', "d"]),
        (r'"a \"b\", c",d', ['a "b", c', "d"]),
        (r'"a \\",b', ["a \\", "b"]),
        (r"a\,b,c", ["a,b", "c"]),
        (r"a\nb,\N", [r"a\nb", r"\N"]),
        (r'"\"",b', ['"', "b"]),
    ],
)
def test_backslashes_as_databases_write_them(line: str, fields: list[str]) -> None:
    assert split_fields(line, Dialect(escaped=True)) == (fields, False)


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
def test_what_pandas_writes(tmp_path: Path, separator: str, index: bool, quoting: int) -> None:
    rows = [(f'{text} "quoted", and; so | on\tand\non\n\nwith \\ and it\'s', label) for text, label in some_rows()]
    table = pd.DataFrame(rows, columns=["text", "label"])
    path = tmp_path / ("a.tsv" if separator == "\t" else "a.csv")
    table.to_csv(path, sep=separator, index=index, quoting=quoting)
    found = read(tmp_path, path.name, path.read_bytes())
    assert pairs(found) == rows
    assert found.reading is not None
    assert found.reading.other_columns == (("column 1",) if index else ())


def test_what_pandas_writes_with_backslashes(tmp_path: Path) -> None:
    rows = [(f'{text} "quoted", and so', label) for text, label in some_rows()]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(
        tmp_path / "a.csv", index=False, doublequote=False, escapechar="\\"
    )
    found = read(tmp_path, "a.csv", (tmp_path / "a.csv").read_bytes())
    assert pairs(found) == rows
    assert details(found) == ("backslashes escape",)


def test_a_backslash_at_the_end_of_a_text_escapes_nothing(tmp_path: Path) -> None:
    rows = [(f'path {at} C:\\dir\\, he said "so\\"', LABELS[at % 4]) for at in range(20)]
    content = "text,label\n" + "".join('"' + text.replace('"', '""') + f'",{label}\n' for text, label in rows)
    found = read(tmp_path, "a.csv", content)
    assert pairs(found) == rows
    assert details(found) == ()


def test_a_quotation_mark_in_tab_separated_text_is_just_that(tmp_path: Path) -> None:
    content = 'text\tlabel\n"great movie\ta\n"abc" said he\tb\nbad one"\ta\n"all of ""it"""\ta\n'
    assert read(tmp_path, "a.tsv", content).texts == ['"great movie', '"abc" said he', 'bad one"', 'all of "it"']


def test_texts_over_several_lines_in_a_tsv(tmp_path: Path) -> None:
    rows = [(f"one {at}\n\ntwo\tthree" if at % 3 == 0 else f"one {at}", LABELS[at % 4]) for at in range(30)]
    content = "text\tlabel\n" + "".join(f'"{t}"\t{n}\n' if "\n" in t else f"{t}\t{n}\n" for t, n in rows)
    found = read(tmp_path, "a.tsv", content)
    assert pairs(found) == rows
    assert list(found.line_numbers[:3]) == [2, 5, 6]


def test_inches_close_nothing(tmp_path: Path) -> None:
    rows = [(f'a 12" screen {at}' if at % 5 == 0 else f"a screen {at}", LABELS[at % 4]) for at in range(30)]
    found = read(tmp_path, "a.csv", "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    assert pairs(found) == rows


def test_a_quotation_mark_that_closes_nowhere_is_told(tmp_path: Path) -> None:
    rows = some_rows()
    content = "text,label\n" + "".join(f"{chr(34) * (at == 20)}{t},{n}\n" for at, (t, n) in enumerate(rows))
    found = read(tmp_path, "a.csv", content)
    assert found.texts[20] == f'"{rows[20][0]}'
    assert details(found) == ("1 quotation mark closes nowhere (first on line 22)",)
    assert [text for at, text in enumerate(found.texts) if at != 20] == [
        t for at, (t, _) in enumerate(rows) if at != 20
    ]


def test_a_quotation_mark_that_swallows_rows_is_found(tmp_path: Path) -> None:
    lines = [f"{text},{label}" for text, label in some_rows()]
    lines[10], lines[14] = f'"{lines[10]}', lines[14].replace(",", '",')
    content = "text,label\n" + "\n".join(lines) + "\n"
    assert error(tmp_path, "a.csv", content) == (
        "a.csv:12: a quotation mark opens a text here and closes on line 16; 4 of the lines between look like rows: "
        "'the parcel number 10 was late,quality'; expected text and label in each row: close it, or double it where it "
        'is part of the text (""), or leave such rows out with `on_bad_row=skip`'
    )
    found = read(tmp_path, "a.csv", content, on_bad_row="skip")
    assert pairs(found) == [row for at, row in enumerate(some_rows()) if at != 10]  # what it swallowed is not lost
    assert list(found.line_numbers) == [line for line in range(2, 42) if line != 12]


def test_a_text_with_lines_that_are_no_rows_swallows_nothing(tmp_path: Path) -> None:
    rows = [(f"dear all, number {at},\nthanks, really,\nyours, somebody", LABELS[at % 4]) for at in range(20)]
    content = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows)
    assert pairs(read(tmp_path, "a.csv", content)) == rows


def test_many_marks_that_close_nowhere_are_read_in_one_go(tmp_path: Path) -> None:
    """A hundred thousand of them, each of which might close in any later line."""
    content = "text,label\n" + "".join(f'"text {at},{"ab"[at % 2]}\n' for at in range(100_001))
    found = read(tmp_path, "a.csv", content)
    assert len(found) == 100_001
    assert details(found) == ("100001 quotation marks close nowhere (first on line 2)",)


def test_a_field_of_very_many_marks(tmp_path: Path) -> None:
    rows = "".join(f"text {at},{'ab'[at % 2]}\n" for at in range(10))
    found = read(tmp_path, "a.csv", "text,label\n" + '"a"b,' * 50_000 + "a\n" + '"",' * 50_000 + "b\n" + rows)
    assert len(found) == 12


def test_blank_lines_between_rows(tmp_path: Path) -> None:
    content = "\n\ntext,label\n\n" + "".join(f"{text},{label}\n\n \n" for text, label in some_rows(8))
    found = read(tmp_path, "a.csv", content)
    assert pairs(found) == some_rows(8)
    assert list(found.line_numbers) == list(range(5, 29, 3))


@pytest.mark.parametrize("words", [2, 20])
def test_a_first_line_of_broken_quotation_marks_is_no_header(words: int, tmp_path: Path) -> None:
    """Commas cut it into fields with such words, and nothing behind it is looked at; tabs cut all of the file."""
    rows = [f"a line{', more' * at}\t{('cat', 'dog')[at % 2]}" for at in range(20)]
    rows[0] = f"{'words of ' * words}a text, the label" + ', "one") is read' * 40 + "\tcat"
    found = read(tmp_path, "a.txt", "\n".join(rows) + "\n")
    assert found.labels == ["cat", "dog"] * 10

"""Files that were put together from several, or that a program wrote something around."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.readers.files import details, error, pairs, read, some_rows

ROWS = some_rows()


def csv(rows: list[tuple[str, str]], header: str = "text,label") -> str:
    return f"{header}\n" + "".join(f"{text},{label}\n" for text, label in rows)


@pytest.mark.parametrize("header", ["text,label", "\ufefftext,label", "Text,LABEL", '"text","label"', "text , label "])
def test_the_header_again_is_no_row(tmp_path: Path, header: str) -> None:
    found = read(tmp_path, "a.csv", csv(ROWS[:20]) + csv(ROWS[20:], header))
    assert pairs(found) == ROWS
    assert details(found) == ("1 repeated header",)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_header_again_behind_a_file_without_a_line_end(tmp_path: Path, mark: str) -> None:
    found = read(tmp_path, "a.csv", csv(ROWS[:20]).rstrip("\n") + mark + csv(ROWS[20:]))
    assert pairs(found) == ROWS
    assert details(found) == ("1 repeated header",)


def test_the_header_again_in_another_order(tmp_path: Path) -> None:
    turned = "label,text\n" + "".join(f"{label},{text}\n" for text, label in ROWS[20:])
    assert error(tmp_path, "a.csv", csv(ROWS[:20]) + turned) == (
        "a.csv:22: a header like the first one, with the columns in another order; expected one order in all of the "
        "file: put what follows this line into a file of its own"
    )


def test_a_label_with_the_name_of_a_column_is_a_row(tmp_path: Path) -> None:
    rows = [*ROWS, ("about the column", "text"), ("about another", "text")]
    assert pairs(read(tmp_path, "a.csv", csv(rows))) == rows


@pytest.mark.parametrize("rule", ["---,---", ":--,--:", "------+-------"])
def test_a_rule_below_the_header_is_no_row(tmp_path: Path, rule: str) -> None:
    assert pairs(read(tmp_path, "a.csv", csv(ROWS).replace("\n", f"\n{rule}\n", 1))) == ROWS


def test_comments_above_the_header(tmp_path: Path) -> None:
    comments = "# exported 2024-01-01, by me\n# select a, b, c\n"
    found = read(tmp_path, "a.csv", comments + csv(ROWS))
    assert pairs(found) == ROWS
    assert list(found.line_numbers) == list(range(4, 44))
    hashtags = [(f"#{text}", label) for text, label in ROWS]
    assert pairs(read(tmp_path, "b.csv", "".join(f"{t},{n}\n" for t, n in hashtags))) == hashtags


def test_the_names_that_pandas_gives_columns_without_one(tmp_path: Path) -> None:
    rows = "".join(f"{at},{text},{label}\n" for at, (text, label) in enumerate(ROWS))
    found = read(tmp_path, "a.csv", ",0,1\n" + rows)
    assert pairs(found) == ROWS
    assert found.reading is not None
    assert found.reading.header


def test_a_name_that_stands_twice(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", "text,label,text\n" + "".join(f"{t},{n},x{t}\n" for t, n in ROWS))
    assert pairs(found) == ROWS


def test_a_letter_in_a_name_says_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", "kind_x,words_y\n" + "".join(f"{n},{t}\n" for t, n in ROWS))
    assert pairs(found) == ROWS


def test_a_label_with_lost_bytes_is_that_which_it_fits(tmp_path: Path) -> None:
    lines = [
        "text,label",
        *(f"{text},{'facturación' if at % 2 else 'envíos'}" for at, (text, _) in enumerate(some_rows(200))),
    ]
    content = [line.encode("utf-8") for line in lines]
    content[6] = lines[6].encode("latin-1")
    content[9] = b"a text,\xff\xfe"
    found = read(tmp_path, "a.csv", b"\n".join(content))
    assert found.labels[5] == "facturación"
    assert set(found.labels) == {"facturación", "envíos"}
    assert found.reading is not None
    left_out = [(row.line, row.reason, row.problem) for row in found.reading.left_out]
    assert left_out == [(10, "damaged-label", "a label with damaged bytes")]


def test_texts_that_end_in_a_symbol_before_the_separator(tmp_path: Path) -> None:
    rows = [(f"{text} {at} €", label) for at, (text, label) in enumerate(ROWS)]
    content = "frase;tema\n" + "".join(f"{text};{label}\n" for text, label in rows)
    assert pairs(read(tmp_path, "a.csv", content, "cp1252")) == rows
    assert pairs(read(tmp_path, "b.csv", content.replace("€", "$"))) == [(t.replace("€", "$"), n) for t, n in rows]


def test_a_file_half_in_utf_8_and_half_in_a_code_page(tmp_path: Path) -> None:
    rows = [(f"el señor número {at}", "envíos" if at % 2 else "facturación") for at in range(40)]
    lines = ["texto,tema", *(f"{text},{label}" for text, label in rows)]
    for half in (15, 25):
        codecs = ["utf-8" if at < half else "cp1252" for at in range(len(lines))]
        content = b"\n".join(line.encode(codec) for line, codec in zip(lines, codecs, strict=True))
        found = read(tmp_path, "a.csv", content)
        assert pairs(found) == rows
        assert found.reading is not None
        assert found.reading.encoding == "UTF-8"
        assert details(found) == (f"{41 - half} lines in Windows-1252",)


def test_the_encoding_of_old_macs(tmp_path: Path) -> None:
    rows = [(f"el señor número {at}", "envíos" if at % 2 else "facturación") for at in range(40)]
    content = "texto;tema\r" + "".join(f"{text};{label}\r" for text, label in rows)
    for codec, name in (("mac_roman", "Mac Roman"), ("cp1252", "Windows-1252")):
        found = read(tmp_path, "a.csv", content, codec)
        assert pairs(found) == rows
        assert found.reading is not None
        assert found.reading.encoding == name


def test_several_tabs_as_the_separator(tmp_path: Path) -> None:
    content = "".join(f"{text}\t\t{label}\n" for text, label in ROWS)
    assert pairs(read(tmp_path, "a.txt", content, separator="\\t\\t")) == ROWS


def test_numbers_for_names_above_classes_that_are_numbers(tmp_path: Path) -> None:
    rows = [(text, str(at % 2)) for at, (text, _) in enumerate(ROWS)]
    assert pairs(read(tmp_path, "a.csv", csv(rows, "0,1"))) == rows


def test_the_questions_of_a_form_are_a_header(tmp_path: Path) -> None:
    content = csv(ROWS, "1、您对我们的服务有什么意见？,2、您的反馈属于哪一类？")
    assert pairs(read(tmp_path, "a.csv", content)) == ROWS


def test_labels_with_a_comma_between_semicolons(tmp_path: Path) -> None:
    rows = [(text, ("1,5", "2,5", "3,0")[at % 3]) for at, (text, _) in enumerate(ROWS)]
    content = "Kommentar;Note\n" + "".join(f"{text};{label}\n" for text, label in rows)
    assert pairs(read(tmp_path, "a.csv", content)) == rows


LINES = [f"{text},{label}" for text, label in ROWS]
SWALLOWING = {  # lines with a mark added, by place: where it opens, where it closes
    "a text": ({10: '"{}', 14: '{text}",{label}'}, "text", 16, 4),
    "a label": ({10: '{text},"{label}', 14: '{}"'}, "label", 16, 4),
    "a line to its end": ({10: '"{}', 14: '{}"'}, "text", 16, 5),
    "the last line": ({10: '"{}', 39: '{}"'}, "text", 41, 30),
}


@pytest.mark.parametrize("marks", SWALLOWING.values(), ids=SWALLOWING)
def test_what_a_quotation_mark_swallows_is_found_and_kept(
    tmp_path: Path, marks: tuple[dict[int, str], str, int, int]
) -> None:
    forms, what, last, count = marks
    lines = list(LINES)
    for at, form in forms.items():
        lines[at] = form.format(lines[at], text=ROWS[at][0], label=ROWS[at][1])
    content = "text,label\n" + "\n".join(lines) + "\n"
    assert error(tmp_path, "a.csv", content).startswith(
        f"a.csv:12: a quotation mark opens a {what} here and closes on line {last}; {count} of the lines between look like "
        "rows: "
    )
    found = read(tmp_path, "a.csv", content, on_bad_row="skip")
    assert pairs(found) == [row for at, row in enumerate(ROWS) if at != 10]
    assert list(found.line_numbers) == [line for line in range(2, 42) if line != 12]


def test_a_quoted_row_after_an_open_quotation_mark_is_kept(tmp_path: Path) -> None:
    lines = list(LINES)
    lines[10], lines[11] = f'"{lines[10]}', f'"{ROWS[11][0]}, ok",{ROWS[11][1]}'
    found = read(tmp_path, "a.csv", "text,label\n" + "\n".join(lines) + "\n", on_bad_row="skip")
    rows = [row for at, row in enumerate(ROWS) if at != 10]
    rows[10] = (f"{ROWS[11][0]}, ok", ROWS[11][1])
    assert pairs(found) == rows


def test_inches_and_a_comma_in_a_quoted_text(tmp_path: Path) -> None:
    rows = [(f'{text}, a 12" screen, ok' if at % 9 == 0 else text, label) for at, (text, label) in enumerate(ROWS)]
    content = "text,label\n" + "".join(f'"{text}","{label}"\n' for text, label in rows)
    assert pairs(read(tmp_path, "a.csv", content)) == rows


def test_an_encoding_whose_bytes_are_hardly_ever_chinese(tmp_path: Path) -> None:
    rows = [(f"посылка пришла очень поздно {at}", "доставка" if at % 2 else "оплата") for at in range(40)]
    content = "".join(f"{text}\t{label}\n" for text, label in rows)
    assert pairs(read(tmp_path, "a.txt", content, "koi8-r")) == rows

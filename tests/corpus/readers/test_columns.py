from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.readers.files import LABELS, details, error, pairs, read, some_rows


def csv_of(rows: list[tuple[str, ...]], header: str = "") -> str:
    return (header and f"{header}\n") + "".join(",".join(row) + "\n" for row in rows)


def flipped(rows: list[tuple[str, str]]) -> list[tuple[str, ...]]:
    return [(label, text) for text, label in rows]


@pytest.mark.parametrize("ending", [".txt", ".csv", ""])
def test_label_first_without_a_header(tmp_path: Path, ending: str) -> None:
    content = csv_of(flipped(some_rows()))
    found = read(tmp_path, f"a{ending}", content if ending == ".csv" else content.replace(",", "\t"))
    assert pairs(found) == some_rows()
    assert found.reading is not None
    assert (found.reading.text_columns, found.reading.label_column) == (("column 2",), "column 1")
    assert found.reading.details == ("label first",)


@pytest.mark.parametrize(
    "header",
    [
        "text,label",
        "评价,评分",
        "意见,分类结果",
        "comment_text,is_spam",
        "Review Text,Star Rating",
        "顾客说的话,归到哪里",
        "foo,bar",
    ],
)
def test_headers_that_people_write(tmp_path: Path, header: str) -> None:
    found = read(tmp_path, "a.csv", csv_of(list(some_rows()), header))
    assert pairs(found) == some_rows()
    label, text = header.split(",")[::-1]
    swapped = read(tmp_path, "a.csv", csv_of(flipped(some_rows()), f"{label},{text}"))
    assert pairs(swapped) == some_rows()


def test_a_first_row_with_the_names_of_columns_is_one_only_where_the_data_agree(tmp_path: Path) -> None:
    """A text `text` of the class `label` is no header where `label` is a class like any other."""
    rows = [("text", "label"), *((text, ("label", "title")[at % 2]) for at, (text, _) in enumerate(some_rows()))]
    assert pairs(read(tmp_path, "a.csv", csv_of(list(rows)))) == rows


@pytest.mark.parametrize("labels", [("0", "1"), ("0.0", "1.0"), ("pos", "neg")])
def test_words_above_numbers_are_a_header(tmp_path: Path, labels: tuple[str, str]) -> None:
    rows = [(text, labels[at % 2]) for at, (text, _) in enumerate(some_rows())]
    assert pairs(read(tmp_path, "a.csv", csv_of(list(rows), "words,kind"))) == rows
    assert pairs(read(tmp_path, "a.csv", csv_of(list(rows)))) == rows


def test_a_header_that_is_denied_or_asserted(tmp_path: Path) -> None:
    content = csv_of(list(some_rows()), "text,label")
    assert pairs(read(tmp_path, "a.csv", content, header=False))[0] == ("text", "label")
    assert pairs(read(tmp_path, "a.csv", csv_of(list(some_rows())), header=True)) == some_rows()[1:]


def test_columns_by_number_and_by_name(tmp_path: Path) -> None:
    rows: list[tuple[str, ...]] = [(str(at), text, "x", label) for at, (text, label) in enumerate(some_rows())]
    for header in ("", "id,body,y,kind"):
        found = read(tmp_path, "a.csv", csv_of(rows, header), text_column=("2",), label_column="4")
        assert pairs(found) == some_rows()
    found = read(tmp_path, "a.csv", csv_of(rows, "id,body,y,kind"), text_column=("Body",), label_column="kind")
    assert pairs(found) == some_rows()


def test_joined_columns(tmp_path: Path) -> None:
    rows = [(f"title {at}", text if at % 2 else "", label) for at, (text, label) in enumerate(some_rows())]
    found = read(tmp_path, "a.csv", csv_of(list(rows), "title,body,label"), text_column=("title", "body"))
    assert pairs(found) == [(f"{title} {body}".strip(), label) for title, body, label in rows]
    assert found.reading is not None
    assert found.reading.text_columns == ("title", "body")


@pytest.mark.parametrize(
    ("header", "text", "label"),
    [
        ("id,text,category", "text", "category"),
        ("user_id,review_id,text", "text", "review_id"),
        ("rating,title,review_body", "review_body", "rating"),
        ("label,label_desc,sentence", "sentence", "label"),
        ("message,comment,number", "message", "comment"),
    ],
)
def test_which_of_several_columns(tmp_path: Path, header: str, text: str, label: str) -> None:
    names = header.split(",")
    cells = {text: lambda at: f"the parcel number {at} was late", label: lambda at: LABELS[at % 4]}
    if label == "review_id":
        cells[label] = lambda at: str(1000 + at % 3)
    rows = [tuple(cells.get(name, lambda at: f"{at}")(at) for name in names) for at in range(40)]
    found = read(tmp_path, "a.csv", csv_of(list(rows), header))
    assert found.reading is not None
    assert (found.reading.text_columns, found.reading.label_column) == ((text,), label)


def test_three_columns_without_a_header(tmp_path: Path) -> None:
    rows: list[tuple[str, ...]] = [(str(1000 + at), text, label) for at, (text, label) in enumerate(some_rows())]
    assert pairs(read(tmp_path, "a.csv", csv_of(rows))) == some_rows()
    rows = [(str(at % 4), text, f"{text}, {text}".replace(",", "")) for at, (text, _) in enumerate(some_rows())]
    assert pairs(read(tmp_path, "a.csv", csv_of(rows))) == [(body, label) for label, _, body in rows]


def test_several_columns_that_may_be_the_label(tmp_path: Path) -> None:
    rows: list[tuple[str, ...]] = [(str(at % 4), label, text) for at, (text, label) in enumerate(some_rows())]
    assert error(tmp_path, "a.csv", csv_of(rows)) == (
        "a.csv:1: several columns may hold the label (column 1: 0, column 2: delivery); expected one: name it with "
        "`label_column`, by its number from 1"
    )
    assert pairs(read(tmp_path, "a.csv", csv_of(rows), label_column="2")) == some_rows()


def test_a_column_for_each_label(tmp_path: Path) -> None:
    rows = [(text, *("01"[at % 4 == of] for of in range(4))) for at, (text, _) in enumerate(some_rows())]
    found = read(tmp_path, "a.csv", csv_of(list(rows), f"text,{','.join(LABELS)}"))
    assert pairs(found) == some_rows()
    assert details(found) == ("a column for each label, and one label a row",)
    flagged = [(*row, "abc"[at % 3]) for at, row in enumerate(rows)]
    assert error(tmp_path, "a.csv", csv_of(flagged, f"text,{','.join(LABELS)},colour")) == (
        "a.csv:1: a column of 0 and 1 for each label (delivery, billing, quality, account), it seems; expected one "
        "column with the name of the label: name it with `label_column`, or say with `multi_label` that each of these "
        "is a label"
    )


def test_names_that_are_not_there(tmp_path: Path) -> None:
    with_header, without = csv_of(list(some_rows()), "headline,label"), csv_of(list(some_rows()))
    assert error(tmp_path, "a.csv", with_header, text_column=("headlin",)) == (
        "a.csv:1: no column 'headlin'; expected `text_column` to be one of headline, label; did you mean headline?"
    )
    assert error(tmp_path, "a.csv", without, label_column="kind") == (
        "a.csv:1: no header that could name a column 'kind'; expected `label_column` to be a number from 1 to 2, or "
        "`header=True` if the first row names the columns"
    )
    assert error(tmp_path, "a.csv", without, label_column="3").startswith(
        "a.csv:1: no header that could name a column '3'; "
    )
    assert error(tmp_path, "a.csv", with_header, text_column=("label",), label_column="label") == (
        "a.csv:1: 'label' is named for text and label both; expected `label_column` to be another column"
    )
    assert error(tmp_path, "a.txt", "__label__y x\n", label_column="nope") == (
        "a.txt:1: no column 'nope'; expected `label_column` to be one of text, label"
    )


def test_one_column(tmp_path: Path) -> None:
    assert error(tmp_path, "a.json", '[{"text": "x"}, {"text": "y"}]') == (
        "a.json:1: no key but text; expected one object a text, with its label beside it"
    )

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.readers.files import details, error, pairs, read, some_rows


@pytest.mark.parametrize("form", ["__label__{label} {text}", "__label__{label}\t{text}", "{text} __label__{label}", "{text}\t__label__{label}"])  # fmt: skip
def test_a_label_at_either_end(tmp_path: Path, form: str) -> None:
    content = "".join(form.format(text=text, label=label) + "\n" for text, label in some_rows())
    assert pairs(read(tmp_path, "a.txt", content)) == some_rows()


def test_a_label_in_the_middle_leaves_the_text_as_it_is(tmp_path: Path) -> None:
    assert pairs(read(tmp_path, "a.txt", "one  two __label__a three\tfour\n")) == [("one  two three\tfour", "a")]


def test_a_comma_after_the_label(tmp_path: Path) -> None:
    rows = [(f"number{at} {text}", label) for at, (text, label) in enumerate(some_rows())]
    found = read(tmp_path, "a.txt", "".join(f"__label__{label},{text}\n" for text, label in rows))
    assert pairs(found) == rows
    assert details(found) == ("a comma ends a label",)


@pytest.mark.parametrize("marks", ["__label__a __label__b", "__label__a,__label__b", "__label__a, __label__b"])
def test_several_labels(tmp_path: Path, marks: str) -> None:
    content = "".join(f"__label__a text {at}\n__label__b text {at}\n" for at in range(20)) + f"{marks} x\n"
    assert error(tmp_path, "a.txt", content) == (
        "a.txt:41: 2 labels (a|b): 'x'; expected text and label in each row: keep the one that matters, or learn all "
        "of them with `multi_label`, or leave such rows out with `on_bad_row=skip`"
    )


def test_a_line_without_a_label(tmp_path: Path) -> None:
    assert error(tmp_path, "a.txt", "__label__a x\nplain\n") == (
        "a.txt:2: no label; expected at most 1 % of the rows without text or label: fill the label in, or leave such "
        "rows out with `on_bad_row=skip`"
    )


def test_marks_in_a_column_are_taken_off(tmp_path: Path) -> None:
    content = "text,label\n" + "".join(f"{text},__label__{label}\n" for text, label in some_rows())
    assert pairs(read(tmp_path, "a.csv", content)) == some_rows()

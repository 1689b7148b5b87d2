"""Lists and sets of labels written out in cells, as pandas writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.readers.files import details, error, pairs, read
from tests.corpus.readers.test_several import as_lists_in_text, csv_text, some_sets, texts_of
from textrnn.corpus.readers.several import listed_in


def test_lists_written_out_in_some_rows_alone(tmp_path: Path) -> None:
    """They would be classes of their own, brackets and all."""
    texts, sets = texts_of(40), some_sets()
    found = read(tmp_path, "a.csv", as_lists_in_text(texts, sets))
    assert "lists written out in cells" in details(found)
    cells = [str(list(each)) for each in sets]
    assert error(
        tmp_path, "a.csv", csv_text([("text", "labels"), *zip(texts, [*cells[:7], "price", *cells[8:]], strict=True)])
    ) == (
        "a.csv:9: 'price' is no list of labels, and 39 of 40 rows have one; expected a list in each row, such as "
        "['price'], or in none"
    )
    plain = [*("price", "quality") * 19, "price", "['price', 'quality']"]
    assert error(tmp_path, "a.csv", csv_text([("text", "labels"), *zip(texts, plain, strict=True)])) == (
        "a.csv:41: \"['price', 'quality']\" is a list of labels written out, and 1 of 40 rows have one; expected a list "
        "in each row, such as ['price'], or in none"
    )


def test_intervals_are_no_lists(tmp_path: Path) -> None:
    rows = [(text, ("[0, 18]", "(18, 30]", "(30, 99]")[at % 3]) for at, text in enumerate(texts_of(60))]
    assert pairs(read(tmp_path, "a.csv", csv_text([("text", "label"), *rows]))) == rows


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("{'b', 'a', 'c'}", ["a", "b", "c"]), ("frozenset({'b', 'a'})", ["a", "b"]), ("set()", []), ("frozenset()", []),
        ("('a',)", ["a"]), ("('a')", None), ("set of (a)", None), ("{'a': 1}", None), ("[['a']]", None),
        ("[__import__('os')]", None),
    ],
)  # fmt: skip
def test_sets_written_out(text: str, labels: list[str] | None) -> None:
    assert listed_in(text) == labels

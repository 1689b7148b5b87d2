from __future__ import annotations

import json
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.report.plain import as_cell, json_for_page, plain

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates as well


@given(ANY_TEXT, st.integers(1, 40))
def test_a_plain_text_is_one_short_line_without_control_characters(text: str, longest: int) -> None:
    found = plain(text, longest)
    assert len(found) <= longest
    assert found == " ".join(found.split())
    for character in found:
        assert character in "\u200c\u200d" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    found.encode("utf-8")


@pytest.mark.parametrize("text", ["", "财经 新闻", "👩\u200d👩\u200d👧 a", "می\u200cخواهم", "שָׁלוֹם", "a &lt; <b>"])
def test_a_short_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("a\r\nb\tc\u2028d", "a b c d"),
        ("\u202eevil\u202c", "evil"),
        ("\ud800", "\ufffd"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 3),
        (" " * 5 + "x" * 400, "x" * 29 + "…"),
        ("e\u0301" * 20, "e\u0301" * 14 + "…"),
    ],
)
def test_what_is_shown_of_odd_texts(text: str, shown: str) -> None:
    assert plain(text, 30) == shown


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    class Counted(str):
        __slots__ = ()

        def __iter__(self) -> None:  # type: ignore[override]
            raise AssertionError("all of it")

    assert plain(Counted("长" * 10**6), 10) == "长" * 9 + "…"


@given(ANY_TEXT)
def test_a_cell_has_no_control_character_and_the_same_words(text: str) -> None:
    found = as_cell(text, 10**6)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in found.replace("\n", "").replace("\t", ""))
    assert not set(found) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    if text.isprintable():
        assert found == text


@given(
    st.recursive(ANY_TEXT | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner))
)
def test_a_json_block_ends_where_it_should(value: object) -> None:
    block = json_for_page(value)
    assert not set(block) & set("<>&\u2028\u2029\x7f")
    assert json.loads(block) == value


@pytest.mark.parametrize("text", ["</script><script>", "<!--<script>", "]]>", "\u2028", "&lt;"])
def test_a_browser_reads_the_block_as_one(text: str) -> None:
    class Blocks(HTMLParser):
        found = ""

        def handle_data(self, data: str) -> None:
            self.found += data

        def handle_starttag(self, tag: str, attributes: object) -> None:
            assert tag == "script"

    parser = Blocks()
    parser.feed(f'<script type="application/json">{json_for_page([text])}</script>')
    parser.close()
    assert json.loads(parser.found) == [text]

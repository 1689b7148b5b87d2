"""What is found in texts, and that it is not found again where it was removed."""

from __future__ import annotations

import html

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textrnn.corpus.cleaning import (
    REPAIRS,
    has_markup,
    has_nothing_visible,
    has_replacement_characters,
    is_misread,
    repaired,
    without_markup,
)
from textrnn.corpus.readers.rows import cleaned

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=3, max_size=12)
LATIN = st.text(st.sampled_from("éèüßñçøÅ“”–€œ"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    "text", ["", " \t", "\u200b\u200d", "\ufeff \u2060", "\u202e\u202c", "\ufe0f", "\u3164", "\x07"]
)
def test_nothing_visible(text: str) -> None:
    assert has_nothing_visible(text)


@pytest.mark.parametrize("text", [".", "👍", "\u0301", "a\u200b", "ا", "—"])
def test_something_visible(text: str) -> None:
    assert not has_nothing_visible(text)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("\x1b[31mred\x1b[0m text", "red text"),
        ("\x1b]0;title\x07done", "done"),
        ("be\x07ll\x00", "bell"),
        ("\x1b", ""),
        ("\x1bred", "red"),
        ("a\x9bb", "ab"),
        ("two\nlines\there", "two\nlines\there"),
        ("中文\u200b", "中文\u200b"),
    ],
)
def test_control_characters(text: str, without: str) -> None:
    assert cleaned(text) == without


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("a<br/>b", "a b"),
        ("<p>one</p><p>two</p>", "one two"),
        ("AT&amp;T &nbsp; &#8226; &quot;x&quot;", 'AT&T • "x"'),
        ('see <a href="http://x.org/?a=1" target=_blank>this</a>', "see this"),
        ("&amp;lt;br&amp;gt; twice", "twice"),
        ("<!-- hidden <b> -->shown", "shown"),
        ("<SCRIPT>alert(1)</SCRIPT>", "alert(1)"),
    ],
)
def test_markup(text: str, without: str) -> None:
    assert has_markup(text)
    assert without_markup(text) == without
    assert not has_markup(without)


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "I <3 you",
        "x <a and b> y",
        "AT&T",
        "R&D;",
        "<pad>",
        "<unk>",
        "List<String>",
        "&notaname;",
        "《b》",
    ],
)
def test_no_markup(text: str) -> None:
    assert not has_markup(text)


@given(st.one_of(CHINESE, LATIN))
@example("café")
def test_what_was_read_in_the_wrong_encoding_is_told_and_repaired(text: str) -> None:
    for encoding in ("latin-1", "cp1252"):
        try:
            misread = text.encode("utf-8").decode(encoding)
        except UnicodeDecodeError:
            continue
        assert is_misread(misread)
        assert repaired(f"before {misread} after") == f"before {text} after"


@given(
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4, max_size=20).filter(
        lambda t: len(t) % 2 == 0
    )
)
def test_chinese_read_as_gbk(text: str) -> None:
    try:
        misread = text.encode("utf-8").decode("gb18030")
    except UnicodeDecodeError:
        return
    assert repaired(misread) == text


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)))
@example("São João, señor, Öl, 20 °C, Â, Ã, naïve café")
@example("联通")  # the best-known bytes of GBK that are valid UTF-8
@example("SÃO PAULO ­– ÀÉ")
def test_good_text_is_left_alone(text: str) -> None:
    assert repaired(text) == text


def test_lost_characters() -> None:
    assert has_replacement_characters("caf\ufffd")
    assert has_replacement_characters("锟斤拷")
    assert not has_replacement_characters("锟 and 拷")


@given(st.text(st.sampled_from("ab<>&;/#x1\x1b[m\x07 \xc3\xa9锟斤拷\ufffdbrp=\"'"), max_size=30))
@example("&lt;b&gt;")
@example("&amp;amp;amp;lt;")
@example("<<b>b>")
@example("&#7;x")
@example("锟\ufffd斤拷")
@example("\x1b\x1b[m[m")
def test_what_was_mended_is_found_clean(text: str) -> None:
    for _ in range(3):
        for _, is_wrong, repair in REPAIRS:
            if is_wrong(text):
                text = repair(text)
    assert not any(is_wrong(text) for _, is_wrong, _ in REPAIRS), text


def test_entities_are_those_of_html() -> None:
    assert without_markup("&hellip;&mdash;&eacute;") == html.unescape("&hellip;&mdash;&eacute;")

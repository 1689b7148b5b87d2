"""Where tokens stand: every token is found again at its place in the text as it was given."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textrnn.corpus.readers import cleaned
from textrnn.corpus.spans import Span, token_spans
from textrnn.corpus.tokenizers import TOKENIZERS, Tokenizer

STRANGE = st.text(alphabet="aZİΣ é中文央行.'\r\n\t\0\x1b[31m\ufeff\ud800\u0301\u3000\u200d😀_", max_size=30)
every_tokenizer = pytest.mark.parametrize("name", TOKENIZERS)


@every_tokenizer
@given(text=STRANGE | st.text(max_size=30), lowercase=st.booleans())
@example(text="\x1b[31mİst\0anbul\r\r\n 央行\ud800 ", lowercase=True)
@settings(max_examples=150, deadline=None)
def test_every_token_is_where_it_says(name: str, text: str, lowercase: bool) -> None:
    tokenizer = Tokenizer(name, lowercase)
    spans, unread_from = token_spans(text, tokenizer)
    assert unread_from is None
    assert [span.token for span in spans] == list(tokenizer(cleaned(text)))
    at = 0
    for span in spans:
        assert at <= span.start < span.end <= len(text)
        at = span.start if lowercase else span.end  # a capital may become two letters, both at its place
        surface = cleaned(text[span.start : span.end])
        surface = surface.lower() if lowercase else surface
        if (span.token.strip() and not lowercase) or (
            "İ" not in text and "Σ" not in text
        ):  # cleaned alone, a blank is nothing
            assert surface == span.token.strip()


@every_tokenizer
@given(text=STRANGE, most=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_what_is_cut_is_told(name: str, text: str, most: int) -> None:
    every, _ = token_spans(text, Tokenizer(name))
    spans, unread_from = token_spans(text, Tokenizer(name), max_tokens=most)
    assert spans == every[:most]
    assert unread_from == (every[most].start if len(every) > most else None)


def test_a_text_by_hand() -> None:
    spans, unread_from = token_spans(" \0A\x1b[31mb\r\nİ央", Tokenizer("char", lowercase=True), max_tokens=5)
    assert spans == [Span("a", 2, 3), Span("b", 8, 9), Span("\n", 9, 10), Span("i", 11, 12), Span("\u0307", 11, 12)]
    assert unread_from == 12


def test_nothing_is_nowhere() -> None:
    assert token_spans(" \0", Tokenizer("mixed")) == ([], None)

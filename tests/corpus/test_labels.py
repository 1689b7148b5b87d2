"""Labels that look the same, and labels that look alike."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.corpus.labels import (
    canonical_label,
    look_alike_groups,
    look_alike_key,
    merge_groups,
    stands_for_nothing,
)

ODD = st.text(st.sampled_from("aA é.é０0１.\u200b\u200d\u200c\ufeff\u3000\xa0\t\x07。!，ßİ"), max_size=8)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("sport", "sport"),
        ("  two   words ", "two words"),
        ("two\u3000words\xa0", "two words"),
        ("a\tb\nc", "a b c"),
        ("\ufeffsport\u200b", "sport"),
        ("sp\u00ador\u2060t", "sport"),
        ("\u202bשלום\u202c", "שלום"),
        ("bell\x07\x1b", "bell"),
        ("e\u0301", "é"),
        ("\u200d👩\u200d👧\u200c", "👩\u200d👧"),  # joiners between what they join
        ("\x85\u2028", ""),
        ("体育", "体育"),
    ],
)
def test_what_looks_the_same_is_the_same(written: str, form: str) -> None:
    assert canonical_label(written) == form


@given(st.one_of(st.text(), ODD))
def test_the_form_of_a_form_is_itself(label: str) -> None:
    form = canonical_label(label)
    assert canonical_label(form) == form
    assert unicodedata.is_normalized("NFC", form)
    assert not any(unicodedata.category(character) == "Cc" for character in form)
    assert look_alike_key(form) == look_alike_key(label)
    assert look_alike_key(look_alike_key(label)) == look_alike_key(label)


@pytest.mark.parametrize(
    "alike",
    [
        ["Sport", "sport", "ＳＰＯＲＴ", "sport.", "Sport!", " sport\u200b", "sport，"],
        ["0", "0.0", "00", "-0", "０", "+0.00"],
        ["1", "1.0", "01", "+1", "1."],
        ["-1", "-1.0", "-01"],
        ["true", "True", "TRUE"],
        ["体育", "体育。", "体育、", "\u3000体育"],
        ["Straße", "STRASSE"],
    ],
)
def test_look_alike(alike: list[str]) -> None:
    assert len(set(map(look_alike_key, alike))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.1", "1.10"),
        ("C#", "C"),
        ("C++", "C"),
        ("+", "-"),
        ("1", "-1"),
        ("?", "!"),
        ("...", "!"),
        ("a b", "ab"),
        ("10", "1"),
    ],
)
def test_not_alike(one: str, other: str) -> None:
    assert look_alike_key(one) != look_alike_key(other)


def test_the_commonest_form_is_kept() -> None:
    counts = {"Sport": 3, "sport": 9, "sport.": 1, "体育": 2, "0.0": 4, "0": 4, "x": 1}
    assert look_alike_groups(counts) == [["sport", "Sport", "sport."], ["0", "0.0"]]
    assert merge_groups(counts) == {"Sport": "sport", "sport.": "sport", "0.0": "0"}
    assert merge_groups({"a": 1, "b": 2}) == {}


@given(st.dictionaries(ODD, st.integers(1, 9)))
def test_merged_labels_are_merged(counts: dict[str, int]) -> None:
    kept = merge_groups(counts)
    joined: dict[str, int] = {}
    for label, count in counts.items():
        joined[kept.get(label, label)] = joined.get(kept.get(label, label), 0) + count
    assert merge_groups(joined) == {}
    assert sum(joined.values()) == sum(counts.values())
    assert kept == merge_groups(dict(reversed(counts.items())))  # whatever the order of rows


@pytest.mark.parametrize("word", ["nan", "NaN", "NULL", "N/A", "None", "-", "\\N", "无", "空", "", " \u200b"])
def test_words_for_nothing(word: str) -> None:
    assert stands_for_nothing(word)


@pytest.mark.parametrize("word", ["no", "0", "neutral", "无线", "others", "Nana"])
def test_words_for_something(word: str) -> None:
    assert not stands_for_nothing(word)

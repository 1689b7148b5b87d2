"""Texts that are the same but for their form, against a comparison of all pairs."""

from __future__ import annotations

import random

import pytest

from textrnn.corpus.similar import GRAM, NEARLY, SHORTEST, comparison_key, near_duplicates, similar_rows


@pytest.mark.parametrize(
    "same",
    [
        ["A good film.", "a good film", "A  GOOD\tFILM!", "Ａ ｇｏｏｄ ｆｉｌｍ", "“A good film”"],
        ["证监会：拟禁止基金经理", "证监会拟禁止基金经理", "证监会拟禁止 基金经理。"],
        ["two\u200bwords", "two words", "two-words", "two\ufffdwords"],
    ],
)
def test_one_key(same: list[str]) -> None:
    assert len(set(map(comparison_key, same))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("up 3.5", "up 35"),
        ("at -1", "at 1"),
        ("good 👍", "good 👎"),
        ("C++", "C"),
        ("really?", "really"),
        ("1:0", "10"),
    ],
)
def test_two_keys(one: str, other: str) -> None:
    assert comparison_key(one) != comparison_key(other)


def test_a_text_of_punctuation_is_its_own_key() -> None:
    assert comparison_key("...") == "..."
    assert comparison_key("!!") == "!!"


def similarity(one: str, other: str) -> float:
    grams = [{key[i : i + GRAM] for i in range(len(key) - GRAM + 1)} for key in (one, other)]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


def changed(text: str, generator: random.Random) -> str:
    position = generator.randrange(len(text))
    return text[:position] + generator.choice("xyz") + text[position + 1 :]


def test_what_is_nearly_the_same_is_found() -> None:
    """Every pair that is told is one; of those that there are, few are missed."""
    counts = [found_and_there(random.Random(seed)) for seed in range(30)]
    assert sum(there for _, there in counts) > 100
    assert sum(found for found, _ in counts) >= 0.97 * sum(there for _, there in counts)


def found_and_there(generator: random.Random) -> tuple[int, int]:
    keys = ["".join(generator.choices("abcdefgh1", k=generator.randint(5, 150))) for _ in range(40)]
    keys += [changed(generator.choice(keys[:40]), generator) for _ in range(20)]
    found = near_duplicates(keys)
    there = {
        later
        for later in range(len(keys))
        for earlier in range(later)
        if min(len(keys[earlier]), len(keys[later])) >= SHORTEST
        and keys[earlier] != keys[later]
        and similarity(keys[earlier], keys[later]) >= NEARLY
        and min(map(len, (keys[earlier], keys[later]))) >= NEARLY * max(map(len, (keys[earlier], keys[later])))
        and keys[earlier].count("1") == keys[later].count("1")
    }
    assert {later for _, later in found} <= there
    for earlier, later in found:
        assert earlier < later
        assert similarity(keys[earlier], keys[later]) >= NEARLY
    return len(found), len(there)


def test_other_figures_are_other_news() -> None:
    text = "the market closed at {} points on a quiet day before the holiday, as it did last year"
    assert near_duplicates([text.format(2500), text.format(2600)]) == []
    assert near_duplicates([text.format(2500), text.format(2500) + " too"]) == [(0, 1)]


def test_a_text_repeated_more_often_is_another_one() -> None:
    assert near_duplicates(["ha" * 20, "ha" * 40]) == []
    assert near_duplicates(["ha" * 20, "ha" * 21]) == [(0, 1)]


def test_few_and_short_texts() -> None:
    assert near_duplicates([]) == []
    assert near_duplicates(["a", "a"]) == []
    assert near_duplicates(["a" * 50]) == []


def test_rows_of_one_label_only() -> None:
    texts = ["A good film", "a good film.", "a good film!", "A good film", "another one"]
    keys = list(map(comparison_key, texts))
    assert similar_rows(texts, ["+", "+", "-", "+", "+"], keys) == [(0, 1)]  # 3 is 0 itself


def test_long_texts_come_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(0)
    keys = ["".join(generator.choices("abcdefgh", k=300)) for _ in range(50)]
    keys += [key + "x" for key in keys]
    at_once = near_duplicates(keys)
    assert at_once == [(i, i + 50) for i in range(50)]
    monkeypatch.setattr("textrnn.corpus.similar.CHARACTERS_AT_ONCE", 1000)
    assert near_duplicates(keys) == at_once

"""Rows with several labels are held out so that every label has its share in each split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.corpus.readers import Rows
from textrnn.corpus.splitting import make_splits, stratified
from textrnn.errors import DataError

Sets = list[tuple[str, ...]]


def rows_of(texts: list[str], sets: Sets) -> Rows:
    return Rows(Path("a.csv"), texts, [], list(range(2, len(texts) + 2)), label_sets=sets)


def split(texts: list[str], sets: Sets, missing: tuple[str, ...] = ("dev", "test"), seed: int = 0) -> dict[str, Rows]:
    return make_splits({"train": rows_of(texts, sets)}, list(missing), seed)


def many_sets(count: int, labels: int, seed: int = 1) -> Sets:
    """Labels as unequal as words: the first is in a third of all rows, the last in a few."""
    generator = np.random.default_rng(seed)
    shares = 1 / (3 + np.arange(labels))
    return [tuple(f"l{i}" for i in np.flatnonzero(generator.random(labels) < shares)) for _ in range(count)]


def test_every_label_has_nearly_its_share() -> None:
    sets = many_sets(5000, 40)
    parts = split([f"text {i}" for i in range(5000)], sets)
    counts = Counter(label for each in sets for label in each)
    assert {name: len(part) for name, part in parts.items()} == {"train": 4000, "dev": 500, "test": 500}
    for name in ("dev", "test"):
        own = Counter(parts[name].every_label)
        assert max(abs(own[label] - count / 10) for label, count in counts.items()) < 2
    chance = np.random.default_rng(0).permutation(5000)[:500]
    drawn = Counter(label for i in chance for label in sets[i])
    assert max(abs(drawn[label] - count / 10) for label, count in counts.items()) > 10  # what drawing at random gives


@given(
    st.lists(st.tuples(st.sampled_from("uvwxyz"), st.frozensets(st.sampled_from("abcde"), max_size=3)), min_size=3),
    st.integers(0, 3),
    st.sampled_from([("dev",), ("dev", "test")]),
)
def test_what_always_holds(rows: list[tuple[str, frozenset[str]]], seed: int, missing: tuple[str, ...]) -> None:
    texts = [f"{text}{i // 7}" for i, (text, _) in enumerate(rows)]
    sets = [tuple(sorted(labels)) for _, labels in rows]
    try:
        parts = split(texts, sets, missing, seed)
    except DataError:  # too few rows
        return
    every = sorted((text, labels) for part in parts.values() for text, labels in
                   zip(part.texts, part.label_sets or [], strict=True))  # fmt: skip
    assert every == sorted(zip(texts, sets, strict=True))  # nothing is lost
    places = [set(part.texts) for part in parts.values()]
    assert sum(map(len, places)) == len(set(texts))  # no text in two splits
    assert set(parts["train"].every_label) == {label for labels in sets for label in labels}
    assert all(len(part) for part in parts.values())
    assert [part.texts for part in split(texts, sets, missing, seed).values()] == [p.texts for p in parts.values()]


def test_another_seed_holds_out_other_rows() -> None:
    texts, sets = [f"text {i}" for i in range(200)], many_sets(200, 6)
    assert split(texts, sets, seed=0)["test"].texts != split(texts, sets, seed=1)["test"].texts
    assert split(texts, sets, seed=1)["test"].texts == split(texts, sets, seed=1)["test"].texts


def test_a_text_under_different_labels_is_learnt() -> None:
    texts = ["same"] * 10 + [f"text {i}" for i in range(90)]
    sets: Sets = [("a",), ("a", "b")] * 50
    parts = split(texts, sets)
    assert parts["train"].texts.count("same") == 10


def test_the_order_of_labels_is_no_difference() -> None:
    sets: Sets = [("a", "b"), ("b", "a")] * 50
    parts = split([f"text {i // 2}" for i in range(100)], sets)
    assert sum(len(parts[name]) for name in ("dev", "test")) == 20


def test_rows_without_labels_are_held_out_in_their_share() -> None:
    parts = split([f"text {i}" for i in range(100)], [() if i % 2 else ("a",) for i in range(100)])
    assert sum(not each for each in parts["test"].label_sets or []) == 5


def test_too_few_rows() -> None:
    with pytest.raises(DataError, match=r"^a\.csv: 2 rows are too few to make a dev split; expected at least 3 differ"):
        split(["x", "y"], [("a",), ("b",)])


def test_shares_of_parts() -> None:
    parts = Counter(stratified([("a",)] * 60 + [("b",)] * 40, [0.5, 0.3, 0.2]))
    assert parts == {0: 50, 1: 30, 2: 20}
    assert stratified([], [0.5, 0.5]) == []

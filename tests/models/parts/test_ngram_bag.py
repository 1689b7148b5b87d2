"""Bags of n-grams against scikit-learn's TF-IDF, and the hash against a plain one."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from sklearn.feature_extraction.text import TfidfVectorizer

from textrnn.errors import ConfigError
from textrnn.models.parts.ngram_bag import NgramBag, hashed, ngrams_of_batch

LETTERS = "abcdefgh"
TEXTS = st.lists(st.text("abcd", min_size=1, max_size=12), min_size=1, max_size=12)


def encode(texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Letters -> ids from 2 on, padded with 0."""
    lengths = torch.tensor([len(text) for text in texts])
    ids = torch.zeros(len(texts), int(lengths.max()), dtype=torch.long)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor([LETTERS.index(letter) + 2 for letter in text])
    return ids, lengths


def learnt(texts: list[str], *, longest: int = 3, max_ngrams: int = 1000) -> NgramBag:
    ids, lengths = encode(texts)
    flat = torch.cat([row[:n] for row, n in zip(ids, lengths.tolist(), strict=True)]).int()
    bag = NgramBag(len(LETTERS) + 2, 1, longest=longest, max_ngrams=max_ngrams)
    bag.learn_statistics(flat, torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]))
    return bag


@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS)
def test_the_weights_are_those_of_scikit_learn(train: list[str], test: list[str]) -> None:
    """With the identity for a table, a bag is the TF-IDF vector itself (its columns in another order)."""
    bag = learnt(train)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, lowercase=False)
    vectorizer.fit(train)
    assert len(bag.known) == len(vectorizer.vocabulary_)
    bag.table.weight = torch.nn.Parameter(torch.eye(len(bag.known)))
    ours = bag(*encode(test)).detach().numpy()
    theirs = vectorizer.transform(test).toarray()
    column_of = {}
    for gram, column in vectorizer.vocabulary_.items():
        _, numbers = ngrams_of_batch(*encode([gram]), len(gram), len(gram), bag.vocabulary_size)
        column_of[int(torch.searchsorted(bag.known, numbers))] = column
    np.testing.assert_allclose(ours, theirs[:, [column_of[i] for i in range(len(column_of))]], atol=1e-6)


def test_an_ngram_of_one_text_in_a_thousand_is_noise() -> None:
    texts = ["ab"] * 500 + ["cd"] * 499
    assert len(learnt([*texts, "ef"]).known) == 6
    assert len(learnt([*texts, "ef", "f"]).known) == 7


def test_the_most_frequent_are_kept() -> None:
    bag = learnt(["ab", "ab", "ac", "a"], longest=2, max_ngrams=2)
    _, a = ngrams_of_batch(*encode(["a"]), 1, 1, bag.vocabulary_size)
    assert a.item() in bag.known.tolist()
    assert len(bag.known) == 2


def test_saved_and_loaded_into_one_that_has_counted_nothing() -> None:
    bag = learnt(["abc", "abd"])
    torch.nn.init.normal_(bag.table.weight)
    other = NgramBag(len(LETTERS) + 2, 1, longest=3, max_ngrams=1000)
    assert (other(*encode(["abc"])) == 0).all()
    other.load_state_dict(bag.state_dict())
    assert torch.equal(other(*encode(["abc", "d"])), bag(*encode(["abc", "d"])))


def test_numbers_that_do_not_fit() -> None:
    with pytest.raises(ConfigError) as caught:
        NgramBag(10_000, 8, longest=5, max_ngrams=10)
    assert str(caught.value) == (
        "`longest_ngram` 5: too long for a vocabulary of 10,000; expected a smaller one, or a smaller `max_vocab`"
    )


@given(st.integers(0, 2**62))
def test_the_hash_is_splitmix(number: int) -> None:
    """The same arithmetic on Python's integers, shifts being signed."""

    def wrapped(value: int) -> int:
        return (value + 2**63) % 2**64 - 2**63

    expected = wrapped((number ^ number >> 30) * 0xBF58476D1CE4E5B9)
    expected = wrapped((expected ^ expected >> 27) * 0x94D049BB133111EB)
    expected = (expected ^ expected >> 31) % 1000
    assert hashed(torch.tensor([number]), 1000).tolist() == [expected]


def test_the_hash_spreads_evenly() -> None:
    counts = torch.bincount(hashed(torch.arange(100_000), 1000), minlength=1000)
    assert counts.min() > 50
    assert counts.max() < 160


def test_texts_shorter_than_the_longest_ngram() -> None:
    assert len(learnt(["a"], longest=4).known) == 1
    bag = learnt(["ab", "a", "b"], longest=4)
    assert len(bag.known) == 3
    assert bag(*encode(["a"])).shape == (1, 1)

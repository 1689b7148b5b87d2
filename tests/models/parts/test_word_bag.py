"""Bags of words beside characters against scikit-learn's."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import torch
from hypothesis import given, settings
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor, nn

from textrnn.corpus.vocab import Spelling
from textrnn.models.parts.word_bag import WEIGHT, WordBag

WORDS = st.text(st.sampled_from("中国人ab!\u3000"), min_size=1, max_size=4)
TEXTS = st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=8)


def spelt(texts: list[list[str]]) -> tuple[Tensor, Tensor]:
    found = Spelling.of(texts)
    return torch.from_numpy(found.characters), torch.from_numpy(found.offsets)


def batch(texts: list[list[str]]) -> Tensor:
    flat, offsets = spelt(texts)
    rows = [flat[start:end].long() for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True)


def learnt(texts: list[list[str]], *, max_words: int = 10_000) -> WordBag:
    bag = WordBag(1, max_words=max_words)
    bag.learn_words(*spelt(texts))
    nn.init.normal_(bag.table.weight)
    return bag


def drawn(bag: WordBag, ngram: str) -> float:
    """The number that the table has for a word or a pair."""
    words = ngram.split(" ")
    number = bag.found_in(batch([words]))[1][-1]
    (place,) = (bag.known == number).nonzero().squeeze(1).tolist()
    return float(bag.table.weight.detach()[place, 0])


@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS)
def test_the_weights_are_those_of_scikit_learn(train: list[list[str]], test: list[list[str]]) -> None:
    bag = learnt(train)
    if not any(train):
        assert (bag(batch(test)) == 0).all()
        return
    vectorizer = TfidfVectorizer(
        tokenizer=lambda words: words, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True
    ).fit(train)
    assert len(bag.known) == len(vectorizer.vocabulary_)
    numbers = np.zeros(len(bag.known))
    for ngram, column in vectorizer.vocabulary_.items():
        numbers[column] = drawn(bag, ngram)
    expected = WEIGHT * (vectorizer.transform(test) @ numbers)
    np.testing.assert_allclose(bag(batch(test)).detach().numpy()[:, 0], expected, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS)
def test_what_characters_add_is_what_their_words_add(train: list[list[str]], test: list[list[str]]) -> None:
    bag, gradient = learnt(train), torch.arange(1.0, len(test) + 1)[:, None]
    found = bag.token_contributions(batch(test), gradient)
    torch.testing.assert_close(found.sum(dim=1), (bag(batch(test)) * gradient).sum(dim=1), atol=1e-5, rtol=1e-5)
    for row, words in enumerate(test):  # and nothing behind the text
        assert (found[row, sum(map(len, words)) :] == 0).all()


def test_a_word_is_divided_evenly_and_a_pair_among_the_characters_of_both() -> None:
    bag = learnt([["中国", "人"]])
    nn.init.constant_(bag.table.weight, 1.0)
    weight = WEIGHT / 3**0.5  # two words and a pair, as rare as each other
    found = bag.token_contributions(batch([["中国", "人"]]), torch.ones(1, 1))
    expected = [[weight * (1 / 2 + 1 / 3)] * 2 + [weight * (1 + 1 / 3)]]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_the_order_of_characters_and_of_words_counts() -> None:
    bag = learnt([["上海", "来"]])
    known = bag(batch([["上海", "来"], ["海上", "来"], ["来", "上海"], ["上", "海来"]]))
    assert (known[0] - known[2]).abs() > 1e-6
    assert (known[3] == 0).all()
    one_word = bag.found_in(batch([["上海来"]]))[1]
    assert not set(one_word.tolist()) & set(bag.known.tolist())


def test_padding_and_neighbours_change_nothing() -> None:
    bag = learnt([["中国", "人"], ["人", "来", "a"]])
    texts = [["中国", "人"], [], ["人", "来", "人", "来"], ["a"]]
    alone = torch.cat([bag(batch([text])) for text in texts])
    torch.testing.assert_close(bag(batch(texts)), alone)


def test_a_long_text_is_counted_in_chunks() -> None:
    text = ["中国", "人", "来", "a"] * 20_000 + ["人"]
    bag = learnt([["中国", "人"], ["人", "来", "a"], ["a", "中国"]])
    whole = bag.found_in(batch([text]))
    parts = [torch.cat(part) for part in zip(*bag.in_chunks(batch([text])), strict=True)]
    assert torch.equal(whole[1].sort().values, parts[1].sort().values)
    assert bag(batch([text])).isfinite().all()


def test_saved_and_loaded() -> None:
    bag, other = learnt([["中国", "人"]]), WordBag(1, max_words=10)
    assert (other(batch([["中国"]])) == 0).all()
    other.load_state_dict(bag.state_dict())
    assert torch.equal(other(batch([["中国"], ["人"]])), bag(batch([["中国"], ["人"]])))
    other.load_state_dict({})  # of an earlier version
    assert len(other.known) == 0

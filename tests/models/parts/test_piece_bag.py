"""Bags of pieces of words against scikit-learn's ``char_wb``."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import torch
from hypothesis import given, settings
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor, nn

from textrnn.corpus.vocab import Spelling
from textrnn.models.parts.piece_bag import MAX_CHARACTERS, PieceBag

WORDS = st.text(st.sampled_from("abcé!中"), min_size=1, max_size=9)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=8)


def spelt(texts: list[list[str]]) -> tuple[Tensor, Tensor]:
    found = Spelling.of(texts)
    return torch.from_numpy(found.characters), torch.from_numpy(found.offsets)


def batch(texts: list[list[str]]) -> Tensor:
    flat, offsets = spelt(texts)
    rows = [flat[start:end].long() for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True)


def learnt(texts: list[list[str]], *, max_pieces: int = 10_000) -> PieceBag:
    bag = PieceBag(1, max_pieces=max_pieces)
    bag.learn_spelling(*spelt(texts))
    return bag


@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS)
def test_the_weights_are_those_of_scikit_learn(train: list[list[str]], test: list[list[str]]) -> None:
    """A table of drawn numbers gives the same sums; scikit-learn's columns get the number of their own piece."""
    bag = learnt(train)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, lowercase=False)
    vectorizer.fit([" ".join(words) for words in train])
    assert len(bag.known) == len(vectorizer.vocabulary_)
    of_piece = torch.randn(len(bag.known), 1, generator=torch.Generator().manual_seed(0))
    bag.table.weight = nn.Parameter(of_piece)
    numbers = np.zeros(len(bag.known))
    for piece, column in vectorizer.vocabulary_.items():
        _, found = bag.found_in(torch.tensor([list(map(ord, piece))]))
        (place,) = (i for i, number in enumerate(bag.known.tolist()) if number == longest_of(bag, piece, found))
        numbers[column] = of_piece[place]
    expected = vectorizer.transform([" ".join(words) for words in test]) @ numbers
    np.testing.assert_allclose(bag(batch(test)).detach().numpy()[:, 0], expected, atol=1e-5)


def longest_of(bag: PieceBag, piece: str, found: Tensor) -> int:
    """The number of the whole of a piece: that of the most characters, which is the largest."""
    return int(found.max())


def test_padding_and_neighbours_change_nothing() -> None:
    bag = learnt([["the", "cat"], ["a", "dog", "there"]])
    nn.init.normal_(bag.table.weight)
    texts = [["the", "dog"], ["cats"], [], ["there", "a", "cat", "the"]]
    together = bag(batch(texts))
    alone = torch.cat([bag(batch([text])) for text in texts])
    torch.testing.assert_close(together, alone)
    assert (together[2] == 0).all()


def test_what_a_word_adds_is_what_its_pieces_add() -> None:
    bag = learnt([["the", "cat"], ["a", "dog", "there"]])
    nn.init.normal_(bag.table.weight)
    texts = [["the", "dog", "zzz"], ["cat"]]
    gradient = torch.tensor([[2.0], [-1.0]])
    found = bag.token_contributions(batch(texts), gradient)
    torch.testing.assert_close(found.sum(dim=1), (bag(batch(texts)) * gradient).sum(dim=1))
    assert found[0, 2] == 0
    assert (found[0, :2] != 0).all()
    assert found.shape == (2, 3)


def test_rare_characters_of_many_have_no_pieces() -> None:
    many = [[chr(0x4E00 + index)] * 2 for index in range(MAX_CHARACTERS)]
    bag = learnt([*many, [chr(0x4E00 + MAX_CHARACTERS)]])
    assert len(bag.alphabet) == MAX_CHARACTERS
    assert bag(batch([[chr(0x4E00 + MAX_CHARACTERS)]])).tolist() == [[0.0]]


def test_saved_and_loaded() -> None:
    bag = learnt([["abc", "abd"]])
    nn.init.normal_(bag.table.weight)
    other = PieceBag(1, max_pieces=10)
    assert (other(batch([["abc"]])) == 0).all()
    other.load_state_dict(bag.state_dict())
    assert torch.equal(other(batch([["abc"], ["d"]])), bag(batch([["abc"], ["d"]])))
    other.load_state_dict({})  # of an earlier version
    assert len(other.known) == 0

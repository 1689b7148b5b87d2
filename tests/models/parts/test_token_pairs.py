"""Pairs of adjacent tokens: which are known, against a plain count, and what they add to the vectors of tokens."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from textrnn.config import UNKNOWN_ID
from textrnn.models.parts.token_pairs import PairedEmbedding, TokenPairs

VOCABULARY = 9
TEXTS = st.lists(st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=9), min_size=1, max_size=9)


def learnt(texts: list[list[int]], *, max_pairs: int = 1000) -> TokenPairs:
    """With 1, 2, ... as the vectors of the pairs, by their numbers."""
    pairs = TokenPairs(VOCABULARY, 1, max_pairs=max_pairs)
    offsets = torch.tensor([0, *(len(text) for text in texts)]).cumsum(0)
    pairs.learn_statistics(torch.tensor([index for text in texts for index in text], dtype=torch.int32), offsets)
    with torch.no_grad():
        pairs.table.weight[:-1, 0] = torch.arange(1.0, len(pairs.known) + 1)
    return pairs


def counted(texts: list[list[int]]) -> Counter[tuple[int, int]]:
    return Counter(pair for text in texts for pair in pairwise(text) if UNKNOWN_ID not in pair)


def found(pairs: TokenPairs, text: list[int]) -> list[float]:
    values: list[float] = pairs(torch.tensor([text]))[0, :, 0].tolist()
    return values


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_the_pairs_of_the_training_texts_are_known(train: list[list[int]], test: list[list[int]]) -> None:
    """A pair over the end of a text is none, nor is one with an unknown token."""
    vectors = {pair: place + 1.0 for place, pair in enumerate(sorted(counted(train)))}
    pairs = learnt(train)
    assert len(pairs.known) == len(vectors)
    for text in test:
        assert found(pairs, text) == [*(vectors.get(pair, 0.0) for pair in pairwise(text)), 0.0]


def test_a_pair_seen_once_in_a_thousand_texts_is_noise() -> None:
    assert len(learnt([[2, 3], [4, 5, 4, 5], *[[6]] * 998]).known) == 1
    assert len(learnt([[2, 3], [4, 5, 4, 5], *[[6]] * 997]).known) == 3


def test_those_seen_most_often_are_kept() -> None:
    pairs = learnt([[2, 3], [2, 3], [4, 5], [4, 5, 6], [7, 8]], max_pairs=2)
    assert found(pairs, [2, 3, 4, 5, 6, 7, 8]) == [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]


def test_padding_makes_no_pair() -> None:
    pairs = learnt([[2, 3, 4]])
    padded: Tensor = pairs(torch.tensor([[2, 3, 0, 0], [2, 3, 4, 0]]))[:, :, 0]
    assert padded.tolist() == [[1.0, 0.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0]]


def test_nothing_known_adds_nothing() -> None:
    assert found(learnt([[2], [UNKNOWN_ID, 3]]), [2, 3]) == [0.0, 0.0]


def test_only_what_is_known_learns() -> None:
    pairs = learnt([[2, 3, 4]])
    pairs(torch.tensor([[2, 3, 5, 4, 2]])).sum().backward()
    gradient = pairs.table.weight.grad
    assert gradient is not None
    assert gradient.is_sparse
    assert gradient.coalesce().indices().tolist() == [[0]]


@pytest.mark.parametrize("max_pairs", [0, 50])
def test_the_vectors_are_a_sum(max_pairs: int) -> None:
    torch.manual_seed(0)
    embedding = PairedEmbedding(VOCABULARY, 3, dropout=0.0, token_dropout=0.0, max_pairs=max_pairs)
    embedding.learn_statistics(torch.tensor([2, 3, 4]), torch.tensor([0, 3]))
    single = embedding.table.weight.detach()[[2, 3, 4]]
    if embedding.pairs is None:
        assert not [name for name in embedding.state_dict() if "pairs" in name]  # as older folders have it
        assert torch.equal(embedding(torch.tensor([[2, 3, 4]]))[0], single)
        return
    torch.nn.init.normal_(embedding.pairs.table.weight)
    rows = embedding.pairs.table.weight.detach()
    of_pairs = torch.stack([rows[0], rows[1], rows[2]])
    assert torch.equal(embedding(torch.tensor([[2, 3, 4]]))[0], single + of_pairs)
    other = PairedEmbedding(VOCABULARY, 3, dropout=0.0, token_dropout=0.0, max_pairs=max_pairs)
    other.load_state_dict(embedding.state_dict())
    assert torch.equal(other(torch.tensor([[2, 3, 4]])), embedding(torch.tensor([[2, 3, 4]])))

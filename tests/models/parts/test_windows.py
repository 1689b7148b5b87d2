"""Windows of texts and their pooling, against plain loops."""

from __future__ import annotations

import itertools
import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from textrnn.models.parts.windows import Pooled, WindowAttention, cut_into_windows


def attention_of(size: int, seed: int = 0) -> WindowAttention:
    attention = WindowAttention(size)
    torch.nn.init.normal_(attention.weight, generator=torch.Generator().manual_seed(seed))
    return attention


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5), size=st.integers(1, 50))
@settings(max_examples=50, deadline=None)
def test_windows_are_the_text_piece_by_piece(lengths: list[int], size: int) -> None:
    token_ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    for row, length in enumerate(lengths):
        token_ids[row, :length] = torch.arange(1, length + 1) + 100 * row
    windows = cut_into_windows(token_ids, torch.tensor(lengths), size)
    expected = [
        (row * windows.per_text + number, token_ids[row, begin : min(begin + size, length)].tolist())
        for row, length in enumerate(lengths)
        for number, begin in enumerate(range(0, length, size))
    ]
    ids, counts = windows.token_ids.tolist(), windows.lengths.tolist()
    found = [row[:count] for row, count in zip(ids, counts, strict=True)]
    assert list(zip(windows.places.tolist(), found, strict=True)) == expected
    assert all(not any(row[count:]) for row, count in zip(ids, counts, strict=True))  # the rest is padding


def pooled(attention: WindowAttention, features: Tensor) -> Pooled:
    """(N, F), the windows of one text."""
    found: Pooled = attention(features, torch.arange(len(features)), 1, len(features))
    return found


def test_pooling_by_hand() -> None:
    features = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    attention = attention_of(3)
    scores = [
        sum(math.tanh(x) * w for x, w in zip(f, attention.weight.tolist(), strict=True)) for f in features.tolist()
    ]
    shares = [math.exp(score) / sum(map(math.exp, scores)) for score in scores]
    mean = sum(share * f for share, f in zip(shares, features, strict=True))
    assert isinstance(mean, Tensor)
    say = 1 / sum(share**2 for share in shares)  # windows that have a say
    torch.testing.assert_close(pooled(attention, features).features(100)[0], mean * math.sqrt(say))
    torch.testing.assert_close(pooled(attention, features).features(2)[0], mean * math.sqrt(min(2, say)))


def test_before_anything_is_learnt_all_windows_weigh_the_same() -> None:
    features = torch.randn(4, 3)
    found = pooled(WindowAttention(3), features).features(16)[0]
    torch.testing.assert_close(found, features.mean(dim=0) * 2)


def test_one_window_is_left_as_it_is() -> None:
    features = torch.randn(1, 7)
    assert torch.equal(pooled(attention_of(7), features).features(16), features)


@given(cuts=st.lists(st.integers(1, 11), max_size=4, unique=True), order=st.randoms())
@settings(max_examples=30, deadline=None)
def test_chunks_may_come_in_any_order(cuts: list[int], order: object) -> None:
    features = 4 * torch.randn(12, 3, generator=torch.Generator().manual_seed(2))
    attention = attention_of(3)
    edges = [0, *sorted(cuts), 12]
    chunks = [pooled(attention, features[a:b]) for a, b in itertools.pairwise(edges)]
    order.shuffle(chunks)  # type: ignore[attr-defined]
    joined = chunks[0]
    for chunk in chunks[1:]:
        joined = joined.joined(chunk)
    torch.testing.assert_close(joined.features(16), pooled(attention, features).features(16))


def test_a_text_may_have_no_window_in_a_chunk() -> None:
    features = torch.randn(3, 2)
    attention = attention_of(2)
    first = attention(features[:2], torch.tensor([0, 1]), 2, 1)  # two texts of one window each
    second = attention(features[2:], torch.tensor([1]), 2, 1)  # the other one goes on
    found = first.joined(second).features(16)
    torch.testing.assert_close(found[0], features[0])
    torch.testing.assert_close(found[1], pooled(attention, features[1:]).features(16)[0])

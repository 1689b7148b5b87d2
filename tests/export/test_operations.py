"""What stands in for an operation gives what torch's gives."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from textrnn.export.operations import OnnxOperations, row_of_each

LIMIT = 2**63
numbers = st.integers(-LIMIT, LIMIT - 1)


def whole(values: list[int]) -> Tensor:
    return torch.tensor(values, dtype=torch.int64)


@given(st.lists(numbers, max_size=40, unique=True).map(sorted), st.lists(numbers, max_size=20), st.booleans())
def test_searchsorted(known: list[int], asked: list[int], right: bool) -> None:
    values = whole(asked + known + [-LIMIT, LIMIT - 1])
    with OnnxOperations():
        found = torch.searchsorted(whole(known), values, right=right)
    assert torch.equal(found, torch.searchsorted(whole(known), values, right=right))


def test_searchsorted_of_real_numbers() -> None:
    known, values = torch.tensor([-1.0, 0.5, 0.5, 2.0]), torch.tensor([[-5.0, 0.5], [2.0, 9.0]])
    with OnnxOperations():
        found = torch.searchsorted(known, values)
    assert torch.equal(found, torch.searchsorted(known, values))


@given(st.lists(st.integers(0, 9), max_size=30))
def test_bincount(values: list[int]) -> None:
    with OnnxOperations():
        found = torch.bincount(whole(values), minlength=10)
    assert torch.equal(found, torch.bincount(whole(values), minlength=10))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_rows_repeated(counts: list[int]) -> None:
    values = torch.arange(len(counts))
    assert torch.equal(row_of_each(whole(counts)), torch.repeat_interleave(values, whole(counts)))
    with OnnxOperations():
        found = torch.repeat_interleave(values * 7, whole(counts))
    assert torch.equal(found, torch.repeat_interleave(values * 7, whole(counts)))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.booleans())
def test_bags(sizes: list[int], weighed: bool) -> None:
    table, count = torch.arange(20.0).view(5, 4), sum(sizes)
    indices, starts = torch.arange(count) * 3 % 5, whole(sizes).cumsum(0) - whole(sizes)
    weights = torch.arange(count) / 2 if weighed else None
    with OnnxOperations():
        found = functional.embedding_bag(indices, table, starts, mode="sum", per_sample_weights=weights)
    expected = functional.embedding_bag(indices, table, starts, mode="sum", per_sample_weights=weights)
    torch.testing.assert_close(found, expected)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), max_size=12))
def test_rows_added(added: list[tuple[int, int]]) -> None:
    index, source = whole([row for row, _ in added]), torch.tensor([[float(value), 1.0] for _, value in added])
    with OnnxOperations():
        found = torch.ones(5, 2).index_add_(0, index, source.view(-1, 2))
    assert torch.equal(found, torch.ones(5, 2).index_add_(0, index, source.view(-1, 2)))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20), st.integers(0, 62))
def test_bits(pairs: list[tuple[int, int]], shift: int) -> None:
    left, right = whole([a for a, _ in pairs]), whole([b for _, b in pairs])
    with OnnxOperations():
        mixed, shifted = left ^ right, left >> shift
    assert mixed.tolist() == [a ^ b for a, b in pairs]
    assert shifted.tolist() == [a >> shift for a, _ in pairs]


def test_one_step_of_an_lstm() -> None:
    cell = torch.nn.LSTMCell(3, 5)
    inputs, state = torch.randn(2, 3), (torch.randn(2, 5), torch.randn(2, 5))
    with OnnxOperations(), torch.no_grad():
        found = cell(inputs, state)
    for part, expected in zip(found, cell(inputs, state), strict=True):
        torch.testing.assert_close(part, expected)

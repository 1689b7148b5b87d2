"""Weights go into a page and come out as they were announced."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page

from tests.report.inside.reading import unpacked
from textrnn.report.inside.packing import PRECISIONS, packed, rounded, size_of
from textrnn.report.inside.page import precision_that_fits

SHAPES = st.one_of(st.tuples(st.integers(0, 9)), st.tuples(st.integers(1, 5), st.integers(1, 9)), st.just((2, 3, 4)))


@given(SHAPES, st.sampled_from(PRECISIONS), st.integers(0, 2**31), st.sampled_from([1e-3, 1.0, 50.0]))
def test_what_is_unpacked_is_what_was_rounded(shape: tuple[int, ...], bits: int, seed: int, size: float) -> None:
    tensor = size * torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    one = packed(tensor, bits).to_dict()
    found = unpacked(one)
    assert torch.equal(found, rounded(tensor, bits))
    assert len(json.dumps(one)) <= size_of({"a": tensor}, bits)
    if bits == 32 or tensor.dim() < 2:
        assert torch.equal(found, tensor)
    elif bits < 16:
        most = tensor.flatten(1).abs().amax(dim=1)
        bound = most / (2 ** (bits - 1) - 1) / 2 * 1.001
        assert ((found - tensor).abs().flatten(1) <= bound[:, None]).all()


def test_rows_of_zeros_stay_zero() -> None:
    assert torch.equal(rounded(torch.zeros(2, 3), 8), torch.zeros(2, 3))


@pytest.mark.parametrize(("room", "bits"), [(4700, 32), (2500, 16), (1500, 8), (1100, 6), (950, 5), (800, None)])
def test_the_most_bits_that_fit_are_taken(room: int, bits: int | None) -> None:
    tensors = {"a": torch.randn(20, 40)}
    assert precision_that_fits(tensors, room) == bits


def test_the_page_unpacks_the_same(any_page: Page) -> None:
    """Every precision, halves of every kind among them."""
    tensor = torch.randn(7, 5) * torch.logspace(-8, 4, 7)[:, None]
    for bits in PRECISIONS:
        found = any_page.evaluate("(packed) => Array.from(tensorOf(packed).values)", packed(tensor, bits).to_dict())
        assert torch.equal(torch.tensor(found).view(7, 5), rounded(tensor, bits)), bits

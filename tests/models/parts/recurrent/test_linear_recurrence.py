"""h_t = a_t * h_{t-1} + b_t: every way of computing it against a loop in float64, and its gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from textrnn.models.parts.recurrent import linear_recurrence as module
from textrnn.models.parts.recurrent.linear_recurrence import linear_recurrence


def looped(decay: Tensor, update: Tensor, start: Tensor) -> Tensor:
    hidden, found = start.detach().double().numpy(), []
    for a, b in zip(decay.detach().double().numpy(), update.detach().double().numpy(), strict=True):
        hidden = a * hidden + b
        found.append(hidden)
    return torch.from_numpy(np.stack(found)) if found else update.detach().double()


def drawn(steps: int, rows: int, size: int, seed: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Decays between -1 and 1, some of them exactly -1, 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    decay = torch.rand(steps, rows, size, generator=generator, dtype=dtype) * 2 - 1
    kind = torch.randint(8, decay.shape, generator=generator)
    for value, of in ((-1.0, 0), (0.0, 1), (1.0, 2)):
        decay[kind == of] = value
    update = torch.randn(steps, rows, size, generator=generator, dtype=dtype)
    return [decay, update, torch.randn(rows, size, generator=generator, dtype=dtype)]


@settings(deadline=None, max_examples=60)
@given(steps=st.integers(0, 90), rows=st.integers(1, 4), size=st.sampled_from([1, 3, 200]), seed=st.integers(0, 10**6))
def test_values_and_gradients(steps: int, rows: int, size: int, seed: int) -> None:
    given_ = [part.requires_grad_() for part in drawn(steps, rows, size, seed)]
    found = linear_recurrence(*given_)
    torch.testing.assert_close(found, looped(*given_), atol=1e-10, rtol=1e-10)
    with torch.no_grad():
        torch.testing.assert_close(linear_recurrence(*given_), found)
    weights = torch.randn(found.shape, dtype=torch.float64)
    hidden, stepwise = given_[2], []
    for a, b in zip(given_[0], given_[1], strict=True):
        hidden = a * hidden + b
        stepwise.append(hidden)
    if stepwise:
        expected = torch.autograd.grad((torch.stack(stepwise) * weights).sum(), given_)
        got = torch.autograd.grad((found * weights).sum(), given_)
        for one, other in zip(got, expected, strict=True):
            torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-10)


@settings(deadline=None, max_examples=30)
@given(steps=st.integers(0, 90), rows=st.integers(1, 3), size=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_the_way_of_other_devices(steps: int, rows: int, size: int, seed: int) -> None:
    given_ = drawn(steps, rows, size, seed)
    torch.testing.assert_close(module._in_chunks(*given_), looped(*given_), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("shape", [(40, 2, 3), (5, 2, 3), (1, 1, 1), (33, 9, 64)])
def test_gradcheck(shape: tuple[int, int, int]) -> None:
    given_ = [part.requires_grad_() for part in drawn(*shape, seed=1)]
    assert torch.autograd.gradcheck(linear_recurrence, given_, fast_mode=True)


def test_half_precision_goes_through_torch() -> None:
    given_ = [part.requires_grad_() for part in drawn(50, 2, 3, seed=2, dtype=torch.float32)]
    expected = torch.autograd.grad(linear_recurrence(*given_).sum(), given_)
    halved = [part.detach().bfloat16().requires_grad_() for part in given_]
    found = linear_recurrence(*halved)
    assert found.dtype == torch.bfloat16
    for one, other in zip(torch.autograd.grad(found.sum(), halved), expected, strict=True):
        torch.testing.assert_close(one.float(), other, atol=0.3, rtol=0.1)


@pytest.mark.parametrize("size", [1, 300])
def test_two_thousand_steps_neither_overflow_nor_drift(size: int) -> None:
    """A running product of the decays would be zero after some 20 of these steps, and dividing by it NaN."""
    decay, update, start = drawn(2000, 2, size, seed=3, dtype=torch.float32)
    decay = torch.where(torch.rand(decay.shape) < 0.5, 1e-30 * decay, decay).requires_grad_()
    found = linear_recurrence(decay, update, start)
    torch.testing.assert_close(found.double(), looped(decay, update, start), atol=1e-4, rtol=1e-5)
    found.sum().backward()
    assert decay.grad is not None
    assert decay.grad.isfinite().all()

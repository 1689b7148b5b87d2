"""The one operation under all cells whose state is only scaled and added to: h_t = a_t * h_{t-1} + b_t, elementwise.

No logarithms: a may be zero, negative or one, and nothing is divided by a product of many. On a CPU the steps run in
NumPy, whose calls cost a third of torch's; where a step has few numbers, so that calls are all it costs, chunks of the
sequence run side by side and are joined afterwards, which takes some 2 sqrt(T) calls instead of T.

Shapes: T time, B batch, H hidden.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

MAX_NUMBERS_IN_CHUNKS = 512  # of a step; beyond, the chunks' products cost more than the calls that they save
MIN_STEPS_IN_CHUNKS = 32
MAX_CHUNK = 64  # steps; longer chunks no longer stay in the cache


def linear_recurrence(decay: Tensor, update: Tensor, start: Tensor) -> Tensor:
    """h_t = decay_t * h_{t-1} + update_t from h_0 = start.

    Args:
        decay, update: (T, B, H). Stable for decays between -1 and 1; greater ones grow as the equation says.
        start: (B, H).

    Returns:
        (T, B, H): h_1 to h_T, differentiable once, in all three arguments: with g_t the gradient that reaches h_t from
        outside, d_t = g_t + decay_{t+1} * d_{t+1} is that of update_t, and d_t * h_{t-1} that of decay_t.

    Source: Martin & Cundy 2018, section 2 (the recurrence and its gradient as a scan); Blelloch 1990 (chunks).
    """
    if not torch.is_grad_enabled():
        return _run(decay, update, start)
    found: Tensor = _LinearRecurrence.apply(decay, update, start)  # type: ignore[no-untyped-call]
    return found


class _LinearRecurrence(torch.autograd.Function):
    """With a backward of its own: the same recurrence from the last step to the first."""

    @staticmethod
    def forward(context: Any, decay: Tensor, update: Tensor, start: Tensor) -> Tensor:
        hiddens = _run(decay, update, start)
        context.save_for_backward(decay, hiddens, start)
        return hiddens

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        decay, hiddens, start = context.saved_tensors
        if len(decay) == 0:
            return torch.zeros_like(decay), gradient, torch.zeros_like(start)
        needs_decay, _, needs_start = context.needs_input_grad
        d_update = _run(decay, gradient, torch.zeros_like(start), backwards=True)
        d_decay = None
        if needs_decay:
            d_decay = torch.empty_like(d_update)
            torch.mul(d_update[0], start, out=d_decay[0])
            torch.mul(d_update[1:], hiddens[:-1], out=d_decay[1:])
        return d_decay, d_update, decay[0] * d_update[0] if needs_start else None


def _run(decay: Tensor, update: Tensor, start: Tensor, *, backwards: bool = False) -> Tensor:
    """The recurrence; `backwards`: d_t = update_t + decay_{t+1} * d_{t+1}, from the last step on, whose d is update_T.

    Without autograd.
    """
    if len(update) == 0:
        return update.detach().clone()
    parts = [part.detach() for part in (decay, update, start)]
    on_cpu = update.device.type == "cpu" and {part.dtype for part in parts} <= {torch.float32, torch.float64}
    if on_cpu:
        return torch.from_numpy(_in_numpy(*(part.numpy() for part in parts), backwards=backwards))
    decay, update, start = parts
    if backwards:
        found = _in_chunks(decay[1:].flip(0), update[:-1].flip(0), update[-1])
        return torch.cat([found.flip(0), update[-1:]])
    return _in_chunks(decay, update, start)


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def _in_numpy(decay: NDArray[Any], update: NDArray[Any], start: NDArray[Any], *, backwards: bool) -> NDArray[Any]:
    """Step by step, or chunk by chunk where a step is so small that a call costs more than its numbers."""
    found = np.empty(update.shape, update.dtype)
    a, b, h = decay, update, found
    if backwards:
        start = found[-1] = update[-1]
        a, b, h = decay[:0:-1], update[-2::-1], found[-2::-1]
        if len(update) == 1:
            return found
    if start.size <= MAX_NUMBERS_IN_CHUNKS and len(b) >= MIN_STEPS_IN_CHUNKS:
        _chunks_in_numpy(a, b, start, h)
        return found
    before = start
    for factor, share, after in zip(a, b, h, strict=True):
        np.multiply(factor, before, after)
        np.add(after, share, after)
        before = after
    return found


def _chunks_in_numpy(a: NDArray[Any], b: NDArray[Any], start: NDArray[Any], h: NDArray[Any]) -> None:
    """The same with chunks side by side, written to `h`: each from zero, then with its share of the state before it."""
    steps = _chunk_length(len(b))
    whole = len(b) // steps * steps
    shape = (whole // steps, steps, *start.shape)
    # What the state before a chunk counts at each of its steps, and what its own updates make of it.
    carried, own = (np.array(part[:whole], order="C").reshape(shape) for part in (a, b))
    room = np.empty((shape[0], *start.shape), b.dtype)
    for step in range(1, steps):
        factor = a[step:whole:steps]
        np.multiply(factor, carried[:, step - 1], carried[:, step])
        np.multiply(factor, own[:, step - 1], room)
        np.add(own[:, step], room, own[:, step])
    before = start
    for chunk in range(shape[0]):
        np.multiply(carried[chunk], before, carried[chunk])
        np.add(own[chunk], carried[chunk], own[chunk])
        before = own[chunk, -1]
    h[:whole] = own.reshape(whole, *start.shape)
    for step in range(whole, len(b)):
        np.multiply(a[step], before, h[step])
        np.add(h[step], b[step], h[step])
        before = h[step]


def _in_chunks(decay: Tensor, update: Tensor, start: Tensor) -> Tensor:
    """The same in torch, for every device and precision."""
    if len(update) == 0:
        return update.clone()
    steps = _chunk_length(len(update))
    missing = -len(update) % steps
    # Steps that keep the state as it is fill the last chunk.
    a = torch.cat([decay, decay.new_ones(missing, *start.shape)]).unflatten(0, (-1, steps))
    b = torch.cat([update, update.new_zeros(missing, *start.shape)]).unflatten(0, (-1, steps))
    carried, own = a.clone(), b.clone()
    for step in range(1, steps):
        torch.mul(a[:, step], carried[:, step - 1], out=carried[:, step])
        own[:, step].addcmul_(a[:, step], own[:, step - 1])
    before = start
    for own_part, carried_part in zip(own.unbind(), carried.unbind(), strict=True):
        before = own_part.addcmul_(carried_part, before)[-1]
    found: Tensor = own.flatten(0, 1)[: len(update)]
    return found


def _chunk_length(steps: int) -> int:
    """Near the square root, where loops over the steps of a chunk and over the chunks are equally long."""
    return max(1, min(MAX_CHUNK, math.isqrt(steps)))

"""Independently recurrent network: every unit sees only its own past."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textrnn.models.parts.recurrent.cell import RecurrentCell


class IndRNNState(NamedTuple):
    """`hidden` (B, H)."""

    hidden: Tensor


class IndRNN(RecurrentCell):
    """Independently recurrent network: h_t = relu(x_t W + u * h_{t-1} + b), u a number for each unit.

    Every |u| counts as at most 2 ^ (1 / `longest`), so that no state grows more than twofold by itself in `longest`
    steps.

    What it can do: with u near 1 add up and keep over thousands of steps, its gradient neither vanishing nor exploding.
    What it cannot: mix units within a layer, nor forget by what it reads: u is the same at every step, so that only a
    large negative input clears a unit, and no input alone can turn a sign, as parity needs.

    Source: Li et al. 2018, section 3 (the recurrence, and the bound on u, which there depends on T and on how large the
    gradient may become; here it is that of twofold growth, with one T for all sequences).
    """

    state_type = IndRNNState
    learnable_start = ("hidden",)

    def __init__(self, input_size: int, hidden_size: int, *, longest: int = 1000):
        super().__init__(input_size, hidden_size)
        self.largest = 2.0 ** (1 / longest)
        self._add_gates(("",), recurrent=False)
        self.recurrence = nn.Parameter(torch.empty(hidden_size).uniform_(0, 1))

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.recurrence.copy_(torch.exp(-1 / spans))

    def _bounded(self) -> Tensor:
        """u; the gradient passes the bound, so that a weight beyond it can come back."""
        u = self.recurrence
        return u + (u.clamp(-self.largest, self.largest) - u).detach()

    def step(self, inputs: Tensor, state: IndRNNState) -> tuple[Tensor, IndRNNState]:
        hidden = torch.relu(self._gate("", inputs) + self._bounded() * state.hidden)
        return hidden, IndRNNState(hidden)

    def forward(self, inputs: Tensor, state: IndRNNState | None = None) -> tuple[Tensor, IndRNNState]:
        state = state or self.initial_state(len(inputs))
        hiddens: Tensor = _Steps.apply(self._project(inputs), self._bounded(), state[0])  # type: ignore[no-untyped-call]
        return hiddens.transpose(0, 1), IndRNNState(hiddens[-1] if len(hiddens) else state[0])


class _Steps(torch.autograd.Function):
    """All steps in place, in NumPy on a CPU (its calls cost a third of torch's), with the gradients written out."""

    @staticmethod
    def forward(context: Any, from_inputs: Tensor, u: Tensor, start: Tensor) -> Tensor:
        x, factors, before = from_inputs.detach(), u.detach().expand_as(start).contiguous(), start.detach()
        hiddens = torch.empty_like(x, memory_format=torch.contiguous_format)
        if _suits_numpy(x, u, start):
            room = (x.numpy(), factors.numpy(), before.numpy(), hiddens.numpy())
            with np.errstate(over="ignore", invalid="ignore"):
                _forward_in_numpy(*room)
        else:
            for values, after in zip(x.unbind(), hiddens.unbind(), strict=True):
                torch.addcmul(values, factors, before, out=after).relu_()
                before = after
        context.save_for_backward(factors, start, hiddens)
        return hiddens

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        factors, start, hiddens = context.saved_tensors
        d_steps = (hiddens > 0).to(gradient.dtype)  # the slopes first, the gradients in their place
        d_hidden = torch.zeros_like(factors)
        if _suits_numpy(gradient, factors, start):
            with np.errstate(over="ignore", invalid="ignore"):
                _backward_in_numpy(gradient.numpy(), factors.numpy(), d_steps.numpy(), d_hidden.numpy())
        else:
            for from_outside, d_step in zip(gradient.flip(0).unbind(), d_steps.flip(0).unbind(), strict=True):
                d_step.mul_(d_hidden.add_(from_outside))
                torch.mul(d_step, factors, out=d_hidden)
        before = torch.cat([start[None], hiddens])[:-1]
        return d_steps, (d_steps * before).sum(dim=(0, 1)), d_hidden


def _suits_numpy(*tensors: Tensor) -> bool:
    return all(t.device.type == "cpu" and t.dtype in (torch.float32, torch.float64) for t in tensors)


def _forward_in_numpy(x: Any, factors: Any, before: Any, hiddens: Any) -> None:
    for values, after in zip(x, hiddens, strict=True):
        np.multiply(factors, before, after)
        np.add(after, values, after)
        np.maximum(after, 0, out=after)
        before = after


def _backward_in_numpy(gradient: Any, factors: Any, d_steps: Any, d_hidden: Any) -> None:
    for from_outside, d_step in zip(gradient[::-1], d_steps[::-1], strict=True):
        np.add(d_hidden, from_outside, d_hidden)
        np.multiply(d_step, d_hidden, d_step)
        np.multiply(d_step, factors, d_hidden)

"""Minimal gated recurrent unit: a GRU whose gate and candidate see the input alone."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.linear_recurrence import linear_recurrence


class MinGRUState(NamedTuple):
    """`hidden` (B, H)."""

    hidden: Tensor


class MinGRU(RecurrentCell):
    """Minimal gated recurrent unit::

        z_t = sigmoid(x_t W_z + b_z)
        c_t = x_t W_h + b_h
        h_t = (1 - z_t) * h_{t-1} + z_t * c_t

    The state is only scaled and added to, so all steps are one linear recurrence.

    What it can do: keep a value for as long as its gate stays closed, and choose by the input alone what to take in.
    What it cannot: let what it remembers decide what it does next (within one layer the gate does not see the state; a
    second layer sees the first). Its decay lies between 0 and 1, and a state that never changes sign cannot count
    modulo two: no parity, at any length beyond those trained on.

    Source: Feng et al. 2024, Were RNNs All We Needed?, section 3 (without the positive candidate of its version in
    logarithms, which only those need); Grazzi et al. 2025, theorem 1 (parity).
    """

    state_type = MinGRUState
    learnable_start = ("hidden",)

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self._add_gates(("_z", "_h"), recurrent=False)

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.get_parameter("b_z").copy_(-spans.log())

    def step(self, inputs: Tensor, state: MinGRUState) -> tuple[Tensor, MinGRUState]:
        update = torch.sigmoid(self._gate("_z", inputs))
        candidate = self._gate("_h", inputs)
        hidden = (1 - update) * state.hidden + update * candidate
        return hidden, MinGRUState(hidden)

    def forward(self, inputs: Tensor, state: MinGRUState | None = None) -> tuple[Tensor, MinGRUState]:
        state = state or self.initial_state(len(inputs))
        to_update, candidate = self._project(inputs).chunk(2, dim=2)
        update = torch.sigmoid(to_update)
        hiddens = linear_recurrence(1 - update, update * candidate, state[0])
        return hiddens.transpose(0, 1), MinGRUState(hiddens[-1] if len(hiddens) else state[0])

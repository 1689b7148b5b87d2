"""Gated recurrent unit, in PyTorch's form."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from textrnn.models.parts.recurrent.cell import RecurrentCell


class GRUState(NamedTuple):
    """`hidden` (B, H)."""

    hidden: Tensor


class GRU(RecurrentCell):
    """Gated recurrent unit::

        r_t = sigmoid(x_t W_r + h_{t-1} U_r + b_r),  z_t = sigmoid(x_t W_z + h_{t-1} U_z + b_z)
        n_t = tanh(x_t W_n + b_n + r_t * (h_{t-1} U_n + b_s))
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}

    ``b_s`` is the bias within the reset gate's reach, which PyTorch and cuDNN have, too.

    What it can do: whatever a finite automaton can, its gates seeing the state: parity, modular sums, Dyck words of
    bounded depth. What it cannot: count without bound, as the LSTM can, for its state is an average between -1 and 1
    (Weiss et al. 2018); and recall many pairs from one vector.

    Source: Cho et al. 2014, section 2.3, with the reset gate after the product as in the preprint's first version; the
    published one has it before the product, and no biases.
    """

    state_type = GRUState
    learnable_start = ("hidden",)

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self._add_gates(("_r", "_z", "_n"), recurrent=True)
        self.register_parameter("b_s", self._drawn(1, hidden_size))

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.get_parameter("b_z").copy_(spans.log())

    def step(self, inputs: Tensor, state: GRUState) -> tuple[Tensor, GRUState]:
        hidden = state[0]
        reset, update = (torch.sigmoid(self._gate(gate, inputs, hidden)) for gate in ("_r", "_z"))
        recurrent = hidden @ self.get_parameter("U_n") + self.get_parameter("b_s")
        candidate = torch.tanh(self._gate("_n", inputs) + reset * recurrent)
        hidden = (1 - update) * candidate + update * hidden
        return hidden, GRUState(hidden)

    def forward(self, inputs: Tensor, state: GRUState | None = None) -> tuple[Tensor, GRUState]:
        """By PyTorch's own kernel, with the gates' weights side by side."""
        state = state or self.initial_state(len(inputs))
        if inputs.shape[1] == 0:
            return inputs.new_empty(len(inputs), 0, self.hidden_size), state
        of_state = torch.cat(
            [torch.zeros_like(self._side_by_side("b")[0, self.hidden_size :]), self.get_parameter("b_s")[0]]
        )
        weights = [self._side_by_side("W").t(), self._side_by_side("U").t(), self._side_by_side("b")[0], of_state]
        start = state[0].contiguous()[None]
        outputs, hidden = torch.gru(inputs, start, weights, True, 1, 0.0, self.training, False, True)
        return outputs, GRUState(hidden[0])

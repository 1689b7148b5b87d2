"""Minimal long short-term memory: an LSTM whose gates see the input alone and share one between them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.linear_recurrence import linear_recurrence


class MinLSTMState(NamedTuple):
    """`hidden` (B, H)."""

    hidden: Tensor


class MinLSTM(RecurrentCell):
    """Minimal long short-term memory::

        f_t = sigmoid(x_t W_f + b_f),  i_t = sigmoid(x_t W_i + b_i)
        c_t = x_t W_h + b_h
        h_t = f_t / (f_t + i_t) * h_{t-1} + i_t / (f_t + i_t) * c_t

    The quotient is computed as sigmoid(log f_t - log i_t), which two closed gates do not turn into 0 / 0.

    What it can and cannot do is what :class:`~textrnn.models.parts.recurrent.min_gru.MinGRU` can and cannot: the two
    gates together are one number between 0 and 1. Unlike the LSTM's its state is an average, so it cannot count.

    Source: Feng et al. 2024, Were RNNs All We Needed?, section 3: the form whose two gates are divided by their sum, so
    that the size of the state does not depend on the length (without the positive candidate, as in
    :class:`~textrnn.models.parts.recurrent.min_gru.MinGRU`).
    """

    state_type = MinLSTMState
    learnable_start = ("hidden",)

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self._add_gates(("_f", "_i", "_h"), recurrent=False)

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.get_parameter("b_f").copy_(spans.log())
        if shut:
            self.get_parameter("b_i").copy_(-spans.log())

    @staticmethod
    def _forget(to_forget: Tensor, to_input: Tensor) -> Tensor:
        """f / (f + i)."""
        return torch.sigmoid(functional.softplus(-to_input) - functional.softplus(-to_forget))

    def step(self, inputs: Tensor, state: MinLSTMState) -> tuple[Tensor, MinLSTMState]:
        forget = self._forget(self._gate("_f", inputs), self._gate("_i", inputs))
        hidden = forget * state.hidden + (1 - forget) * self._gate("_h", inputs)
        return hidden, MinLSTMState(hidden)

    def forward(self, inputs: Tensor, state: MinLSTMState | None = None) -> tuple[Tensor, MinLSTMState]:
        state = state or self.initial_state(len(inputs))
        to_forget, to_input, candidate = self._project(inputs).chunk(3, dim=2)
        forget = self._forget(to_forget, to_input)
        hiddens = linear_recurrence(forget, (1 - forget) * candidate, state[0])
        return hiddens.transpose(0, 1), MinLSTMState(hiddens[-1] if len(hiddens) else state[0])

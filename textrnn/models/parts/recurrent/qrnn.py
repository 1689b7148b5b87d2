"""Quasi-recurrent network: gates from a convolution over the inputs, and a recurrence without weights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.linear_recurrence import linear_recurrence


class QRNNState(NamedTuple):
    """`cell` (B, H); `previous` (B, width - 1, E): the inputs that the next step's convolution still sees."""

    cell: Tensor
    previous: Tensor


class QRNN(RecurrentCell):
    """Quasi-recurrent network with fo-pooling, over windows of `width` inputs ending at x_t::

        z_t = tanh([x_{t-1} x_t] W_z + b_z)
        f_t = sigmoid([x_{t-1} x_t] W_f + b_f),  o_t = sigmoid([x_{t-1} x_t] W_o + b_o)
        c_t = f_t * c_{t-1} + (1 - f_t) * z_t
        h_t = o_t * c_t

    What it can do: remember as long as a forget gate stays open, and tell pairs of neighbours apart in one layer, which
    minGRU cannot. What it cannot: let the state decide on the gates; no parity beyond the lengths trained on, since a
    decay between 0 and 1 never changes a sign.

    Source: Bradbury et al. 2017 (Quasi-Recurrent Neural Networks; preprint 2016), section 2: the masked convolution and
    fo-pooling. What differs: biases.
    """

    state_type = QRNNState
    learnable_start = ("cell",)

    def __init__(self, input_size: int, hidden_size: int, *, width: int = 2):
        super().__init__(input_size, hidden_size)
        self.width = width
        self._add_gates(("_z", "_f", "_o"), recurrent=False, inputs=width * input_size)

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.hidden_size,), (self.width - 1, self.input_size)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.get_parameter("b_f").copy_(spans.log())

    def step(self, inputs: Tensor, state: QRNNState) -> tuple[Tensor, QRNNState]:
        window = torch.cat([state.previous, inputs[:, None]], dim=1)
        seen = window.flatten(1)
        candidate = torch.tanh(self._gate("_z", seen))
        forget, output = torch.sigmoid(self._gate("_f", seen)), torch.sigmoid(self._gate("_o", seen))
        cell = forget * state.cell + (1 - forget) * candidate
        return output * cell, QRNNState(cell, window[:, 1:])

    def forward(self, inputs: Tensor, state: QRNNState | None = None) -> tuple[Tensor, QRNNState]:
        state = state or self.initial_state(len(inputs))
        cell, previous = state
        values = torch.cat([previous, inputs], dim=1)
        windows = torch.cat([values[:, at : at + inputs.shape[1]] for at in range(self.width)], dim=2)
        to_candidate, to_forget, to_output = self._project(windows).chunk(3, dim=2)
        forget = torch.sigmoid(to_forget)
        cells = linear_recurrence(forget, (1 - forget) * torch.tanh(to_candidate), cell)
        outputs = torch.sigmoid(to_output) * cells
        after = QRNNState(cells[-1] if len(cells) else cell, values[:, inputs.shape[1] :])
        return outputs.transpose(0, 1), after

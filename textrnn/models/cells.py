"""The recurrent cells written out, step by step, as the equations have them.

One matrix product serves the inputs of all steps; what is left for each step is the recurrent product and the gates.

Shapes: T time, B batch, E input size, H hidden.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.models.recurrent_layers import LayerState, RecurrentLayer


class WrittenLSTM(RecurrentLayer):
    """Long short-term memory: input, forget, cell and output gate, in PyTorch's order.

    i, f, o = sigmoid(...), g = tanh(...); c_t = f * c_{t-1} + i * g; h_t = o * tanh(c_t).

    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000 (forget gate).
    """

    gate_count, state_count = 4, 2

    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        weight_ih, weight_hh, bias_ih, bias_hh = self._weights(inputs.dtype)
        from_inputs = functional.linear(inputs, weight_ih, bias_ih + bias_hh)  # (T, B, 4H)
        hidden, cell = (part.to(inputs.dtype) for part in state)
        outputs = []
        for from_input in from_inputs:
            gates = torch.addmm(from_input, hidden, weight_hh.t())
            to_input, to_forget, candidate, to_output = gates.chunk(4, dim=1)
            cell = to_forget.sigmoid() * cell + to_input.sigmoid() * candidate.tanh()
            hidden = to_output.sigmoid() * cell.tanh()
            outputs.append(hidden)
        return torch.stack(outputs), (hidden, cell)


class WrittenGRU(RecurrentLayer):
    """Gated recurrent unit: reset and update gate and candidate, in PyTorch's order.

    The reset gate works on the recurrent product, not on the state before it, as in PyTorch and cuDNN.

    Source: Cho et al. 2014, with the reset gate as in its first version (v1 of the preprint).
    """

    gate_count = 3

    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        weight_ih, weight_hh, bias_ih, bias_hh = self._weights(inputs.dtype)
        from_inputs = functional.linear(inputs, weight_ih, bias_ih)  # (T, B, 3H)
        hidden = state[0].to(inputs.dtype)
        outputs = []
        for from_input in from_inputs:
            from_hidden = torch.addmm(bias_hh, hidden, weight_hh.t())
            to_reset, to_update, candidate = from_input.chunk(3, dim=1)
            hidden_reset, hidden_update, hidden_candidate = from_hidden.chunk(3, dim=1)
            reset = (to_reset + hidden_reset).sigmoid()
            update = (to_update + hidden_update).sigmoid()
            hidden = torch.lerp((candidate + reset * hidden_candidate).tanh(), hidden, update)
            outputs.append(hidden)
        return torch.stack(outputs), (hidden,)


class WrittenRNN(RecurrentLayer):
    """Simple recurrent network: h_t = tanh(W x_t + U h_{t-1} + b). Source: Elman 1990."""

    gate_count = 1

    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        weight_ih, weight_hh, bias_ih, bias_hh = self._weights(inputs.dtype)
        from_inputs = functional.linear(inputs, weight_ih, bias_ih + bias_hh)  # (T, B, H)
        hidden = state[0].to(inputs.dtype)
        outputs = []
        for from_input in from_inputs:
            hidden = torch.addmm(from_input, hidden, weight_hh.t()).tanh()
            outputs.append(hidden)
        return torch.stack(outputs), (hidden,)

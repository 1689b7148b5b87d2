"""The recurrent cells written out, step by step, as the equations have them, every gate to be seen.

One matrix product serves the inputs of all steps; a step is then one product with the hidden state and the gates. Of
the LSTM and the simple network, steps work in place in arrays that were laid out beforehand, and the gradients are
written out as well: a tape of some eight operations a step, which autograd would keep, costs more than the arithmetic.

Shapes: T time, B batch, E input size, H hidden.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from textrnn.models.recurrent_layers import LayerState, RecurrentLayer


class LSTMRecord(NamedTuple):
    """What an LSTM did at every step, (T, B, H) each. Gates are between 0 and 1, the candidate between -1 and 1."""

    input_gate: Tensor
    forget_gate: Tensor
    candidate: Tensor
    output_gate: Tensor
    cell: Tensor
    hidden: Tensor


class _LSTMSteps(torch.autograd.Function):
    """All steps of an LSTM from the projected inputs.

    i, f, o = sigmoid(...), g = tanh(...); c_t = f * c_{t-1} + i * g; h_t = o * tanh(c_t). The columns of the gates
    stand in PyTorch's order i, f, g, o.
    """

    @staticmethod
    def forward(
        context: Any, from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        steps, rows, width = from_inputs.shape
        size = width // 4
        gates = torch.empty_like(from_inputs)
        hiddens = from_inputs.new_empty(steps + 1, rows, size)
        cells = torch.empty_like(hiddens)
        hiddens[0], cells[0] = hidden, cell
        tanh_cells = from_inputs.new_empty(steps, rows, size)
        recurrent = weight_hh.t()
        views = zip(
            from_inputs.unbind(),
            gates.unbind(),
            gates[:, :, : 2 * size].unbind(),
            gates[:, :, :size].unbind(),
            gates[:, :, size : 2 * size].unbind(),
            gates[:, :, 2 * size : 3 * size].unbind(),
            gates[:, :, 3 * size :].unbind(),
            hiddens[:-1].unbind(),
            hiddens[1:].unbind(),
            cells[:-1].unbind(),
            cells[1:].unbind(),
            tanh_cells.unbind(),
            strict=True,
        )
        for x, all_gates, i_and_f, i, f, g, o, h, h_next, c, c_next, squashed in views:
            torch.addmm(x, h, recurrent, out=all_gates)
            i_and_f.sigmoid_()
            g.tanh_()
            o.sigmoid_()
            torch.mul(f, c, out=c_next).addcmul_(i, g)
            torch.tanh(c_next, out=squashed)
            torch.mul(o, squashed, out=h_next)
        context.save_for_backward(weight_hh, gates, hiddens, cells, tanh_cells)
        context.mark_non_differentiable(gates)
        return hiddens[1:], cells[1:], gates

    @staticmethod
    @once_differentiable
    def backward(
        context: Any, from_hiddens: Tensor, from_cells: Tensor, _: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        weight_hh, gates, hiddens, cells, tanh_cells = context.saved_tensors
        steps, rows, size = tanh_cells.shape
        i, f, g, o = gates.split(size, dim=2)
        # What does not depend on the step after is worked out for all steps at once.
        to_cell = o * (1 - tanh_cells * tanh_cells)  # dh/dc
        to_gates = torch.empty_like(gates)
        torch.mul(g * i, 1 - i, out=to_gates[:, :, :size])  # dc/d(pre-activation), gate by gate
        torch.mul(cells[:-1] * f, 1 - f, out=to_gates[:, :, size : 2 * size])
        torch.mul(i, 1 - g * g, out=to_gates[:, :, 2 * size : 3 * size])
        torch.mul(tanh_cells * o, 1 - o, out=to_gates[:, :, 3 * size :])  # dh/d(pre-activation)
        d_gates = torch.empty_like(gates)
        d_hidden, d_cell = torch.zeros_like(hiddens[0]), torch.zeros_like(cells[0])
        by_cell = d_gates[:, :, : 3 * size].view(steps, rows, 3, size)
        cell_part = to_gates[:, :, : 3 * size].view(steps, rows, 3, size)
        views = zip(
            from_hiddens.unbind(),
            from_cells.unbind(),
            to_cell.unbind(),
            cell_part.unbind(),
            to_gates[:, :, 3 * size :].unbind(),
            by_cell.unbind(),
            d_gates[:, :, 3 * size :].unbind(),
            d_gates.unbind(),
            f.unbind(),
            strict=True,
        )
        for d_h, d_c, h_to_c, c_to_gates, h_to_o, d_by_cell, d_o, d_step, forget in reversed(list(views)):
            d_hidden = d_hidden.add_(d_h)
            d_cell.add_(d_c).addcmul_(d_hidden, h_to_c)
            torch.mul(d_cell[:, None], c_to_gates, out=d_by_cell)
            torch.mul(d_hidden, h_to_o, out=d_o)
            d_hidden = d_step @ weight_hh
            d_cell.mul_(forget)
        d_weight = d_gates.view(-1, 4 * size).t() @ hiddens[:-1].reshape(-1, size)
        return d_gates, d_weight, d_hidden, d_cell


class _SRNSteps(torch.autograd.Function):
    """All steps of a simple recurrent network from the projected inputs; `residual` adds the state before to each."""

    @staticmethod
    def forward(context: Any, from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, residual: bool) -> Tensor:
        steps, rows, size = from_inputs.shape
        hiddens = from_inputs.new_empty(steps + 1, rows, size)
        hiddens[0] = hidden
        squashed = from_inputs.new_empty(steps, rows, size)
        recurrent = weight_hh.t()
        views = zip(from_inputs.unbind(), hiddens[:-1].unbind(), hiddens[1:].unbind(), squashed.unbind(), strict=True)
        for x, h, h_next, activation in views:
            torch.addmm(x, h, recurrent, out=activation).tanh_()
            if residual:
                torch.add(h, activation, out=h_next)
            else:
                h_next.copy_(activation)
        context.save_for_backward(weight_hh, hiddens, squashed)
        context.residual = residual
        return hiddens[1:]

    @staticmethod
    @once_differentiable
    def backward(context: Any, from_hiddens: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        weight_hh, hiddens, squashed = context.saved_tensors
        slopes = 1 - squashed * squashed
        d_steps = torch.empty_like(slopes)
        d_hidden = torch.zeros_like(hiddens[0])
        views = zip(from_hiddens.unbind(), slopes.unbind(), d_steps.unbind(), strict=True)
        for d_h, slope, d_step in reversed(list(views)):
            d_hidden = d_hidden + d_h
            torch.mul(d_hidden, slope, out=d_step)
            d_hidden = torch.addmm(d_hidden, d_step, weight_hh) if context.residual else d_step @ weight_hh
        size = hiddens.shape[2]
        d_weight = d_steps.view(-1, size).t() @ hiddens[:-1].reshape(-1, size)
        return d_steps, d_weight, d_hidden, None


def lstm_steps(from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, cell: Tensor) -> LSTMRecord:
    """All steps of an LSTM, everything recorded.

    Args:
        from_inputs: (T, B, 4H): inputs times their weights, biases added, gates in PyTorch's order i, f, g, o.
        weight_hh: (4H, H).
        hidden, cell: (B, H): the state before.

    Returns:
        The record; gradients flow through `hidden` and `cell`, the gates are there to be looked at.

    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000 (forget gate).
    """
    hiddens, cells, gates = _LSTMSteps.apply(from_inputs, weight_hh, hidden, cell)  # type: ignore[no-untyped-call]
    input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=2)
    return LSTMRecord(input_gate, forget_gate, candidate, output_gate, cells, hiddens)


def srn_steps(from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, *, residual: bool = False) -> Tensor:
    """All steps of a simple recurrent network: (T, B, H) -> (T, B, H).

    h_t = tanh(x_t + U h_{t-1}), x_t being the input times its weights with the bias; with `residual`,
    h_t = h_{t-1} + tanh(x_t + U h_{t-1}).

    Source: Elman 1990; the residual form as in Qiu, Neural Networks and Deep Learning, equation 6.49.
    """
    found: Tensor = _SRNSteps.apply(from_inputs, weight_hh, hidden, residual)  # type: ignore[no-untyped-call]
    return found


class WrittenLSTM(RecurrentLayer):
    """Long short-term memory: input, forget, cell and output gate, in PyTorch's order; see :func:`lstm_steps`."""

    gate_count, state_count = 4, 2

    def record(self, inputs: Tensor, state: LayerState) -> LSTMRecord:
        """(T, B, E) and (B, H) each -> every gate of every step."""
        weight_ih, weight_hh, bias_ih, bias_hh = self._weights(inputs.dtype)
        hidden, cell = (part.to(inputs.dtype) for part in state)
        return lstm_steps(functional.linear(inputs, weight_ih, bias_ih + bias_hh), weight_hh, hidden, cell)

    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        record = self.record(inputs, state)
        return record.hidden, (record.hidden[-1], record.cell[-1])


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
    """Simple recurrent network: h_t = tanh(W x_t + U h_{t-1} + b); see :func:`srn_steps`."""

    gate_count = 1

    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        weight_ih, weight_hh, bias_ih, bias_hh = self._weights(inputs.dtype)
        from_inputs = functional.linear(inputs, weight_ih, bias_ih + bias_hh)  # (T, B, H)
        outputs = srn_steps(from_inputs, weight_hh, state[0].to(inputs.dtype))
        return outputs, (outputs[-1],)

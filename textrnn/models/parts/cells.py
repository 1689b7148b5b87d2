"""The recurrent cells written out, step by step, as in the equations, with every gate recorded.

One matrix product serves the inputs of all steps; a step is then one product with the hidden state and the gates. Of
the LSTM and the simple network, steps work in place in arrays that were laid out beforehand, and the gradients are
written out as well (``steps_numpy.py`` and ``steps_torch.py`` beside this file): autograd's tape of some
eight operations a step would cost more than the arithmetic.

Shapes: T time, B batch, E input size, H hidden.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from textrnn.models.parts import steps_numpy, steps_torch
from textrnn.models.parts.recurrent_layers import LayerState, RecurrentLayer

MAX_NUMPY_MULTIPLICATIONS = 1 << 22  # a step; beyond that, the products take the time and not the calls


class SRNRecord(NamedTuple):
    """What a simple recurrent network did.

    Attributes:
        hidden: (T, B, H): the state after every step
        last_hidden: (B, H): after the last one; a loss on nothing else should use this one, whose gradient comes
            without zeros for all other steps
    """

    hidden: Tensor
    last_hidden: Tensor


class LSTMRecord(NamedTuple):
    """What an LSTM did at every step, (T, B, H) each. Gates are between 0 and 1, the candidate between -1 and 1.

    `last_hidden` is that of :class:`SRNRecord`.
    """

    input_gate: Tensor
    forget_gate: Tensor
    candidate: Tensor
    output_gate: Tensor
    cell: Tensor
    hidden: Tensor
    last_hidden: Tensor


def _kernels(values: Tensor, weight: Tensor) -> ModuleType:
    """The module that computes steps over values (T, B, ...) with such a matrix."""
    suited = values.device.type == "cpu" and values.dtype in (torch.float32, torch.float64)
    return steps_numpy if suited and values.shape[1] * weight.numel() <= MAX_NUMPY_MULTIPLICATIONS else steps_torch


class _Projection(torch.autograd.Function):
    """The inputs' share of all gates at all steps."""

    @staticmethod
    def forward(context: Any, inputs: Tensor, weight_ih: Tensor, bias: Tensor) -> Tensor:
        context.save_for_backward(inputs, weight_ih)
        found: Tensor = _kernels(inputs, weight_ih).project(inputs, weight_ih, bias)
        return found

    @staticmethod
    @once_differentiable
    def backward(context: Any, d_projected: Tensor) -> tuple[Tensor | None, ...]:
        needs_inputs = context.needs_input_grad[0]
        return tuple(
            _kernels(d_projected, context.saved_tensors[1]).project_backward(
                *context.saved_tensors, d_projected, needs_inputs=needs_inputs
            )
        )


class _LSTMSteps(torch.autograd.Function):
    """All steps of an LSTM from the projected inputs."""

    @staticmethod
    def forward(
        context: Any, from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, ...]:
        found = _kernels(from_inputs, weight_hh).lstm_forward(from_inputs, weight_hh, hidden, cell)
        *gates, hiddens, cells, _ = found
        context.save_for_backward(weight_hh, *found)
        context.mark_non_differentiable(*gates)
        context.set_materialize_grads(False)  # the gradient of an unused output is None, not zeros
        return (*gates, cells[1:], hiddens[1:], hiddens[-1].clone())

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor | None) -> tuple[Tensor, ...]:
        saved = context.saved_tensors
        from_cells, from_hiddens, from_last = gradients[-3:]
        return tuple(_kernels(saved[1], saved[0]).lstm_backward(*saved, from_hiddens, from_cells, from_last))


class _SRNSteps(torch.autograd.Function):
    """All steps of a simple recurrent network from the projected inputs; `residual` adds the state before to each."""

    @staticmethod
    def forward(
        context: Any, from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, residual: bool
    ) -> tuple[Tensor, Tensor]:
        hiddens, squashed = _kernels(from_inputs, weight_hh).srn_forward(
            from_inputs, weight_hh, hidden, residual=residual
        )
        context.save_for_backward(weight_hh, hiddens, squashed)
        context.set_materialize_grads(False)
        context.residual = residual
        return hiddens[1:], hiddens[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(context: Any, from_hiddens: Tensor | None, from_last: Tensor | None) -> tuple[Tensor | None, ...]:
        saved = context.saved_tensors
        found = _kernels(saved[1], saved[0]).srn_backward(*saved, from_hiddens, from_last, residual=context.residual)
        return (*found, None)


def project(inputs: Tensor, weight_ih: Tensor, bias: Tensor) -> Tensor:
    """The inputs' share of all gates at all steps, in one product: (T, B, E), (G, E), (G,) -> (T, B, G)."""
    found: Tensor
    if not torch.is_grad_enabled():  # without autograd, which would cost as much as a few steps
        found = _kernels(inputs, weight_ih).project(inputs, weight_ih, bias)
    else:
        found = _Projection.apply(inputs, weight_ih, bias)  # type: ignore[no-untyped-call]
    return found


def lstm_steps(from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, cell: Tensor) -> LSTMRecord:
    """All steps of an LSTM, everything recorded.

    Args:
        from_inputs: (T, B, 4H): inputs times their weights, biases added, gates in PyTorch's order i, f, g, o.
        weight_hh: (4H, H).
        hidden, cell: (B, H): the state before.

    Returns:
        The record; gradients flow through the hidden states and the cells, the gates are for inspection.

    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000 (forget gate).
    """
    if not torch.is_grad_enabled():
        found = _kernels(from_inputs, weight_hh).lstm_forward(from_inputs, weight_hh, hidden, cell)
        i, f, g, o, hiddens, cells, _ = found
        return LSTMRecord(i, f, g, o, cells[1:], hiddens[1:], hiddens[-1])
    return LSTMRecord(*_LSTMSteps.apply(from_inputs, weight_hh, hidden, cell))  # type: ignore[no-untyped-call]


def srn_steps(from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, *, residual: bool = False) -> SRNRecord:
    """All steps of a simple recurrent network: (T, B, H) -> (T, B, H).

    h_t = tanh(x_t + U h_{t-1}), x_t being the input times its weights with the bias; with `residual`,
    h_t = h_{t-1} + tanh(x_t + U h_{t-1}).

    Source: Elman 1990; the residual form as in Qiu, Neural Networks and Deep Learning, equation 6.49.
    """
    if not torch.is_grad_enabled():
        hiddens, _ = _kernels(from_inputs, weight_hh).srn_forward(from_inputs, weight_hh, hidden, residual=residual)
        return SRNRecord(hiddens[1:], hiddens[-1])
    return SRNRecord(*_SRNSteps.apply(from_inputs, weight_hh, hidden, residual))  # type: ignore[no-untyped-call]


class WrittenLSTM(RecurrentLayer):
    """Long short-term memory: input, forget, cell and output gate, in PyTorch's order; see :func:`lstm_steps`."""

    gate_count, state_count = 4, 2

    def record(self, inputs: Tensor, state: LayerState) -> LSTMRecord:
        """(T, B, E) and (B, H) each -> every gate of every step."""
        weight_ih, weight_hh, bias_ih, bias_hh = self._weights(inputs.dtype)
        hidden, cell = (part.to(inputs.dtype) for part in state)
        return lstm_steps(project(inputs, weight_ih, bias_ih + bias_hh), weight_hh, hidden, cell)

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
        from_inputs = project(inputs, weight_ih, bias_ih + bias_hh)  # (T, B, H)
        outputs = srn_steps(from_inputs, weight_hh, state[0].to(inputs.dtype)).hidden
        return outputs, (outputs[-1],)

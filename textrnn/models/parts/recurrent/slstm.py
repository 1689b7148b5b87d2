"""Scalar LSTM of xLSTM: exponential gates, a normaliser, and a state that keeps both from overflowing."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from textrnn.models.parts.recurrent.cell import RecurrentCell

NOTHING_YET = -1e30  # the stabiliser before the first step: whatever comes is larger


class SLSTMState(NamedTuple):
    """(B, H) each: `hidden`, `cell`, `normaliser`, `stabiliser`.

    Cell and normaliser are kept divided by exp(stabiliser); their quotient, which is what is read, does not notice.
    """

    hidden: Tensor
    cell: Tensor
    normaliser: Tensor
    stabiliser: Tensor


class SLSTM(RecurrentCell):
    """Scalar LSTM with exponential input gates and memory mixing::

        z_t = tanh(x_t W_z + h_{t-1} U_z + b_z),  o_t = sigmoid(x_t W_o + h_{t-1} U_o + b_o)
        i_t = exp(x_t W_i + h_{t-1} U_i + b_i),   f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)
        c_t = f_t * c_{t-1} + i_t * z_t
        n_t = f_t * n_{t-1} + i_t
        h_t = o_t * c_t / n_t

    and against overflow, m_t = max(log f_t + m_{t-1}, log i_t), i_t and f_t being replaced by exp(log i_t - m_t) and
    exp(log f_t + m_{t-1} - m_t). All units of a layer mix (one head).

    What it can do: all that an LSTM can by its gates, which see the state: parity, modular sums, regular languages; and
    overwrite what it holds with a single step, the new input gate outweighing all that came before. What it cannot: be
    computed in parallel over time (the gates need the state), recall many pairs from its vectors, or count without
    bound: what is read is an average.

    Source: Beck et al. 2024 (xLSTM), equations 8 to 17, the forget gate being a sigmoid, one of the two there, with
    matrices in the place of the scalar r, as under New Memory Mixing there. What differs: one head; without the
    convolution before the gates and the normalisation after the cell of the paper's block.
    """

    state_type = SLSTMState
    learnable_start = ("hidden",)

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self._add_gates(("_i", "_f", "_z", "_o"), recurrent=True)

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 4

    def initial_state(self, batch_size: int) -> SLSTMState:
        state: SLSTMState = super().initial_state(batch_size)
        return state._replace(stabiliser=torch.full_like(state.stabiliser, NOTHING_YET))

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.get_parameter("b_f").copy_(spans.log())

    def step(self, inputs: Tensor, state: SLSTMState) -> tuple[Tensor, SLSTMState]:
        hidden, cell, normaliser, stabiliser = state
        log_input, to_forget, to_candidate, to_output = (self._gate(gate, inputs, hidden) for gate in self.gates)
        log_forget = functional.logsigmoid(to_forget) + stabiliser
        # No gradient: the quotient is the same whatever both are divided by.
        stabiliser = torch.maximum(log_forget, log_input).detach()
        forget, write = torch.exp(log_forget - stabiliser), torch.exp(log_input - stabiliser)
        cell = forget * cell + write * torch.tanh(to_candidate)
        normaliser = forget * normaliser + write
        hidden = torch.sigmoid(to_output) * cell / normaliser
        return hidden, SLSTMState(hidden, cell, normaliser, stabiliser)

    def forward(self, inputs: Tensor, state: SLSTMState | None = None) -> tuple[Tensor, SLSTMState]:
        """In place, with the gradients written out: autograd's tape would cost more than the arithmetic."""
        state = state or self.initial_state(len(inputs))
        if inputs.shape[1] == 0:
            return inputs.new_empty(len(inputs), 0, self.hidden_size), SLSTMState(*state)
        recurrent = self._side_by_side("U").t()
        hiddens, *after = _Steps.apply(self._project(inputs), recurrent, *state)  # type: ignore[no-untyped-call]
        return hiddens.transpose(0, 1), SLSTMState(hiddens[-1], *after)


class _Steps(torch.autograd.Function):
    """All steps from the projected inputs (T, B, 4H)."""

    @staticmethod
    def forward(
        context: Any, from_inputs: Tensor, weight: Tensor, hidden: Tensor, cell: Tensor, norm: Tensor, top: Tensor
    ) -> tuple[Tensor, ...]:
        steps, rows, width = from_inputs.shape
        size = width // 4
        gates = torch.empty_like(from_inputs, memory_format=torch.contiguous_format)
        write, forget, candidate, output = gates.split(size, dim=2)  # (T, B, H) each
        hiddens, cells, norms = (from_inputs.new_empty(steps + 1, rows, size) for _ in range(3))
        hiddens[0], cells[0], norms[0] = hidden, cell, norm
        open_forget = from_inputs.new_empty(steps, rows, size)  # 1 - sigmoid, the slope of log sigmoid
        recurrent, ratio = weight.t(), from_inputs.new_empty(rows, size)
        views = zip(
            from_inputs.unbind(), gates.unbind(), write.unbind(), forget.unbind(), candidate.unbind(), output.unbind(),
            open_forget.unbind(), hiddens[:-1].unbind(), hiddens[1:].unbind(), cells[:-1].unbind(), cells[1:].unbind(),
            norms[:-1].unbind(), norms[1:].unbind(), strict=True,
        )  # fmt: skip
        for x, all_gates, i, f, z, o, not_forgotten, h, h_next, c, c_next, n, n_next in views:
            torch.addmm(x, h, recurrent, out=all_gates)
            log_forget = functional.logsigmoid(f).add_(top)
            torch.sigmoid(f.neg_(), out=not_forgotten)
            top = torch.maximum(log_forget, i)
            torch.exp(log_forget.sub_(top), out=f)
            i.sub_(top).exp_()
            z.tanh_()
            o.sigmoid_()
            torch.mul(f, c, out=c_next).addcmul_(i, z)
            torch.addcmul(i, f, n, out=n_next)
            torch.mul(o, torch.div(c_next, n_next, out=ratio), out=h_next)
        context.save_for_backward(weight, gates, open_forget, hiddens, cells, norms)
        context.mark_non_differentiable(top)
        context.set_materialize_grads(False)
        return hiddens[1:], cells[-1].clone(), norms[-1].clone(), top

    @staticmethod
    @once_differentiable
    def backward(
        context: Any, from_hiddens: Tensor | None, from_cell: Tensor | None, from_norm: Tensor | None, _: None
    ) -> tuple[Tensor | None, ...]:
        weight, gates, open_forget, hiddens, cells, norms = context.saved_tensors
        steps, _, size = open_forget.shape
        write, forget, candidate, output = gates.split(size, dim=2)
        d_hidden = torch.zeros_like(hiddens[0])
        d_cell = torch.zeros_like(d_hidden) if from_cell is None else from_cell.clone()
        d_norm = torch.zeros_like(d_hidden) if from_norm is None else from_norm.clone()
        d_top = torch.zeros_like(d_hidden)
        # What does not depend on later steps, for all of them at once.
        ratios = cells[1:] / norms[1:]
        to_output = ratios * output * (1 - output)
        to_cell = output / norms[1:]
        to_candidate = write * (1 - candidate * candidate)
        d_gates = torch.empty_like(gates)
        d_write, d_forget, d_candidate, d_output = d_gates.split(size, dim=2)
        nothing = [None] * steps
        views = zip(
            nothing if from_hiddens is None else from_hiddens.unbind(), d_gates.unbind(), d_write.unbind(),
            d_forget.unbind(), d_candidate.unbind(), d_output.unbind(), write.unbind(), forget.unbind(),
            candidate.unbind(), cells[:-1].unbind(), norms[:-1].unbind(), ratios.unbind(), to_output.unbind(),
            to_cell.unbind(), to_candidate.unbind(), open_forget.unbind(), strict=True,
        )  # fmt: skip
        for d_h, d_step, d_i, d_f, d_z, d_o, i, f, z, c, n, ratio, h_to_o, h_to_c, c_to_z, slope in reversed(
            list(views)
        ):
            if d_h is not None:
                d_hidden = d_hidden + d_h
            torch.mul(d_hidden, h_to_o, out=d_o)
            share = d_hidden * h_to_c
            d_cell.add_(share)
            d_norm.addcmul_(share, ratio, value=-1)
            torch.mul(d_cell, c_to_z, out=d_z)
            torch.addcmul(d_norm, d_cell, z, out=d_i).mul_(i)
            d_cell.mul_(f)
            d_norm.mul_(f)
            d_top = (d_cell * c).addcmul_(d_norm, n)  # of log f_t + m_{t-1}
            torch.mul(d_top, slope, out=d_f)
            d_hidden = d_step @ weight
        d_weight = d_gates.flatten(0, 1).t() @ hiddens[:-1].flatten(0, 1)
        return d_gates, d_weight, d_hidden, d_cell, d_norm, d_top

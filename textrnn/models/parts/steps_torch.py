"""The steps of recurrent cells, forwards and backwards, in place in tensors that are laid out beforehand: any device,
any precision.

:mod:`textrnn.models.parts.steps_numpy` has the same functions for a CPU, where its calls are cheaper.

Shapes: T time, B batch, E input size, H hidden, G gates times H.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def project(inputs: Tensor, weight_ih: Tensor, bias: Tensor) -> Tensor:
    """The inputs' share of all gates at all steps, in one product: (T, B, E), (G, E), (G,) -> (T, B, G)."""
    return functional.linear(inputs.detach(), weight_ih.detach(), bias.detach())


def project_backward(inputs: Tensor, weight_ih: Tensor, d_projected: Tensor, *, needs_inputs: bool) -> list[Any]:
    """The gradients of `inputs` (None, where it is not needed), `weight_ih` and `bias`."""
    flat = d_projected.reshape(-1, len(weight_ih))
    d_weight = flat.t() @ inputs.detach().reshape(-1, weight_ih.shape[1])
    return [d_projected @ weight_ih.detach() if needs_inputs else None, d_weight, flat.sum(dim=0)]


def lstm_forward(from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, cell: Tensor) -> list[Tensor]:
    """i, f, o = sigmoid(...), g = tanh(...); c_t = f * c_{t-1} + i * g; h_t = o * tanh(c_t).

    Args:
        from_inputs: (T, B, 4H): the inputs' share of the gates i, f, g, o, in this order.
        weight_hh: (4H, H).
        hidden, cell: (B, H): the state before.

    Returns:
        The gates i, f, g, o (T, B, H); hidden states and cells, each (T + 1, B, H) with the state before in front; tanh
        of the cells (T, B, H).
    """
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
    return [*gates.split(size, dim=2), hiddens, cells, tanh_cells]


def lstm_backward(
    weight_hh: Tensor,
    input_gate: Tensor,
    forget_gate: Tensor,
    candidate: Tensor,
    output_gate: Tensor,
    hiddens: Tensor,
    cells: Tensor,
    tanh_cells: Tensor,
    from_hiddens: Tensor | None,
    from_cells: Tensor | None,
    from_last: Tensor | None,
) -> list[Tensor]:
    """The gradients of `from_inputs`, `weight_hh`, `hidden` and `cell`.

    Args:
        input_gate, ..., tanh_cells: what :func:`lstm_forward` returned.
        from_hiddens, from_cells: (T, B, H): the gradients of the hidden states and cells after every step; None: zero.
        from_last: (B, H): a further gradient of the last hidden state; None: zero.
    """
    steps, rows, size = tanh_cells.shape
    i, f, g, o = input_gate, forget_gate, candidate, output_gate
    # What does not depend on the next step is computed for all steps at once.
    to_cell = o * (1 - tanh_cells * tanh_cells)  # dh/dc
    to_gates = tanh_cells.new_empty(steps, rows, 4 * size)
    torch.mul(g * i, 1 - i, out=to_gates[:, :, :size])  # dc/d(pre-activation), gate by gate
    torch.mul(cells[:-1] * f, 1 - f, out=to_gates[:, :, size : 2 * size])
    torch.mul(i, 1 - g * g, out=to_gates[:, :, 2 * size : 3 * size])
    torch.mul(tanh_cells * o, 1 - o, out=to_gates[:, :, 3 * size :])  # dh/d(pre-activation)
    d_gates = torch.empty_like(to_gates)
    d_hidden, d_cell = torch.zeros_like(hiddens[0]), torch.zeros_like(cells[0])
    if from_last is not None:
        d_hidden = d_hidden + from_last
    by_cell = d_gates[:, :, : 3 * size].view(steps, rows, 3, size)
    cell_part = to_gates[:, :, : 3 * size].view(steps, rows, 3, size)
    nothing = [None] * steps
    views = zip(
        nothing if from_hiddens is None else from_hiddens.unbind(),
        nothing if from_cells is None else from_cells.unbind(),
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
        if d_h is not None:
            d_hidden.add_(d_h)
        if d_c is not None:
            d_cell.add_(d_c)
        d_cell.addcmul_(d_hidden, h_to_c)
        torch.mul(d_cell[:, None], c_to_gates, out=d_by_cell)
        torch.mul(d_hidden, h_to_o, out=d_o)
        d_hidden = d_step @ weight_hh
        d_cell.mul_(forget)
    d_weight = d_gates.view(-1, 4 * size).t() @ hiddens[:-1].reshape(-1, size)
    return [d_gates, d_weight, d_hidden, d_cell]


def srn_forward(from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, *, residual: bool) -> list[Tensor]:
    """h_t = tanh(x_t + U h_{t-1}), and with `residual`, h_t = h_{t-1} + tanh(x_t + U h_{t-1}).

    Returns:
        The hidden states (T + 1, B, H), the state before in front, and the values of the tanh (T, B, H).
    """
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
    return [hiddens, squashed]


def srn_backward(
    weight_hh: Tensor,
    hiddens: Tensor,
    squashed: Tensor,
    from_hiddens: Tensor | None,
    from_last: Tensor | None,
    *,
    residual: bool,
) -> list[Tensor]:
    """The gradients of `from_inputs`, `weight_hh` and `hidden`; see :func:`lstm_backward`."""
    slopes = 1 - squashed * squashed
    d_steps = torch.empty_like(slopes)
    d_hidden = torch.zeros_like(hiddens[0]) if from_last is None else from_last
    from_outside = [None] * len(slopes) if from_hiddens is None else from_hiddens.unbind()
    views = zip(from_outside, slopes.unbind(), d_steps.unbind(), strict=True)
    for d_h, slope, d_step in reversed(list(views)):
        if d_h is not None:
            d_hidden = d_hidden + d_h
        torch.mul(d_hidden, slope, out=d_step)
        d_hidden = torch.addmm(d_hidden, d_step, weight_hh) if residual else d_step @ weight_hh
    size = hiddens.shape[2]
    d_weight = d_steps.view(-1, size).t() @ hiddens[:-1].reshape(-1, size)
    return [d_steps, d_weight, d_hidden]

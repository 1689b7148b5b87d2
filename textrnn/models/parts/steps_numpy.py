"""The steps of recurrent cells on a CPU, forwards and backwards, in place in NumPy arrays that are laid out beforehand.

NumPy, because a step is a dozen operations on some thousand numbers, and a call of NumPy costs a fifth of one of torch:
at 8 rows and 32 units, a training step takes a third of the time. :mod:`textrnn.models.parts.steps_torch` has the same
functions for everything else (other devices, half precision); :mod:`textrnn.models.parts.cells` gives both to autograd.
Products beyond a size go to torch all the same: there NumPy's BLAS would start threads of its own, which compete with
torch's for the cores.

Arrays are (T, H, B) in memory, so that each gate of a step is one block; tensors from outside and to the
outside are (T, B, H), views of that. A sigmoid is computed as (1 + tanh(x / 2)) / 2, so that one call serves all
gates. Overflow gives infinity without a warning, as in torch.

Shapes: T time, B batch, E input size, H hidden, G gates times H.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy import add, dot, matmul, multiply, subtract, tanh
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]
MAX_BLAS_MULTIPLICATIONS = 1 << 18  # of a product; OpenBLAS takes more than one thread from there on
MAX_PART_NUMBERS = 1 << 16  # in one array, for one part of the steps


def _inside(tensor: Tensor) -> Array:
    """The same memory, (..., B, H) seen as (..., H, B)."""
    return tensor.detach().numpy().swapaxes(-1, -2)


def _outside(array: Array) -> Tensor:
    """And back."""
    return torch.from_numpy(array.swapaxes(-1, -2))


def _product(left: Array, right: Array, out: Array) -> None:
    """(M, K) x (K, N) -> (M, N), written to `out`."""
    if left.size * right.shape[1] <= MAX_BLAS_MULTIPLICATIONS:
        dot(left, right, out)
    else:
        torch.mm(torch.from_numpy(left), torch.from_numpy(right), out=torch.from_numpy(out))


def _add_product(left: Array, right: Array, to: Array, product: Array) -> None:
    """(M, K) x (K, N), added to `to`; `product` is room for it."""
    if left.size * right.shape[1] <= MAX_BLAS_MULTIPLICATIONS:
        dot(left, right, product)
        add(to, product, to)
    else:
        torch.from_numpy(to).addmm_(torch.from_numpy(left), torch.from_numpy(right))


def _spans(steps: int, numbers_a_step: int) -> list[slice]:
    """The steps in parts, from the first to the last, so that the results for a part stay in the cache."""
    span = max(4, MAX_PART_NUMBERS // max(1, numbers_a_step))
    return [slice(start, min(start + span, steps)) for start in range(0, steps, span)]


def _over_all_steps(d_steps: Array, values: Array) -> Tensor:
    """(T, G, B) and (T, H, B) -> (G, H): the gradient of weights that were used at every step."""
    found = np.zeros((d_steps.shape[1], values.shape[1]), d_steps.dtype)
    share = np.empty_like(found)
    for part in _spans(len(d_steps), d_steps[:1].size):
        d_flat = d_steps[part].swapaxes(0, 1).reshape(d_steps.shape[1], -1)
        _product(d_flat, values[part].swapaxes(0, 1).reshape(values.shape[1], -1).T, share)
        add(found, share, found)
    return torch.from_numpy(found)


@np.errstate(over="ignore", invalid="ignore")
def project(inputs: Tensor, weight_ih: Tensor, bias: Tensor) -> Tensor:
    """See :func:`textrnn.models.parts.steps_torch.project`."""
    if inputs.shape[1] * weight_ih.numel() <= MAX_BLAS_MULTIPLICATIONS:
        found = matmul(weight_ih.detach().numpy(), _inside(inputs))
        add(found, np.repeat(bias.detach().numpy(), inputs.shape[1]).reshape(len(bias), -1), found)
        return _outside(found)
    steps, every_step = len(inputs), weight_ih.detach().expand(len(inputs), *weight_ih.shape)
    shift = bias.detach()[None, :, None].expand(steps, -1, 1)
    return torch.baddbmm(shift, every_step, inputs.detach().transpose(1, 2)).transpose(1, 2)


@np.errstate(over="ignore", invalid="ignore")
def project_backward(inputs: Tensor, weight_ih: Tensor, d_projected: Tensor, *, needs_inputs: bool) -> list[Any]:
    """See :func:`textrnn.models.parts.steps_torch.project_backward`."""
    d_steps = _inside(d_projected)
    d_bias = torch.from_numpy(d_steps.sum(axis=0).sum(axis=1))
    d_inputs = None
    if needs_inputs and d_steps.shape[2] * weight_ih.numel() <= MAX_BLAS_MULTIPLICATIONS:
        d_inputs = _outside(matmul(weight_ih.detach().numpy().T, d_steps))
    elif needs_inputs:
        d_inputs = torch.matmul(d_projected, weight_ih.detach())
    return [d_inputs, _over_all_steps(d_steps, _inside(inputs)), d_bias]


@np.errstate(over="ignore", invalid="ignore")
def lstm_forward(from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, cell: Tensor) -> list[Tensor]:
    """See :func:`textrnn.models.parts.steps_torch.lstm_forward`."""
    x, weight = _inside(from_inputs), weight_hh.detach().numpy()
    steps, width, rows = x.shape
    size, kind = width // 4, x.dtype
    half = np.array(0.5, kind)
    # In here the order is i, f, o, g: sigmoids first.
    recurrent, gates = np.empty(weight.shape, kind), np.empty((steps, width, rows), kind)
    for part, given, factor in ((0, 0, half), (1, 1, half), (2, 3, half), (3, 2, 1)):
        at, of = (slice(index * size, (index + 1) * size) for index in (part, given))
        multiply(weight[of], factor, recurrent[at])
        multiply(x[:, of], factor, gates[:, at])
    i_all, f_all, o_all, g_all = (gates[:, index * size : (index + 1) * size] for index in range(4))
    hiddens, cells = np.empty((steps + 1, size, rows), kind), np.empty((steps + 1, size, rows), kind)
    hiddens[0], cells[0] = _inside(hidden), _inside(cell)
    tanh_cells = np.empty((steps, size, rows), kind)
    product, share = np.empty((width, rows), kind), np.empty((size, rows), kind)
    views = zip(
        gates, gates[:, : 3 * size], i_all, f_all, g_all, o_all,
        hiddens[:-1], hiddens[1:], cells[:-1], cells[1:], tanh_cells,
        strict=True,
    )  # fmt: skip
    for all_gates, sigmoids, i, f, g, o, h, h_next, c, c_next, squashed in views:
        _add_product(recurrent, h, all_gates, product)
        tanh(all_gates, all_gates)
        multiply(sigmoids, half, sigmoids)
        add(sigmoids, half, sigmoids)
        multiply(f, c, c_next)
        multiply(i, g, share)
        add(c_next, share, c_next)
        tanh(c_next, squashed)
        multiply(o, squashed, h_next)
    return [_outside(array) for array in (i_all, f_all, g_all, o_all, hiddens, cells, tanh_cells)]


@np.errstate(over="ignore", invalid="ignore")
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
    """See :func:`textrnn.models.parts.steps_torch.lstm_backward`."""
    i, f, g, o = map(_inside, (input_gate, forget_gate, candidate, output_gate))
    h_all, c_all, squashed = map(_inside, (hiddens, cells, tanh_cells))
    steps, size, rows = squashed.shape
    kind = squashed.dtype
    recurrent = weight_hh.detach().numpy().T
    d_gates = np.empty((steps, 4, size, rows), kind)
    d_flat = d_gates.reshape(steps, 4 * size, rows)
    d_hidden, d_cell = np.zeros((size, rows), kind), np.zeros((size, rows), kind)
    if from_last is not None:
        d_hidden += _inside(from_last)
    share = np.empty((size, rows), kind)
    nothing = [None] * steps
    d_outside = nothing if from_hiddens is None else _inside(from_hiddens)
    d_cells_outside = nothing if from_cells is None else _inside(from_cells)
    spans = _spans(steps, 4 * size * rows)
    longest = min(steps, spans[0].stop) if spans else 0
    room_to_cell = np.empty((longest, size, rows), kind)
    room_to_gates = np.empty((longest, 4, size, rows), kind)
    for part in reversed(spans):
        # What does not depend on the next step is computed for a whole part of the steps.
        count = part.stop - part.start
        to_cell = room_to_cell[:count]  # dh/dc
        multiply(squashed[part], squashed[part], to_cell)
        subtract(1, to_cell, to_cell)
        multiply(to_cell, o[part], to_cell)
        to_gates = room_to_gates[:count]  # dc/d(pre-activation) of i, f and g, dh/d(pre-activation) of o
        for index, gate, factor in ((0, i, g), (1, f, c_all[:-1]), (3, o, squashed)):
            slope = to_gates[:, index]
            subtract(1, gate[part], slope)
            multiply(slope, gate[part], slope)
            multiply(slope, factor[part], slope)
        slope = to_gates[:, 2]
        multiply(g[part], g[part], slope)
        subtract(1, slope, slope)
        multiply(slope, i[part], slope)
        views = zip(
            d_outside[part], d_cells_outside[part], to_cell, to_gates[:, :3], to_gates[:, 3],
            d_gates[part, :3], d_gates[part, 3], d_flat[part], f[part],
            strict=True,
        )  # fmt: skip
        for d_h, d_c, h_to_c, c_to_gates, h_to_o, d_by_cell, d_o, d_step, forget in reversed(list(views)):
            if d_h is not None:
                add(d_hidden, d_h, d_hidden)
            if d_c is not None:
                add(d_cell, d_c, d_cell)
            multiply(d_hidden, h_to_c, share)
            add(d_cell, share, d_cell)
            multiply(d_cell, c_to_gates, d_by_cell)
            multiply(d_hidden, h_to_o, d_o)
            _product(recurrent, d_step, d_hidden)
            multiply(d_cell, forget, d_cell)
    d_weight = _over_all_steps(d_flat, h_all[:-1])
    return [_outside(d_flat), d_weight, _outside(d_hidden), _outside(d_cell)]


@np.errstate(over="ignore", invalid="ignore")
def srn_forward(from_inputs: Tensor, weight_hh: Tensor, hidden: Tensor, *, residual: bool) -> list[Tensor]:
    """See :func:`textrnn.models.parts.steps_torch.srn_forward`."""
    x, recurrent = _inside(from_inputs), np.ascontiguousarray(weight_hh.detach().numpy())
    steps, size, rows = x.shape
    hiddens = np.empty((steps + 1, size, rows), x.dtype)
    hiddens[0] = _inside(hidden)
    # Without the residual connection, the state is the tanh itself.
    squashed = np.empty((steps, size, rows), x.dtype) if residual else hiddens[1:]
    for from_input, h, h_next, activation in zip(x, hiddens[:-1], hiddens[1:], squashed, strict=True):
        _product(recurrent, h, activation)
        add(activation, from_input, activation)
        tanh(activation, activation)
        if residual:
            add(h, activation, h_next)
    return [_outside(hiddens), _outside(squashed)]


@np.errstate(over="ignore", invalid="ignore")
def srn_backward(
    weight_hh: Tensor,
    hiddens: Tensor,
    squashed: Tensor,
    from_hiddens: Tensor | None,
    from_last: Tensor | None,
    *,
    residual: bool,
) -> list[Tensor]:
    """See :func:`textrnn.models.parts.steps_torch.srn_backward`."""
    recurrent, activations = weight_hh.detach().numpy().T, _inside(squashed)
    steps, size, rows = activations.shape
    d_steps = multiply(activations, activations)
    subtract(1, d_steps, d_steps)  # the slopes first, the gradients in their place
    d_hidden, passed_on = np.zeros((size, rows), d_steps.dtype), np.empty((size, rows), d_steps.dtype)
    if from_last is not None:
        d_hidden += _inside(from_last)
    from_outside = [None] * steps if from_hiddens is None else _inside(from_hiddens)[::-1]
    for d_h, d_step in zip(from_outside, d_steps[::-1], strict=True):
        if d_h is not None:
            add(d_hidden, d_h, d_hidden)
        multiply(d_step, d_hidden, d_step)
        if residual:
            _product(recurrent, d_step, passed_on)
            add(d_hidden, passed_on, d_hidden)
        else:
            _product(recurrent, d_step, d_hidden)
    return [_outside(d_steps), _over_all_steps(d_steps, _inside(hiddens)[:-1]), _outside(d_hidden)]

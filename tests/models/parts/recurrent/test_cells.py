"""Every cell: what all have in common, and the equations of each against loops in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.models.parts.recurrent import oracles
from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.gated_deltanet import GatedDeltaNet, GatedDeltaNetSigned
from textrnn.models.parts.recurrent.gru import GRU
from textrnn.models.parts.recurrent.indrnn import IndRNN
from textrnn.models.parts.recurrent.min_gru import MinGRU
from textrnn.models.parts.recurrent.min_lstm import MinLSTM
from textrnn.models.parts.recurrent.mlstm import MLSTM
from textrnn.models.parts.recurrent.qrnn import QRNN
from textrnn.models.parts.recurrent.rg_lru import RGLRU
from textrnn.models.parts.recurrent.slstm import NOTHING_YET, SLSTM
from textrnn.models.parts.recurrent.stack import CellStack
from textrnn.models.parts.visible_cells import LSTM, SRN, ResidualSRN

ORACLES: dict[type[RecurrentCell], oracles.Oracle] = {
    SRN: oracles.srn,
    ResidualSRN: oracles.residual_srn,
    LSTM: oracles.lstm,
    GRU: oracles.gru,
    IndRNN: oracles.indrnn,
    MinGRU: oracles.min_gru,
    MinLSTM: oracles.min_lstm,
    QRNN: oracles.qrnn,
    RGLRU: oracles.rg_lru,
    SLSTM: oracles.slstm,
    MLSTM: oracles.mlstm,
    GatedDeltaNet: oracles.gated_deltanet,
    GatedDeltaNetSigned: oracles.gated_deltanet_signed,
}


class Stack(CellStack):
    """Three layers of a cell whose state has several parts."""

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(QRNN, input_size, hidden_size, 3)


KINDS = [*ORACLES, Stack]
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 70), st.integers(1, 4), st.integers(1, 6), st.integers(0, 10**6))
every_cell = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def built(kind: Any, input_size: int = 3, hidden_size: int = 4, seed: int = 0) -> RecurrentCell:
    torch.manual_seed(seed)
    cell = kind(input_size, hidden_size).double()
    assert isinstance(cell, RecurrentCell)
    return cell


def some_state(cell: RecurrentCell, rows: int) -> Any:
    """One that the cell itself has come to."""
    return cell(torch.randn(rows, 5, cell.input_size, dtype=torch.float64))[1]


@pytest.mark.parametrize("kind", ORACLES, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=12)
@given(shape=SHAPES)
def test_by_the_papers_equations(kind: type[RecurrentCell], shape: tuple[int, int, int, int, int]) -> None:
    rows, steps, input_size, hidden_size, seed = shape
    cell = built(kind, input_size, hidden_size, seed)
    inputs = 2 * torch.randn(rows, steps, input_size, dtype=torch.float64)
    weights = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    expected = np.stack([np.stack(ORACLES[kind](weights, row)) for row in inputs.numpy()])
    np.testing.assert_allclose(cell(inputs)[0].detach().numpy(), expected, atol=1e-10, rtol=1e-9)


@every_cell
@settings(deadline=None, max_examples=10)
@given(shape=SHAPES)
def test_all_at_once_is_step_by_step(kind: type[RecurrentCell], shape: tuple[int, int, int, int, int]) -> None:
    rows, steps, input_size, hidden_size, seed = shape
    cell = built(kind, input_size, hidden_size, seed)
    inputs = torch.randn(rows, steps, input_size, dtype=torch.float64)
    start = some_state(cell, rows)
    outputs, after = cell(inputs, start)
    stepwise, states = cell.trace(inputs, start)
    torch.testing.assert_close(outputs, stepwise, atol=1e-10, rtol=1e-10)
    assert after._fields == states._fields == cell.state_type._fields
    for part, parts in zip(after, states, strict=True):
        torch.testing.assert_close(part, parts[:, -1], atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(cell.last(inputs, start), outputs[:, -1], atol=1e-12, rtol=1e-12)
    with torch.inference_mode():
        torch.testing.assert_close(cell(inputs, start)[0], outputs, atol=1e-12, rtol=1e-12)
        torch.testing.assert_close(cell.last(inputs, start), outputs[:, -1], atol=1e-12, rtol=1e-12)


@every_cell
def test_all_at_once_is_step_by_step_in_single_precision(kind: type[RecurrentCell]) -> None:
    cell = built(kind, 3, 8).float()
    # The residual network is chaotic: a rounding error grows at every step.
    inputs = torch.randn(3, 10 if kind is ResidualSRN else 70, 3)
    torch.testing.assert_close(cell(inputs)[0], cell.trace(inputs)[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [RGLRU, MinLSTM, MLSTM, GatedDeltaNet, GatedDeltaNetSigned], ids=lambda k: k.__name__)
def test_gates_at_their_ends_lose_no_digits(kind: type[RecurrentCell]) -> None:
    """Steps that forget all beside steps that keep all, in single precision against double."""
    cell = built(kind, 3, 8)
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            if name.startswith(("W_f", "W_a", "W_i", "W_r", "W_e")):
                parameter.mul_(200.0)
    inputs = torch.randn(2, 300, 3, dtype=torch.float64)
    expected = cell.trace(inputs)[0]
    found = cell.float()(inputs.float())[0].double()
    # mLSTM's exponents are sums of hundreds, of which single precision has no more digits in whatever order.
    digits, largest = 1e-3 if kind is MLSTM else 5e-5, expected.abs().max()
    torch.testing.assert_close(found / largest, expected / largest, atol=digits, rtol=0)


@every_cell
def test_parts_of_a_sequence_and_rows_of_a_batch(kind: type[RecurrentCell]) -> None:
    cell = built(kind)
    inputs = torch.randn(3, 50, 3, dtype=torch.float64)
    together, after = cell(inputs)
    state, parts = None, []
    for part in inputs.split([1, 7, 0, 40, 2], dim=1):
        outputs, state = cell(part, state)
        parts.append(outputs)
    torch.testing.assert_close(torch.cat(parts, dim=1), together, atol=1e-10, rtol=1e-10)
    for one, other in zip(state, after, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-10)
    for row in range(3):
        torch.testing.assert_close(cell(inputs[row : row + 1])[0][0], together[row], atol=1e-10, rtol=1e-10)


@every_cell
def test_the_initial_state(kind: type[RecurrentCell]) -> None:
    cell = built(kind)
    start = cell.initial_state(2)
    assert isinstance(start, cell.state_type)
    assert [part.shape[1:] for part in start] == [torch.Size(shape) for shape in cell.state_shapes()]
    assert all(part.dtype == torch.float64 for part in start)
    assert all(part.eq(0).all() for name, part in start._asdict().items() if (kind, name) != (SLSTM, "stabiliser"))
    assert kind is not SLSTM or start.stabiliser.eq(NOTHING_YET).all()
    assert set(cell.learnable_start) <= set(start._fields)
    inputs = torch.randn(2, 6, 3, dtype=torch.float64)
    torch.testing.assert_close(cell(inputs)[0], cell(inputs, start)[0])
    outputs, after = cell(inputs[:, :0], start)
    assert outputs.shape == (2, 0, 4)
    for one, other in zip(after, start, strict=True):
        assert torch.equal(one, other)


@every_cell
def test_gradients(kind: type[RecurrentCell]) -> None:
    """Of inputs, weights and the state before, with a loss on all outputs and on the state after."""
    cell = built(kind, 2, 3, seed=5)
    inputs = torch.randn(2, 6, 2, dtype=torch.float64, requires_grad=True)
    names, weights = zip(*cell.named_parameters(), strict=True)
    start = [part.detach().requires_grad_() for part in some_state(cell, 2)]

    def run(inputs: Tensor, *values: Tensor) -> Tensor:
        own = dict(zip(names, values[: len(names)], strict=True))
        outputs: Tensor = torch.func.functional_call(cell, own, (inputs, cell.state_type(*values[len(names) :])))[0]
        return outputs

    assert torch.autograd.gradcheck(run, (inputs, *weights, *start), fast_mode=True)


@every_cell
def test_gradients_through_the_state(kind: type[RecurrentCell]) -> None:
    """Of a sequence read in two parts they are those of the whole."""
    cell = built(kind)
    inputs = torch.randn(2, 12, 3, dtype=torch.float64)
    found = []
    for lengths in ([12], [5, 7]):
        cell.zero_grad()
        state, outputs = None, torch.empty(0)
        for part in inputs.split(lengths, dim=1):
            outputs, state = cell(part, state)
        outputs[:, -1].square().sum().backward()
        found.append([parameter.grad for parameter in cell.parameters()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-8)


@every_cell
@pytest.mark.parametrize("size", [3.0, 1000.0])
def test_two_thousand_steps_with_gates_at_their_ends(kind: type[RecurrentCell], size: float) -> None:
    cell = built(kind).float()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.mul_(size)
    inputs = torch.randn(1, 2000, 3).sign().requires_grad_()
    outputs, state = cell(inputs)
    (outputs / outputs.detach().abs().amax().clamp(min=1.0)).sum().backward()
    assert all(part.isfinite().all() for part in (outputs, *state))
    if size < 100 or kind not in (SRN, ResidualSRN, LSTM, GRU, IndRNN, SLSTM):  # the gradients of these do explode
        assert inputs.grad is not None
        assert inputs.grad.isfinite().all()


@every_cell
@pytest.mark.parametrize("method", ["uniform", "orthogonal", "chrono", "glorot", "zero"])
def test_first_weights(kind: type[RecurrentCell], method: str) -> None:
    torch.manual_seed(0)
    cell = kind(3, 8)
    cell.initialise(method, 40)
    assert all(parameter.isfinite().all() for parameter in cell.parameters())
    assert cell(torch.randn(2, 50, 3))[0].isfinite().all()


@pytest.mark.parametrize(
    "kind", [GRU, MinGRU, MinLSTM, QRNN, RGLRU, IndRNN, GatedDeltaNet], ids=lambda kind: kind.__name__
)
def test_chrono_keeps_a_state_for_about_as_long_as_asked(kind: type[RecurrentCell]) -> None:
    """Where nothing is read, what is left after as many steps as the span is about 1 / e of the state."""
    cell = built(kind, 1, 400)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.keep_for(torch.full((400,), 50.0, dtype=torch.float64), shut=True)
    start = cell.initial_state(1)
    start = start._replace(**{start._fields[0]: torch.full_like(start[0], 0.5)})
    _, state = cell(torch.zeros(1, 50, 1, dtype=torch.float64), start)
    assert 0.3 < state[0].mean().item() / 0.5 < 0.45


def test_gru_is_pytorchs() -> None:
    cell = built(GRU, 3, 5)
    layer = nn.GRU(3, 5, batch_first=True).double()
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.cat([cell.get_parameter(f"W_{gate}") for gate in "rzn"], dim=1).t())
        layer.weight_hh_l0.copy_(torch.cat([cell.get_parameter(f"U_{gate}") for gate in "rzn"], dim=1).t())
        layer.bias_ih_l0.copy_(torch.cat([cell.get_parameter(f"b_{gate}") for gate in "rzn"], dim=1)[0])
        layer.bias_hh_l0.zero_()
        layer.bias_hh_l0[10:].copy_(cell.get_parameter("b_s")[0])
    inputs, start = torch.randn(2, 9, 3, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)
    expected, last = layer(inputs, start[None])
    found, state = cell(inputs, cell.state_type(start))
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(state.hidden, last[0])


def test_indrnn_does_not_explode_whatever_its_weights() -> None:
    cell = IndRNN(1, 1, longest=100)
    with torch.no_grad():
        cell.recurrence.fill_(3.0)
        cell.get_parameter("W").fill_(0.0)
        cell.get_parameter("b").fill_(0.0)
    start = cell.initial_state(1)._replace(hidden=torch.ones(1, 1))
    outputs, _ = cell(torch.zeros(1, 100, 1), start)
    assert outputs[0, -1].item() == pytest.approx(2.0, rel=1e-4)
    outputs.sum().backward()
    assert cell.recurrence.grad is not None
    assert cell.recurrence.grad.item() > 0


def test_a_stack_reads_through_its_layers() -> None:
    torch.manual_seed(0)
    cell = CellStack(MinGRU, 3, 4, 2).double()
    inputs = torch.randn(2, 5, 3, dtype=torch.float64)
    below = cell.layers[0](inputs)[0]
    normal = (below - below.mean(-1, keepdim=True)) / (below.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(cell(inputs)[0], below + cell.layers[1](normal)[0])
    assert cell.state_type._fields == ("hidden_1", "hidden_2") == cell.learnable_start

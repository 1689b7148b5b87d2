"""The cells with all gates to be seen, against PyTorch's layers, autograd and figures worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from textrnn.errors import ConfigError
from textrnn.models.parts.visible_cells import LSTM, SRN, OneHotLSTM, ResidualSRN, VisibleCell

SHAPES = st.tuples(*(st.integers(1, 6) for _ in range(4)), st.integers(0, 999))


def test_the_figures_of_the_textbook() -> None:
    weights = {f"W_{gate}": [[0.1, 0.2], [0.1, 0.2]] for gate in "ifco"}
    weights |= {f"U_{gate}": [[0.0, 0.1], [0.1, 0.0]] for gate in "ifco"}
    weights |= {f"b_{gate}": [[0.1, 0.1]] for gate in "ifco"}
    found = LSTM(2, 2, weights=weights).last(torch.tensor([[[1.0, 0.0]]]))
    torch.testing.assert_close(found, torch.tensor([[0.0594, 0.0952]]), atol=5e-5, rtol=0)


@pytest.mark.parametrize("kind", [SRN, LSTM])
@settings(deadline=None, max_examples=40)
@given(shape=SHAPES)
def test_against_pytorch(kind: type[VisibleCell], shape: tuple[int, int, int, int, int]) -> None:
    rows, steps, input_size, hidden_size, seed = shape
    torch.manual_seed(seed)
    cell = kind(input_size, hidden_size)
    layer = cell.to_torch()
    one, other = (torch.randn(rows, steps, input_size).requires_grad_() for _ in range(2))
    with torch.no_grad():
        other.copy_(one)
    state = tuple(torch.randn(rows, hidden_size) for _ in range(2 if kind is LSTM else 1))
    record = cell.record(one, state)
    hidden = record.hidden
    begun = tuple(part[None] for part in state)
    outputs, after = layer(other, begun if kind is LSTM else begun[0])
    assert isinstance(hidden, Tensor)
    torch.testing.assert_close(hidden.transpose(0, 1), outputs, atol=1e-5, rtol=1e-5)
    weights = torch.randn(rows, steps, hidden_size)
    mine, theirs = (hidden.transpose(0, 1) * weights).sum(), (outputs * weights).sum()
    if kind is LSTM:
        torch.testing.assert_close(record.cell[-1], after[1][0], atol=1e-5, rtol=1e-5)  # type: ignore[union-attr]
        mine = mine + record.cell[-1].square().sum()  # type: ignore[union-attr]
        theirs = theirs + after[1].square().sum()
    mine.backward()
    theirs.backward()
    torch.testing.assert_close(one.grad, other.grad, atol=1e-5, rtol=1e-5)
    expected = type(cell)(input_size, hidden_size)
    gradients = {name: parameter.grad for name, parameter in layer.named_parameters()}
    for index, gate in enumerate(expected.gates):
        part = slice(index * hidden_size, (index + 1) * hidden_size)
        for name, wanted in (
            (f"W{gate}", gradients["weight_ih_l0"][part].t()),
            (f"U{gate}", gradients["weight_hh_l0"][part].t()),
            (f"b{gate}", gradients["bias_ih_l0"][None, part]),
        ):
            torch.testing.assert_close(cell.get_parameter(name).grad, wanted, atol=1e-5, rtol=1e-5)


@settings(deadline=None, max_examples=30)
@given(shape=SHAPES)
def test_residual_against_autograd(shape: tuple[int, int, int, int, int]) -> None:
    rows, steps, input_size, hidden_size, seed = shape
    torch.manual_seed(seed)
    cell = ResidualSRN(input_size, hidden_size)
    inputs = torch.randn(rows, steps, input_size)
    cell.last(inputs).square().sum().backward()
    found = {name: parameter.grad for name, parameter in cell.named_parameters()}
    cell.zero_grad()
    hidden = torch.zeros(rows, hidden_size)
    W, U, b = (cell.get_parameter(name) for name in "WUb")
    for step in range(steps):
        hidden = hidden + torch.tanh(inputs[:, step] @ W + hidden @ U + b)
    torch.testing.assert_close(cell.last(inputs), hidden, atol=1e-5, rtol=1e-5)
    hidden.square().sum().backward()
    for name, parameter in cell.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, atol=1e-4, rtol=1e-4)


def test_every_gate_of_every_step_by_the_equations() -> None:
    torch.manual_seed(0)
    cell = LSTM(3, 4)
    inputs = torch.randn(2, 5, 3)
    record = cell.record(inputs)
    hidden = memory = torch.zeros(2, 4)
    for step in range(5):

        def gate(name: str, at: int = step, h: Tensor = hidden) -> Tensor:
            return (
                inputs[:, at] @ cell.get_parameter(f"W_{name}")
                + h @ cell.get_parameter(f"U_{name}")
                + (cell.get_parameter(f"b_{name}"))
            )

        i, f, o, c = gate("i").sigmoid(), gate("f").sigmoid(), gate("o").sigmoid(), gate("c").tanh()
        memory = f * memory + i * c
        hidden = o * memory.tanh()
        for found, expected in zip((part[step] for part in record[:6]), (i, f, c, o, memory, hidden), strict=True):
            torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_one_hot_digits() -> None:
    torch.manual_seed(0)
    by_digit = OneHotLSTM(10, 6)
    plain = LSTM(10, 6, weights={name: value.detach() for name, value in by_digit.named_parameters()})
    digits = torch.randint(10, (3, 7))
    torch.testing.assert_close(
        by_digit.last(digits), plain.last(functional.one_hot(digits, 10).float()), atol=1e-6, rtol=1e-5
    )


def test_weights_to_pytorch_and_back() -> None:
    for kind in (SRN, LSTM):
        torch.manual_seed(1)
        layer = kind(3, 4).to_torch()
        cell = kind(3, 4)
        cell.take_from_torch(layer)
        inputs = torch.randn(2, 5, 3)
        torch.testing.assert_close(cell.last(inputs), layer(inputs)[0][:, -1], atol=1e-6, rtol=1e-5)


def test_mistakes() -> None:
    with pytest.raises(ConfigError, match=r"^W_x: no weight of LSTM; expected one of W_i, U_i, b_i, "):
        LSTM(2, 2, weights={"W_x": [[1.0]]})
    with pytest.raises(ConfigError, match=r"^b: values of shape \(2,\); expected \(1, 2\)$"):
        SRN(2, 2, weights={"b": torch.zeros(2)})
    with pytest.raises(ConfigError, match=r"^ResidualSRN: PyTorch has no such layer; expected SRN or LSTM$"):
        ResidualSRN(2, 2).to_torch()
    with pytest.raises(
        ConfigError, match=r"^SRN: cannot take the weights of LSTM\(2, 2\); expected a plain layer of its kind$"
    ):
        SRN(2, 2).take_from_torch(nn.LSTM(2, 2))
    with pytest.raises(ConfigError, match="cannot take the weights of"):
        SRN(2, 2).take_from_torch(nn.RNN(2, 2, nonlinearity="relu"))
    with pytest.raises(ConfigError, match=r"^b: no matrix \(.*\); expected rows of equal length$"):
        SRN(2, 2, weights={"b": [[1.0], [1.0, 2.0]]})
    with pytest.raises(ConfigError, match=r"^LSTM: expected one layer and direction, 2 inputs and 2 units"):
        LSTM(2, 2).take_from_torch(nn.LSTM(2, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LSTM(10, 4).record(torch.rand(5, 10)), "LSTM: inputs of shape (5, 10); expected (rows, steps, 10)"),
        (lambda: SRN(3, 4).last(torch.rand(1, 5, 2)), "SRN: inputs of shape (1, 5, 2); expected (rows, steps, 3)"),
        (lambda: LSTM(3, 4)(torch.rand(2, 5, 4)), "LSTM: inputs of shape (2, 5, 4); expected (rows, steps, 3)"),
        (
            lambda: LSTM(3, 4).record(torch.rand(2, 5, 3), (torch.zeros(2, 4), torch.zeros(1, 4))),
            "LSTM: a state of shape (2, 4) and (1, 4); expected hidden and cell, (2, 4) each",
        ),
        (
            lambda: SRN(3, 4).record(torch.rand(2, 5, 3), (torch.zeros(2, 3),)),
            "SRN: a state of shape (2, 3); expected hidden, (2, 4) each",
        ),
        (
            lambda: OneHotLSTM(10, 4).record(torch.tensor([[6, 7, 12]])),
            "OneHotLSTM: the digit 12; expected digits from 0 to 9",
        ),
        (
            lambda: OneHotLSTM(10, 4).last(torch.tensor([[6, -1, 12]])),
            "OneHotLSTM: the digit -1; expected digits from 0 to 9",
        ),
        (
            lambda: OneHotLSTM(10, 4).record(torch.tensor([6, 7])),
            "OneHotLSTM: inputs of shape (2,), int64; expected whole numbers, (rows, steps)",
        ),
        (
            lambda: OneHotLSTM(10, 4).record(torch.rand(1, 7)),
            "OneHotLSTM: inputs of shape (1, 7), float32; expected whole numbers, (rows, steps)",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_named_in_one_line(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        call()
    assert str(caught.value) == message


def test_no_steps_and_no_rows_fit() -> None:
    for cell, inputs in ((LSTM(3, 4), torch.rand(2, 0, 3)), (OneHotLSTM(10, 4), torch.zeros(2, 0, dtype=torch.int64))):
        assert cell.record(inputs).hidden.shape == (0, 2, 4)
    assert OneHotLSTM(10, 4).record(torch.zeros(0, 3, dtype=torch.int64)).hidden.shape == (3, 0, 4)

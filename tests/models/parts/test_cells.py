"""The cells written out against PyTorch's own layers: outputs, states and all gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from textrnn.models.parts import cells
from textrnn.models.parts.cells import WrittenGRU, WrittenLSTM, WrittenRNN, lstm_steps, project, srn_steps
from textrnn.models.parts.recurrent_layers import FusedGRU, FusedLSTM, FusedRNN, RecurrentLayer

ORACLES: dict[type[RecurrentLayer], type[nn.RNNBase]] = {
    WrittenLSTM: nn.LSTM,
    WrittenGRU: nn.GRU,
    WrittenRNN: nn.RNN,
    FusedLSTM: nn.LSTM,
    FusedGRU: nn.GRU,
    FusedRNN: nn.RNN,
}
SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6), st.integers(0, 999))


@pytest.mark.parametrize("kind", ORACLES, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=25)
@given(shape=SHAPES)
def test_against_pytorch(kind: type[RecurrentLayer], shape: tuple[int, int, int, int, int]) -> None:
    steps, rows, input_size, hidden_size, seed = shape
    torch.manual_seed(seed)
    ours, theirs = kind(input_size, hidden_size), ORACLES[kind](input_size, hidden_size)  # type: ignore[call-arg, arg-type]
    theirs.load_state_dict({f"{name}_l0": tensor for name, tensor in ours.state_dict().items()})
    inputs = torch.randn(steps, rows, input_size)
    state = tuple(torch.randn(rows, hidden_size) for _ in range(ours.state_count))
    weights = torch.randn(steps, rows, hidden_size)
    mine, other = (inputs.clone().requires_grad_() for _ in range(2))
    outputs, after = ours(mine, state)
    begun = tuple(part[None] for part in state)
    expected, expected_after = theirs(other, begun if len(begun) == 2 else begun[0])
    torch.testing.assert_close(outputs, expected, atol=1e-5, rtol=1e-5)
    expected_after = expected_after if isinstance(expected_after, tuple) else (expected_after,)
    for part, expected_part in zip(after, expected_after, strict=True):
        torch.testing.assert_close(part, expected_part[0], atol=1e-5, rtol=1e-5)
    (outputs * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(mine.grad, other.grad, atol=1e-5, rtol=1e-5)
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(
            parameter.grad, getattr(theirs, f"{name}_l0").grad, atol=1e-5, rtol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )


@pytest.mark.parametrize("kind", ORACLES, ids=lambda kind: kind.__name__)
def test_bf16_comes_near(kind: type[RecurrentLayer]) -> None:
    torch.manual_seed(0)
    layer = kind(8, 8)
    inputs = torch.randn(5, 3, 8)
    state = layer.zero_state(3, inputs)
    exact, _ = layer(inputs, state)
    rough, after = layer(inputs.bfloat16(), state)
    assert rough.dtype == after[0].dtype == torch.bfloat16
    assert layer.weight_hh.dtype == torch.float32
    torch.testing.assert_close(rough.float(), exact, atol=0.05, rtol=0.05)


def test_orthogonal_initialisation() -> None:
    layer = FusedLSTM(3, 8)
    layer.initialise("orthogonal")
    for gate in layer.weight_hh.split(8):
        torch.testing.assert_close(gate @ gate.t(), torch.eye(8), atol=1e-5, rtol=0)
    assert layer.bias_ih.tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16


@pytest.mark.parametrize("cell", ["lstm", "srn", "residual"])
@pytest.mark.parametrize(
    "shape", [(4, 3, 5, 6), (3, 40, 70, 70), (1, 1, 1, 1)]
)  # the second one is beyond NumPy's size
@pytest.mark.parametrize("looks_at", ["all", "last", "cells"])
def test_both_kernels_agree(
    cell: str, shape: tuple[int, int, int, int], looks_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, rows, input_size, size = shape
    gates, kind = 4 if cell == "lstm" else 1, torch.float64
    torch.manual_seed(0)
    given_values = [
        torch.randn(steps, rows, input_size, dtype=kind),
        torch.randn(gates * size, input_size, dtype=kind) * 0.3,
        torch.randn(gates * size, dtype=kind),
        torch.randn(gates * size, size, dtype=kind) * 0.3,
        torch.randn(rows, size, dtype=kind),
        torch.randn(rows, size, dtype=kind),
    ]

    def everything() -> list[torch.Tensor]:
        leaves = [tensor.clone().requires_grad_() for tensor in given_values]
        inputs, weight_ih, bias, weight_hh, hidden, memory = leaves
        from_inputs = project(inputs, weight_ih, bias)
        if cell == "lstm":
            record = lstm_steps(from_inputs, weight_hh, hidden, memory)
            parts = [*record]
            seen = {"all": record.hidden, "last": record.last_hidden, "cells": record.cell}[looks_at]
        else:
            short = srn_steps(from_inputs, weight_hh, hidden, residual=cell == "residual")
            parts = [*short]
            seen = short.last_hidden if looks_at == "last" else short.hidden
        seen.square().sum().backward()
        return [*parts, *(leaf.grad for leaf in leaves if leaf.grad is not None)]

    by_numpy = everything()
    monkeypatch.setattr(cells, "MAX_NUMPY_MULTIPLICATIONS", 0)  # so that every step is made in torch
    by_torch = everything()
    assert len(by_numpy) == len(by_torch) > 6
    for one, other in zip(by_numpy, by_torch, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-8)


def test_without_gradients_nothing_changes() -> None:
    torch.manual_seed(0)
    layer = WrittenLSTM(5, 6)
    inputs = torch.randn(4, 3, 5)
    outputs, state = layer(inputs, layer.zero_state(3, inputs))
    with torch.inference_mode():
        again, state_again = layer(inputs, layer.zero_state(3, inputs))
    assert torch.equal(outputs.detach(), again)
    assert torch.equal(state[1].detach(), state_again[1])

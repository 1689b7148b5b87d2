"""The networks of the memory experiments: shapes, starts, initial weights."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.models.memory.base import SequenceClassifier, initialise
from textrnn.models.parts import visible_cells
from textrnn.models.parts.visible_cells import LSTM, SRN, ResidualSRN, VisibleCell
from textrnn.models.registry import all_models, find_model

NAMES = ["LSTM", "ResidualSRN", "SRN"]


def build(name: str, length: int = 7, **values: Any) -> SequenceClassifier:
    entry = find_model(name, "memory")
    torch.manual_seed(0)
    network = entry.build(
        entry.config_class.from_dict({"hidden_size": 6, **values}),
        vocabulary_size=10,
        class_count=19,
        sequence_length=length,
    )
    assert isinstance(network, SequenceClassifier)
    return network


def test_the_models_of_the_task() -> None:
    assert list(all_models("memory")) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("learned_start", [True, False])
def test_every_parameter_gets_a_gradient(name: str, learned_start: bool) -> None:
    network = build(name, learned_start=learned_start)
    logits = network(torch.randint(0, 10, (200, 7)))
    assert logits.shape == (200, 19)
    torch.nn.functional.cross_entropy(logits, torch.randint(0, 19, (200,))).backward()
    silent = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []
    assert any(n.startswith("start") for n, _ in network.named_parameters()) == learned_start


@pytest.mark.parametrize("name", NAMES)
def test_rows_do_not_know_of_each_other(name: str) -> None:
    network = build(name).eval()
    digits = torch.randint(0, 10, (5, 9))
    together = network(digits)
    for row in range(5):
        torch.testing.assert_close(network(digits[row : row + 1])[0], together[row], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_start_is_where_the_cell_begins(name: str) -> None:
    network = build(name).eval()
    digits = torch.randint(0, 10, (2, 3))
    state = tuple(part.expand(2, -1) for part in network.start)
    expected = network.output(network.cell(network.embedding(digits), state))
    torch.testing.assert_close(network(digits), expected)
    other = build(name, learned_start=False).eval()
    torch.testing.assert_close(other(digits), other.output(other.cell(other.embedding(digits))))


@pytest.mark.parametrize("name", NAMES)
def test_eight_rows_are_learnt_by_heart(name: str) -> None:
    network = build(name, hidden_size=16, embedding_dropout=0.0)
    digits, labels = torch.randint(0, 10, (8, 7)), torch.randint(0, 19, (8,))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(digits), labels).backward()
        optimizer.step()
    assert (network(digits).argmax(dim=1) == labels).all()


@pytest.mark.parametrize("way", ["chrono", "orthogonal", "zero", "glorot", "uniform"])
@pytest.mark.parametrize("kind", [SRN, ResidualSRN, LSTM])
def test_initial_weights(way: str, kind: type[VisibleCell]) -> None:
    torch.manual_seed(0)
    cell = kind(5, 8)
    before = {name: value.clone() for name, value in cell.named_parameters()}
    initialise(cell, way, sequence_length=50)
    for name, value in cell.named_parameters():
        if way == "uniform":
            assert torch.equal(value, before[name])
        elif way == "zero":
            assert not value.any()
        elif way == "glorot":
            assert value.abs().max() <= (6 / sum(value.shape)) ** 0.5
            assert value.any() == (not name.startswith("b"))
        elif name.startswith("U"):
            torch.testing.assert_close(value @ value.t(), torch.eye(8), atol=1e-5, rtol=0)
        elif name.startswith("W"):
            assert 0 < value.abs().max() <= (6 / sum(value.shape)) ** 0.5
        elif name not in ("b_f", "b_i") or (name == "b_i" and way == "orthogonal"):
            assert not value.any()
    if kind is LSTM and way == "orthogonal":
        assert cell.get_parameter("b_f").eq(1).all()
    if kind is LSTM and way == "chrono":
        forget = cell.get_parameter("b_f")
        torch.testing.assert_close(cell.get_parameter("b_i"), -forget)
        assert 0 <= forget.min() < forget.max() <= math.log(49)


def test_chrono_of_the_shortest_sequence_is_finite() -> None:
    cell = LSTM(2, 4)
    initialise(cell, "chrono", sequence_length=3)
    assert cell.get_parameter("b_f").isfinite().all()


@pytest.mark.parametrize("kind", [SRN, ResidualSRN, LSTM])
@settings(deadline=None, max_examples=20)
@given(shape=st.tuples(*(st.integers(1, 6) for _ in range(4)), st.integers(0, 999)))
def test_equation_by_equation(kind: type[VisibleCell], shape: tuple[int, int, int, int, int]) -> None:
    """Outputs and gradients written out by hand against autograd over the equations as they stand."""
    rows, steps, input_size, hidden_size, seed = shape
    torch.manual_seed(seed)
    cell = kind(input_size, hidden_size).double()
    inputs = torch.randn(rows, steps, input_size, dtype=torch.float64)
    weights = torch.randn(rows, hidden_size, dtype=torch.float64)
    gradients = []
    for run in (cell, cell.step_by_step):
        cell.zero_grad()
        found = run(inputs)
        (found * weights).sum().backward()
        gradients.append([found.detach(), *(p.grad.clone() for p in cell.parameters() if p.grad is not None)])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-7)


@pytest.mark.parametrize("kind", [SRN, ResidualSRN, LSTM])
@pytest.mark.parametrize("steps", [1, 7, 40])
def test_without_gradients_parts_of_the_steps_make_the_whole(
    kind: type[VisibleCell], steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    cell = kind(3, 4).double()
    inputs, state = torch.randn(2, steps, 3).double(), torch.randn(2, 2, 4).double()
    start = tuple(state) if kind is LSTM else (state[0],)
    expected = cell(inputs, start)
    monkeypatch.setattr(visible_cells, "MAX_PROJECTED_NUMBERS", 6 * 2 * len(cell.gates) * 4)  # six steps at a time
    with torch.inference_mode():
        torch.testing.assert_close(cell(inputs, start), expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("kind", [SRN, LSTM])
@pytest.mark.parametrize("shape", [(64, 5, 400, 64), (200, 3, 4, 150)])
def test_sizes_beyond_numpys(kind: type[VisibleCell], shape: tuple[int, int, int, int]) -> None:
    """Where only the inputs' product, or only the steps, are too large for the small kernels."""
    rows, steps, input_size, hidden_size = shape
    torch.manual_seed(0)
    cell = kind(input_size, hidden_size).double()
    inputs = torch.randn(rows, steps, input_size, dtype=torch.float64)
    found = []
    for run in (cell, cell.step_by_step):
        cell.zero_grad()
        output = run(inputs)
        output.square().sum().backward()
        found.append([output.detach(), *(p.grad.clone() for p in cell.parameters() if p.grad is not None)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-7)


@pytest.mark.parametrize("kind", [SRN, ResidualSRN, LSTM])
def test_no_steps_leave_the_state_as_it_was(kind: type[VisibleCell]) -> None:
    cell, hidden = kind(3, 4), torch.randn(2, 4)
    state = (hidden, torch.randn(2, 4)) if kind is LSTM else (hidden,)
    assert torch.equal(cell(torch.empty(2, 0, 3), state), hidden)
    with torch.inference_mode():
        assert torch.equal(cell(torch.empty(2, 0, 3), state), hidden)


def test_pytorchs_layer_keeps_the_precision() -> None:
    assert LSTM(2, 3).double().to_torch().weight_hh_l0.dtype == torch.float64

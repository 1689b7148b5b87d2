"""What the docstrings say of cells, with weights set by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.gated_deltanet import GatedDeltaNet, GatedDeltaNetSigned
from textrnn.models.parts.recurrent.min_gru import MinGRU
from textrnn.models.parts.recurrent.mlstm import MLSTM
from textrnn.models.parts.recurrent.rg_lru import RGLRU

OPEN, SHUT = 40.0, -40.0  # what goes into a sigmoid for one and zero


def set_weights(cell: RecurrentCell, **values: Tensor | list[list[float]] | float) -> None:
    """Those named as given, all others zero; the convolution passes the present step on."""
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            given = values.get(name, 0.0)
            parameter.copy_(torch.as_tensor(given, dtype=parameter.dtype).expand_as(parameter))
            if name == "convolution":
                parameter.zero_()
                parameter[-1] = 1.0


@pytest.mark.parametrize("steps", [40, 2000])
def test_reflections_follow_parity(steps: int) -> None:
    torch.manual_seed(0)
    bits = torch.randint(2, (3, steps))
    cell = GatedDeltaNetSigned(2, 2, heads=1)
    # Every one reflects along the first direction, where the memory holds something; no step forgets or writes.
    set_weights(cell, W_e=[[SHUT], [OPEN]], b_a=OPEN, b_q=[[OPEN, SHUT]], b_k=[[OPEN, SHUT]], b_v=[[0.0, 0.0]])
    start = cell.initial_state(3)
    start.memory[:, 0, 0, 0] = 1.0
    outputs, _ = cell(functional.one_hot(bits, 2).float(), start)
    torch.testing.assert_close(outputs[..., 0], 1.0 - 2.0 * (bits.cumsum(1) % 2), atol=1e-4, rtol=0)


def test_without_negative_eigenvalues_no_state_changes_sign() -> None:
    """Of what the memory held at first, along any direction that is read: it shrinks or it stays."""
    torch.manual_seed(0)
    cell = GatedDeltaNet(2, 2, heads=1)
    set_weights(cell, W_e=[[SHUT], [OPEN]], b_a=OPEN, b_q=[[OPEN, SHUT]], b_k=[[OPEN, SHUT]])
    start = cell.initial_state(3)
    start.memory[:, 0, 0, 0] = 1.0
    outputs, _ = cell(functional.one_hot(torch.randint(2, (3, 50)), 2).float(), start)
    assert (outputs[..., 0] > -1e-6).all()


def test_a_delta_cell_replaces_what_mlstm_adds_to() -> None:
    """Two values under one key, then the question: the second one, and the mean of both."""
    inputs = torch.eye(3)[None]  # first value, second value, question
    delta = GatedDeltaNet(3, 2, heads=1)
    key, values = [[OPEN, SHUT]], torch.tensor([[OPEN, 0.0], [0.0, OPEN], [0.0, 0.0]])
    set_weights(delta, W_e=[[OPEN], [OPEN], [SHUT]], b_a=OPEN, b_q=key, b_k=key, W_v=values)
    torch.testing.assert_close(delta(inputs)[0][0, 2], torch.tensor([0.0, OPEN]), atol=1e-3, rtol=0)
    matrix = MLSTM(3, 2, heads=1)
    set_weights(
        matrix, W_i=[[0.0], [0.0], [SHUT]], b_f=OPEN, b_o=OPEN, b_q=key, b_k=key, W_v=values
    )  # fmt: skip
    torch.testing.assert_close(matrix(inputs)[0][0, 2], torch.tensor([OPEN / 2, OPEN / 2]), atol=1e-3, rtol=0)


@pytest.mark.parametrize("kind", [MinGRU, RGLRU])
def test_a_shut_gate_keeps_a_value_through_two_thousand_steps(kind: type[RecurrentCell]) -> None:
    torch.manual_seed(0)
    inputs = torch.randn(1, 2000, 2)
    inputs[..., 0] = 0.0
    inputs[:, 0, 0] = 1.0  # the first step is marked, and alone taken in
    cell = kind(2, 1)
    name = "W_z" if kind is MinGRU else "W_r"
    set_weights(cell, **{name: [[2 * OPEN], [0.0]], f"b{name[1:]}": SHUT}, W_h=[[0.0], [1.0]], b_i=OPEN, decay=0.0)
    outputs, _ = cell(inputs)
    expected = inputs[0, 0, 1] if kind is MinGRU else inputs[0, 0, 1] * (1 - 0.5**16) ** 0.5
    torch.testing.assert_close(outputs[0, -1, 0], expected, atol=1e-4, rtol=0)

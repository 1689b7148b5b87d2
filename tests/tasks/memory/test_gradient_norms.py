"""The gradient of a state with respect to the first, against autograd."""

from __future__ import annotations

import pytest
import torch

from tests.models.memory.test_base import build
from textrnn.tasks.memory.gradient_norms import gradient_norms


@pytest.mark.parametrize("name", ["LSTM", "SRN", "ResidualSRN", "GRU"])
def test_norms_are_those_of_autograd(name: str) -> None:
    torch.manual_seed(0)
    network = build(name).double().eval()
    tokens = torch.randint(0, 10, (6,))
    inputs, start = network.cell_inputs(tokens[None])

    def after(steps: int, first: torch.Tensor) -> torch.Tensor:
        state = network.cell.state_type(*start[:-1], first)
        for at in range(steps):
            state = network.cell.step(inputs[:, at], state)[1]
        last: torch.Tensor = state[-1][0]
        return last

    found = gradient_norms(network, tokens)
    assert len(found) == 7
    for steps, norm in enumerate(found):
        jacobian = torch.autograd.functional.jacobian(
            lambda first, steps=steps: after(steps, first), start[-1].detach()
        )  # type: ignore[no-untyped-call]
        assert norm == pytest.approx(float(jacobian.norm()) / network.cell.hidden_size**0.5, rel=1e-9), steps

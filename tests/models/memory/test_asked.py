"""Answers that are asked at any step, not after the last one alone."""

from __future__ import annotations

import pytest
import torch

from tests.models.memory.test_base import build
from textrnn.models.registry import all_models


@pytest.mark.parametrize("name", list(all_models("memory")))
def test_what_is_asked_on_the_way_is_what_would_be_answered_there(name: str) -> None:
    network = build(name).eval()
    digits = torch.randint(0, 10, (3, 6))
    asked = torch.tensor([[1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1], [0, 1, 1, 0, 0, 0]]).bool()
    found = network(digits, asked)
    assert found.shape == (5, 19)
    for answer, (row, place) in zip(found, asked.nonzero().tolist(), strict=True):
        torch.testing.assert_close(answer, network(digits[row : row + 1, : place + 1])[0], atol=1e-5, rtol=1e-5)
    filled = torch.cat([digits, torch.randint(0, 10, (3, 4))], dim=1)  # as shorter rows are among longer ones
    with torch.inference_mode():
        torch.testing.assert_close(network(filled, torch.nn.functional.pad(asked, (0, 4))), found, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", list(all_models("memory")))
def test_every_parameter_gets_a_gradient_from_what_is_asked_on_the_way(name: str) -> None:
    network = build(name, embedding_dropout=0.0).double()
    digits, asked = torch.randint(0, 10, (4, 7)), torch.rand(4, 7) < 0.5
    labels = torch.randint(0, 19, (int(asked.sum()),))
    torch.nn.functional.cross_entropy(network(digits, asked), labels, reduction="sum").backward()
    gradients = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    network.zero_grad()
    for label, (row, place) in zip(labels, asked.nonzero().tolist(), strict=True):  # one answer after another
        logits = network(digits[row : row + 1, : place + 1])
        torch.nn.functional.cross_entropy(logits, label[None]).backward()
    for gradient, parameter in zip(gradients, network.parameters(), strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-9, rtol=1e-7)

"""How much a state after many steps still depends on the state before the first one.

Shapes: T time, H hidden, S numbers of a state.

Source: Bengio et al. 1994; Pascanu et al. 2013, section 2.1 (the norm of the product of Jacobians).
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from textrnn.config import MemorySettings
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.tasks.memory.learning import build
from textrnn.tasks.memory.registry import Problem

STEPS, TOKENS_SEED = 100, 0
MAX_NUMBERS = 1 << 21  # of all Jacobians that are computed at once
# Of the curves beside that of the trained network: model and initialisation.
UNTRAINED = {"srn": ("SRN", "orthogonal"), "lstm": ("LSTM", "orthogonal"), "chrono": ("LSTM", "chrono")}


def gradient_norms(network: SequenceClassifier, tokens: Tensor) -> list[float]:
    """The Frobenius norm of d c_t / d c_0 divided by the root of H, for t from 0 to T; of a cell with a hidden state
    alone, that of d h_t / d h_0. All else that begins is held fast.

    The Jacobian of a step, of the whole state, comes from one backward pass over S rows that are alike, each asking for
    another number of the state after it; those of many steps are one batch, and their product is what is looked for.

    Args:
        tokens: int64, (T,).
    """
    cell, size = network.cell, network.cell.hidden_size
    inputs, start = network.cell_inputs(tokens[None])
    before = [torch.cat(list(start), dim=1)]  # (1, S), before each step
    with torch.no_grad():
        for values in inputs.unbind(1):
            state = cell.step(values, cell.state_type(*before[-1].split(size, dim=1)))[1]
            before.append(torch.cat(list(state), dim=1))
    states, count = torch.cat(before[:-1]).detach(), before[0].shape[1]
    of_first = torch.eye(count, dtype=torch.float64, device=tokens.device)[:, -size:]  # (S, H): d state / d c_0
    norms = [1.0]
    for at in range(0, len(tokens), chunk := max(1, MAX_NUMBERS // count**2)):
        for jacobian in _jacobians(cell, inputs[0, at : at + chunk].detach(), states[at : at + chunk]):
            of_first = jacobian.double() @ of_first
            norms.append(float(of_first[-size:].norm()) / size**0.5)
    return norms


def _jacobians(cell: RecurrentCell, inputs: Tensor, states: Tensor) -> Tensor:
    """(T, E), (T, S) -> (T, S, S): of the state after each step with respect to the one before it."""
    steps, count = states.shape
    rows = states.repeat_interleave(count, dim=0).requires_grad_()
    parts = cell.state_type(*rows.split(cell.hidden_size, dim=1))
    with torch.enable_grad():
        after = torch.cat(list(cell.step(inputs.repeat_interleave(count, dim=0), parts)[1]), dim=1)
    (found,) = torch.autograd.grad(after, rows, torch.eye(count).to(after).repeat(steps, 1))
    return found.view(steps, count, count)


def curves(problem: Problem, settings: MemorySettings, trained: SequenceClassifier) -> dict[str, list[float]]:
    """Those of an SRN and of two LSTMs that have learnt nothing, and that of a trained network, over the same tokens.

    The chrono initialisation is made for so many steps.

    Args:
        settings: of the trained network: the others have its sizes and seed.
    """
    device = next(trained.parameters()).device
    generator = torch.Generator().manual_seed(TOKENS_SEED)
    tokens = torch.randint(problem.vocabulary_size, (STEPS,), generator=generator).to(device)
    found = {}
    for name, (model, initialisation) in UNTRAINED.items():
        config = dataclasses.replace(settings.model_config, initialisation=initialisation, num_layers=1)
        other = dataclasses.replace(settings, model_name=model, model_config=config)
        found[name] = gradient_norms(build(problem, other, STEPS, device).eval(), tokens)
    found["trained"] = gradient_norms(trained.eval(), tokens)
    return found

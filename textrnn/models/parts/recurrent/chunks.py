"""What cells with a matrix for a state have in common: chunks of a sequence, and decays between its steps.

Shapes: B batch, T time, n heads, N chunks, C steps of a chunk, d numbers of a head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

MAX_CHUNK = 32  # steps; within a chunk the cost grows with its square, and each chunk waits for the one before


def default_heads(hidden_size: int) -> int:
    """Four where the units can be shared out among them, else two or one."""
    return next(heads for heads in (4, 2, 1) if hidden_size % heads == 0)


def in_chunks(values: Tensor, heads: int, *, fill: float = 0.0) -> Tensor:
    """(B, T, n * d) -> (B, n, N, C, d), `fill` in the place of the steps that the last chunk lacks."""
    steps = values.shape[1]
    length = math.ceil(steps / math.ceil(steps / MAX_CHUNK))  # so that little has to be filled in
    missing = -steps % length
    if missing:
        values = functional.pad(values, (0, 0, 0, missing), value=fill)
    found: Tensor = values.unflatten(2, (heads, -1)).unflatten(1, (-1, length))
    return found.permute(0, 3, 1, 2, 4)


def from_chunks(values: Tensor, steps: int) -> Tensor:
    """(B, n, N, C, d) -> (B, T, n * d), without what was filled in."""
    return values.permute(0, 2, 3, 1, 4).flatten(3).flatten(1, 2)[:, :steps]


def log_decays(log_decay: Tensor) -> Tensor:
    """(..., C) -> (..., C, C): at [t, s] the sum of those after s up to t, and -inf where s is later than t.

    Sums, and not differences of running sums: a step that forgets all would leave nothing of the digits of the others.
    """
    length = log_decay.shape[-1]
    after = torch.ones(length, length, dtype=torch.bool, device=log_decay.device).tril(-1)
    shares = log_decay[..., None].expand(*log_decay.shape, length).masked_fill(~after, 0.0)
    return shares.cumsum(-2).masked_fill(after.t(), -torch.inf)

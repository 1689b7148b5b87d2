"""Windows of a long text for truncated back-propagation through time.

Source: Zhang et al., Dive into Deep Learning, section "Language Models and the Dataset"; both ways of sampling give the
batches of its ``SeqDataLoader``.

Shapes: B rows, T steps, N characters of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Window(NamedTuple):
    """Input ids (B, T), the ids that follow them (B, T), and whether the rows continue the window before."""

    inputs: Tensor
    targets: Tensor
    continues: bool


class SequentialWindows(Sequence[Window]):
    """The text in B rows of equal length, read side by side: each window continues the one before.

    Args:
        token_ids: int64, (N,).
        offset: characters left out at the start; another one in every epoch moves the cuts.
        keep_rest: whether what remains at the end of the rows, less than a window, is a last, shorter one. The book
            leaves it out.
    """

    def __init__(self, token_ids: Tensor, batch_size: int, num_steps: int, *, offset: int = 0, keep_rest: bool = False):
        self.num_steps = num_steps
        row_length = max(0, len(token_ids) - offset - 1) // batch_size
        used = row_length * batch_size
        self.inputs = token_ids[offset : offset + used].view(batch_size, row_length)
        self.targets = token_ids[offset + 1 : offset + 1 + used].view(batch_size, row_length)
        self.window_count = -(-row_length // num_steps) if keep_rest else row_length // num_steps

    def __len__(self) -> int:
        return self.window_count

    def __getitem__(self, index: int) -> Window:  # type: ignore[override]  # no slices are taken
        if not 0 <= index < len(self):
            raise IndexError(index)  # ends an iteration
        part = slice(index * self.num_steps, (index + 1) * self.num_steps)
        return Window(self.inputs[:, part], self.targets[:, part], continues=index > 0)


class RandomWindows(Sequence[Window]):
    """The text cut into windows that in random order; none continues another.

    The last windows, fewer than B, are left out, other ones in every epoch.
    """

    def __init__(
        self, token_ids: Tensor, batch_size: int, num_steps: int, *, offset: int = 0, generator: torch.Generator
    ):
        self.batch_size, self.num_steps, self.offset = batch_size, num_steps, offset
        self.token_ids = token_ids
        count = max(0, len(token_ids) - offset - 1) // num_steps
        self.order = torch.randperm(count, generator=generator)

    def __len__(self) -> int:
        return len(self.order) // self.batch_size

    def __getitem__(self, index: int) -> Window:  # type: ignore[override]  # no slices are taken
        if not 0 <= index < len(self):
            raise IndexError(index)
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        starts = self.offset + chosen.to(self.token_ids.device) * self.num_steps
        at = starts[:, None] + torch.arange(self.num_steps, device=starts.device)[None, :]
        return Window(self.token_ids[at], self.token_ids[at + 1], continues=False)

"""Batches of texts of similar length, so that little of a batch is padding.

Everything is held as flat tensors on one device; a batch is cut out by index arithmetic, without a Python loop.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrnn.config import PAD_ID
from textrnn.corpus.vocab import EncodedTexts, Spelling

POOL_BATCHES = 50  # batches sorted by length together: enough for little padding, few enough to mix the rows well
SCORING_BATCH_TOKENS = 1 << 14  # padded tokens of a batch that is only scored, roughly


class Batch(NamedTuple):
    """Token ids (B, T) padded with 0, lengths (B,), class indices (B,), what each row counts (B,), if not all alike,
    where they are read, the code points of the spellings (B, S), padded with 0, and where labels are guesses, how much
    each row is of each class (B, C)."""

    token_ids: Tensor
    lengths: Tensor
    labels: Tensor
    weights: Tensor | None = None
    characters: Tensor | None = None
    soft_labels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What a network is called with."""
        own = (self.token_ids, self.lengths)
        return own if self.characters is None else (*own, self.characters)


@dataclass(frozen=True)
class SpeltTexts:
    """The spellings of encoded texts on one device.

    Attributes:
        characters: int32, (all characters,)
        starts: int64, (rows,): where each begins
        lengths: int64, (rows,), on the CPU
    """

    characters: Tensor
    starts: Tensor
    lengths: Tensor

    @classmethod
    def from_spelling(cls, spelling: Spelling, device: torch.device | str = "cpu") -> SpeltTexts:
        """Move spellings to a device."""
        return cls(
            torch.from_numpy(spelling.characters).to(device),
            torch.from_numpy(spelling.offsets[:-1]).to(device),
            torch.from_numpy(np.diff(spelling.offsets)),
        )

    def of(self, rows: Tensor) -> Tensor:
        """The rows (B,), on the CPU -> (B, S), padded with 0 to the longest of them."""
        return _padded(self.characters, self.starts, self.lengths, rows)

    def select(self, rows: Tensor) -> SpeltTexts:
        """Those rows alone."""
        return SpeltTexts(self.characters, self.starts[rows.to(self.starts.device)], self.lengths[rows])


def _padded(flat: Tensor, starts: Tensor, lengths: Tensor, rows: Tensor) -> Tensor:
    """Rows (B,), on the CPU, of ragged ones that lie end to end -> (B, longest) int64, 0 behind them."""
    longest = int(lengths[rows].max())
    counts = lengths[rows].to(flat.device, non_blocking=True)
    step = torch.arange(longest, device=flat.device)[None, :]
    inside = step < counts[:, None]
    position = torch.where(inside, starts[rows.to(flat.device, non_blocking=True)][:, None] + step, 0)
    return flat[position].long().masked_fill_(~inside, PAD_ID)


@dataclass(frozen=True)
class LabelledTexts:
    """Encoded texts and their classes on one device.

    Attributes:
        token_ids: int32, (all tokens,)
        starts: int64, (rows,): where each text starts in `token_ids`
        lengths: int64, (rows,), on the CPU, so that the width of a batch is known without asking the device
        labels: int64, (rows,)
        weights: float32, (rows,): what each row counts in the loss; None: all alike
        soft_labels: float32, (rows, C): how much each row is of each class; None: wholly of its label's
        spelling: where a model reads it
    """

    size_settings: ClassVar[str] = "`batch_size`, `pad_size` or `hidden_size`"  # to reduce when out of memory
    token_ids: Tensor
    starts: Tensor
    lengths: Tensor
    labels: Tensor
    weights: Tensor | None = None
    soft_labels: Tensor | None = None
    spelling: SpeltTexts | None = None

    @classmethod
    def from_encoded(
        cls, encoded: EncodedTexts, labels: list[int], device: torch.device | str = "cpu"
    ) -> LabelledTexts:
        """Move encoded texts to a device."""
        return cls(
            torch.from_numpy(encoded.token_ids).to(device),
            torch.from_numpy(encoded.offsets[:-1]).to(device),
            torch.from_numpy(encoded.lengths),
            torch.tensor(labels, dtype=torch.int64, device=device),
            spelling=None if encoded.spelling is None else SpeltTexts.from_spelling(encoded.spelling, device),
        )

    def weighted(self, weights: NDArray[np.float64] | None) -> Self:
        """The same rows with what each counts in the loss, (rows,); None: all alike."""
        if weights is None:
            return self
        return dataclasses.replace(self, weights=torch.from_numpy(weights).to(self.labels.device, torch.float32))

    def softened(self, soft_labels: NDArray[np.float32] | None) -> Self:
        """The same rows with how much each is of each class, (rows, C); None: wholly of its label's."""
        if soft_labels is None:
            return self
        return dataclasses.replace(self, soft_labels=torch.from_numpy(soft_labels).to(self.labels.device))

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: Tensor) -> Batch:
        """The rows (B,) as one batch, padded to the longest of them."""
        token_ids = _padded(self.token_ids, self.starts, self.lengths, rows)
        characters = None if self.spelling is None else self.spelling.of(rows)
        lengths = self.lengths[rows].to(self.labels.device, non_blocking=True)
        rows = rows.to(self.labels.device, non_blocking=True)
        weights, soft = (None if part is None else part[rows] for part in (self.weights, self.soft_labels))
        return Batch(token_ids, lengths, self.labels[rows], weights, characters, soft)

    def select(self, rows: Tensor) -> Self:
        """Those rows (B,), on the CPU, alone."""
        here = rows.to(self.labels.device)
        return dataclasses.replace(
            self,
            starts=self.starts[here],
            lengths=self.lengths[rows],
            labels=self.labels[here],
            weights=None if self.weights is None else self.weights[here],
            soft_labels=None if self.soft_labels is None else self.soft_labels[here],
            spelling=None if self.spelling is None else self.spelling.select(rows),
        )


def shuffled_batches(lengths: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    """Row indices for one epoch: every row once, in random batches of similar lengths, in random order.

    The rows are shuffled, cut into pools, sorted by length within a pool, and cut into batches; the batches are then
    shuffled. The last batch may be smaller.

    Args:
        lengths: int64, (rows,), on the CPU.
    """
    order = torch.randperm(len(lengths), generator=generator)
    batches: list[Tensor] = []
    for pool in order.split(batch_size * POOL_BATCHES):
        batches += pool[lengths[pool].argsort(stable=True)].split(batch_size)
    return [batches[index] for index in torch.randperm(len(batches), generator=generator).tolist()]


def sorted_batches(lengths: Tensor) -> Iterator[Tensor]:
    """Row indices for scoring: every row once, shortest first, so many at a time that a batch stays in bounds.

    Args:
        lengths: int64, (rows,), on the CPU.
    """
    order = lengths.argsort(stable=True)
    start = 0
    while start < len(order):
        # The rows only get longer, so a batch sized by its first row can overshoot; size it by the row it would end on.
        count = max(1, SCORING_BATCH_TOKENS // int(lengths[order[start]]))
        last = min(start + count, len(order)) - 1
        count = max(1, SCORING_BATCH_TOKENS // int(lengths[order[last]]))
        yield order[start : start + count]
        start += count

"""Batches of texts of similar length, so that little of a batch is padding.

Everything is held as flat tensors on one device; a batch is cut out by index arithmetic, without a Python loop.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrnn.config import PAD_ID
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.vocab import EncodedTexts, Spelling

POOL_BATCHES = 50  # batches sorted by length together: enough for little padding, few enough to mix the rows well
SCORING_BATCH_TOKENS = 1 << 14  # padded tokens of a batch that is only scored, roughly


class LabelPairs(NamedTuple):
    """Several labels a row: row ``rows[m]`` has the class ``classes[m]``; int64, (M,) each, rows rising."""

    rows: Tensor
    classes: Tensor


class Batch(NamedTuple):
    """Token ids (B, T) padded with 0, lengths (B,), class indices (B,), what each row counts (B,), if not all alike;
    where rows have several labels, `labels` is empty and `label_pairs` has them; where they are read, the code points
    of the spellings (B, S), padded with 0; where labels are guesses, how much each row is of each class (B, C)."""

    token_ids: Tensor
    lengths: Tensor
    labels: Tensor
    weights: Tensor | None = None
    label_pairs: LabelPairs | None = None
    characters: Tensor | None = None
    soft_labels: Tensor | None = None
    sentence_vectors: Tensor | None = None  # (B, D), made elsewhere

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def beside(self) -> dict[str, Tensor]:
        """What it is called with by name."""
        return {} if self.sentence_vectors is None else {"sentence_vectors": self.sentence_vectors}

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What a network is called with."""
        own = (self.token_ids, self.lengths)
        return own if self.characters is None else (*own, self.characters)

    def twice(self) -> Batch:
        """The same rows, and all of them once more behind."""
        doubled: dict[str, Any] = {
            name: torch.cat([values, values]) if isinstance(values, Tensor) else values
            for name, values in self._asdict().items()
        }
        if self.label_pairs is not None:
            rows, classes = self.label_pairs
            doubled["label_pairs"] = LabelPairs(torch.cat([rows, rows + len(self)]), torch.cat([classes, classes]))
        return Batch(**doubled)  # not by _replace, which takes the length for the number of fields


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
        return _padded(self.characters, self.starts[rows.to(self.starts.device)], self.lengths[rows])

    def select(self, rows: Tensor) -> SpeltTexts:
        """Those rows alone."""
        return SpeltTexts(self.characters, self.starts[rows.to(self.starts.device)], self.lengths[rows])


def _padded(flat: Tensor, starts: Tensor, lengths: Tensor, drawn: Mapping[int, Tensor] | None = None) -> Tensor:
    """Rows that lie end to end -> (B, longest) int64, 0 behind them.

    Args:
        starts: (B,) where each begins.
        lengths: (B,), on the CPU.
        drawn: by place, the positions in its row that are taken; of others, the first ones.
    """
    step = torch.arange(int(lengths.max()), device=flat.device)[None, :]
    inside = step < lengths.to(flat.device, non_blocking=True)[:, None]
    if drawn:
        step = step.repeat(len(starts), 1)
        for place, positions in drawn.items():
            step[place, : len(positions)] = positions.to(step.device)
    return flat[torch.where(inside, starts[:, None] + step, 0)].long().masked_fill_(~inside, PAD_ID)


@dataclass(frozen=True)
class WindowSample:
    """What is read of a long text in a step of training: some of its windows, drawn anew each time, in their order.

    Attributes:
        size: tokens of a window
        most: windows of a text
    """

    size: int
    most: int

    @property
    def tokens(self) -> int:
        """Of a text at most."""
        return self.size * self.most

    def drawn(self, length: int, generator: torch.Generator) -> Tensor:
        """The positions of the tokens that are read of a text, rising; the first window begins with the text."""
        if length <= self.tokens:
            return torch.arange(length)
        windows = torch.randperm(-(-length // self.size), generator=generator)[: self.most].sort().values
        positions = (windows[:, None] * self.size + torch.arange(self.size)[None, :]).flatten()
        return positions[positions < length]


@dataclass(frozen=True)
class LabelledTexts:
    """Encoded texts and their classes on one device.

    Attributes:
        token_ids: int32, (all tokens,)
        starts: int64, (rows,): where each text starts in `token_ids`
        lengths: int64, (rows,), on the CPU, so that the width of a batch is known without asking the device
        labels: int64, (rows,); empty where rows have several
        weights: float32, (rows,): what each row counts in the loss; None: all alike
        classes: int64, (all labels,): of rows with several labels, each row's one after the other; else None
        label_starts: int64, (rows + 1,): where those of each row begin in `classes`
        soft_labels: float32, (rows, C): how much each row is of each class; None: wholly of its label's
        spelling: where a model reads it
        sentence_vectors: float32, (rows, D): of whole texts, where a model reads them
    """

    size_settings: ClassVar[str] = "`batch_size`, `pad_size` or `hidden_size`"  # to reduce when out of memory
    token_ids: Tensor
    starts: Tensor
    lengths: Tensor
    labels: Tensor
    weights: Tensor | None = None
    classes: Tensor | None = None
    label_starts: Tensor | None = None
    soft_labels: Tensor | None = None
    spelling: SpeltTexts | None = None
    sentence_vectors: Tensor | None = None

    @classmethod
    def from_encoded(
        cls, encoded: EncodedTexts, labels: list[int] | LabelSets, device: torch.device | str = "cpu"
    ) -> LabelledTexts:
        """Move encoded texts to a device."""
        several = labels if isinstance(labels, LabelSets) else None
        vectors = encoded.sentence_vectors
        return cls(
            torch.from_numpy(encoded.token_ids).to(device),
            torch.from_numpy(encoded.offsets[:-1]).to(device),
            torch.from_numpy(encoded.lengths),
            torch.tensor([] if isinstance(labels, LabelSets) else labels, dtype=torch.int64, device=device),
            classes=None if several is None else torch.from_numpy(several.indices).to(device, torch.int64),
            label_starts=None if several is None else torch.from_numpy(several.offsets).to(device),
            spelling=None if encoded.spelling is None else SpeltTexts.from_spelling(encoded.spelling, device),
            sentence_vectors=None if vectors is None else torch.from_numpy(vectors).to(device),
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

    def select(self, rows: Tensor) -> Self:
        """Those rows (B,), on the CPU, alone."""
        here = rows.to(self.labels.device)
        several: dict[str, Any] = {"labels": self.labels[here]} if self.label_starts is None else {}
        if self.label_starts is not None:
            sizes = self.label_starts.diff()[here]
            starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
            several = {"classes": self.label_pairs(here).classes, "label_starts": starts}
        weights = None if self.weights is None else self.weights[here]
        spelling = None if self.spelling is None else self.spelling.select(rows)
        return dataclasses.replace(
            self,
            starts=self.starts[here],
            lengths=self.lengths[rows],
            weights=weights,
            soft_labels=None if self.soft_labels is None else self.soft_labels[here],
            spelling=spelling,
            sentence_vectors=None if self.sentence_vectors is None else self.sentence_vectors[here],
            **several,
        )

    def batch(self, rows: Tensor) -> Batch:
        """The rows (B,) as one batch, padded to the longest of them."""
        return self._cut_out(rows, self.lengths[rows])

    def sampled_batch(self, rows: Tensor, sample: WindowSample, generator: torch.Generator) -> Batch:
        """The rows (B,) as one batch, of those that are too long some windows only; spellings are whole."""
        lengths = self.lengths[rows]
        drawn = {
            place: sample.drawn(int(lengths[place]), generator)
            for place in (lengths > sample.tokens).nonzero().flatten().tolist()
        }
        if not drawn:
            return self._cut_out(rows, lengths)
        lengths = lengths.clone()
        for place, positions in drawn.items():
            lengths[place] = len(positions)
        return self._cut_out(rows, lengths, drawn)

    def _cut_out(self, rows: Tensor, lengths: Tensor, drawn: Mapping[int, Tensor] | None = None) -> Batch:
        """Rows (B,), so many tokens of each, as one batch.

        Args:
            drawn: by place in the batch, the positions in its text that a row has; of others, the first ones.
        """
        characters = None if self.spelling is None else self.spelling.of(rows)
        token_ids = _padded(self.token_ids, self.starts[rows.to(self.starts.device)], lengths, drawn)
        lengths = lengths.to(self.labels.device, non_blocking=True)
        rows = rows.to(self.labels.device, non_blocking=True)
        of_rows = (self.weights, self.soft_labels, self.sentence_vectors)
        weights, soft, vectors = (None if part is None else part[rows] for part in of_rows)
        pairs = None if self.classes is None else self.label_pairs(rows)
        labels = self.labels[rows] if len(self.labels) else self.labels
        return Batch(token_ids, lengths, labels, weights, pairs, characters, soft, vectors)

    def label_pairs(self, rows: Tensor) -> LabelPairs:
        """(B,) rows -> their labels, the rows counted from 0 in this order."""
        assert self.classes is not None, "one label a row"
        assert self.label_starts is not None
        starts = self.label_starts[rows]
        counts = self.label_starts[rows + 1] - starts
        row_of = torch.repeat_interleave(counts)
        within = torch.arange(len(row_of), device=row_of.device) - (counts.cumsum(0) - counts)[row_of]
        return LabelPairs(row_of, self.classes[starts[row_of] + within])


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
        padded = lengths[order[start : start + count]] * torch.arange(1, len(order[start : start + count]) + 1)
        count = max(1, int((padded <= SCORING_BATCH_TOKENS).sum()))
        yield order[start : start + count]
        start += count

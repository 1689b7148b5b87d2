"""Sequences of digits with their answers, drawn at random for a length and a seed; every problem has its own.

Shapes: T time (tokens of the longest row).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

VARIANTS = {"train": 3, "dev": 1, "test": 1}  # variants of each case
MOST_LENGTHS = 40  # that are mixed
DRAWS = 10  # at most, of a sequence that an earlier split has; where a problem has few sequences, they share them
LONGER_ROWS = 256  # sequences of a longer length than those that were learnt from: at least, and at most twice as many
MOST_LONGER_TOKENS, FEWEST_LONGER_ROWS = 1 << 22, 16  # in all; of very long sequences, fewer are read
NOTHING = -1  # in tokens: past the end of a row; in labels: nothing is asked there
Answer = int | list[int]  # after the last token, or for each token


@dataclass(frozen=True)
class LabelledSequences:
    """Sequences and their labels.

    Attributes:
        tokens: int64, (rows, T), ``NOTHING`` after the end of a row that is shorter than others
        labels: int64, (rows,): what is asked after the last token; or (rows, T): after each token, ``NOTHING`` where
            nothing is asked
    """

    tokens: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.tokens.tobytes() + self.labels.tobytes()).hexdigest()

    @property
    def length(self) -> int:
        """T, tokens in the longest sequence."""
        return int(self.tokens.shape[1])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(rows,): tokens in each."""
        found: NDArray[np.int64] = (self.tokens != NOTHING).sum(axis=1)
        return found

    @property
    def answers(self) -> NDArray[np.int64]:
        """(all that is asked,): the labels, row after row."""
        found: NDArray[np.int64] = self.labels[self.labels != NOTHING]
        return found

    @property
    def targets(self) -> NDArray[np.int64]:
        """(rows, T): the label after each token, ``NOTHING`` where nothing is asked."""
        if self.labels.ndim == 2:
            return self.labels
        found = np.full_like(self.tokens, NOTHING)
        found[np.arange(len(self)), self.lengths - 1] = self.labels
        return found

    @property
    def commonest(self) -> tuple[int, float]:
        """The label that stands there most often, and its share: what always the same answer would get right."""
        counts = np.bincount(self.answers)
        return int(counts.argmax()), float(counts.max() / counts.sum())

    @property
    def frequencies(self) -> list[float]:
        """The share of each label, from 0 on, of all that is asked."""
        counts = np.bincount(self.answers)
        shares: list[float] = (counts / counts.sum()).tolist()
        return shares

    def at_the_end(self) -> Self:
        """The same sequences, of which only the last answer is asked."""
        if self.labels.ndim == 1:
            return self
        last = self.length - 1 - (self.labels[:, ::-1] != NOTHING).argmax(axis=1)
        labels = self.labels[np.arange(len(self)), last]
        within = np.arange(self.length) <= last[:, None]  # what comes after it is not asked about
        return type(self)(np.where(within, self.tokens, NOTHING)[:, : last.max() + 1], labels)


class SequenceProblem(Protocol):
    """What a problem must have, for its sequences to be made and checked."""

    @property
    def name(self) -> str: ...

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def tokens_called(self) -> str: ...

    @property
    def shortest(self) -> int: ...

    @property
    def answer_means(self) -> str: ...

    @property
    def mixes_lengths(self) -> bool: ...

    @property
    def keeps_splits_apart(self) -> bool: ...

    def sample(self, length: int, variants: int, generator: np.random.Generator) -> LabelledSequences: ...

    def answer(self, tokens: Sequence[int]) -> Answer: ...


def one_sequence(tokens: Sequence[int], answer: Answer) -> LabelledSequences:
    """A single row."""
    return LabelledSequences(np.array([tokens], dtype=np.int64), np.array([answer], dtype=np.int64))


def joined(parts: Sequence[LabelledSequences]) -> LabelledSequences:
    """The rows of all, one after the other."""
    if len(parts) == 1:
        return parts[0]
    width = max(part.length for part in parts)

    def padded(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.pad(values, ((0, 0), (0, width - values.shape[1])), constant_values=NOTHING)

    labels = [part.labels if part.labels.ndim == 1 else padded(part.labels) for part in parts]
    return LabelledSequences(np.concatenate([padded(part.tokens) for part in parts]), np.concatenate(labels))


def make_splits(
    problem: SequenceProblem, length: int, seed: int, variants: int = VARIANTS["train"]
) -> dict[str, LabelledSequences]:
    """`variants` sequences of each case to learn from, one for dev, one for test; all follow from length and seed.

    Of a problem that mixes lengths, there are as many of each of its lengths. No sequence is in two splits, where the
    problem sees to that and has enough of them.
    """
    generator = np.random.default_rng([seed, length])
    counts = {**VARIANTS, "train": variants}
    lengths = mixed_lengths(problem, length)
    before: set[bytes] = set()  # sequences of earlier splits
    splits = {}
    for split, count in counts.items():
        parts = [_draw(problem, each, count, generator, before) for each in lengths]
        splits[split] = joined(parts)
        if problem.keeps_splits_apart:
            before.update(tokens.tobytes() for part in parts for tokens in part.tokens)
    return splits


def mixed_lengths(problem: SequenceProblem, length: int) -> list[int]:
    """The lengths of the sequences that are learnt from: `length`, or all from the shortest on, at most some 40."""
    if not problem.mixes_lengths:
        return [length]
    return sorted(set(np.linspace(problem.shortest, length, MOST_LENGTHS).round().astype(int).tolist()))


def _draw(
    problem: SequenceProblem, length: int, variants: int, generator: np.random.Generator, before: set[bytes]
) -> LabelledSequences:
    """Sequences of one length; those that are in `before` are drawn again, each for the same case."""
    drawn = problem.sample(length, variants, generator)
    for _ in range(DRAWS if before else 0):
        known = np.array([tokens.tobytes() in before for tokens in drawn.tokens])
        if not known.any():
            break
        again = problem.sample(length, variants, generator)
        labels = np.where(known if drawn.labels.ndim == 1 else known[:, None], again.labels, drawn.labels)
        drawn = LabelledSequences(np.where(known[:, None], again.tokens, drawn.tokens), labels)
    return drawn


def make_longer(problem: SequenceProblem, length: int, longer: int, seed: int) -> LabelledSequences:
    """Sequences of `longer` tokens, to test what learnt from such of `length`."""
    generator = np.random.default_rng([seed, length, longer])
    found = problem.sample(longer, 1, generator)
    if len(found) < LONGER_ROWS:
        found = problem.sample(longer, -(-LONGER_ROWS // len(found)), generator)
    most = max(FEWEST_LONGER_ROWS, min(2 * LONGER_ROWS, MOST_LONGER_TOKENS // longer))
    rows = generator.permutation(len(found))[:most]
    return LabelledSequences(found.tokens[rows], found.labels[rows])

"""What the figures of a finished classifier's run say: how it stands, where it errs, what would help.

Shapes: N test texts, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.baseline import Baseline
from textrnn.evaluation.metrics import accuracy, has_learnt, macro_f1, wilson_interval
from textrnn.evaluation.paired import PairedComparison
from textrnn.evaluation.records import ClassifierFigures, ConfusedPair

FEW_TEXTS = 30  # of a test split that says next to nothing
NOTABLE_CONFUSION = 3  # texts of the worst pair, from which on it is more than an accident
FEW_OF_A_CLASS = 30  # training texts
UNBALANCED = 3  # how many times the rows of the smallest class the largest has
NOTABLE_GAP = 0.1  # by which accuracy is above macro F1 where rare classes are missed
LEARNT_BY_HEART = 0.6  # training loss, as a share of the dev loss, below which a network knows its texts too well
STILL_FALLING = 0.03  # share of the dev loss by which the last fifth of a training lowers it
NOTABLE_UNREAD = 0.1  # share of the tokens
SHORT = 64  # tokens of a text


@dataclass(frozen=True)
class Circumstances:
    """What a verdict has to know of the data and the settings.

    Attributes:
        training_counts: training texts of each class
        tokens_per_text: read, on average
        unread: share of the training tokens that lie beyond the limit
        vectors_beside: whether pretrained vectors lie beside the data and were not used
        all_learnt: whether rows are so few that none was held out for dev
    """

    training_counts: tuple[int, ...] = ()
    tokens_per_text: float = 0.0
    unread: float = 0.0
    pad_size: int = 0
    epochs: int | None = None
    budget: float | None = None
    balanced: bool = False
    vectors_beside: bool = False
    all_learnt: bool = False

    @property
    def training_texts(self) -> int:
        """All of them."""
        return sum(self.training_counts)


class CourseOfTraining:
    """What the evaluations of a training say of it.

    Attributes:
        evaluations: on the dev split, as the history has them; none where nothing was trained
        best: the one whose weights were kept; empty likewise
    """

    evaluations: Sequence[dict[str, float]]
    best: dict[str, float]

    @property
    def learnt_by_heart(self) -> bool:
        """Whether the network knows its training texts far better than others."""
        return bool(self.best) and self.best["train_loss"] < LEARNT_BY_HEART * self.best["dev_loss"]

    @property
    def still_improving(self) -> bool:
        """Whether the dev loss fell to the very end."""
        if not self.evaluations:
            return False
        last = self.evaluations[-1]
        if last["step"] != self.best["step"] or self.learnt_by_heart:
            return False
        before = [row for row in self.evaluations if row["step"] <= 0.8 * last["step"]]
        return bool(before) and last["dev_loss"] < (1 - STILL_FALLING) * before[-1]["dev_loss"]


@dataclass(frozen=True)
class VerdictFigures(CourseOfTraining):
    """The figures of a verdict."""

    figures: ClassifierFigures
    baseline: Baseline | None
    evaluations: list[dict[str, float]]
    best: dict[str, float]
    circumstances: Circumstances

    @property
    def texts(self) -> int:
        """In the test split."""
        return len(self.figures.labels)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on texts of this kind lies, with 95 % confidence."""
        return wilson_interval(int(np.trace(self.figures.confusion)), self.texts)

    @property
    def classes_in_test(self) -> int:
        """How many classes the test split has texts of."""
        return int((self.figures.confusion.sum(axis=1) > 0).sum())

    @cached_property
    def has_learnt(self) -> bool:
        """See :func:`has_learnt`; of a single class, nobody can say."""
        return self.classes_in_test < 2 or has_learnt(self.figures.confusion)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(N,): which texts the network answers right."""
        right: NDArray[np.bool_] = self.figures.predictions == np.asarray(self.figures.labels)
        return right

    @cached_property
    def paired(self) -> PairedComparison | None:
        """Network and linear model on the same texts."""
        if self.baseline is None:
            return None
        return PairedComparison.of(self.right, self.baseline.predictions == np.asarray(self.figures.labels))

    @cached_property
    def worst_pair(self) -> ConfusedPair | None:
        """The classes that are confused most, with all of those texts; None where hardly any are."""
        pairs = self.figures.confused(1, self.texts)
        return pairs[0] if pairs and pairs[0].count >= NOTABLE_CONFUSION else None

    @property
    def shared_mistakes(self) -> int:
        """Texts of the worst pair that the linear model confuses in the same way."""
        if self.baseline is None or self.worst_pair is None:
            return 0
        return int((self.baseline.predictions[self.worst_pair.examples] == self.worst_pair.predicted).sum())

    @property
    def is_rare(self) -> bool:
        """Whether the true class of the worst pair has few texts to learn from."""
        counts = self.circumstances.training_counts
        if self.worst_pair is None or not counts:
            return False
        own = counts[self.worst_pair.true]
        return own < FEW_OF_A_CLASS or UNBALANCED * own < counts[self.worst_pair.predicted]

    @property
    def linear_has_learnt(self) -> bool:
        """The same of the linear model."""
        return self.baseline is not None and has_learnt(self.baseline.confusion)

    @property
    def misses_rare_classes(self) -> bool:
        """Whether classes are unbalanced, and macro F1 tells that the rare ones are the worse for it."""
        counts = [count for count in self.circumstances.training_counts if count]
        gap = accuracy(self.figures.confusion) - macro_f1(self.figures.confusion)
        return len(counts) > 1 and max(counts) >= UNBALANCED * min(counts) and gap > NOTABLE_GAP

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for ``metrics.json``."""
        return {
            "has_learnt": self.has_learnt,
            "learnt_by_heart": self.learnt_by_heart,
            "still_improving": self.still_improving,
            "misses_rare_classes": self.misses_rare_classes,
            **({} if self.paired is None else {"beside_linear": self.paired.to_dict()}),
        }

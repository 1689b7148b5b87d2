"""The ladder from few labels upwards: each rung is a way to use the texts without labels, and cross-validation on the
labelled rows says whether it helps.

Shapes: n labelled texts, N texts in all, K n-grams, C classes.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.calibration import cross_entropy, fit_temperature
from textrnn.evaluation.out_of_fold import assign_folds
from textrnn.evaluation.semi_supervised.scorer import LinearScorer, class_shares, guesses

FOLDS = 5
LABELS_ALONE = "the labels alone"


@dataclass(frozen=True)
class Rung:
    """What a way of learning gave, out of fold.

    Attributes:
        accuracy: share of the judged rows that are right; None where there was no time to find out
        loss: nats per row of its calibrated probabilities
        seconds: that it took, cross-validation and all
        kept: whether what follows stands on it
    """

    name: str
    accuracy: float | None = None
    loss: float | None = None
    seconds: float = 0.0
    kept: bool = False

    @property
    def is_judged(self) -> bool:
        """Whether anybody knows how good it is."""
        return self.accuracy is not None and self.loss is not None and math.isfinite(self.loss)

    @property
    def merit(self) -> tuple[float, float]:
        """By which rungs are compared: more rows right; of as many, surer of them; the least where nobody knows."""
        if self.accuracy is None or self.loss is None or not math.isfinite(self.loss):
            return -1.0, 0.0
        return self.accuracy, -self.loss

    def is_better_than(self, other: Rung) -> bool:
        """Whether cross-validation says that it helps."""
        return self.merit > other.merit

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        accuracy, loss = (x if x is not None and math.isfinite(x) else None for x in (self.accuracy, self.loss))
        return {
            "name": self.name,
            "accuracy": accuracy,
            "loss": loss,
            "seconds": round(self.seconds, 2),
            "kept": self.kept,
        }


@dataclass(frozen=True)
class Part:
    """What is learnt from in one fold, or in the end: rows of labelled texts, then all texts without labels.

    Attributes:
        own: (k,) of the labelled texts, those that are learnt from
        held_out: of the labelled texts, those that are not; empty in the end
        labels: (k,) of `own`
    """

    own: NDArray[np.int64]
    held_out: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """(k,) where the labelled texts stand among those of the part: at the beginning."""
        return np.arange(len(self.own))

    def texts(self, labelled: int, total: int) -> NDArray[np.int64]:
        """Rows of all texts: those of `own`, then those without labels."""
        return np.concatenate([self.own, np.arange(labelled, total)])


def parts_of(
    labels: NDArray[np.int64], different: NDArray[np.int64], *, folds: int = FOLDS, seed: int = 0
) -> list[Part]:
    """The folds, and behind them the whole.

    Rows whose class has no text beside them are learnt in every fold, and never judged. No more folds than a usual
    class has texts, so that a class seldom misses in what is learnt.

    Args:
        labels: (n,) class indices.
        different: (n,) equal for copies of a text.
    """
    everyone = np.arange(len(labels))
    whole = Part(everyone, everyone[:0], labels)
    pairs = np.unique(np.stack([labels, different]), axis=1)
    texts_of = np.bincount(pairs[0], minlength=int(labels.max()) + 1)
    judged = texts_of[labels] > 1
    count = int(min(folds, max(2, np.median(texts_of[texts_of > 0]))))
    if not judged.any():
        return [whole]
    fold_of = assign_folds(different, labels, np.random.default_rng(seed), count)
    found = []
    for fold in range(count):
        held_out = (fold_of == fold) & judged
        if held_out.any():
            found.append(Part(everyone[~held_out], everyone[held_out], labels[~held_out]))
    return [*found, whole]


@dataclass
class Standing:
    """The best so far.

    Attributes:
        scores: of each part, (texts of the part, C)
        out_of_fold: (n, C) scores of the labelled texts; NaN for rows that are never judged
        scorer: of the whole
    """

    rung: Rung
    temperature: float
    scores: list[NDArray[np.float32]]
    out_of_fold: NDArray[np.float64]
    scorer: LinearScorer


@dataclass
class Ladder:
    """All rungs of linear models over one set of n-grams.

    Args:
        features: (N, K) sparse: of labelled texts, then of texts without labels.
        labels: (n,) class indices of the labelled ones.
        parts: of :func:`parts_of`.
        seconds: that climbing may take; a rung that would take longer is left.
        clock: returns the time in seconds.
        started: on that clock; by default now.
    """

    features: Any
    labels: NDArray[np.int64]
    class_count: int
    parts: Sequence[Part]
    seconds: float = math.inf
    clock: Callable[[], float] = time.perf_counter
    rungs: list[Rung] = field(default_factory=list)
    best: Standing | None = None
    reference: Rung = field(default=Rung(LABELS_ALONE), init=False)
    started: float | None = None

    def __post_init__(self) -> None:
        self.started = self.clock() if self.started is None else self.started
        self.shares = class_shares(self.labels, self.class_count)

    @property
    def spent(self) -> float:
        """Seconds since the first step."""
        assert self.started is not None
        return self.clock() - self.started

    def soft_labels(self, index: int) -> NDArray[np.float64]:
        """What the best so far makes of the texts of a part, (texts of the part, C)."""
        assert self.best is not None
        part = self.parts[index]
        return guesses(self.best.scores[index], self.shares, part.rows, part.labels, self.best.temperature)

    def refer(self, name: str, out_of_fold: NDArray[np.float64], seconds: float) -> None:
        """Stand on the ground: what the labelled texts give without the others, by which the first rung is judged.

        Args:
            out_of_fold: (n, C) scores; NaN for rows that are never judged.
        """
        accuracy, loss, _ = judged(out_of_fold, self.labels)
        self.reference = Rung(name, accuracy, loss, seconds, kept=True)
        self.rungs.append(self.reference)

    def climb(self, name: str, fit: Callable[[Any, Part, int], LinearScorer]) -> bool:
        """Try a rung; returns whether it is kept.

        Args:
            fit: (features of the part, the part, its index) -> the scorer.
        """
        began, labelled = self.clock(), len(self.labels)
        out_of_fold = np.full((labelled, self.class_count), np.nan)
        scores = list[NDArray[np.float32]]()
        for index in self._in_time():
            part = self.parts[index]
            features = self.features[part.texts(labelled, self.features.shape[0])]
            scorer = fit(features, part, index)
            scores.append(scorer.scores(features).astype(np.float32))
            out_of_fold[part.held_out] = scorer.scores(self.features[part.held_out])
        taken = self.clock() - began
        if len(scores) < len(self.parts):
            self.rungs.append(Rung(name, seconds=taken))
            return False
        accuracy, loss, temperature = judged(out_of_fold, self.labels)
        rung = Rung(name, accuracy, loss, taken)
        kept = rung.is_better_than(self.reference if self.best is None else self.best.rung)
        rung = dataclasses.replace(rung, kept=kept)
        self.rungs.append(rung)
        if kept or self.best is None:
            self.best = Standing(rung, temperature, scores, out_of_fold, scorer)
        return kept

    @property
    def helps(self) -> bool:
        """Whether anything was better than the labelled texts alone."""
        return self.best is not None and self.best.rung.kept

    def _in_time(self) -> Iterator[int]:
        """The parts, one after the other, as long as the rest of them seems to fit; the first rung always does."""
        began = self.clock()
        for index in range(len(self.parts)):
            yield index
            one = (self.clock() - began) / (index + 1)
            if self.best is not None and self.spent + one * (len(self.parts) - index - 1) > self.seconds:
                return


def judged(out_of_fold: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Accuracy, calibrated loss in nats per row, and the temperature, over the rows that were judged.

    Args:
        out_of_fold: (n, C) scores; NaN for rows that were not.
    """
    rows = np.isfinite(out_of_fold).all(axis=1)
    if not rows.any():
        return math.nan, math.inf, 1.0
    scores, given = out_of_fold[rows], labels[rows]
    temperature = fit_temperature(scores, given)
    right = float((scores.argmax(axis=1) == given).mean())
    return right, cross_entropy(scores, given, temperature), temperature

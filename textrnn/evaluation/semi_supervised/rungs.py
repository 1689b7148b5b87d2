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

from textrnn.evaluation.folds import Part, judged
from textrnn.evaluation.semi_supervised.scorer import LinearScorer, class_shares, guesses

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
    judged_rows: NDArray[np.bool_] | None = field(default=None, init=False)

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
        self.judged_rows = np.asarray(np.isfinite(out_of_fold).all(axis=1))
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
        kept = self._is_better(rung, out_of_fold)
        rung = dataclasses.replace(rung, kept=kept)
        self.rungs.append(rung)
        if kept or self.best is None:
            self.best = Standing(rung, temperature, scores, out_of_fold, scorer)
        return kept

    @property
    def helps(self) -> bool:
        """Whether anything was better than the labelled texts alone."""
        return self.best is not None and self.best.rung.kept

    def _is_better(self, rung: Rung, out_of_fold: NDArray[np.float64]) -> bool:
        """Whether a rung is better than the best so far, or than the ground, by the rows that this was judged by."""
        if self.best is not None:
            return rung.is_better_than(self.best.rung)
        if self.judged_rows is not None and self.judged_rows.any():
            accuracy, loss, _ = judged(out_of_fold[self.judged_rows], self.labels[self.judged_rows])
            rung = dataclasses.replace(rung, accuracy=accuracy, loss=loss)
        return rung.is_better_than(self.reference)

    def _in_time(self) -> Iterator[int]:
        """The parts, one after the other, as long as the rest of them seems to fit; the first rung always does."""
        began = self.clock()
        for index in range(len(self.parts)):
            yield index
            one = (self.clock() - began) / (index + 1)
            if self.best is not None and self.spent + one * (len(self.parts) - index - 1) > self.seconds:
                return

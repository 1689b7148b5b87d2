"""The last rung: a network that learns from the guesses of the linear models, its inputs made noisy.

Source: Hinton et al. 2015 (soft targets); Xie et al. 2020 (a student with noise learns more than its teacher knew).
"""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
from numpy.typing import NDArray

from textrnn.config import ClassifierSettings, Run
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.heap import Heap
from textrnn.errors import Note
from textrnn.evaluation.folds import Part, judged
from textrnn.evaluation.semi_supervised.rungs import Ladder, Rung
from textrnn.tasks.classify import DatasetFacts, Learnt, learn
from textrnn.tasks.settings import combine, settle
from textrnn.training.events import Listener

HELD_OUT_SHARE, MOST_HELD_OUT = 0.1, 2000  # of the guesses; by them the best weights are chosen
FEW_GUESSES = 50  # of so few, all are learnt, and the labelled rows choose
SHORTEST = 2.0  # seconds of a training worth beginning
AROUND = 2.0  # a training takes so much longer than its steps: n-grams are counted, texts encoded, answers given
TOO_SHORT = 0.8  # a fold that took so much more than what is left for each of the others is the last


@dataclasses.dataclass(frozen=True)
class Student:
    """A network that has learnt from guesses.

    Attributes:
        rung: how it did out of fold
        temperature: fitted out of fold; None where there was no time for that
        learnt: None where it is not wanted
    """

    rung: Rung
    temperature: float | None
    learnt: Learnt | None


def climb_student(
    ladder: Ladder, dataset: Dataset, heap: Heap, run: Run, listener: Listener, *, seconds: float, wanted: bool = False
) -> Student:
    """Cross-validate the network where the time allows it; where it helps, train it on all there is.

    Args:
        seconds: for all of it.
        wanted: train it even if it does not help, or nobody knows.
    """
    began, name = time.perf_counter(), f"{run.model_name}, which learns from those guesses"
    school = _School(ladder, dataset, heap, run, listener, seconds)
    out_of_fold = school.out_of_fold()
    accuracy, loss, temperature = judged(out_of_fold, ladder.labels)
    assert ladder.best is not None
    rung = Rung(name, accuracy, loss) if math.isfinite(loss) else Rung(name)
    rung = dataclasses.replace(rung, kept=rung.is_better_than(ladder.best.rung))
    listener.on_note(Note("rung", rung=dataclasses.replace(rung, seconds=time.perf_counter() - began)))
    learnt = school.whole() if rung.kept or wanted else None
    rung = dataclasses.replace(rung, seconds=time.perf_counter() - began)
    return Student(rung, temperature if rung.is_judged else None, learnt)


class _School:
    """Teaches the network, fold by fold and then the whole, within the time that there is.

    As long as all passes over the data are in time, nothing depends on the clock, and the same seed gives the same
    network.
    """

    def __init__(self, ladder: Ladder, dataset: Dataset, heap: Heap, run: Run, listener: Listener, seconds: float):
        self.ladder, self.dataset, self.heap, self.run, self.listener = ladder, dataset, heap, run, listener
        self.ends = time.perf_counter() + seconds
        self.each = seconds / (len(ladder.parts) + 1) / AROUND  # once more for a first one that is not in time
        self.is_in_time = len(ladder.parts) > 1 and self.each >= SHORTEST

    def out_of_fold(self) -> NDArray[np.float64]:
        """(n, C) log-probabilities; all NaN where the time is too short for all folds and a training on the whole."""
        parts = self.ladder.parts
        found = np.full((len(self.ladder.labels), self.ladder.class_count), np.nan)
        for index, part in enumerate(parts[:-1] if self.is_in_time else ()):
            began = time.perf_counter()
            watch = _Quiet(self.listener, began + self.each * AROUND)
            learnt = self._taught(index, watch, None if self.is_in_time else self.each)
            if self.is_in_time and watch.is_late:
                self.is_in_time, began = False, time.perf_counter()
                learnt = self._taught(index, _Quiet(self.listener), self.each)
            found[part.held_out] = logits_of(learnt, [self.dataset.train.texts[row] for row in part.held_out])
            after = time.perf_counter()
            if after + (after - began) * TOO_SHORT * (len(parts) - index - 1) > self.ends:
                self.is_in_time = False
                return np.full_like(found, np.nan)
        return found

    def whole(self) -> Learnt:
        """The network that has learnt all there is to learn."""
        left = max(SHORTEST, (self.ends - time.perf_counter()) / AROUND)
        return self._taught(len(self.ladder.parts) - 1, self.listener, None if self.is_in_time else left)

    def _taught(self, index: int, listener: Listener, seconds: float | None) -> Learnt:
        """A network that has learnt what there is to learn of a part; within so many seconds, if any are named."""
        soft, seed = self.ladder.soft_labels(index), combine(self.run).training.seed
        dataset = taught_dataset(self.dataset, self.heap, self.ladder.parts[index], soft, seed=seed)
        facts = DatasetFacts(dataset)
        named = {name: value for name, value in self.run.named.items() if name != "budget"}
        settings: ClassifierSettings = settle(dataclasses.replace(self.run, named=named), None, facts)
        settings = settings.replaced({"budget": None if seconds is None else round(seconds, 1)})
        vectors, beginning = facts.vectors(settings), facts.beginning(settings)
        return learn(dataset, settings, listener, vectors=vectors, beginning=beginning)


def logits_of(learnt: Learnt, texts: list[str]) -> NDArray[np.float64]:
    """(texts, C) log-probabilities that are still to be divided by a temperature."""
    classifier = dataclasses.replace(learnt.classifier, temperature=1.0)
    found: NDArray[np.float64] = np.log(np.maximum(classifier.predict_probabilities(texts), 1e-12))
    return found


def taught_dataset(
    dataset: Dataset, heap: Heap, part: Part, soft_labels: NDArray[np.float64], *, seed: int = 0
) -> Dataset:
    """The labelled rows of a part and all guesses, as a data set to learn from; some guesses are its dev split.

    Args:
        soft_labels: (texts of the part, C): of the labelled ones, then of the heap.
        seed: of the choice of the dev split.
    """
    labelled = len(part.own)
    texts = [*(dataset.train.texts[row] for row in part.own), *heap.texts]
    count = min(MOST_HELD_OUT, int(HELD_OUT_SHARE * len(heap))) if len(heap) >= FEW_GUESSES else 0
    aside = np.sort(labelled + np.random.default_rng(seed).permutation(len(heap))[:count])
    train = _split(texts, soft_labels, np.setdiff1d(np.arange(len(texts)), aside))
    dev = _split(texts, soft_labels, aside if count else part.rows)
    dev = dataclasses.replace(dev, soft_labels=None)
    return Dataset(dataset.name, dataset.class_names, train, dev, Split([], []), folder=dataset.folder)


def _split(texts: list[str], soft_labels: NDArray[np.float64], rows: NDArray[np.int64]) -> Split:
    own = soft_labels[rows]
    return Split([texts[row] for row in rows], own.argmax(axis=1).tolist(), soft_labels=own.astype(np.float32))


class _Quiet(Listener):
    """Tells nothing of a training, stops it where the other would, and ends it when its time is up.

    Args:
        ends: on the clock of :func:`time.perf_counter`.
    """

    def __init__(self, other: Listener, ends: float = math.inf):
        self.other, self.ends, self.is_late = other, ends, False

    def should_stop(self) -> bool:
        return self.other.should_stop()

    def should_end(self) -> bool:
        self.is_late = self.is_late or time.perf_counter() > self.ends
        return self.is_late


def as_calibrated(learnt: Learnt, temperature: float | None) -> Learnt:
    """The same, as sure of itself as it may be by what it said out of fold."""
    if temperature is None:
        return learnt
    return Learnt(dataclasses.replace(learnt.classifier, temperature=temperature), learnt.history)

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
from textrnn.evaluation.semi_supervised.rungs import Ladder, Part, Rung, judged
from textrnn.tasks.classify import DatasetFacts, Learnt, learn
from textrnn.tasks.settings import settle
from textrnn.training.events import Listener

HELD_OUT_SHARE, MOST_HELD_OUT = 0.1, 2000  # of the guesses; by them the best weights are chosen
FEW_GUESSES = 50  # of so few, all are learnt, and the labelled rows choose
SHORTEST = 2.0  # seconds of a training worth beginning
AROUND = 2.0  # a training takes so much longer than its steps: n-grams are counted, texts encoded, answers given
TOO_LONG = 1.25  # of the time that a fold may take


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
    out_of_fold = _out_of_fold(ladder, dataset, heap, run, _Quiet(listener), seconds)
    accuracy, loss, temperature = judged(out_of_fold, ladder.labels)
    is_judged = math.isfinite(loss)
    assert ladder.best is not None
    rung = Rung(name, accuracy, loss, kept=loss < ladder.best.loss) if is_judged else Rung(name)
    listener.on_note(Note("rung", rung=dataclasses.replace(rung, seconds=time.perf_counter() - began)))
    learnt = None
    if rung.kept or wanted:
        left = max(SHORTEST, (seconds - (time.perf_counter() - began)) / AROUND)
        learnt = _learnt(ladder, len(ladder.parts) - 1, dataset, heap, run, listener, left)
    rung = dataclasses.replace(rung, seconds=time.perf_counter() - began)
    return Student(rung, temperature if is_judged else None, learnt)


def _out_of_fold(
    ladder: Ladder, dataset: Dataset, heap: Heap, run: Run, listener: Listener, seconds: float
) -> NDArray[np.float64]:
    """(n, C) log-probabilities; all NaN where the time is too short for all folds and a training on the whole."""
    began, parts = time.perf_counter(), ladder.parts
    each = seconds / len(parts)
    found = np.full((len(ladder.labels), ladder.class_count), np.nan)
    for index, part in enumerate(parts[:-1]):
        spent = time.perf_counter() - began
        if each < SHORTEST * AROUND or (index and spent / index > each * TOO_LONG):
            return np.full_like(found, np.nan)
        learnt = _learnt(ladder, index, dataset, heap, run, listener, each / AROUND)
        found[part.held_out] = logits_of(learnt, [dataset.train.texts[row] for row in part.held_out])
    return found


def logits_of(learnt: Learnt, texts: list[str]) -> NDArray[np.float64]:
    """(texts, C) log-probabilities that are still to be divided by a temperature."""
    classifier = dataclasses.replace(learnt.classifier, temperature=1.0)
    found: NDArray[np.float64] = np.log(np.maximum(classifier.predict_probabilities(texts), 1e-12))
    return found


def _learnt(
    ladder: Ladder, index: int, dataset: Dataset, heap: Heap, run: Run, listener: Listener, seconds: float
) -> Learnt:
    taught = taught_dataset(dataset, heap, ladder.parts[index], ladder.soft_labels(index), seed=_seed_of(run))
    facts = DatasetFacts(taught)
    settings = _settings(run, facts, seconds)
    return learn(taught, settings, listener, vectors=facts.vectors(settings))


def _settings(run: Run, facts: DatasetFacts, seconds: float) -> ClassifierSettings:
    """As always, but within so many seconds."""
    named = {name: value for name, value in run.named.items() if name != "budget"}
    settings: ClassifierSettings = settle(dataclasses.replace(run, named=named), None, facts)
    return settings.replaced({"budget": round(seconds, 1)})


def _seed_of(run: Run) -> int:
    return int(run.named.get("seed") or 0)


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
    """Tells nothing of a training, and stops it where the other would."""

    def __init__(self, other: Listener):
        self.other = other

    def on_note(self, note: Note) -> None:
        return None

    def should_stop(self) -> bool:
        return self.other.should_stop()


def as_calibrated(learnt: Learnt, temperature: float | None) -> Learnt:
    """The same, as sure of itself as it may be by what it said out of fold."""
    if temperature is None:
        return learnt
    return Learnt(dataclasses.replace(learnt.classifier, temperature=temperature), learnt.history)

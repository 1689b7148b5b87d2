"""The rungs of linear models, each judged by cross-validation on the labelled rows.

Shapes: n labelled texts, N texts in all, C classes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import Dataset
from textrnn.errors import Note
from textrnn.evaluation.baseline import fit_linear
from textrnn.evaluation.folds import Part, numbered, parts_of
from textrnn.evaluation.semi_supervised.mixture import fit_mixture
from textrnn.evaluation.semi_supervised.rungs import LABELS_ALONE, Ladder
from textrnn.evaluation.semi_supervised.self_training import fit_to_guesses
from textrnn.tasks.few_labels.linear import Ground
from textrnn.training.events import Listener

MIXTURE = "a mixture of classes, fitted to all texts (EM)"
SELF_TRAINING = "a linear model that learns from its guesses"


def climb_linear(
    dataset: Dataset,
    ground: Callable[[], Ground],
    listener: Listener,
    *,
    seconds: float = math.inf,
    seed: int = 0,
) -> tuple[Ladder, Ground]:
    """From the labels alone to a linear model that has learnt from all texts.

    Args:
        dataset: whose training rows are the labelled ones; there must be two classes at least.
        ground: counts the n-grams of all texts.
        seconds: that it may take; rungs that would take longer are left.
        seed: of the folds and solvers.
    """
    started = time.perf_counter()
    texts, labels = dataset.train.texts, np.asarray(dataset.train.labels, dtype=np.int64)
    class_count = len(dataset.class_names)
    parts = parts_of(labels, numbered(texts), seed=seed)
    alone = _labels_alone(dataset, parts, started + seconds, seed)
    taken = time.perf_counter() - started
    stood_on = ground()
    ladder = Ladder(stood_on.features, labels, class_count, parts, seconds, started=started)
    ladder.refer(LABELS_ALONE, alone, taken)
    listener.on_note(Note("rung", rung=ladder.rungs[-1]))
    for name, fit in (
        (MIXTURE, lambda x, part, _: fit_mixture(x, part.rows, part.labels, class_count)),
        (
            SELF_TRAINING,
            lambda x, part, at: fit_to_guesses(x, ladder.soft_labels(at), part.rows, ladder.shares, seed=seed),
        ),
    ):
        ladder.climb(name, fit)
        listener.on_note(Note("rung", rung=ladder.rungs[-1]))
    return ladder, stood_on


def _labels_alone(dataset: Dataset, parts: Sequence[Part], ends: float, seed: int) -> NDArray[np.float64]:
    """(n, C) scores, out of fold, of the linear model that is shown beside every run; NaN for rows of folds that would
    not end in time, but for the first.

    Args:
        ends: when the time is up.
    """
    texts, class_count = dataset.train.texts, len(dataset.class_names)
    scores, began = np.full((len(texts), class_count), np.nan), time.perf_counter()
    for index, part in enumerate(parts[:-1]):
        one = (time.perf_counter() - began) / max(1, index)
        if index and time.perf_counter() + one > ends:
            break
        if len(np.unique(part.labels)) < 2:
            continue
        model = fit_linear(
            [texts[row] for row in part.own],
            part.labels,
            class_count,
            words=dataset.cut_into_words,
            class_names=dataset.class_names,
            seed=seed,
        )
        scores[part.held_out] = model.scores([texts[row] for row in part.held_out], class_count)
    return scores

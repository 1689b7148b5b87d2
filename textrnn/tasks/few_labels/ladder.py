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
from textrnn.evaluation.linear.features import CutIntoWords, fit_vectorizer
from textrnn.evaluation.semi_supervised.labels_alone import fit_to_labels
from textrnn.evaluation.semi_supervised.mixture import fit_mixture
from textrnn.evaluation.semi_supervised.rungs import LABELS_ALONE, Ladder, Part, parts_of
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
    class_count, words = len(dataset.class_names), dataset.cut_into_words
    parts = parts_of(labels, _different(texts), seed=seed)
    alone = _labels_alone(texts, labels, class_count, parts, words, seed)
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


def _labels_alone(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    class_count: int,
    parts: Sequence[Part],
    words: CutIntoWords | None,
    seed: int,
) -> NDArray[np.float64]:
    """(n, C) scores, out of fold, of the linear model that is shown beside every run."""
    scores = np.full((len(labels), class_count), np.nan)
    for part in parts[:-1]:
        vectorizer, features = fit_vectorizer(words, [texts[row] for row in part.own])
        scorer = fit_to_labels(features, part.rows, part.labels, class_count, seed=seed)
        scores[part.held_out] = scorer.scores(vectorizer.transform([texts[row] for row in part.held_out]))
    return scores


def _different(texts: Sequence[str]) -> NDArray[np.int64]:
    """(n,) a number for each text, the same for copies."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)

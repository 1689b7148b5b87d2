"""Folds of few labels, and which rung is kept, by scorers and clocks that are made up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.factories import small_rows
from textrnn.corpus.dataset import Dataset, Split
from textrnn.evaluation.calibration import softmax
from textrnn.evaluation.folds import Part, judged, parts_of
from textrnn.evaluation.semi_supervised.rungs import Ladder, Rung
from textrnn.evaluation.semi_supervised.scorer import LinearScorer
from textrnn.tasks.few_labels.ladder import _labels_alone


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), min_size=1, max_size=60), st.integers(0, 5))
def test_every_row_is_held_out_once_or_never(rows: list[tuple[int, int]], seed: int) -> None:
    labels, different = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    *folds, whole = parts_of(labels, different, seed=seed)
    assert whole.own.tolist() == list(range(len(rows)))
    held_out = sorted(row for part in folds for row in part.held_out.tolist())
    texts_of = {label: len({d for c, d in rows if c == label}) for label in labels.tolist()}
    assert held_out == [i for i, (label, _) in enumerate(rows) if texts_of[label] > 1]
    for part in folds:
        assert sorted([*part.own.tolist(), *part.held_out.tolist()]) == list(range(len(rows)))
        assert part.labels.tolist() == labels[part.own].tolist()


def test_copies_of_a_text_are_never_learnt_where_they_are_judged() -> None:
    labels, different = np.array([0, 1] * 10), np.arange(20) // 4
    for part in parts_of(labels, different)[:-1]:
        assert not set(different[part.own]) & set(different[part.held_out])


def test_rows_that_were_not_judged_count_nothing() -> None:
    scores = np.array([[2.0, 0.0], [np.nan, np.nan], [0.0, 2.0], [2.0, 0.0]])
    accuracy, loss, temperature = judged(scores, np.array([0, 0, 1, 1]))
    assert accuracy == pytest.approx(2 / 3)
    chances = softmax(scores[[0, 2, 3]], temperature)
    assert loss == pytest.approx(-np.log(chances[[0, 1, 2], [0, 1, 1]]).mean())
    assert judged(np.full((2, 2), np.nan), np.array([0, 1]))[1] == math.inf


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


LABELS = np.array([0, 1] * 10)
FEATURES = csr_matrix(np.concatenate([np.eye(2)[LABELS], np.eye(2)[[0, 1, 1]]]))
GOOD, BAD = LinearScorer(3 * np.eye(2), np.zeros(2)), LinearScorer(np.zeros((2, 2)), np.array([0.1, 0.0]))


def new_ladder(**settings: Any) -> Ladder:
    ladder = Ladder(FEATURES, LABELS, 2, parts_of(LABELS, np.arange(20)), **settings)
    ladder.refer("alone", np.stack([np.where(LABELS == 0, 0.2, 0.0), np.zeros(20)], axis=1), 0.0)
    return ladder


def test_a_rung_is_kept_only_if_it_is_better() -> None:
    ladder = new_ladder()
    assert not ladder.climb("bad", lambda x, part, at: BAD)
    assert not ladder.helps
    assert ladder.climb("good", lambda x, part, at: GOOD)
    assert not ladder.climb("bad again", lambda x, part, at: BAD)
    assert ladder.helps
    assert ladder.best is not None
    assert (ladder.best.rung.name, ladder.best.scorer) == ("good", GOOD)
    assert [rung.kept for rung in ladder.rungs] == [True, False, True, False]
    assert ladder.rungs[2].accuracy == 1.0


def test_a_part_is_its_labelled_rows_then_all_without_labels() -> None:
    seen: list[tuple[int, Part]] = []

    def fit(features: Any, part: Part, index: int) -> LinearScorer:
        assert features.shape[0] == len(part.own) + 3
        assert features[part.rows].toarray().argmax(axis=1).tolist() == part.labels.tolist()
        seen.append((index, part))
        return GOOD

    ladder = new_ladder()
    ladder.climb("good", fit)
    assert [index for index, _ in seen] == list(range(6))
    soft = ladder.soft_labels(5)
    assert soft.argmax(axis=1).tolist() == [*LABELS.tolist(), 0, 1, 1]
    assert soft[:20].tolist() == np.eye(2)[LABELS].tolist()


def test_a_rung_that_would_take_too_long_is_left() -> None:
    clock = Clock()
    calls: Iterator[int] = iter(range(100))

    def slow(features: Any, part: Part, index: int) -> LinearScorer:
        next(calls)
        clock.now += 10
        return GOOD

    ladder = new_ladder(seconds=100.0, clock=clock)
    assert ladder.climb("first", slow)  # 60 s
    assert not ladder.climb("second", slow)  # would end at 120 s
    assert next(calls) == 7
    assert ladder.rungs[-1] == Rung("second", seconds=10.0)
    assert ladder.rungs[-1].to_dict()["accuracy"] is None


def test_the_first_rung_is_compared_by_the_rows_that_the_ground_was_judged_by() -> None:
    """The ground had time for two rows, both right; the rung is right on the others alone."""
    labels = np.array([0, 1, 0, 1])
    ladder = Ladder(csr_matrix(np.eye(4)), labels, 2, parts_of(labels, np.arange(4), folds=2))
    ground = np.full((4, 2), np.nan)
    ground[:2] = 3.0 * np.eye(2)[labels[:2]]
    ladder.refer("the labels alone", ground, 0.1)

    def fit(features: Any, part: Part, index: int) -> LinearScorer:
        scores = np.eye(2)[labels]
        scores[:2] = scores[:2, ::-1]
        return LinearScorer(scores.T, np.zeros(2))

    assert not ladder.climb("wrong on those", fit)
    assert ladder.rungs[-1].accuracy == 0.5  # of all rows


def test_the_linear_model_of_the_labels_alone_is_judged_as_far_as_there_is_time() -> None:
    rows = small_rows(30, 1)
    names = sorted({name for _, name in rows})
    train = Split([text for text, _ in rows], [names.index(name) for _, name in rows])
    dataset = Dataset("few", names, train, Split([], []), Split([], []))
    parts = parts_of(np.array(train.labels), np.arange(30))
    some, every = (_labels_alone(dataset, parts, ends, 0) for ends in (0.0, math.inf))
    assert np.isfinite(every).all()
    assert np.isfinite(some).all(axis=1).nonzero()[0].tolist() == parts[0].held_out.tolist()
    np.testing.assert_array_equal(some[parts[0].held_out], every[parts[0].held_out])

"""Rows that count more or less than others where they are learnt."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import DEV, TRAIN, learn, new_classifier, short
from textrnn.corpus.batches import LabelledTexts
from textrnn.training.objectives.classification import ClassificationObjective, balanced_weights
from textrnn.training.train_eval import fit

CONFIG = short(label_smoothing=0.1)
ROWS = torch.arange(24)
MODEL = new_classifier().eval()


def loss_of(texts: LabelledTexts, rows: torch.Tensor, **named: object) -> float:
    """Of rows as one batch, by a network without dropout."""
    objective = ClassificationObjective(texts, DEV, short(label_smoothing=0.1, **named), 3)
    with torch.no_grad():
        return float(objective.loss(MODEL, texts.batch(rows)).value)


def only(rows: torch.Tensor) -> LabelledTexts:
    """Some rows of TRAIN, one after the other; a row may be there several times."""
    starts, ends = TRAIN.starts[rows], TRAIN.starts[rows] + TRAIN.lengths[rows]
    ids = torch.cat([TRAIN.token_ids[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)])
    lengths = TRAIN.lengths[rows]
    return LabelledTexts(ids, torch.cat([lengths.new_zeros(1), lengths.cumsum(0)[:-1]]), lengths, TRAIN.labels[rows])


LOSSES = [loss_of(only(ROWS), row[None]) for row in ROWS]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 2), min_size=24, max_size=24).filter(any), st.sampled_from(["none", "balanced"]))
def test_weights_of_none_and_two_are_rows_left_out_and_doubled(counts: list[int], class_weight: str) -> None:
    weighted = only(ROWS).weighted(np.array(counts, dtype=float))
    repeated = only(torch.repeat_interleave(ROWS, torch.tensor(counts)))
    expected = loss_of(repeated, torch.arange(len(repeated)), class_weight=class_weight)
    assert loss_of(weighted, ROWS, class_weight=class_weight) == pytest.approx(expected, rel=1e-5)


@settings(max_examples=40)
@given(st.lists(st.floats(0.1, 50), min_size=24, max_size=24), st.lists(st.integers(1, 23), max_size=4))
def test_a_row_counts_the_same_in_whatever_batch_it_is(weights: list[float], cuts: list[int]) -> None:
    """The losses of the batches of an epoch, weighed by their rows, are that of all rows at once."""
    texts = only(ROWS).weighted(np.array(weights))
    borders = sorted({0, 24, *cuts})
    parts = [ROWS[a:b] for a, b in pairwise(borders)]
    summed = sum(loss_of(texts, part) * len(part) for part in parts)
    assert summed / len(texts) == pytest.approx(loss_of(texts, ROWS), rel=1e-4)
    assert loss_of(texts, ROWS) == pytest.approx(float(np.average(LOSSES, weights=weights)), rel=1e-4)


def test_balanced_weights_of_weighted_rows_are_those_of_repeated_ones() -> None:
    counts = torch.arange(24) % 3 + 1
    repeated = torch.repeat_interleave(TRAIN.labels[:24], counts)
    torch.testing.assert_close(balanced_weights(TRAIN.labels[:24], 4, counts.float()), balanced_weights(repeated, 4))


def test_rows_that_count_alike_are_rows_without_weights() -> None:
    """An epoch of steps; the order of the sums differs."""
    alike, plain = new_classifier(), new_classifier()
    weighted = TRAIN.weighted(np.full(len(TRAIN), 7.0))
    fit(alike, ClassificationObjective(weighted, DEV, CONFIG, 3), CONFIG)
    learn(plain, CONFIG)
    for one, other in zip(alike.state_dict().values(), plain.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_held_out_rows_weigh_where_weights_are_chosen() -> None:
    objective = ClassificationObjective(TRAIN, DEV, CONFIG, 3)
    heavy = ClassificationObjective(TRAIN, DEV.weighted(1.0 + 9.0 * (np.arange(len(DEV)) % 2)), CONFIG, 3)
    plain, weighted = objective.evaluate(MODEL), heavy.evaluate(MODEL)
    assert plain["dev_accuracy"] == weighted["dev_accuracy"]
    assert plain["dev_calibrated_loss"] != weighted["dev_calibrated_loss"]
    assert heavy.evaluation_seconds(MODEL) > 0

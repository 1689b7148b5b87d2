"""Learning several labels a row: the sparse loss against torch's dense one, batches, and bounded memory."""

from __future__ import annotations

import dataclasses
import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from tests.factories import VOCABULARY, WORDS, new_classifier, several_labels, short
from textrnn.corpus.batches import LabelledTexts, LabelPairs
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.vocab import EncodedTexts
from textrnn.evaluation.label_scores import PIECE_CELLS, collect
from textrnn.training.objectives.multi_label import (
    HEAVIEST_LABEL,
    MultiLabelObjective,
    calibrated_loss,
    fitted_figures,
    label_logits,
    label_loss,
    label_weights,
    score_labels,
)
from textrnn.training.train_eval import fit

CLASSES = len(WORDS)


def texts_of(count: int, seed: int) -> tuple[LabelledTexts, LabelSets]:
    split = several_labels(count, seed)
    assert split.label_sets is not None
    return LabelledTexts.from_encoded(VOCABULARY.encode(split.texts), split.targets), split.label_sets


TRAIN, TRAIN_LABELS = texts_of(120, 1)
DEV, DEV_LABELS = texts_of(33, 2)


def objective(train: LabelledTexts = TRAIN, **named: Any) -> MultiLabelObjective:
    return MultiLabelObjective(train, DEV, DEV_LABELS, short(**{"label_smoothing": 0.0, **named}), CLASSES)


def pairs_and_targets(rows: int, classes: int, seed: int) -> tuple[LabelPairs, Tensor]:
    truth = torch.from_numpy(np.random.default_rng(seed).random((rows, classes)) < 0.3)
    of_rows, of_classes = truth.nonzero(as_tuple=True)
    return LabelPairs(of_rows, of_classes), truth.double()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 6), st.integers(1, 7), st.integers(0, 1000), st.booleans(), st.booleans())
def test_loss_and_gradient_are_those_of_the_dense_one(
    rows: int, classes: int, seed: int, weighted: bool, smoothed: bool
) -> None:
    pairs, truth = pairs_and_targets(rows, classes, seed)
    generator = torch.Generator().manual_seed(seed)
    logits = (4 * torch.randn(rows, classes, generator=generator, dtype=torch.float64)).requires_grad_()
    weights = torch.rand(classes, generator=generator, dtype=torch.float64) * 5 + 0.1 if weighted else None
    smoothing = None
    targets = truth
    if smoothed and not weighted:
        low = torch.rand(classes, generator=generator, dtype=torch.float64) * 0.1
        smoothing = torch.stack([low, 0.9 + low])
        targets = low + truth * 0.9
    found = label_loss(logits, pairs, weights, smoothing)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    dense = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights, reduction="none").sum(
        dim=1
    )
    (expected,) = torch.autograd.grad(dense.sum(), logits)
    torch.testing.assert_close(found, dense)
    torch.testing.assert_close(gradient, expected)


def test_a_batch_has_the_labels_of_its_rows() -> None:
    rows = torch.tensor([7, 0, 3, 118, 2])
    batch = TRAIN.batch(rows)
    assert batch.label_pairs is not None
    found: list[list[int]] = [[] for _ in rows]
    for row, label in zip(batch.label_pairs.rows.tolist(), batch.label_pairs.classes.tolist(), strict=True):
        found[row].append(label)
    every = list(TRAIN_LABELS)
    assert found == [list(every[row]) for row in rows.tolist()]
    assert len(batch.labels) == 0
    single = LabelledTexts.from_encoded(VOCABULARY.encode(["猫"]), [2]).batch(torch.tensor([0]))
    assert single.label_pairs is None
    assert single.labels.tolist() == [2]


def test_it_learns_and_rows_may_have_no_label() -> None:
    quiet = {"dropout": 0.0, "embedding_dropout": 0.0, "token_dropout": 0.0}
    network = new_classifier(0, "FastText", **quiet)
    config = short(epochs=16, batch_size=8, evaluate_every=60, label_smoothing=0.0, learning_rate=0.02)
    history = fit(network, MultiLabelObjective(TRAIN, DEV, DEV_LABELS, config, CLASSES), config)
    assert history.best["dev_macro_f1"] > 0.7
    figures = fitted_figures(score_labels(network, DEV, DEV_LABELS), DEV_LABELS)
    assert figures.macro_f1 == pytest.approx(history.best["dev_macro_f1"])
    empty = [row for row, size in enumerate(np.diff(figures.predictions.offsets)) if size == 0]
    assert any(DEV_LABELS.sizes[row] == 0 for row in empty)


def test_what_is_reported_is_the_cross_entropy_without_weights_and_smoothing() -> None:
    network = new_classifier(0).eval()
    plain = objective()
    batch = plain.batches(1)[0]
    expected = plain.loss(network, batch)
    assert expected.value.item() == pytest.approx(expected.reported.item())
    for named in ({"label_smoothing": 0.2}, {"class_weight": "balanced"}):
        other = objective(**named).loss(network, batch)
        assert other.reported.item() == pytest.approx(expected.reported.item())
        assert other.value.item() != pytest.approx(expected.reported.item(), rel=1e-5)


def test_balanced_labels_weigh_as_much_where_they_are_as_where_they_are_not() -> None:
    counts = torch.tensor([10.0, 50.0, 0.0, 99.9])
    weights = label_weights(counts, 100.0)
    assert weights.tolist() == pytest.approx([9.0, 1.0, HEAVIEST_LABEL, 0.01], rel=0.01)


def test_a_row_that_weighs_nothing_teaches_nothing() -> None:
    weights = np.ones(len(TRAIN))
    weights[::2] = 0.0
    kept = torch.arange(1, len(TRAIN), 2)
    network = new_classifier(0).eval()
    of_kept = dataclasses.replace(TRAIN, weights=None).batch(kept)
    value = objective().loss(network, of_kept).value
    weighted = TRAIN.weighted(weights)
    whole = objective(weighted).loss(network, weighted.batch(torch.arange(len(TRAIN)))).value
    assert whole.item() == pytest.approx(value.item(), rel=1e-5)


def test_guessing_is_the_loss_of_the_shares() -> None:
    shares = (TRAIN_LABELS.counts(CLASSES) + 0.5) / (len(TRAIN) + 1)
    truth = DEV_LABELS.dense(CLASSES)
    expected = -np.where(truth, np.log(shares), np.log1p(-shares)).sum(axis=1).mean()
    assert objective().guessing_loss() == pytest.approx(expected)
    assert objective(class_weight="balanced").guessing_loss() > expected


def test_the_time_of_an_evaluation_is_estimated() -> None:
    assert objective().evaluation_seconds(new_classifier(0)) > 0.0


def test_fourteen_thousand_labels_need_no_gigabytes() -> None:
    """Neither to score (dense, 1,500 rows would take 84 MB in single precision, and half a gigabyte to count) nor to
    learn from."""
    classes, rows = 14_000, 1_500
    generator = np.random.default_rng(0)
    truth = LabelSets.of(generator.integers(0, classes, (rows, 4)).tolist())
    ids = generator.integers(2, 20, 3 * rows).astype(np.int32)
    encoded = EncodedTexts(ids, np.arange(0, 3 * rows + 1, 3), np.zeros(0, dtype=np.int64))
    texts = LabelledTexts.from_encoded(encoded, truth)
    network = new_classifier(0)
    network.classifier = torch.nn.Linear(network.classifier.in_features, classes)
    pieces = label_logits(network, texts)
    assert all(logits.size <= PIECE_CELLS for _, logits in itertools.islice(pieces, 2))
    tracemalloc.start()
    try:
        scores = score_labels(network, texts, truth, most_kept=1 << 16)
        figures = fitted_figures(scores, truth)
        assert figures.tables.sum() == classes * rows
        assert len(figures.missed_pairs(3, 1)) <= 3
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(scores.logits) < rows * 60
    assert peak < 180 * 2**20
    learning = MultiLabelObjective(texts, texts, truth, short(label_smoothing=0.0, batch_size=64), classes)
    batch = learning.batches(1)[0]
    assert batch.label_pairs is not None
    assert batch.label_pairs.rows.numel() < 64 * 5
    learning.loss(network, batch).value.backward()


def test_the_calibrated_loss_counts_what_is_not_kept() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(-3.0, 2.0, (300, 100)).astype(np.float32)
    truth = LabelSets.of(np.flatnonzero(row) for row in generator.random(logits.shape) < 1 / (1 + np.exp(-logits)))
    whole, part = (
        calibrated_loss(fitted_figures(collect([(np.arange(300), logits)], truth, 100, most_kept=kept), truth))
        for kept in (1 << 20, 300 * 16)
    )
    assert part == pytest.approx(whole, rel=2e-3)

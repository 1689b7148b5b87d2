"""Figures of several labels a row against scikit-learn's, from answers that are cut in any way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    hamming_loss,
    label_ranking_average_precision_score,
    log_loss,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
)

from textrnn.corpus.label_sets import LabelSets
from textrnn.evaluation.label_scores import LabelCalibration, LabelScores, collect
from textrnn.evaluation.multi_label import LabelFigures, label_report, micro_f1

pytestmark = pytest.mark.filterwarnings(f"ignore::{UndefinedMetricWarning.__module__}.UndefinedMetricWarning")


def pieces_of(logits: NDArray[np.float32], size: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """In an order that is not that of the rows."""
    rows = np.random.default_rng(size).permutation(len(logits))
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        yield part, logits[part]


def figures_of(
    logits: NDArray[np.float32],
    truth: NDArray[np.bool_],
    *,
    size: int = 7,
    most_kept: int = 1 << 20,
    scale: float = 1.0,
) -> LabelFigures:
    generator = np.random.default_rng(3)
    sets = LabelSets.of(np.flatnonzero(row).tolist() for row in truth)
    classes = truth.shape[1]
    calibration = LabelCalibration(1.0 + scale / 2, scale * generator.normal(size=classes))
    scores = collect(pieces_of(logits, size), sets, classes, calibration, most_kept=most_kept)
    return LabelFigures(scores, sets, calibration, generator.uniform(0.2, 0.8, classes))


def made(rows: int, classes: int, seed: int, *, ties: bool = False) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1.0, 2.0, (rows, classes))
    truth = generator.random((rows, classes)) < 1 / (1 + np.exp(-logits))
    truth[generator.random(rows) < 0.2] = False
    return (np.round(logits) if ties else logits).astype(np.float32), truth


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 10_000), st.integers(1, 50), st.booleans())
def test_figures_are_those_of_scikit_learn(rows: int, classes: int, seed: int, size: int, ties: bool) -> None:
    logits, truth = made(rows, classes, seed, ties=ties)
    figures = figures_of(logits, truth, size=size)
    probabilities = figures.calibration.probabilities(logits)
    answers = probabilities >= figures.thresholds
    assert [figures.predictions.indices[a:b].tolist() for a, b in zip(
        figures.predictions.offsets[:-1], figures.predictions.offsets[1:], strict=True
    )] == [np.flatnonzero(row).tolist() for row in answers]  # fmt: skip
    if classes > 1:  # of one column, scikit-learn makes something else
        assert figures.micro_f1 == pytest.approx(f1_score(truth, answers, average="micro", zero_division=0))
        assert figures.macro_f1 == pytest.approx(f1_score(truth, answers, average="macro", zero_division=0))
        assert figures.exact_match == pytest.approx(accuracy_score(truth, answers))
        expected = precision_recall_fscore_support(truth, answers, average=None, zero_division=0)
        found = figures.of_labels
        for own, theirs in zip((found.precision, found.recall, found.f1, found.support), expected, strict=True):
            np.testing.assert_allclose(own, theirs)
        np.testing.assert_array_equal(figures.tables, multilabel_confusion_matrix(truth, answers))
        ranked = label_ranking_average_precision_score(truth, logits / figures.calibration.temperature
                                                       + figures.calibration.biases)  # fmt: skip
        assert figures.ranking_average_precision == pytest.approx(ranked)
    assert figures.hamming_loss == pytest.approx(hamming_loss(truth.ravel(), answers.ravel()))
    losses = log_loss(truth.ravel(), probabilities.ravel(), labels=[0, 1]) * classes
    assert figures.loss == pytest.approx(losses, rel=1e-6)
    own = log_loss(truth.ravel(), LabelCalibration.none(classes).probabilities(logits).ravel(), labels=[0, 1]) * classes
    assert figures.uncalibrated_loss == pytest.approx(own, rel=1e-5)


def test_of_very_many_labels_only_the_likeliest_are_kept_and_the_figures_stay_the_same() -> None:
    logits, truth = made(60, 400, 5)
    logits -= 4  # few labels are likely
    truth &= logits > -3
    whole, part = (figures_of(logits, truth, most_kept=kept) for kept in (1 << 20, 60 * 90))
    assert len(whole.scores.logits) == 60 * 400 > 3 * len(part.scores.logits)
    assert part.scores.rest.sum() + len(part.scores.logits) == 60 * 400
    for name in ("micro_f1", "macro_f1", "exact_match", "hamming_loss", "ranking_average_precision", "loss",
                 "uncalibrated_loss", "calibration_errors"):  # fmt: skip
        assert getattr(part, name) == pytest.approx(getattr(whole, name)), name
    np.testing.assert_array_equal(part.tables, whole.tables)


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    logits, truth = made(200, 3, 8)
    figures = figures_of(logits, truth)
    probabilities, flat = figures.calibration.probabilities(logits).ravel(), truth.ravel()
    gap = 0.0
    for low in range(15):
        inside = (probabilities > low / 15) & (probabilities <= (low + 1) / 15)
        gap += abs(probabilities[inside].sum() - flat[inside].sum())
    assert figures.calibration_errors[1] == pytest.approx(gap / probabilities.size)


def test_pairs_that_fail_together_are_counted_row_by_row() -> None:
    logits, truth = made(300, 6, 11)
    figures = figures_of(logits, truth)
    answers = figures.calibration.probabilities(logits) >= figures.thresholds
    both: Counter[tuple[int, int]] = Counter()
    instead: Counter[tuple[int, int]] = Counter()
    for true, answered in zip(truth, answers, strict=True):
        missed, wrong = np.flatnonzero(true & ~answered).tolist(), np.flatnonzero(~true & answered).tolist()
        both.update(combinations(missed, 2))
        instead.update((a, b) for a in missed for b in wrong)
    found = figures.missed_pairs(1000, 3)
    assert {(pair.true, pair.other): pair.count for pair in found if not pair.taken} == both
    assert {(pair.true, pair.other): pair.count for pair in found if pair.taken} == instead
    assert [pair.count for pair in found] == sorted((pair.count for pair in found), reverse=True)
    first = found[0]
    for row in first.examples:
        assert truth[row, first.true]
        assert not answers[row, first.true]
        assert answers[row, first.other] == first.taken
    assert len(first.examples) == min(3, first.count)


def test_answers_without_a_mistake_have_no_pairs() -> None:
    truth = np.array([[True, False], [False, False]])
    sets = LabelSets.of([[0], []])
    logits = np.where(truth, 9.0, -9.0).astype(np.float32)
    scores = collect(pieces_of(logits, 1), sets, 2)
    figures = LabelFigures(scores, sets, LabelCalibration.none(2), np.full(2, 0.5))
    assert figures.missed_pairs(5, 1) == []
    assert figures.exact_match == 1.0
    assert figures.labels_a_row == (0.5, 0.5)


def test_a_split_without_rows_has_figures() -> None:
    sets = LabelSets.of([])
    figures = LabelFigures(collect(iter(()), sets, 3), sets, LabelCalibration.none(3), np.full(3, 0.5))
    assert (figures.macro_f1, figures.micro_f1, figures.exact_match, figures.hamming_loss) == (0.0, 0.0, 0.0, 0.0)
    assert not figures.has_learnt


def test_blind_answers_have_learnt_nothing_and_others_have() -> None:
    generator = np.random.default_rng(0)
    _, truth = made(400, 4, 2)
    blind = generator.normal(size=truth.shape).astype(np.float32)
    assert not figures_of(blind, truth, scale=0.0).has_learnt
    assert figures_of(blind + truth, truth, scale=0.0).has_learnt


def test_report_has_a_table_for_each_label() -> None:
    logits, truth = made(50, 2, 4)
    figures = figures_of(logits, truth)
    report = label_report(figures, ["a", "b"], figures.missed_pairs(3, 0))
    assert set(report["per_label"]) == {"a", "b"}
    table = report["per_label"]["b"]["confusion"]
    assert np.sum(table) == 50
    assert report["per_label"]["b"]["support"] == sum(table[1]) == int(truth[:, 1].sum())
    assert report["per_label"]["b"]["threshold"] == figures.thresholds[1]
    assert all(set(pair) in ({"missed", "taken", "rows"}, {"missed", "also_missed", "rows"}) for pair in
               report["missed_together"])  # fmt: skip


def test_micro_f1_of_nothing_is_nothing() -> None:
    assert micro_f1(np.zeros((3, 2, 2), dtype=np.int64)) == 0.0
    assert isinstance(figures_of(*made(3, 2, 1)).scores, LabelScores)


def test_few_of_many_blind_answers_seem_to_have_learnt() -> None:
    """The test is one of 5 %: of a hundred models that guess, some five are taken for others."""
    generator = np.random.default_rng(5)
    _, truth = made(150, 5, 4)
    seem = sum(
        figures_of(generator.normal(size=truth.shape).astype(np.float32), truth, scale=0.0).has_learnt
        for _ in range(80)
    )
    assert 1 <= seem <= 9


def test_a_label_as_probable_as_its_threshold_is_given() -> None:
    sets = LabelSets.of([[0]])
    scores = collect(iter([(np.array([0]), np.zeros((1, 2), np.float32))]), sets, 2)
    figures = LabelFigures(scores, sets, LabelCalibration.none(2), np.array([0.5, 0.5 + 1e-12]))
    assert figures.is_taken.tolist() == [True, False]


def test_rows_with_very_many_wrong_labels_have_no_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = np.array([[True, True, True, False], [True, True, False, False]])
    answered = np.zeros_like(truth)
    answered[0, 3] = True
    sets = LabelSets.of(np.flatnonzero(row).tolist() for row in truth)
    scores = collect(pieces_of(np.where(answered, 9.0, -9.0).astype(np.float32), 1), sets, 4)
    figures = LabelFigures(scores, sets, LabelCalibration.none(4), np.full(4, 0.5))
    assert {(pair.true, pair.other, pair.count) for pair in figures.missed_pairs(9, 0) if not pair.taken} == {
        (0, 1, 2), (0, 2, 1), (1, 2, 1)
    }  # fmt: skip
    monkeypatch.setattr("textrnn.evaluation.multi_label.MOST_PAIRS_OF_A_ROW", 11)  # the first row has 3 * (3 + 1)
    assert [(pair.true, pair.other, pair.count) for pair in figures.missed_pairs(9, 0)] == [(0, 1, 1)]

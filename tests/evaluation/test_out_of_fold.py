"""Linear models judge texts that they have not learnt from."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from tests.factories import WORDS, small_rows
from textrnn.evaluation import out_of_fold
from textrnn.evaluation.out_of_fold import FOLDS, assign_folds, out_of_fold_probabilities


def texts_and_labels(count: int, seed: int = 0, classes: int = 3) -> tuple[list[str], list[int]]:
    rows, names = small_rows(count, seed, classes), list(WORDS)
    return [text for text, _ in rows], [names.index(name) for _, name in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=1, max_size=90), st.integers(0, 99))
def test_copies_share_a_fold_and_classes_are_spread(rows: list[tuple[int, int]], seed: int) -> None:
    different, labels = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    folds = assign_folds(different, labels, np.random.default_rng(seed))
    fold_of = dict(zip(different.tolist(), folds.tolist(), strict=True))
    assert [fold_of[text] for text in different.tolist()] == folds.tolist()
    _, first = np.unique(different, return_index=True)
    for label in range(4):  # as even as can be, by the label that a text has first
        counts = np.bincount(folds[first][labels[first] == label], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1


def test_probabilities_are_right_for_most_and_those_of_a_seed() -> None:
    texts, labels = texts_and_labels(150)
    found = out_of_fold_probabilities(texts, labels, 3, seed=4)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert (found.argmax(axis=1) == labels).mean() > 0.95
    np.testing.assert_array_equal(found, out_of_fold_probabilities(texts, labels, 3, seed=4))
    assert (found != out_of_fold_probabilities(texts, labels, 3, seed=5)).any()


def test_a_row_does_not_vouch_for_itself_nor_do_its_copies() -> None:
    texts, labels = texts_and_labels(150)
    wrong = texts[0]
    copies = [wrong, f" {wrong}", f"{wrong[0]} {wrong[1:]}", wrong] * 5
    found = out_of_fold_probabilities([*texts, *copies], [*labels, *[(labels[0] + 1) % 3] * 20], 3)
    assert (found[150:].argmax(axis=1) == labels[0]).all()


def test_the_only_text_of_a_class_is_not_judged_and_is_no_suggestion() -> None:
    texts, labels = texts_and_labels(60)
    found = out_of_fold_probabilities([*texts, "独一无二", "独一无二"], [*labels, 3, 3], 5)
    assert np.isnan(found[60:]).all()
    assert not np.isnan(found[:60]).any()
    assert (found[:60, 3:] == 0).all()


def test_a_class_of_two_texts_is_judged_by_the_other() -> None:
    texts, labels = texts_and_labels(60)
    found = out_of_fold_probabilities([*texts, "甲乙丙丁", "甲乙丙戊"], [*labels, 3, 3], 4)
    assert not np.isnan(found).any()
    assert (found[60:, 3] > 0).all()


def test_two_classes() -> None:
    texts, labels = texts_and_labels(60, classes=2)
    found = out_of_fold_probabilities(texts, labels, 2)
    assert (found.argmax(axis=1) == labels).mean() > 0.95


def test_nothing_to_judge() -> None:
    assert out_of_fold_probabilities([], [], 2).shape == (0, 2)
    for texts, labels in ((["一", "二"], [0, 1]), (["一", "二", "三"], [0, 0, 0]), (["同"] * 8, [0, 1] * 4)):
        assert np.isnan(out_of_fold_probabilities(texts, labels, 2)).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=6), st.integers(0, 2)), max_size=24))
def test_whatever_the_texts_rows_are_judged_or_not(rows: list[tuple[str, int]]) -> None:
    found = out_of_fold_probabilities([text for text, _ in rows], [label for _, label in rows], 3)
    assert found.shape == (len(rows), 3)
    unknown = np.isnan(found).any(axis=1)
    assert np.isnan(found[unknown]).all()
    np.testing.assert_allclose(found[~unknown].sum(axis=1), 1.0)


def test_of_long_texts_less_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels = texts_and_labels(60)
    columns: list[int] = []
    scored = out_of_fold._scores

    def noted(features: Any, *others: Any) -> Any:
        columns.append(features.shape[1])
        return scored(features, *others)

    monkeypatch.setattr(out_of_fold, "_scores", noted)
    out_of_fold_probabilities(texts, labels, 3)
    monkeypatch.setattr(out_of_fold, "MOST_WORK", 1)
    out_of_fold_probabilities(texts, labels, 3)
    monkeypatch.setattr(out_of_fold, "MANY_CHARACTERS", 1)
    out_of_fold_probabilities(texts, labels, 3)
    spelt = {text.lower() for text in texts}
    few = {n: {t[i : i + n] for t in spelt for i in range(len(t) - n + 1)} for n in (1, 2)}
    assert len(columns) == 3 + 1 + 1
    assert len(set(columns[:4])) == 1
    assert columns[4] < columns[0]
    assert columns[4] <= len(few[1]) + len(few[2])

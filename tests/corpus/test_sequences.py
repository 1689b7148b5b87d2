"""Sequences of different lengths, and answers that are asked at several places."""

from __future__ import annotations

import numpy as np

from textrnn.corpus.sequences import NOTHING, LabelledSequences, joined, one_sequence

SHORT = LabelledSequences(np.array([[1, 2], [3, 4]]), np.array([[NOTHING, 5], [6, NOTHING]]))
LONG = LabelledSequences(np.array([[7, 8, 9]]), np.array([[1, 0, NOTHING]]))


def test_joined_rows_end_where_they_did() -> None:
    found = joined([SHORT, LONG])
    assert found.tokens.tolist() == [[1, 2, NOTHING], [3, 4, NOTHING], [7, 8, 9]]
    assert found.labels.tolist() == [[NOTHING, 5, NOTHING], [6, NOTHING, NOTHING], [1, 0, NOTHING]]
    assert found.lengths.tolist() == [2, 2, 3]
    assert found.length == 3
    assert found.answers.tolist() == [5, 6, 1, 0]
    assert found.targets is found.labels
    assert joined([LONG]) is LONG


def test_a_single_answer_is_asked_after_the_last_token() -> None:
    parts = [
        LabelledSequences(np.array([[1, 2]]), np.array([5])),
        LabelledSequences(np.array([[7, 8, 9]]), np.array([6])),
    ]
    found = joined(parts)
    assert found.labels.tolist() == [5, 6]
    assert found.targets.tolist() == [[NOTHING, 5, NOTHING], [NOTHING, NOTHING, 6]]
    assert found.answers.tolist() == [5, 6]
    assert found.at_the_end() is found


def test_the_last_answer_alone() -> None:
    found = joined([SHORT, LONG]).at_the_end()
    assert found.labels.tolist() == [5, 6, 0]
    assert found.tokens.tolist() == [[1, 2], [3, NOTHING], [7, 8]]  # what comes later is not asked about
    assert found.commonest == (0, 1 / 3)


def test_the_commonest_of_all_that_is_asked() -> None:
    found = LabelledSequences(np.array([[0, 0, 0], [0, 0, 0]]), np.array([[NOTHING, 3, 3], [2, NOTHING, 3]]))
    assert found.commonest == (3, 0.75)


def test_one_sequence() -> None:
    assert one_sequence([4, 5], 1).labels.tolist() == [1]
    assert one_sequence((4, 5), [NOTHING, 1]).targets.tolist() == [[NOTHING, 1]]

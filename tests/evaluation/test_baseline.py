from __future__ import annotations

import numpy as np

from tests.factories import small_rows
from textrnn.evaluation.baseline import linear_baseline


def test_it_learns_what_is_easy_and_counts_right() -> None:
    names = ["山水", "数字", "猫狗"]
    (train_texts, train_labels), (test_texts, test_labels) = (
        ([text for text, _ in rows], [names.index(name) for _, name in rows])
        for rows in (small_rows(300, 1), small_rows(60, 2))
    )
    baseline = linear_baseline(train_texts, train_labels, test_texts, test_labels, 3)
    assert baseline.accuracy > 0.95
    assert baseline.confusion.sum() == 60
    assert baseline.accuracy == np.trace(baseline.confusion) / 60
    assert baseline.seconds > 0

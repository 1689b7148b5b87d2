"""The linear model of several labels: what it learns from, and what it must not."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from tests.factories import small_label_rows
from textrnn.corpus.label_sets import LabelSets
from textrnn.evaluation.label_baseline import LabelledRows, label_baseline, one_against_all


def labelled(count: int, seed: int) -> LabelledRows:
    texts, sets = zip(*small_label_rows(count, seed), strict=True)
    names = sorted({name for labels in sets for name in labels})
    return LabelledRows(texts, LabelSets.of([names.index(name) for name in labels] for labels in sets))


def test_thresholds_and_calibration_are_fitted_on_dev_alone() -> None:
    train, dev, test = labelled(80, 1), labelled(40, 2), labelled(40, 3)
    turned = LabelledRows(test.texts, LabelSets.of(set(range(3)) - set(labels) for labels in test.labels))
    found, other = (label_baseline(train, dev, each, 3) for each in (test, turned))
    assert found is not None
    assert other is not None
    np.testing.assert_array_equal(found.figures.thresholds, other.figures.thresholds)
    np.testing.assert_array_equal(found.figures.calibration.biases, other.figures.calibration.biases)
    assert found.figures.calibration.temperature == other.figures.calibration.temperature
    np.testing.assert_array_equal(found.figures.predictions.indices, other.figures.predictions.indices)
    of_turned = label_baseline(train, turned, test, 3)
    assert of_turned is not None
    assert not np.array_equal(found.figures.thresholds, of_turned.figures.thresholds)


@pytest.mark.parametrize(("light", "sign"), [(0, -1), (1, 1)])
def test_rows_count_by_their_weight(light: int, sign: int) -> None:
    """The same text with the label and without: the heavier rows are believed."""
    features = scipy.sparse.csr_matrix(np.ones((40, 1)))
    sets = LabelSets.of([[0], []] * 20)
    weights = np.where(np.arange(40) % 2 == light, 0.01, 1.0)
    by_label, biases = one_against_all(features, sets, 1, weights=weights)
    assert np.sign(by_label[0, 0] + biases[0]) == sign
    assert abs(by_label[0, 0] + biases[0]) > 1
    by_label, biases = one_against_all(features, sets, 1)
    assert abs(by_label[0, 0] + biases[0]) < 0.2

from __future__ import annotations

import math

import numpy as np
import pytest

from textrnn.evaluation.records import ClassifierFigures, ComparisonEntry, ConfusedPair, Training, standard_deviation

LABELS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]


def figures(predictions: list[int], *, label_smoothing: float = 0.0, temperature: float = 1.5) -> ClassifierFigures:
    logits = 3.0 * np.eye(3, dtype=np.float32)[predictions]
    return ClassifierFigures(logits, LABELS, label_smoothing, temperature)


def test_confused_pairs_with_the_first_texts_of_each() -> None:
    found = figures([0, 1, 1, 1, 1, 1, 1, 0, 2, 0])
    assert found.confused(5, 2) == [
        ConfusedPair(0, 1, 3, [1, 2]),
        ConfusedPair(1, 0, 1, [7]),
        ConfusedPair(2, 0, 1, [9]),
    ]
    assert len(found.confused(1, 9)[0].examples) == 3
    assert figures(LABELS).confused(5, 2) == []


def test_classes_that_nobody_named_stand_in_the_matrix() -> None:
    np.testing.assert_array_equal(figures([0] * 10).confusion, [[4, 0, 0], [4, 0, 0], [2, 0, 0]])
    assert figures([0] * 10).largest_share == 0.4


def test_calibration_by_hand() -> None:
    """Every answer is as sure as the others, and seven of ten are right: one bin, one gap."""
    found = figures([0, 0, 0, 1, 1, 1, 1, 0, 2, 0])
    sure = [math.exp(3 / t) / (math.exp(3 / t) + 2) for t in (1.0, 1.5)]
    assert found.calibration_errors == pytest.approx([abs(share - 0.7) for share in sure])
    for loss, share in ((found.uncalibrated_loss, sure[0]), (found.loss, sure[1])):
        assert loss == pytest.approx(-(7 * math.log(share) + 3 * math.log((1 - share) / 2)) / 10)


def test_smoothing_is_undone_before_the_temperature() -> None:
    """With s = 0.1 and 3 classes, q = 0.9 p + 0.1 / 3."""
    q = math.exp(3) / (math.exp(3) + 2)
    p = (q - 0.1 / 3) / 0.9
    found = figures(LABELS, label_smoothing=0.1, temperature=1.0)
    assert found.loss == pytest.approx(-math.log(p))


def test_compared() -> None:
    one = ComparisonEntry("LSTM", 9, 10, 0.8, 1.0, 100, 400, 1e3, np.arange(10) > 0, True)
    low, high = one.interval
    assert one.accuracy == 0.9
    assert low < 0.9 < high
    assert one.to_dict()["accuracy_interval"] == [low, high]


def test_training_read_back() -> None:
    row = {"step": 1.0, "epoch": 1, "seconds": 0.5, "train_loss": 2.0, "dev_loss": 2.1, "dev_accuracy": 0.1}
    sound = Training("LSTM", 10, 0, 0.02, 0.91, 0.9, 2.0, 40, 40, [row])
    assert Training(**sound.to_dict()) == sound
    assert sound.is_sound()
    assert not Training(**{**sound.to_dict(), "test": math.nan}).is_sound()
    assert not Training(**{**sound.to_dict(), "longer": {"20": math.nan}}).is_sound()
    assert not Training(**{**sound.to_dict(), "test_whole": "0.5"}).is_sound()
    assert Training(**{**sound.to_dict(), "longer": {"20": 0.5}, "longer_whole": {"20": 0.1}}).is_sound()
    assert not Training(**{**sound.to_dict(), "curve": [{**row, "dev_loss": "2.1"}]}).is_sound()
    assert sound.key == "LSTM, length 10, seed 0, learning rate 0.02"


def test_standard_deviation_by_hand() -> None:
    assert standard_deviation([0.5]) == 0.0
    assert standard_deviation([1.0, 3.0]) == pytest.approx(math.sqrt(2))

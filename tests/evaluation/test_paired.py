from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from textrnn.evaluation.paired import PairedComparison


def test_counted_text_by_text() -> None:
    found = PairedComparison.of([True, True, False, False, True], [True, False, True, False, False])
    assert found == PairedComparison(both=1, only_first=2, only_second=1, neither=1)
    assert found.texts == 5


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 3), (0, 5), (6, 0), (25, 33), (1, 12), (186, 1420)])
def test_p_value_is_that_of_a_fair_coin(first: int, second: int) -> None:
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert PairedComparison(10, first, second, 10).p_value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second", "standing"), [(5, 0, "alike"), (6, 0, "better"), (0, 6, "worse"), (40, 40, "alike")]
)
def test_standing(first: int, second: int, standing: str) -> None:
    assert PairedComparison(50, first, second, 9).standing == standing


def test_interval_covers_the_difference() -> None:
    """Of 400 draws of 200 texts whose true difference is 0.1, about 95 % of the intervals hold it."""
    generator = np.random.default_rng(0)
    held = 0
    for both, first, second, neither in generator.multinomial(200, [0.5, 0.25, 0.15, 0.1], size=400).tolist():
        low, high = PairedComparison(both, first, second, neither).interval
        held += low <= 0.1 <= high
    assert 0.92 < held / 400 < 0.98

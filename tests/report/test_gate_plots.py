"""Heat maps of gates and the table behind them: the same numbers under the same units."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from tests.report.test_memory import texts_of
from textrnn.report.gate_plots import PARTS, Reading, by_forget_gates, gates_csv, plot_gates


def reading(digits: list[int], units: int = 4, title: str = "6 + 7 = 13") -> Reading:
    generator = np.random.default_rng(len(digits))
    parts = {name: generator.uniform(-1, 1, (len(digits), units)) for name in PARTS}
    parts |= {name: parts[name] / 2 + 0.5 for name in PARTS if name.endswith("gate")}
    return Reading(digits, title, parts, np.linspace(0.1, 0.9, len(digits)))


@pytest.mark.parametrize("steps", [3, 10, 200])
def test_every_map_names_the_digits_and_stands_in_order(steps: int) -> None:
    digits = [0] * steps
    digits[0], digits[1], digits[steps - 1] = 6, 7, 5
    shown = texts_of(plot_gates([reading(digits)], title="LSTM: 6 + 7 = 13")["gates.svg"])
    for digit in "675":
        assert shown.count(digit) >= len(PARTS) + 1  # once in each heat map, and below the probabilities
    headings = [text for text in shown if text[:2] in {f"{at} " for at in range(1, 8)}]
    assert headings == [f"{at} {name}" for at, name in enumerate(PARTS.values(), 1)] + [
        "7 probability of the right answer after each digit"
    ]
    assert "0.900" in shown


def test_the_units_at_the_maps_are_those_of_the_table() -> None:
    one = reading([1, 2, 0, 0, 3], units=6)
    shown = texts_of(plot_gates([one], title="x")["gates.svg"])
    order = [str(unit + 1) for unit in by_forget_gates(one)]
    at = shown.index("unit")
    labels = [text for text in shown[:at] if text in order]
    assert labels[-6:] == order
    rows = list(csv.DictReader(io.StringIO(gates_csv([one]))))
    assert len(rows) == 5 * 6
    for row in rows:
        step, unit = int(row["step"]) - 1, int(row["unit"]) - 1
        assert order[int(row["row"]) - 1] == row["unit"]
        assert int(row["digit"]) == one.digits[step]
        for name in PARTS:
            assert float(row[name]) == pytest.approx(one.parts[name][step, unit], abs=1e-6)
    means = {row["unit"]: one.parts["forget_gate"][:, int(row["unit"]) - 1].mean() for row in rows}
    assert [means[unit] for unit in order] == sorted(means.values(), reverse=True)


def test_two_sequences_stand_side_by_side() -> None:
    first, second = reading([6, 7, 0, 0], title="6 + 7 = 13"), reading([3, 4, 9, 0, 0, 0], title="3 + 4 = 8 (wrong)")
    shown = texts_of(plot_gates([first, second], title="LSTM reads two sequences")["gates.svg"])
    for at, name in enumerate(PARTS.values(), 1):
        place = shown.index(f"{at} {name}: 6 + 7 = 13")
        assert place < shown.index(f"{at} {name}: 3 + 4 = 8 (wrong)")
    rows = list(csv.DictReader(io.StringIO(gates_csv([first, second]))))
    assert [row["sequence"] for row in rows] == ["1"] * 16 + ["2"] * 24
    assert {(row["unit"], row["row"]) for row in rows[:16]} == {(row["unit"], row["row"]) for row in rows[16:]}


def test_nothing_is_drawn_where_nothing_is_asked() -> None:
    one = reading([3, 1, 8, 8])
    one.probability[:2] = np.nan
    files = plot_gates([one], title="LSTM: 3 1")
    assert files["gates.png"].startswith(b"\x89PNG")
    assert "0.900" in texts_of(files["gates.svg"])
    one.probability[:] = np.nan
    assert "gates.svg" in plot_gates([one], title="LSTM")

"""What the gates of a network did while it read a sequence, or two side by side, as heat maps and as a table.

Shapes: T time, H hidden.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textrnn.report.drawing import DEV_COLOUR, INK, add_grid, ascii_only, render_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# In the order in which they are read: what is kept, what comes in, what is in the cell then, what is shown of it.
PARTS = {
    "forget_gate": "forget gate",
    "input_gate": "input gate",
    "candidate": "candidate",
    "cell": "cell state",
    "output_gate": "output gate",
    "hidden": "hidden state",
}
SIGNED = ("candidate", "cell", "hidden")  # shown in colours around white
IN_THE_TABLE = ("input_gate", "forget_gate", "output_gate", "cell", "candidate", "hidden")
MAP_HEIGHTS, TITLE_HEIGHT, LABEL_HEIGHT = {1: 3.4, 2: 2.8}, 0.35, 0.105  # inches; maps by the number of sequences
MOST_TICKS = 40


@dataclass(frozen=True)
class Reading:
    """What a network did while it read one sequence.

    Attributes:
        digits: that were read
        title: what it answered
        parts: by the names of ``PARTS``, (T, H)
        probability: (T,): of the right answer, if it were to be given after each digit; not a number where none is due
    """

    digits: Sequence[int]
    title: str
    parts: Mapping[str, NDArray[np.float64]]
    probability: NDArray[np.float64]


def by_forget_gates(reading: Reading) -> NDArray[np.int64]:
    """(H,): the units in the order in which all maps show them: those that keep what they have longest come first."""
    order: NDArray[np.int64] = np.argsort(-reading.parts["forget_gate"].mean(axis=0), kind="stable")
    return order


def gates_csv(readings: Sequence[Reading]) -> str:
    """Every value behind the heat maps; sequences, steps and units count from 1, and so do the rows of the maps."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["sequence", "step", "digit", "unit", "row", *IN_THE_TABLE])
    rows = np.argsort(by_forget_gates(readings[0])) + 1
    for number, reading in enumerate(readings, 1):
        for step, digit in enumerate(reading.digits):
            for unit, row in enumerate(rows):
                values = (f"{reading.parts[name][step, unit]:.6f}" for name in IN_THE_TABLE)
                writer.writerow([number, step + 1, digit, unit + 1, row, *values])
    return out.getvalue()


def plot_gates(readings: Sequence[Reading], *, title: str) -> dict[str, bytes]:
    """``gates.png`` and ``gates.svg``: a heat map of each part, units down, digits along the time axis.

    Of one sequence, two maps stand in a row; of two, the same part of both, in the same colours. At the left stand the
    numbers of the units, as the table has them; below the maps, the probability of the right answer.
    """
    order = by_forget_gates(readings[0])
    shown = [(at, name) for at, name in enumerate(PARTS, 1)]
    places = [(at, name, reading) for at, name in shown for reading in readings]
    rows, map_height = len(places) // 2, MAP_HEIGHTS[len(readings)]
    height = map_height * rows + 2.2 + TITLE_HEIGHT
    longest = max(len(reading.digits) for reading in readings)
    width = min(24.0, max(9.0, 0.36 * longest + 4))
    widest = {name: max(float(np.abs(one.parts[name]).max()) for one in readings) or 1.0 for name in SIGNED}

    def draw(figure: Figure, readable: bool) -> None:
        grid = figure.add_gridspec(rows + 1, 2, height_ratios=[map_height] * rows + [1.6])
        for index, (at, name, reading) in enumerate(places):
            axes = figure.add_subplot(grid[index // 2, index % 2])
            bound = widest.get(name)
            image = axes.imshow(
                reading.parts[name][:, order].T, aspect="auto", interpolation="nearest",
                cmap="viridis" if bound is None else "RdBu_r", vmin=-(bound or 0.0), vmax=bound or 1.0,
            )  # fmt: skip
            axes.set_title(f"{at} {PARTS[name]}" + (f": {reading.title}" if len(readings) > 1 else ""), fontsize=10)
            _name_digits(axes, reading.digits)
            _name_units(axes, order, "unit" if index % 2 == 0 else "", most=math.floor(map_height / LABEL_HEIGHT))
            figure.colorbar(image, ax=axes, fraction=0.046, pad=0.02)
        for index, reading in enumerate(readings):
            place = grid[rows, index] if len(readings) > 1 else grid[rows, :]
            _draw_probability(figure.add_subplot(place), reading, len(PARTS) + 1)

        top = 1 - TITLE_HEIGHT / height  # the title's share is the less, the taller the figure
        figure.suptitle(title if readable else ascii_only(title), fontsize=12, y=(1 + top) / 2, va="center")
        figure.tight_layout()

    return render_plot("gates", (width, height), draw, texts=[title])


def _name_digits(axes: Axes, digits: Sequence[int]) -> None:
    every = math.ceil(len(digits) / MOST_TICKS)  # of a long sequence, only some of the zeros can be named
    at = [step for step, digit in enumerate(digits) if digit or step < 2 or step % every == 0]
    if len(at) > 2 * MOST_TICKS:
        at = [step for step in range(len(digits)) if step < 2 or step % every == 0]
    axes.set_xticks(at, [str(digits[step]) for step in at], fontsize=9 if len(digits) <= MOST_TICKS else 5)
    axes.tick_params(length=0)
    axes.set_xlabel("digit read")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _name_units(axes: Axes, order: NDArray[np.int64], label: str, *, most: int) -> None:
    """Their numbers at the left, as many as can be read."""
    at = range(0, len(order), math.ceil(len(order) / most))
    axes.set_yticks(at, [str(order[row] + 1) for row in at], fontsize=6 if len(order) > 20 else 8)
    axes.set_ylabel(label)


def _draw_probability(axes: Axes, reading: Reading, number: int) -> None:
    """Of the right answer, after each digit."""
    steps = np.arange(len(reading.digits))
    axes.plot(steps, reading.probability, color=DEV_COLOUR, marker="o", ms=4 if len(steps) <= MOST_TICKS else 2)
    _name_digits(axes, reading.digits)
    axes.set_xlim(-0.5, len(steps) - 0.5)
    axes.set_ylim(-0.03, 1.05)
    axes.set_title(f"{number} probability of the right answer after each digit", fontsize=10)
    due = np.flatnonzero(~np.isnan(reading.probability))
    if len(due):
        last = due[-1]
        value = reading.probability[last]
        away = (0, -8) if value > 0.5 else (0, 8)
        axes.annotate(
            f"{value:.3f}", (steps[last], value), xytext=away, textcoords="offset points", ha="center",
            va="top" if value > 0.5 else "bottom", fontsize=9, color=INK,
        )  # fmt: skip
    add_grid(axes)

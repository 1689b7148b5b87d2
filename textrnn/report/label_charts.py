"""What is drawn of answers with several labels: for the page, and as files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.groups import RELIABILITY_BINS, ReliabilityBin
from textrnn.evaluation.label_scores import Tally
from textrnn.evaluation.metrics import ClassScores
from textrnn.report.charts import Chart, number
from textrnn.report.classifier_charts import LINEAR, classes_drawn
from textrnn.report.drawing import INK, ascii_only, font_for, render_plot
from textrnn.report.plain import plain
from textrnn.report.plots import MAX_TITLE_WIDTH
from textrnn.report.text import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_TABLES, TABLES_A_LINE = 24, 6
NAME_WIDTH = 18  # columns of a label over its table


def worst_labels(scores: ClassScores, count: int) -> list[int]:
    """The labels with the lowest F1 among those that rows have, the worst first; of equal ones, that with more rows."""
    tested = np.flatnonzero(scores.support > 0)
    order = np.lexsort((-scores.support[tested], scores.f1[tested]))
    return [int(index) for index in tested[order[:count]]]


def reliability_of(tally: Tally) -> list[ReliabilityBin]:
    """Bins of the answers to all rows and labels, those without an answer left out."""
    return [
        ReliabilityBin(
            low=index / RELIABILITY_BINS,
            high=(index + 1) / RELIABILITY_BINS,
            rows=int(tally.cells[index]),
            confidence=float(tally.probability[index] / tally.cells[index]),
            accuracy=float(tally.true[index] / tally.cells[index]),
        )
        for index in np.flatnonzero(tally.cells).tolist()
    ]


def f1_by_training_rows(
    training_counts: NDArray[np.int64],
    scores: ClassScores,
    linear: ClassScores | None,
    class_names: Sequence[str],
    model_name: str,
) -> tuple[Chart, int]:
    """A mark for each label, and how many of those that the test split has are drawn: of very many, every other or so.

    Args:
        training_counts: (C,)
    """
    tested, bounds, wide = classes_drawn(training_counts, scores.support)
    chart = Chart(
        "F1 of each label, against its training rows", "training rows of the label", "F1 on test", bounds,
        logarithmic=wide,
    )  # fmt: skip
    models = [(model_name, "network", scores)] if linear is None else [
        (LINEAR, "linear", linear), (model_name, "network", scores)
    ]  # fmt: skip
    for name, kind, found in models:
        dots = []
        for index in tested.tolist():
            f1, rows = float(found.f1[index]), int(training_counts[index])
            said = f"{plain(class_names[index], 40)}: {number(rows)} training rows, F1 {f1:.2f} by {name}"
            dots.append((float(rows), f1, said))
        chart.dots(dots, kind, name)
    return chart, len(tested)


def plot_label_tables(
    tables: NDArray[np.int64], scores: ClassScores, class_names: Sequence[str], *, title: str
) -> tuple[dict[str, bytes], bool]:
    """``confusion_labels.png`` and ``.svg``: a small table for each label, of many labels for the worst.

    Args:
        tables: (C, 2, 2)

    Returns:
        The files by name, and whether the PNG shows the names; it does not where no font has their characters.
    """
    count = len(class_names)
    shown = list(range(count)) if count <= MOST_TABLES else worst_labels(scores, MOST_TABLES)
    names = {index: shortened(class_names[index], NAME_WIDTH) for index in shown}
    title = shortened(title, MAX_TITLE_WIDTH)
    across = min(TABLES_A_LINE, max(1, len(shown)))
    down = max(1, math.ceil(len(shown) / across))
    texts = [*names.values(), title]

    def draw(figure: Figure, readable: bool) -> None:
        every = figure.subplots(down, across, squeeze=False).ravel()
        for axes in every[len(shown) :]:
            axes.set_axis_off()
        for axes, index in zip(every, shown, strict=False):
            _draw_table(axes, tables[index])
            name = names[index] if readable else str(index)
            axes.set_title(f"{name}\nF1 {scores.f1[index]:.2f}", fontsize=9)
        which = "test rows" if count <= MOST_TABLES else f"the {len(shown)} worst of {count:,} labels"
        figure.suptitle(f"{title if readable else ascii_only(title)}: {which}", fontsize=12)
        figure.tight_layout()

    size = (max(4.0, 1.75 * across), 0.7 + 1.95 * down)
    return render_plot("confusion_labels", size, draw, texts=texts), font_for(texts) is not None


def _draw_table(axes: Axes, table: NDArray[np.int64]) -> None:
    """True rows below, those that are given the label to the right; shaded by the shares of each line."""
    shares = table / np.maximum(1, table.sum(axis=1, keepdims=True))
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_xticks([0, 1], ["not given", "given"], fontsize=7)
    axes.set_yticks([0, 1], ["without", "with"], fontsize=7)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for row, column in np.ndindex(2, 2):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, f"{table[row, column]:,}", ha="center", va="center", fontsize=8, color=colour)

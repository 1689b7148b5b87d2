"""Plots as PNG and SVG: training curves, confusion matrices, comparisons, with names in any script.

A PNG needs a font that has the characters. Where no installed font has them, the PNG shows
class indices (the text output says which is which). The SVG always keeps the names as text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.metrics import row_shares
from textrnn.report.drawing import (
    BEST_COLOUR,
    DEV_COLOUR,
    INK,
    TRAIN_COLOUR,
    add_grid,
    ascii_only,
    font_for,
    render_plot,
    render_titled_plot,
    running_mean,
)
from textrnn.report.text import display_width, shortened
from textrnn.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontEntry

MAX_NAME_WIDTH, MAX_TITLE_WIDTH = 24, 60  # columns of a terminal; longer ones are cut
MAX_TICKS, MAX_CELL_NUMBERS = 100, 40  # classes up to which all are named, and cells have numbers


def plot_curves(history: History, *, title: str) -> dict[str, bytes]:
    """``curves.png`` and ``curves.svg``: training and dev loss, and dev accuracy or macro F1, against the step."""
    rows, best = history.evaluations, history.best
    judged_by, called = history.judged_by
    at = [row["step"] for row in rows]
    marker = _marker(at)
    steps = np.arange(1, len(history.train_loss) + 1)
    running = running_mean(history.train_loss, max(1, len(steps) // 50))

    def draw(figure: Figure) -> None:
        loss_axes, accuracy_axes = figure.subplots(1, 2)
        alone = "o" if len(steps) == 1 else None  # a line through one point is invisible
        loss_axes.plot(steps, running, color=TRAIN_COLOUR, marker=alone, ms=3, label="train (running mean)")
        for axes, key in ((loss_axes, "dev_loss"), (accuracy_axes, judged_by)):
            axes.plot(at, [row[key] for row in rows], color=DEV_COLOUR, marker=marker, ms=3, label=history.judged_on)
            axes.plot([best["step"]], [best[key]], "o", color=BEST_COLOUR, ms=6, label=f"kept: {best[key]:.4f}")
            axes.set_xlabel("optimizer step")
            add_grid(axes)
            axes.set_xlim(left=0)
            axes.legend(frameon=False)
        loss_axes.set_ylim(bottom=0)
        loss_axes.set_title("cross-entropy (nats per text)")
        accuracy_axes.set_title(called)

    return render_titled_plot("curves", (9.5, 3.6), shortened(title, MAX_TITLE_WIDTH), draw)


def _marker(at: Sequence[float]) -> str | None:
    """Points on a line, if they are few enough to tell apart."""
    return "o" if len(at) <= 40 else None


def plot_perplexity(history: History, *, title: str) -> dict[str, bytes]:
    """``perplexity.png`` and ``perplexity.svg``: on the training text (while learning) and held out, by epoch."""
    title = shortened(title, MAX_TITLE_WIDTH)
    rows, best = history.evaluations, history.best
    at = [row["passes"] for row in rows]
    learning, held_out = ([row[key] for row in rows] for key in ("train_perplexity", "dev_perplexity"))

    def draw(figure: Figure, readable: bool) -> None:
        axes = figure.subplots()
        axes.plot(at, learning, color=TRAIN_COLOUR, marker=_marker(at), ms=3, label="train (while learning)")
        axes.plot(at, held_out, color=DEV_COLOUR, marker=_marker(at), ms=3, label="held out")
        kept = best["dev_perplexity"]
        axes.plot([best["passes"]], [kept], "o", color=BEST_COLOUR, ms=6, label=f"kept: {kept:.3f}")
        if max(*learning, *held_out) > 3 * min(*learning, *held_out):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter("{x:g}")
        axes.set_xlabel("epoch")
        axes.set_xlim(left=0)
        axes.set_ylabel("perplexity of the network")
        add_grid(axes)
        axes.legend(frameon=False)
        axes.set_title(title if readable else ascii_only(title))
        figure.tight_layout()

    return render_plot("perplexity", (6.4, 4.0), draw, texts=[title])


def plot_confusion(
    confusion: NDArray[np.int64],
    class_names: Sequence[str],
    *,
    title: str,
    fonts: Sequence[FontEntry] | None = None,
) -> tuple[dict[str, bytes], bool]:
    """``confusion_counts`` and ``confusion_normalised`` as PNG and SVG.

    Args:
        fonts: see :func:`textrnn.report.drawing.font_for`.

    Returns:
        The files by name, and whether the PNGs show the class names; they do not where no font has their characters.
    """
    names = [shortened(name, MAX_NAME_WIDTH) for name in class_names]
    title = shortened(title, MAX_TITLE_WIDTH)
    side = min(24.0, max(4.0, 1.6 + 0.55 * len(names)))
    texts = [*names, title]

    def plot(stem: str, values: NDArray[Any], what: str) -> dict[str, bytes]:
        def draw(figure: Figure, readable: bool) -> None:
            axes = figure.subplots()
            _draw_confusion(axes, values, names if readable else [str(index) for index in range(len(names))])
            axes.set_title(f"{title if readable else ascii_only(title)}: {what}")

        return render_plot(stem, (side, side), draw, texts=texts, fonts=fonts)

    files = plot("confusion_counts", confusion, "test rows")
    files |= plot("confusion_normalised", row_shares(confusion), "share of each true class")
    return files, font_for(texts, fonts) is not None


def _draw_confusion(axes: Axes, values: NDArray[Any], names: Sequence[str]) -> None:
    """A heat map with its figures. The colour scale is that of the shares, so that both plots have the same colours."""
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1e-9)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    size = 9 if len(names) <= 20 else 6
    every = math.ceil(len(names) / MAX_TICKS)  # of very many classes, only some can be named
    ticks, shown = range(0, len(names), every), names[::every]
    axes.set_xticks(ticks, shown, rotation=90 if max(map(display_width, names)) > 4 else 0)
    axes.set_yticks(ticks, shown)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.tick_params(length=0, labelsize=10 if len(names) <= 40 else 6)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for i, j in np.ndindex(values.shape) if len(names) <= MAX_CELL_NUMBERS else ():
        value = values[i, j]
        if value:
            label = f"{value:d}" if np.issubdtype(values.dtype, np.integer) else _share_label(float(value))
            colour = "white" if shares[i, j] > 0.5 else INK
            axes.text(j, i, label, ha="center", va="center", fontsize=size, color=colour)


def _share_label(share: float) -> str:
    """Two decimals without the leading zero; a cell that would read .00 stays empty."""
    if math.isclose(share, 1.0):
        return "1.00"
    return f"{share:.2f}".removeprefix("0") if share >= 0.005 else ""


def plot_comparison(
    entries: Sequence[tuple[str, float, tuple[float, float], float]], title: str, *, what: str = "accuracy"
) -> dict[str, bytes]:
    """``comparison.png`` and ``comparison.svg``: accuracy with its interval, and training time, a line for each model.

    Args:
        entries: (name, accuracy, (lower, upper) end of its interval, seconds), the best first.
        what: the accuracy is.
    """
    names = [shortened(name, 2 * MAX_NAME_WIDTH) for name, *_ in entries]
    rows = range(len(entries))

    def draw(figure: Figure) -> None:
        accuracy_axes, time_axes = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        _draw_accuracies(accuracy_axes, [(accuracy, interval) for _, accuracy, interval, _ in entries], what)
        accuracy_axes.set_yticks(rows, names)
        accuracy_axes.invert_yaxis()
        _draw_seconds(time_axes, [max(seconds, 0.01) for *_, seconds in entries])
        for axes in (accuracy_axes, time_axes):
            add_grid(axes, "x")
            axes.set_axisbelow(True)
            axes.tick_params(axis="y", length=0)

    size = (9.5, 1.4 + 0.36 * len(entries))
    return render_titled_plot("comparison", size, shortened(title, MAX_TITLE_WIDTH), draw, texts=names)


def _draw_accuracies(axes: Axes, found: Sequence[tuple[float, tuple[float, float]]], what: str) -> None:
    reaches = [[accuracy - low for accuracy, (low, _) in found], [high - accuracy for accuracy, (_, high) in found]]
    axes.errorbar(
        [accuracy for accuracy, _ in found], range(len(found)), xerr=np.maximum(reaches, 0.0),
        fmt="o", color=DEV_COLOUR, ecolor=TRAIN_COLOUR, capsize=3,
    )  # fmt: skip
    axes.set_title(f"{what} on test, 95 % interval")


def _draw_seconds(axes: Axes, seconds: Sequence[float]) -> None:
    axes.barh(range(len(seconds)), seconds, color=TRAIN_COLOUR, height=0.6)
    for row, spent in enumerate(seconds):
        axes.text(spent * 1.08, row, f"{spent:.1f}" if spent < 100 else f"{spent:.0f}", va="center", size=9)
    axes.set_xscale("log")
    axes.set_xlim(min(seconds) / 2, max(seconds) * 3)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title("seconds of training")

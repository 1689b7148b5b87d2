"""Plots as PNG and SVG: training curves and confusion matrices, with class names in any script.

A PNG needs a font that has the characters. One is looked for among those installed; where none has them, the PNG shows
class indices (the text output says which is which). The SVG always keeps the names as text: whoever opens it has fonts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textrnn.report.drawing import (
    BEST_COLOUR,
    DEV_COLOUR,
    INK,
    TRAIN_COLOUR,
    drawing,
    font_for,
    latin,
    new_figure,
    rendered,
    smoothed,
)
from textrnn.report.text import display_width, shortened
from textrnn.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST_NAME, WIDEST_TITLE = 24, 60  # columns of a terminal; longer ones are cut
MOST_TICKS, MOST_FIGURES = 100, 40  # classes beyond which not all are named, and cells carry no figures


def plot_curves(history: History, *, title: str) -> dict[str, bytes]:
    """``curves.png`` and ``curves.svg``: training and dev loss, and dev accuracy, against the step."""

    title = shortened(title, WIDEST_TITLE)
    family = font_for([title])
    files = {}
    with drawing(family):
        figure = new_figure(9.5, 3.6)
        loss_axes, accuracy_axes = figure.subplots(1, 2)
        steps = np.arange(1, len(history.train_loss) + 1)
        window = max(1, len(steps) // 50)
        loss_axes.plot(steps, smoothed(history.train_loss, window), color=TRAIN_COLOUR, label="train (running mean)")
        at = [row["step"] for row in history.evaluations]
        marker = "o" if len(at) <= 40 else None
        loss_axes.plot(
            at, [row["dev_loss"] for row in history.evaluations], color=DEV_COLOUR, marker=marker, ms=3, label="dev"
        )
        accuracy_axes.plot(
            at, [row["dev_accuracy"] for row in history.evaluations], color=DEV_COLOUR, marker=marker, ms=3, label="dev"
        )
        best = history.best
        for axes, key in ((loss_axes, "dev_loss"), (accuracy_axes, "dev_accuracy")):
            axes.plot([best["step"]], [best[key]], "o", color=BEST_COLOUR, ms=6, label=f"kept: {best[key]:.4f}")
            axes.set_xlabel("optimizer step")
            axes.grid(axis="y", color="#e5e5e5", linewidth=0.8)
            axes.set_xlim(left=0)
            axes.legend(frameon=False)
        loss_axes.set_ylim(bottom=0)
        loss_axes.set_title("cross-entropy (nats per text)")
        accuracy_axes.set_title("accuracy on dev")
        for kind in ("png", "svg"):
            figure.suptitle(title if family or kind == "svg" else latin(title), fontsize=12)
            figure.tight_layout()
            files[f"curves.{kind}"] = rendered(figure, kind, family)
    return files


def plot_perplexity(history: History, *, title: str) -> dict[str, bytes]:
    """``perplexity.png`` and ``perplexity.svg``: on the training text (while learning) and held out, by epoch."""
    title = shortened(title, WIDEST_TITLE)
    family = font_for([title])
    files = {}
    rows, best = history.evaluations, history.best
    at = [row["passes"] for row in rows]
    with drawing(family):
        figure = new_figure(6.4, 4.0)
        axes = figure.subplots()
        for key, colour, label in (
            ("train_perplexity", TRAIN_COLOUR, "train (while learning)"),
            ("dev_perplexity", DEV_COLOUR, "held out"),
        ):
            axes.plot(
                at, [row[key] for row in rows], color=colour, marker="o" if len(at) <= 40 else None, ms=3, label=label
            )
        axes.plot(
            [at[rows.index(best)]], [best["dev_perplexity"]], "o", color=BEST_COLOUR, ms=6,
            label=f"kept: {best['dev_perplexity']:.3f}",
        )  # fmt: skip
        lowest = min(min(row["train_perplexity"], row["dev_perplexity"]) for row in rows)
        highest = max(max(row["train_perplexity"], row["dev_perplexity"]) for row in rows)
        if highest > 3 * lowest:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter("{x:g}")
        axes.set_xlabel("epoch")
        axes.set_xlim(left=0)
        axes.set_ylabel("perplexity of the network")
        axes.grid(axis="y", color="#e5e5e5", linewidth=0.8)
        axes.legend(frameon=False)
        for kind in ("png", "svg"):
            axes.set_title(title if family or kind == "svg" else latin(title))
            figure.tight_layout()
            files[f"perplexity.{kind}"] = rendered(figure, kind, family)
    return files


def plot_confusion(
    confusion: NDArray[np.int64], class_names: Sequence[str], *, title: str
) -> tuple[dict[str, bytes], bool]:
    """``confusion_counts`` and ``confusion_normalised`` as PNG and SVG.

    Returns:
        The files by name, and whether the PNGs carry the class names; they do not where no installed font has their
        characters.
    """

    names = [shortened(name, WIDEST_NAME) for name in class_names]
    title = shortened(title, WIDEST_TITLE)
    family = font_for([*names, title])
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    files = {}
    for stem, values, what in (
        ("confusion_counts", confusion, "test rows"),
        ("confusion_normalised", shares, "share of each true class"),
    ):
        for kind in ("png", "svg"):
            named = kind == "svg" or family is not None
            with drawing(family):
                side = min(24.0, max(4.0, 1.6 + 0.55 * len(names)))
                figure = new_figure(side, side)
                axes = figure.subplots()
                _draw_confusion(axes, values, names if named else [str(index) for index in range(len(names))])
                axes.set_title(f"{title if named else latin(title)}: {what}")
                files[f"{stem}.{kind}"] = rendered(figure, kind, family)
    return files, family is not None


def _draw_confusion(axes: Axes, values: NDArray[Any], names: Sequence[str]) -> None:
    """A heat map with its figures. The colour scale is that of the shares, so that both plots look alike."""
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1e-9)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    size = 9 if len(names) <= 20 else 6
    every = math.ceil(len(names) / MOST_TICKS)  # of very many classes, only some can be named
    ticks, shown = range(0, len(names), every), names[::every]
    axes.set_xticks(ticks, shown, rotation=90 if max(map(display_width, names)) > 4 else 0)
    axes.set_yticks(ticks, shown)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.tick_params(length=0, labelsize=10 if len(names) <= 40 else 6)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for i, j in np.ndindex(values.shape) if len(names) <= MOST_FIGURES else ():
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


def plot_comparison(entries: Sequence[tuple[str, float, tuple[float, float], float]], title: str) -> dict[str, bytes]:
    """``comparison.png`` and ``comparison.svg``: accuracy with its interval, and training time, a line for each model.

    Args:
        entries: (name, accuracy, (lower, upper) end of its interval, seconds), the best first.
    """
    title = shortened(title, WIDEST_TITLE)
    names = [shortened(name, 2 * WIDEST_NAME) for name, *_ in entries]
    family = font_for([*names, title])
    files = {}
    with drawing(family):
        figure = new_figure(9.5, 1.4 + 0.36 * len(entries))
        accuracy_axes, time_axes = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        rows = range(len(entries))
        accuracies = [accuracy for _, accuracy, _, _ in entries]
        reaches = [
            [accuracy - low for _, accuracy, (low, _), _ in entries],
            [high - accuracy for _, accuracy, (_, high), _ in entries],
        ]
        accuracy_axes.errorbar(
            accuracies, rows, xerr=np.maximum(reaches, 0.0), fmt="o", color=DEV_COLOUR, ecolor=TRAIN_COLOUR, capsize=3
        )
        accuracy_axes.set_yticks(rows, names)
        accuracy_axes.invert_yaxis()
        accuracy_axes.set_title("accuracy on test, 95 % interval")
        seconds = [max(spent, 0.01) for *_, spent in entries]
        time_axes.barh(rows, seconds, color=TRAIN_COLOUR, height=0.6)
        for row, spent in zip(rows, seconds, strict=True):
            time_axes.text(spent * 1.08, row, f"{spent:.1f}" if spent < 100 else f"{spent:.0f}", va="center", size=9)
        time_axes.set_xscale("log")
        time_axes.set_xlim(min(seconds) / 2, max(seconds) * 3)
        time_axes.xaxis.set_major_formatter("{x:g}")
        time_axes.set_title("seconds of training")
        for axes in (accuracy_axes, time_axes):
            axes.grid(axis="x", color="#e5e5e5", linewidth=0.8)
            axes.set_axisbelow(True)
            axes.tick_params(axis="y", length=0)
        for kind in ("png", "svg"):
            figure.suptitle(title if family or kind == "svg" else latin(title), fontsize=12)
            figure.tight_layout()
            files[f"comparison.{kind}"] = rendered(figure, kind, family)
    return files

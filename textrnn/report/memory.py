"""The memory experiments as tables and plots."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.evaluation.records import CURVE_COLUMNS, Training, longer_lengths, standard_deviation
from textrnn.report.drawing import DEV_COLOUR, INK, TRAIN_COLOUR, add_grid, render_titled_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SERIES_COLOURS = ("#1f5fa8", "#c0392b", "#2e8b57", "#8e5ea2", "#d08a1d", "#555555")


def accuracy_table(found: Mapping[str, Sequence[Training]], *, what: str = "test accuracy") -> list[list[str]]:
    """A header row with the lengths, and for each series its test accuracy, mean and spread, and the seconds."""
    lengths = list(dict.fromkeys(training.length for trainings in found.values() for training in trainings))
    rows = [[what, *(f"length {length}" for length in lengths), "seconds each"]]
    for name, trainings in found.items():
        cells = []
        for length in lengths:
            tests = [training.test for training in trainings if training.length == length]
            more = f" ± {standard_deviation(tests):.3f}" if len(tests) > 1 else ""
            cells.append(f"{np.mean(tests):.3f}{more}" if tests else "")
        rows.append([name, *cells, f"{np.mean([training.seconds for training in trainings]):.1f}"])
    return rows


def longer_table(found: Mapping[str, Sequence[Training]], times: Sequence[float], *, whole: bool) -> list[list[str]]:
    """A row for each series and length that was learnt from, a column for the test and for each longer length.

    Args:
        times: how many times longer.
        whole: whether the share of wholly right sequences stands behind each accuracy, in brackets.
    """
    rows = [["on longer sequences", "as learnt", *(f"{factor:g} times" for factor in times)]]
    for name, trainings in found.items():
        for length in dict.fromkeys(training.length for training in trainings):
            runs = [training for training in trainings if training.length == length]
            cells = [_cell([run.test for run in runs], [run.test_whole or 0.0 for run in runs] if whole else [])]
            for at in longer_lengths(runs):
                wholes = [run.longer_whole[at] for run in runs] if whole else []
                cells.append(_cell([run.longer[at] for run in runs], wholes))
            rows.append([f"{name}, length {length}", *cells])
    return rows


def _cell(accuracies: Sequence[float], wholes: Sequence[float]) -> str:
    """``0.941 ± 0.012 (0.620)``."""
    more = f" ± {standard_deviation(accuracies):.3f}" if len(accuracies) > 1 else ""
    return f"{np.mean(accuracies):.3f}{more}" + (f" ({np.mean(wholes):.3f})" if wholes else "")


def curves_csv(trainings: Sequence[Training]) -> str:
    """Every evaluation of every training, one line each."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["model", "length", "seed", "learning_rate", *CURVE_COLUMNS])
    for training in trainings:
        for row in training.curve:
            values = [f"{row[name]:.6g}" for name in CURVE_COLUMNS]
            writer.writerow([training.model, training.length, training.seed, f"{training.learning_rate:g}", *values])
    return out.getvalue()


def _length_axis(axes: Axes, lengths: Sequence[int], label: str) -> None:
    """Lengths as ticks; where they span more than a decade, on a logarithmic axis."""
    if max(lengths) > 12 * min(lengths):
        axes.set_xscale("log")
        axes.minorticks_off()
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.set_xlabel(label)


def plot_accuracy(
    found: Mapping[str, Sequence[Training]],
    *,
    constant: tuple[str, Mapping[int, float]],
    title: str,
    tokens: str = "digits in a sequence",
    legend: str | None = None,
) -> dict[str, bytes]:
    """``accuracy.png`` and ``accuracy.svg``: accuracy on test and on dev against the length, a colour for each series.

    Args:
        constant: name of a constant answer, and its accuracy by length.
        tokens: what the lengths count.
        legend: the title of the legend, where the series need one.
    """
    lengths = sorted({training.length for trainings in found.values() for training in trainings})

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for colour, (name, trainings) in zip(_colours(len(found)), found.items(), strict=True):
            for split, style, marker in (("test", "-", "o"), ("dev", "--", "s")):
                at, means, spreads = [], [], []
                for length in lengths:
                    values = [getattr(training, split) for training in trainings if training.length == length]
                    if values:
                        at.append(length)
                        means.append(float(np.mean(values)))
                        spreads.append(standard_deviation(values))
                axes.errorbar(
                    at, means, yerr=spreads if any(spreads) else None, color=colour, linestyle=style, marker=marker,
                    ms=4, capsize=2, linewidth=1.6 if split == "test" else 1.0,
                    alpha=1.0 if split == "test" else 0.6, label=f"{name}, {split}",
                )  # fmt: skip
        name, shares = constant
        line: dict[str, Any] = {"color": INK, "linestyle": ":", "linewidth": 1, "label": name}
        if len(set(shares.values())) == 1:
            axes.axhline(next(iter(shares.values())), **line)
        else:
            axes.plot(list(shares), list(shares.values()), **line)
        _length_axis(axes, lengths, tokens)
        axes.set_ylim(0, 1.03)
        axes.set_ylabel("accuracy")
        add_grid(axes)
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), title=legend, fontsize=9)

    return render_titled_plot("accuracy", (7.6, 4.2), title, draw)


def plot_longer(
    found: Mapping[str, Sequence[Training]], *, chance: float, title: str, tokens: str, legend: str | None = None
) -> dict[str, bytes]:
    """``longer.png`` and ``longer.svg``: test accuracy as sequences grow beyond those that were learnt from.

    A line for each series and length that was learnt from, which begins at that length.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        ticks: set[int] = set()
        for colour, (name, trainings) in zip(_colours(len(found)), found.items(), strict=True):
            lengths = list(dict.fromkeys(training.length for training in trainings))
            for index, length in enumerate(lengths):
                runs = [training for training in trainings if training.length == length]
                longer = longer_lengths(runs)
                at = [length, *map(int, longer)]
                values = [[run.test for run in runs], *([run.longer[further] for run in runs] for further in longer)]
                spreads = [standard_deviation(part) for part in values]
                axes.errorbar(
                    at, [float(np.mean(part)) for part in values], yerr=spreads if any(spreads) else None, color=colour,
                    marker="o", ms=4, capsize=2, linewidth=1.6, label=None if index else name,
                )  # fmt: skip
                ticks |= set(at if len(lengths) < 3 else [length])
        axes.axhline(chance, color=INK, linestyle=":", linewidth=1, label="chance")
        _length_axis(axes, sorted(ticks), tokens)
        axes.set_ylim(0, 1.03)
        axes.set_ylabel("test accuracy")
        add_grid(axes)
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), title=legend, fontsize=9)

    return render_titled_plot("longer", (7.6, 4.2), title, draw)


def _marker(points: Sequence[float]) -> str | None:
    """A line through one point is invisible, and one through few points shows little of where they are."""
    return "o" if len(points) < 5 else None


def _colours(count: int) -> list[str]:
    return [SERIES_COLOURS[index % len(SERIES_COLOURS)] for index in range(count)]


def plot_losses(panels: Mapping[str, Sequence[Training]], *, title: str) -> dict[str, bytes]:
    """``losses.png`` and ``losses.svg``: training and dev loss against the step, a panel for each name."""
    columns = 2 if len(panels) == 4 else min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    evaluations = [row for trainings in panels.values() for training in trainings for row in training.curve]
    highest = max((max(row["train_loss"], row["dev_loss"]) for row in evaluations), default=1.0)

    def draw(figure: Figure) -> None:
        all_axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for axes, (name, trainings) in zip(all_axes.flat, panels.items(), strict=False):
            for index, training in enumerate(trainings):
                at = [row["step"] for row in training.curve]
                for key, colour, label in (
                    ("train_loss", TRAIN_COLOUR, "train (while learning)"),
                    ("dev_loss", DEV_COLOUR, "dev"),
                ):
                    axes.plot(
                        at, [row[key] for row in training.curve], color=colour, linewidth=1.2,
                        marker=_marker(at), ms=4, label=None if index else label,
                    )  # fmt: skip
            tests = [training.test for training in trainings]
            more = f" ± {standard_deviation(tests):.2f}" if len(tests) > 1 else ""
            axes.set_title(f"{name}: test {np.mean(tests):.2f}{more}", fontsize=9.5)
            axes.set_xlim(left=0)
            axes.set_ylim(0, highest * 1.05)
            add_grid(axes)
        for axes in all_axes.flat[len(panels) :]:
            axes.set_visible(False)
        for axes in all_axes.flat[max(0, len(panels) - columns) : len(panels)]:
            axes.set_xlabel("optimizer step")
        all_axes[0, 0].legend(frameon=False, fontsize=8.5)

    return render_titled_plot("losses", (max(4.5, 3.3 * columns), 0.6 + 2.5 * rows), title, draw)


def plot_gradients(
    runs: Mapping[str, Mapping[str, Sequence[float]]],
    accuracies: Mapping[str, str],
    thresholds: Mapping[str, float],
    *,
    title: str,
) -> dict[str, bytes]:
    """``gradients.png`` and ``gradients.svg``: the norm of each gradient at every step, a panel for each run.

    Args:
        runs: by the run's name, by the weight's name, the L2 norm before clipping.
        accuracies: of each run, on test, after the last step.
        thresholds: of each run that is clipped, the norm that the whole gradient may have: a line, named in the legend.
    """
    values = [value for run in runs.values() for norms in run.values() for value in norms if 0 < value < math.inf]
    bottom, top = (min(values), max(values)) if values else (0.1, 1.0)

    def draw(figure: Figure) -> None:
        all_axes = figure.subplots(1, len(runs), squeeze=False, sharey=True)[0]
        for axes, (name, norms) in zip(all_axes, runs.items(), strict=True):
            for colour, (weight, by_step) in zip(_colours(len(norms)), norms.items(), strict=True):
                steps = range(1, len(by_step) + 1)
                axes.plot(steps, by_step, color=colour, linewidth=1.1, marker=_marker(steps), ms=3, label=weight)
            if name in thresholds:
                axes.axhline(thresholds[name], color=INK, linestyle=":", linewidth=1, label="clipping threshold")
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:,g}")
            axes.yaxis.set_minor_formatter(lambda value, position: "")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.set_ylim(max(bottom, top * 1e-7) / 2, top * 2)
            axes.set_title(f"{name}\ntest accuracy {accuracies[name]}", fontsize=10)
            axes.set_xlabel("optimizer step")
            axes.set_xlim(left=0)
            add_grid(axes)
        all_axes[0].set_ylabel("L2 norm of the gradient, before clipping")
        all_axes[-1].legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return render_titled_plot("gradients", (11.5, 3.8), title, draw)


def plot_times(rows: Sequence[tuple[str, Mapping[str, float]]], *, title: str) -> dict[str, bytes]:
    """``speed.png`` and ``speed.svg``: milliseconds on a logarithmic axis, a group of bars for each row."""
    names = list(dict.fromkeys(name for _, times in rows for name in times))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        height = 0.8 / len(names)
        for index, (name, colour) in enumerate(zip(names, _colours(len(names)), strict=True)):
            at = [row + index * height for row, (_, times) in enumerate(rows) if name in times]
            values = [1e3 * times[name] for _, times in rows if name in times]
            axes.barh(at, values, height=height * 0.9, color=colour, label=name)
        axes.set_yticks([row + 0.4 - height / 2 for row in range(len(rows))], [label for label, _ in rows])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("milliseconds (logarithmic)")
        add_grid(axes, "x")
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)

    return render_titled_plot("speed", (9.5, 1.2 + 0.55 * len(rows)), title, draw)


def plot_dev_losses(curves: Mapping[str, Sequence[Mapping[str, float]]], *, title: str) -> dict[str, bytes]:
    """``layer_norm.png`` and ``layer_norm.svg``: training and dev loss against the step, a colour for each name."""

    def draw(figure: Figure) -> None:
        all_axes = figure.subplots(1, 2, sharey=True)
        for axes, key, what in zip(
            all_axes, ("train_loss", "dev_loss"), ("training split, while learning", "dev split"), strict=True
        ):
            for colour, (name, rows) in zip(_colours(len(curves)), curves.items(), strict=True):
                at = [row["step"] for row in rows]
                axes.plot(at, [row[key] for row in rows], color=colour, marker=_marker(at), ms=4, label=name)
            axes.set_title(what, fontsize=10)
            axes.set_xlabel("optimizer step")
            axes.set_xlim(left=0)
            add_grid(axes)
        all_axes[0].set_ylabel("cross-entropy (nats per text)")
        all_axes[0].set_ylim(bottom=0)
        all_axes[1].legend(frameon=False, fontsize=9)

    return render_titled_plot("layer_norm", (9.5, 3.8), title, draw)


def plot_padding(
    accuracies: Mapping[str, Mapping[str, Mapping[int, float]]], *, chance: float, title: str
) -> dict[str, bytes]:
    """``padding.png`` and ``padding.svg``: test accuracy against the padded length, a panel for each way of reading.

    Args:
        accuracies: by the way of reading, by model, by padded length.
        chance: the share of the commonest class.
    """

    def draw(figure: Figure) -> None:
        all_axes = figure.subplots(1, len(accuracies), squeeze=False, sharey=True)[0]
        for axes, (reading, by_model) in zip(all_axes, accuracies.items(), strict=True):
            for colour, (model, by_length) in zip(_colours(len(by_model)), by_model.items(), strict=True):
                axes.plot(list(by_length), list(by_length.values()), color=colour, marker="o", ms=4, label=model)
            axes.axhline(chance, color=INK, linestyle=":", linewidth=1, label="always the commonest class")
            lengths = sorted({length for by_length in by_model.values() for length in by_length})
            _length_axis(axes, lengths, "tokens that every text is padded to")
            axes.set_title(reading, fontsize=10)
            add_grid(axes)
        all_axes[0].set_ylabel("test accuracy")
        all_axes[0].set_ylim(bottom=0)
        all_axes[-1].legend(frameon=False, fontsize=9)

    return render_titled_plot("padding", (9.5, 3.8), title, draw)

"""Who can what: the squares of the suite as a table, as CSV and as a heat map, and the theory of each problem."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textrnn.evaluation.suite import Square
from textrnn.report.drawing import INK, render_plot
from textrnn.report.html import Definitions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = (
    "problem", "cell", "length", "accuracy", "whole", "learning_rate", "steps", "seconds", "hidden_size",
    "state_numbers",
)  # fmt: skip
WORDS = {
    "en": {
        "title": "Who can what: test accuracy",
        "upper": "upper left: at the length learnt from, up to {length}",
        "lower": "lower right: at four times it, {longer}",
        "chance": "in brackets: chance",
        "bar": "from chance (0) to all right (1)",
    },
    "zh": {
        "title": "谁能做到什么：测试准确率",
        "upper": "左上：训练时的长度，最多 {length}",
        "lower": "右下：四倍长度，{longer}",
        "chance": "括号内：随机猜测",
        "bar": "从随机猜测（0）到全对（1）",
    },
}
PALE = 0.55  # share of the way from chance to all right, up to which figures are dark


def names(found: Sequence[Square], order: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """The problems as they come, and the cells in an order, those that it lacks at the end; each once."""
    problems, cells = ([getattr(one, what) for one in found] for what in ("problem", "cell"))
    first = [cell for cell in order if cell in cells]
    return list(dict.fromkeys(problems)), list(dict.fromkeys([*first, *cells]))


def squares_table(found: Sequence[Square], order: Sequence[str] = ()) -> list[list[str]]:
    """A row for each problem, a column for each cell: accuracy at the length learnt from, and at four times it.

    Args:
        order: of the cells.
    """
    problems, cells = names(found, order)
    by_key = {(one.problem, one.cell): one.best for one in found}
    rows = [["test accuracy", *cells]]
    for problem in problems:
        best = [by_key.get((problem, cell)) for cell in cells]
        rows.append([problem, *("" if one is None else f"{share(one.test)} / {share(one.longer)}" for one in best)])
    return rows


def share(value: float) -> str:
    """``1.00``, ``.98``: two decimals, never rounded up to all."""
    shown = f"{min(value, 0.99) if value < 1 else value:.2f}"
    return shown.removeprefix("0")


def squares_csv(found: Sequence[Square]) -> str:
    """Two lines for each square, one for each length: what the learning rate that counts came to.

    ``seconds`` is the processor time of all its learning rates.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in found:
        best = one.best
        at_both = ((one.length, best.test, best.test_whole), (one.longer_length, best.longer, best.longer_whole))
        for length, accuracy, whole in at_both:
            figures = [f"{accuracy:.4f}", f"{whole:.4f}", f"{best.learning_rate:g}", best.steps, f"{one.seconds:.1f}"]
            writer.writerow([one.problem, one.cell, length, *figures, one.hidden_size, one.state_numbers])
    return out.getvalue()


def theory(sentences: Mapping[str, tuple[str, str]]) -> Definitions:
    """Under each problem, why some cells can do it: a sentence in English and one in Chinese."""
    return Definitions([(name, [text for text in texts if text]) for name, texts in sentences.items()])


def plot_suite(found: Sequence[Square], chances: Mapping[str, float], order: Sequence[str] = ()) -> dict[str, bytes]:
    """The heat map as ``suite.png`` and ``suite.svg``, and in Chinese as ``suite.zh.png`` and ``suite.zh.svg``.

    Each square is cut in two. The colour is the way from chance to all right; squares that were not learnt are empty.
    A PNG without a font for Chinese is in English.

    Args:
        chances: by problem, the accuracy of the best answer that is always the same.
        order: of the cells.
    """
    problems, cells = names(found, order)
    size = (2.6 + 0.98 * max(3, len(cells)), 2.0 + 0.62 * len(problems))
    files: dict[str, bytes] = {}
    for language, words in WORDS.items():
        stem = "suite" if language == "en" else f"suite.{language}"

        def draw(figure: Figure, readable: bool, words: Mapping[str, str] = words) -> None:
            shown = words if readable else WORDS["en"]
            axes = figure.subplots()
            _frame(axes, problems, cells, chances)
            for one in found:
                _square(axes, one, cells.index(one.cell), problems.index(one.problem), chances[one.problem])
            lengths = {"length": found[0].length, "longer": found[0].longer_length}
            about = f"{shown['upper']}\n{shown['lower']}; {shown['chance']}".format(**lengths)
            axes.set_title(about, fontsize=9.5, fontweight="normal", loc="left", pad=8)
            figure.suptitle(shown["title"], fontsize=12, x=0.02, ha="left")
            _colour_bar(figure, axes, shown["bar"])
            figure.tight_layout()

        files |= render_plot(stem, size, draw, texts=[*words.values(), *problems, *cells])
    return files


def _frame(axes: Axes, problems: Sequence[str], cells: Sequence[str], chances: Mapping[str, float]) -> None:
    axes.set_xlim(0, len(cells))
    axes.set_ylim(len(problems), 0)
    shown = [cell.replace("GatedDeltaNet", "Gated\nDeltaNet").replace("Signed", "\nSigned") for cell in cells]
    axes.set_xticks([at + 0.5 for at in range(len(cells))], shown, fontsize=9)
    axes.set_yticks(
        [at + 0.5 for at in range(len(problems))],
        [f"{problem}\n({share(chances[problem])})" for problem in problems],
        fontsize=9,
    )
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _square(axes: Axes, one: Square, column: int, row: int, chance: float) -> None:
    """Both halves, with their figures."""
    from matplotlib import colormaps
    from matplotlib.patches import Polygon

    best, colours = one.best, colormaps["YlGnBu"]
    left, right, top, bottom = column + 0.03, column + 0.97, row + 0.04, row + 0.96
    halves = (
        (best.test, [(left, top), (right, top), (left, bottom)], (column + 0.30, row + 0.30)),
        (best.longer, [(right, top), (right, bottom), (left, bottom)], (column + 0.70, row + 0.70)),
    )
    for accuracy, corners, (x, y) in halves:
        way = min(1.0, max(0.0, (accuracy - chance) / (1 - chance)))
        axes.add_patch(Polygon(corners, closed=True, facecolor=colours(0.04 + 0.86 * way), edgecolor="white", lw=0.8))
        colour = INK if way < PALE else "white"
        axes.text(x, y, share(accuracy), ha="center", va="center", fontsize=8.5, color=colour)


def _colour_bar(figure: Figure, axes: Axes, label: str) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    colours = ListedColormap([colormaps["YlGnBu"](0.04 + 0.86 * at / 99) for at in range(100)])
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), colours), ax=axes, fraction=0.03, pad=0.02)
    bar.set_label(label, fontsize=9)
    bar.outline.set_visible(False)

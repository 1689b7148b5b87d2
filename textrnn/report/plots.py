"""Plots as PNG and SVG: training curves and confusion matrices, with class names in any script.

A PNG needs a font that has the characters. One is looked for among those installed; where none has them, the PNG shows
class indices (the text output says which is which). The SVG always keeps the names as text: whoever opens it has fonts.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import math
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textrnn.history import History
from textrnn.report.text import display_width, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PREFERRED_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Microsoft YaHei",
    "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "SimHei", "Noto Sans CJK JP",
    "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
WIDEST_NAME, WIDEST_TITLE = 24, 60  # columns of a terminal; longer ones are cut
MOST_TICKS, MOST_FIGURES = 100, 40  # classes beyond which not all are named, and cells carry no figures
INK, TRAIN_COLOUR, DEV_COLOUR, BEST_COLOUR = "#222222", "#8fb3d9", "#1f5fa8", "#c0392b"


def _can_show(font_path: str, characters: set[str]) -> bool:
    """Whether a font has a picture for every character.

    Placeholder fonts claim all characters but draw each script as one box (matplotlib brings such a one, Last Resort);
    they give themselves away by having the same picture for neighbouring letters.
    """
    from matplotlib.ft2font import FT2Font

    try:
        glyph_of = FT2Font(font_path).get_charmap()
    except (OSError, RuntimeError):
        return False
    letters = {ord(character) for character in characters if unicodedata.category(character) == "Lo"}
    if any(glyph_of.get(letter) == glyph_of.get(letter + 1) for letter in letters):
        return False
    return all(ord(character) in glyph_of for character in characters)


@functools.cache
def _font_for(characters: frozenset[str]) -> str | None:
    """The family of an installed font that has all the characters; the preferred ones first."""
    from matplotlib import font_manager

    wanted = {character for character in characters if not character.isspace()}
    default = font_manager.findfont("DejaVu Sans")
    if _can_show(default, wanted):
        return "DejaVu Sans"
    for path in font_manager.findSystemFonts():  # some may have been installed after matplotlib's cache was made
        if path not in {font.fname for font in font_manager.fontManager.ttflist}:
            try:
                font_manager.fontManager.addfont(path)
            except (OSError, RuntimeError, ValueError):
                continue
    fonts = sorted(
        font_manager.fontManager.ttflist,
        key=lambda font: (
            PREFERRED_FONTS.index(font.name) if font.name in PREFERRED_FONTS else len(PREFERRED_FONTS),
            font.style != "normal", abs(int(font.weight) - 400) if str(font.weight).isdigit() else 0, font.name,
        ),
    )  # fmt: skip
    for font in fonts:
        if _can_show(font.fname, wanted):
            return font.name
    return None


def font_for(texts: Sequence[str]) -> str | None:
    """The family of an installed font that can show all of `texts`, or None if there is none."""
    return _font_for(frozenset("".join(texts)))


def _style(family: str | None) -> Any:
    families = [family] if family else list(PREFERRED_FONTS)
    return {
        "font.family": [*dict.fromkeys([*families, "DejaVu Sans"]), "sans-serif"],
        "font.size": 10,
        "text.parse_math": False,  # a dollar sign in a class name is a dollar sign
        "svg.fonttype": "none",  # names stay text in the SVG
        "svg.hashsalt": "textrnn",  # the same plot is the same file
        "axes.edgecolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
    }


@contextlib.contextmanager
def _drawing(family: str | None) -> Iterator[None]:
    """The style of all plots. Of glyphs that are missing, only an SVG has any, and there the viewer's font has them."""
    import matplotlib

    with matplotlib.rc_context(_style(family)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _rendered(figure: Figure, kind: str, family: str | None) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    # A missing glyph is measured narrower than it will be shown, hence the wider margin without a font.
    margin = 0.1 if family or kind == "png" else 0.6
    figure.savefig(buffer, format=kind, dpi=150, bbox_inches="tight", pad_inches=margin, metadata=metadata)
    return buffer.getvalue()


def _new_figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it warns of each font that is not there
    return Figure(figsize=(width, height), facecolor="white")


def _latin(text: str) -> str:
    """What of a text can be shown without a special font."""
    return re.sub(r"[^\x20-\x7e]+", "…", text)


def smoothed(values: Sequence[float], window: int) -> NDArray[np.float64]:
    """Running mean over the last `window` values, over fewer at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, ends - window)
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def plot_curves(history: History, *, title: str) -> dict[str, bytes]:
    """``curves.png`` and ``curves.svg``: training and dev loss, and dev accuracy, against the step."""

    title = shortened(title, WIDEST_TITLE)
    family = font_for([title])
    files = {}
    with _drawing(family):
        figure = _new_figure(9.5, 3.6)
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
            figure.suptitle(title if family or kind == "svg" else _latin(title), fontsize=12)
            figure.tight_layout()
            files[f"curves.{kind}"] = _rendered(figure, kind, family)
    return files


def plot_perplexity(history: History, *, title: str) -> dict[str, bytes]:
    """``perplexity.png`` and ``perplexity.svg``: on the training text (while learning) and held out, by epoch."""
    title = shortened(title, WIDEST_TITLE)
    family = font_for([title])
    files = {}
    rows, best = history.evaluations, history.best
    at = [row["passes"] for row in rows]
    with _drawing(family):
        figure = _new_figure(6.4, 4.0)
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
            axes.set_title(title if family or kind == "svg" else _latin(title))
            figure.tight_layout()
            files[f"perplexity.{kind}"] = _rendered(figure, kind, family)
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
            with _drawing(family):
                side = min(24.0, max(4.0, 1.6 + 0.55 * len(names)))
                figure = _new_figure(side, side)
                axes = figure.subplots()
                _draw_confusion(axes, values, names if named else [str(index) for index in range(len(names))])
                axes.set_title(f"{title if named else _latin(title)}: {what}")
                files[f"{stem}.{kind}"] = _rendered(figure, kind, family)
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

"""How every plot is drawn: one style, a font that has the characters, the same bytes for the same plot."""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PREFERRED_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Microsoft YaHei",
    "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "SimHei", "Noto Sans CJK JP",
    "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
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
def drawing(family: str | None) -> Iterator[None]:
    """The style of all plots. Of glyphs that are missing, only an SVG has any, and there the viewer's font has them."""
    import matplotlib

    with matplotlib.rc_context(_style(family)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def rendered(figure: Figure, kind: str, family: str | None) -> bytes:
    """A figure as PNG or SVG."""
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    # A missing glyph is measured narrower than it will be shown, hence the wider margin without a font.
    margin = 0.1 if family or kind == "png" else 0.6
    figure.savefig(buffer, format=kind, dpi=150, bbox_inches="tight", pad_inches=margin, metadata=metadata)
    return buffer.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it warns of each font that is not there
    return Figure(figsize=(width, height), facecolor="white")


def latin(text: str) -> str:
    """What of a text can be shown without a special font."""
    return re.sub(r"[^\x20-\x7e]+", "…", text)


def smoothed(values: Sequence[float], window: int) -> NDArray[np.float64]:
    """Running mean over the last `window` values, over fewer at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, ends - window)
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
    return means

"""How every plot is drawn: one style, a font that has the characters, the same bytes for the same plot."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import logging
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontEntry

PREFERRED_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Microsoft YaHei",
    "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "SimHei", "Noto Sans CJK JP",
    "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
FALLBACK_FONT = "DejaVu Sans"  # comes with matplotlib
INK, TRAIN_COLOUR, DEV_COLOUR, BEST_COLOUR, GRID = "#222222", "#8fb3d9", "#1f5fa8", "#c0392b", "#e5e5e5"
Draw: TypeAlias = "Callable[[Figure, bool], None]"  # the flag: whether a font shows all characters


def _can_show(font_path: str, characters: set[str]) -> bool:
    """Whether a font has a glyph for every character.

    Placeholder fonts claim all characters but draw each script as one box (matplotlib comes with one, Last Resort);
    they have the same glyph for neighbouring letters.
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


def _packaged() -> list[str]:
    """Noto Sans for Chinese, Japanese and Korean, which comes as a package of its own; none where it is missing."""
    spec = importlib.util.find_spec("noto_cjk_sans_otc")
    if spec is None or spec.origin is None:
        return []
    return [str(path) for path in Path(spec.origin).parent.glob("*.ttc")]


def _installed() -> list[FontEntry]:
    """The fonts of this machine: the preferred ones first, upright before slanted, ordinary before bold."""
    from matplotlib import font_manager

    # Some may have been installed after matplotlib's cache was made.
    for path in [*_packaged(), *font_manager.findSystemFonts()]:
        if path not in {font.fname for font in font_manager.fontManager.ttflist}:
            try:
                font_manager.fontManager.addfont(path)
            except (OSError, RuntimeError, ValueError):
                continue
    return sorted(
        font_manager.fontManager.ttflist,
        key=lambda font: (
            PREFERRED_FONTS.index(font.name) if font.name in PREFERRED_FONTS else len(PREFERRED_FONTS),
            font.style != "normal", abs(int(font.weight) - 400) if str(font.weight).isdigit() else 0, font.name,
        ),
    )  # fmt: skip


@functools.cache
def _family_with(characters: frozenset[str], fonts: tuple[FontEntry, ...] | None) -> str | None:
    from matplotlib import font_manager

    wanted = {character for character in characters if not character.isspace()}
    if _can_show(font_manager.findfont(FALLBACK_FONT), wanted):
        return FALLBACK_FONT
    candidates = _installed() if fonts is None else fonts
    return next((font.name for font in candidates if _can_show(font.fname, wanted)), None)


def font_for(texts: Iterable[str], fonts: Sequence[FontEntry] | None = None) -> str | None:
    """The family of a font that can show all of `texts`, or None if there is none.

    Args:
        fonts: to choose from, beside the one that comes with matplotlib; None: those installed.
    """
    return _family_with(frozenset("".join(texts)), None if fonts is None else tuple(fonts))


def render_plot(
    stem: str,
    size: tuple[float, float],
    draw: Draw,
    *,
    texts: Iterable[str],
    fonts: Sequence[FontEntry] | None = None,
) -> dict[str, bytes]:
    """``<stem>.png`` and ``<stem>.svg`` of what `draw` puts into an empty figure.

    In an SVG all texts can be shown, by the viewer's fonts; in a PNG, if a font here can show them.

    Args:
        size: width and height, inches.
        texts: names in any script that the font has to show.
        fonts: see :func:`font_for`.
    """
    family = font_for(texts, fonts)
    files = {}
    for kind in ("png", "svg"):
        with _style(family or (FALLBACK_FONT if kind == "png" else None)):
            figure = _empty(size)
            draw(figure, kind == "svg" or family is not None)
            files[f"{stem}.{kind}"] = _rendered(figure, kind, family)
    return files


def render_titled_plot(
    stem: str,
    size: tuple[float, float],
    title: str,
    draw: Callable[[Figure], None],
    *,
    texts: Iterable[str] = (),
    fonts: Sequence[FontEntry] | None = None,
) -> dict[str, bytes]:
    """As :func:`render_plot`, with a title over the whole figure and a tight layout."""

    def draw_under_title(figure: Figure, readable: bool) -> None:
        draw(figure)
        figure.suptitle(title if readable else ascii_only(title), fontsize=12)
        figure.tight_layout()

    return render_plot(stem, size, draw_under_title, texts=[title, *texts], fonts=fonts)


@contextlib.contextmanager
def _style(family: str | None) -> Iterator[None]:
    """The style of all plots. Only an SVG can have missing glyphs, which the viewer's fonts supply."""
    import matplotlib

    families = [family] if family else PREFERRED_FONTS
    settings: dict[Any, Any] = {
        "font.family": [*dict.fromkeys([*families, FALLBACK_FONT]), "sans-serif"],
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
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it warns of each font that is not there
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _empty(size: tuple[float, float]) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=size, facecolor="white")


def _rendered(figure: Figure, kind: str, family: str | None) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    # A missing glyph is measured narrower than it will be shown, hence the wider margin without a font.
    margin = 0.1 if family or kind == "png" else 0.6
    figure.savefig(buffer, format=kind, dpi=150, bbox_inches="tight", pad_inches=margin, metadata=metadata)
    return buffer.getvalue()


def add_grid(axes: Axes, direction: Literal["x", "y"] = "y") -> None:
    """Faint grid lines."""
    axes.grid(axis=direction, color=GRID, linewidth=0.8)


def ascii_only(text: str) -> str:
    """The text with everything but ASCII replaced by an ellipsis."""
    return re.sub(r"[^\x20-\x7e]+", "…", text)


def running_mean(values: Sequence[float], window: int) -> NDArray[np.float64]:
    """Running mean over the last `window` values, over fewer at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, ends - window)
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
    return means

"""Charts drawn into a page as SVG: as wide as there is room, in the page's colours, figures where one points."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

WIDTH, HEIGHT = 380, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 40
LETTER = 7.5  # width of a digit
MAX_POINTS = 400  # of a line
Point = tuple[float, float]


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers between two bounds."""
    step = (high - low) / count
    if step <= 0 or not math.isfinite(step):
        return [low]
    power = 10.0 ** math.floor(math.log10(step))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def powers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between two positive bounds; of many, the powers alone."""
    lowest, highest = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [step * 10.0**power for power in range(lowest, highest + 1) for step in (1, 2, 5)]
    inside = [value for value in every if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
    return inside if len(inside) <= 7 else [value for value in inside if f"{value:e}"[0] == "1"]


def number(value: float) -> str:
    """A figure at an axis: 0.5, 20, 12,000."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.4g}"


@dataclass
class Chart:
    """Axes, and what is drawn into them.

    Attributes:
        description: for those who cannot see it
        x, y: bounds of the axes
        logarithmic: the axis across
        whole: only whole numbers stand at the axis across
        names: for the legend, what is drawn in which kind of lines and marks
        shapes: of each kind: line, dot, bar
    """

    description: str
    x_name: str
    y_name: str
    x: tuple[float, float]
    y: tuple[float, float] = (0.0, 1.0)
    logarithmic: bool = False
    whole: bool = True
    percent: bool = False
    names: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, set[str]] = field(default_factory=dict)
    _parts: list[str] = field(default_factory=list)

    def _scale(self) -> Callable[[float], float]:
        return (lambda value: math.log(value)) if self.logarithmic else (lambda value: value)

    def across(self, value: float) -> float:
        """Where a value stands, from the left."""
        scale = self._scale()
        low, high = map(scale, self.x)
        return LEFT + (WIDTH - LEFT - RIGHT) * ((scale(value) - low) / (high - low) if high > low else 0.5)

    def down(self, value: float) -> float:
        """Where a value stands, from the top; values beyond an end stand at it."""
        low, high = self.y
        share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def _path(self, points: Sequence[Point]) -> str:
        every = math.ceil(len(points) / MAX_POINTS) or 1
        kept = [*points[:-1:every], points[-1]] if points else []
        return " ".join(f"{self.across(x):.1f},{self.down(y):.1f}" for x, y in kept)

    def line(self, points: Sequence[Point], kind: str, name: str = "") -> None:
        """A line through points.

        Args:
            kind: the class in the page's style: its colour and dashes.
            name: in the legend.
        """
        self._parts.append(f'<polyline class="line {kind}" points="{self._path(points)}"/>')
        self._named(kind, name, "line")

    def bars(self, bars: Sequence[tuple[float, float, float]], kind: str, name: str = "") -> None:
        """Bars between two values across, up to a height."""
        for low, high, height in bars:
            left, width = self.across(low), max(0.5, self.across(high) - self.across(low) - 0.6)
            top = self.down(height)
            self._parts.append(
                f'<rect class="bar {kind}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{max(0.0, self.down(self.y[0]) - top):.1f}"/>'
            )
        self._named(kind, name, "bar")

    def dots(self, dots: Sequence[tuple[float, float, str]], kind: str, name: str = "") -> None:
        """Marks that say something where one points at them: round, or square for the linear model."""
        for x, y, said in dots:
            left, top, title = self.across(x), self.down(y), f"<title>{escape(said)}</title>"
            if kind == "linear":
                self._parts.append(
                    f'<rect class="dot {kind}" x="{left - 4:.1f}" y="{top - 4:.1f}" width="8" height="8">{title}</rect>'
                )
            else:
                self._parts.append(
                    f'<circle class="dot {kind}" cx="{left:.1f}" cy="{top:.1f}" r="3.5">{title}</circle>'
                )
        self._named(kind, name, "dot" if dots else "")

    def intervals(self, intervals: Sequence[tuple[float, float, float]], kind: str) -> None:
        """Upright lines: where, from, to."""
        for x, low, high in intervals:
            left = f"{self.across(x):.1f}"
            self._parts.append(
                f'<line class="reach {kind}" x1="{left}" x2="{left}" y1="{self.down(low):.1f}" '
                f'y2="{self.down(high):.1f}"/>'
            )

    def _named(self, kind: str, name: str, shape: str) -> None:
        self.shapes.setdefault(kind, set()).add(shape)
        if name:
            self.names[kind] = name

    def _axes(self) -> list[str]:
        parts, bottom = [], HEIGHT - BOTTOM
        for value in ticks(*self.y):
            top = self.down(value)
            label = f"{value:.0%}" if self.percent else number(value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top:.1f}" y2="{top:.1f}"/>')
            parts.append(f'<text x="{LEFT - 5}" y="{top + 4:.1f}" text-anchor="end">{label}</text>')
        for value in powers(*self.x) if self.logarithmic else ticks(*self.x):
            if self.whole and abs(value - round(value)) > 1e-6:
                continue
            left, label = self.across(value), number(value)
            parts.append(f'<line class="tick" x1="{left:.1f}" x2="{left:.1f}" y1="{bottom}" y2="{bottom + 4}"/>')
            half = LETTER * len(label) / 2  # a label stays inside
            centre = min(max(left, half), WIDTH - half)
            parts.append(f'<text x="{centre:.1f}" y="{bottom + 16}" text-anchor="middle">{label}</text>')
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(self.x_name)}</text>')
        return parts

    def to_svg(self) -> Markup:
        """An element for the page."""
        inside = "".join([*self._axes(), *self._parts])
        return Markup(
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.description)}">'
            f"{inside}</svg>"
        )

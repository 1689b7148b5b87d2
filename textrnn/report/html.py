"""Pages, filled in from the templates beside this module: no script, no network, plots embedded as SVG."""

from __future__ import annotations

import base64
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textrnn.report.text import shortened

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_TEXT_WIDTH = 300  # columns of a text on a page


class Part:
    """Something on a page."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class Paragraph(Part):
    """Prose.

    Attributes:
        sentences: joined by full stops; each very long one is cut
    """

    kind: ClassVar[str] = "paragraph"
    sentences: Sequence[str]


@dataclass(frozen=True)
class Table(Part):
    """Rows of cells, the header row first."""

    kind: ClassVar[str] = "table"
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Figure(Part):
    """A plot, with a description for those who cannot see it."""

    kind: ClassVar[str] = "figure"
    svg: bytes
    description: str


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("textrnn.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["one_line"] = functools.partial(shortened, widest=MAX_TEXT_WIDTH)
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return environment


def render(template: str, **values: object) -> str:
    """A page, or a part of one.

    Args:
        template: its file's name, without ``.html.jinja``.
        values: everything that the template needs. It escapes texts and puts each on one line.

    Raises:
        jinja2.UndefinedError: if the template needs another value.
    """
    return _environment().get_template(f"{template}.html.jinja").render(**values)


def render_section(parts: Sequence[Part]) -> str:
    """The section of one experiment on the page of all."""
    return render("section", parts=parts)

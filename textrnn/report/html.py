"""Pages, filled in from the templates beside this module: no network, plots embedded as SVG.

Only the page of a classifier has a script, its own; everything on it can be read without."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textrnn.report.plain import plain
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
    """A plot, with a description for those who cannot see it.

    Attributes:
        caption, caption_in_chinese: what stands below it, if anything
        wide: whether a narrow screen shows a part of it, large enough to be read, which can be moved
    """

    kind: ClassVar[str] = "figure"
    svg: bytes
    description: str
    caption: str = ""
    caption_in_chinese: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Definitions(Part):
    """Names, and what is said of each.

    Attributes:
        entries: a name and its sentences
    """

    kind: ClassVar[str] = "definitions"
    entries: Sequence[tuple[str, Sequence[str]]]


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
    environment.filters["one_line"] = _one_line
    environment.filters["plain"] = plain
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return environment


def _one_line(text: str) -> str:
    return shortened(text[: 4 * MAX_TEXT_WIDTH], MAX_TEXT_WIDTH)  # what is beyond cannot be seen, and takes long


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


def render_classifier_page(**values: object) -> str:
    """The page of a classifier, whose browser runs no other script than the one that is its own.

    Args:
        values: what ``classification.html.jinja`` needs.
    """
    script = _environment().get_template("classification.js.jinja").render()
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode()
    return render("classification", script=script, script_digest=digest, **values)

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from textrnn.report.html import Figure, Paragraph, Table, render, render_section
from textrnn.report.memory_captions import CAPTIONS, NO_CAPTION, QUESTIONS, Caption

UNCLOSED = {"meta", "img"}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, all of them closed, and the text in each."""

    def __init__(self, content: str):
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, str]] = []
        self.sources: list[str] = []
        self.feed(content)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in UNCLOSED:
            self.open.append(tag)
        self.sources += [value or "" for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.found.append((self.open[-1], data.strip()))


def test_texts_of_people_are_texts() -> None:
    content = render(
        "comparison",
        title="3 models on <script>",
        rows=[["on test", "accuracy"], ["<b>&\"'", "0.5"]],
        verdict=["A & B."],
        plot=b"<svg/>",
        notices=["a <notice>\nover two lines"],
    )
    page = Page(content)
    assert ("h1", "3 models on <script>") in page.found
    assert ("td", "<b>&\"'") in page.found
    assert ("li", "a <notice> over two lines") in page.found
    assert ("p", "A & B.") in page.found
    assert page.sources == ["data:image/svg+xml;base64,PHN2Zy8+"]
    assert content.startswith("<!DOCTYPE html>\n")


def test_without_notices_there_is_no_heading_for_them() -> None:
    page = render("comparison", title="x", rows=[["a"], ["b"]], verdict=[], plot=b"", notices=[])
    assert "Notices" not in page


def test_a_very_long_text_is_cut() -> None:
    section = render_section([Paragraph(["财" * 1000]), Table([["word " * 1000], ["x"]])])
    assert "财" * 149 + "…" in section
    assert "财" * 150 not in section
    assert len(section) < 1000


def test_what_an_experiment_shows() -> None:
    section = render_section(
        [Paragraph(["one <i>", "two"]), Table([["", "loss"], ["SRN", "1.5"]]), Figure(b"<svg/>", 'losses of "SRN"')]
    )
    page = Page(section)
    assert page.found == [("p", "one <i>. two"), ("th", "loss"), ("td", "SRN"), ("td", "1.5")]
    assert 'alt="losses of &#34;SRN&#34;"' in section
    assert page.sources == ["data:image/svg+xml;base64,PHN2Zy8+"]


def test_sections_stand_on_the_page_as_they_are() -> None:
    section = "<p>a &lt;b&gt; c</p>\n"
    order = Caption("From top to bottom", "从上往下")
    values = {"title": "Memory experiments", "order": order}
    page = Page(render("memory", **values, sections=[("lengths: <A>", NO_CAPTION, section)]))
    assert page.found[-2:] == [("h2", "lengths: <A>"), ("p", "a <b> c")]
    several = [("lengths: <A>", Caption("How far?", "多远？"), section), ("gates: B", NO_CAPTION, section)]
    content = render("memory", **values, sections=several)
    assert (
        content.index("从上往下") < content.index('<a href="#part-1">lengths: &lt;A&gt;</a>') < content.index("多远？")
    )
    assert content.index("多远？") < content.index('<a href="#part-2">') < content.index('<section id="part-1">')


def test_a_figure_has_its_captions_below_it() -> None:
    section = render_section(
        [Figure(b"<svg/>", "a plot", "What <b> it shows.", "图中所示。"), Figure(b"<svg/>", "bare")]
    )
    assert section.count("<figcaption>") == 1
    assert section.index("<img") < section.index("What &lt;b&gt; it shows.") < section.index("图中所示。")
    for english, chinese in [*CAPTIONS.values(), *QUESTIONS.values()]:
        assert english.isascii()
        assert not chinese.isascii()


def test_a_template_that_asks_for_what_is_not_there() -> None:
    with pytest.raises(UndefinedError, match="notices"):
        render("comparison", title="x", rows=[["a"]], verdict=[], plot=b"")

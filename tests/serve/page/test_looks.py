"""Can everybody read it: axe-core, contrast of every colour, phones."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.serve.page.conftest import Open
from tests.serve.page.fake_server import PAGE

LEAST = 4.5  # WCAG 2.2, AA: contrast of text
PARTS = ["classify", "many", "errors", "corrections", "generate", "score"]
COLOURS = [
    *(f"p{step}" for step in range(1, 6)),
    *(f"n{step}" for step in range(1, 6)),
    *(f"h{step}" for step in range(1, 7)),
]


def fill(page: Page) -> None:
    """Something in every part."""
    page.locator("#text").fill("幼童独坐窗台")
    expect(page.locator("#why-text [data-at='5']")).to_be_attached()
    page.locator("#why-figures summary").click()
    page.locator("#answer-correct").click()
    page.locator("#correct-labels").select_option("教育")
    page.locator("#correct-keep").click()
    page.locator("#tab-many").click()
    page.locator("#file").set_input_files(
        {"name": "a.csv", "mimeType": "", "buffer": "text,id\n央行降准,1\n<b>,2\n ,3\n".encode()}
    )
    page.locator("#many-start").click()
    expect(page.locator("#table-rows tr")).to_have_count(3)
    page.locator("#tab-errors").click()
    page.locator("#pairs button").first.click()
    expect(page.locator("#cell-texts li").first).to_be_visible()
    page.locator("#tab-generate").click()
    page.locator("#generate summary").click()
    page.locator("#length").fill("12")
    page.locator("#generate-start").click()
    expect(page.locator("#generate-copy")).to_be_visible()
    page.locator("#tab-score").click()
    page.locator("#score-input").fill("The zebra.")
    expect(page.locator("#score-text span").first).to_be_visible()
    page.locator("#score-most summary").click()


def findings(page: Page, within: str = "body") -> list[str]:
    options = {"resultTypes": ["violations"], "preload": False, "selectors": False}
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html']} {node['any'][:1]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_axe_finds_nothing_serious_and_a_phone_is_wide_enough(open_page: Open, language: str, theme: str) -> None:
    page = open_page(width=390, language=language, theme=theme)
    fill(page)
    for part in PARTS:
        page.locator(f"#tab-{part}").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, part
    page.evaluate(
        "for (const panel of document.querySelectorAll('[role=tabpanel], #gone, #key, #no-model')) panel.hidden = false"
    )
    assert findings(page) == []
    page.evaluate("document.querySelector('#answer-correct').click()")
    assert findings(page, "#correct") == []


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Source: WCAG 2.2, contrast ratio."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_every_colour(theme: str) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", (PAGE / "page.css").read_text(encoding="utf-8"), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", light)) | (
        dict(re.findall(r"--([\w-]+): (#\w+)", dark)) if theme == "dark" else {}
    )
    colours = {
        name: "#" + "".join(2 * part for part in colour[1:]) if len(colour) == 4 else colour
        for name, colour in colours.items()
    }
    for step in COLOURS:
        assert contrast(colours["on-colour"], colours[step]) >= LEAST, step
    for name in ("ink", "soft", "accent", "fault", "warn"):
        for ground in ("paper", "panel"):
            assert contrast(colours[name], colours[ground]) >= LEAST, (name, ground)
    assert contrast(colours["accent"], colours["on-accent"]) >= LEAST
    assert contrast(colours["edge"], colours["paper"]) >= 3, "controls have an edge that is seen"
    lightness = [luminance(colours[step]) for step in COLOURS[10:]]
    assert lightness == sorted(lightness, reverse=theme == "light"), "a stronger step is a stronger colour"


def test_nothing_moves_by_itself() -> None:
    for path in PAGE.glob("*.[cj]s*"):
        assert not re.search(
            r"transition|animat(?!ionFrame)|behavior: .?smooth|@keyframes", path.read_text(encoding="utf-8")
        ), path

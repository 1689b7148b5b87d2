"""Pages that were written to a file, opened from there by a headless Chromium without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browsers import started_browser
from tests.models.memory.test_base import build
from textrnn.report.inside.memory import memory_page

Open = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """A page of these bytes; that it complains of nothing and asks for nothing is checked at the end."""
    complaints: list[str] = []
    opened: list[Any] = []

    def opens(content: bytes, *, width: int = 1280, language: str = "en-GB", theme: Any = "light") -> Page:
        path = tmp_path / "inside.html"
        path.write_bytes(content)
        size: Any = {"width": width, "height": 900}
        context = browser.new_context(locale=language, color_scheme=theme, viewport=size, offline=True)
        context.set_default_timeout(10_000)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text))
        page.on("request", lambda asked: complaints.append(asked.url) if asked.url != path.as_uri() else None)
        page.goto(path.as_uri())
        return page

    yield opens
    for context in opened:
        context.close()
    assert complaints == []


def serious(page: Page) -> list[str]:
    """What axe-core finds that keeps somebody from reading or using a page."""
    options = {"resultTypes": ["violations"], "preload": False, "selectors": False}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return wide


@pytest.fixture
def any_page(open_page: Open) -> Page:
    """A page that shows little: for functions that all have."""
    torch.manual_seed(0)
    curves = {name: [1.0, 0.5] for name in ("srn", "lstm", "chrono", "trained")}
    facts: Any = {"title": "LSTM", "problem": "DigitSum", "length": 2, "accuracy": 1.0}
    return open_page(memory_page(build("LSTM"), [1, 2], [[1, 2]], curves, **facts)["inside.html"])

"""A headless Chromium in front of a server that answers to order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browsers import started_browser
from tests.serve.page.fake_server import PageServer, page_server

VISITS = itertools.count()
# Before the page's own code: the browser forgets what it kept, but not when the page is loaded again.
FRESH = """
const language = new URLSearchParams(location.search).get("fresh");
if (language && performance.navigation.type === 0) {
  localStorage.clear();
  sessionStorage.clear();
  localStorage["textrnn.language"] = language;
}
"""
Open = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture(scope="package")
def one_server() -> Iterator[PageServer]:
    with page_server() as server:
        yield server


@pytest.fixture
def server(one_server: PageServer) -> PageServer:
    one_server.reset()
    return one_server


@pytest.fixture(scope="package")
def tab(browser: Browser, one_server: PageServer) -> Iterator[Page]:
    """One for all tests: to open another takes a second."""
    context = browser.new_context(locale="en-GB", permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(5000)
    context.add_init_script(FRESH)
    yield context.new_page()
    context.close()


@pytest.fixture
def open_page(tab: Page, server: PageServer) -> Iterator[Open]:
    """The page at a part, in a browser that knows nothing yet; what it must never do is checked at the end.

    A fault that a test orders is complained of by the browser, too: such tests say `faults=True`.
    """
    complaints: list[str] = []
    foreign: list[str] = []
    ordered: list[bool] = []
    listeners: dict[Any, Any] = {
        "pageerror": lambda error: complaints.append(str(error)),
        "console": lambda said: complaints.append(said.text),
        "dialog": lambda dialog: complaints.append(dialog.message),
        "request": lambda asked: None if asked.url.startswith((server.address, "blob:")) else foreign.append(asked.url),
    }

    def opened(
        part: str = "classify",
        *,
        width: int = 1000,
        theme: Any = "light",
        language: str = "en",
        faults: bool = False,
        again: bool = False,
    ) -> Page:
        """again: the page may be one that a test has used, which saves half a second; its storage is as that left it."""
        tab.set_viewport_size({"width": width, "height": 800})
        tab.emulate_media(color_scheme=theme)
        for kind, listener in listeners.items():
            tab.on(kind, listener)
        if again and "again" in tab.url and tab.url.startswith(server.address):
            tab.locator(f"#tab-{part}").click()
            tab.locator("#model-choice").select_option(index=0)
            for field in ("#text", "#lines"):
                tab.locator(field).evaluate("(at) => { at.value = ''; at.dispatchEvent(new Event('input')); }")
        else:
            kind = "again" if again else "once"
            tab.goto(f"{server.address}?fresh={language}&visit={kind}{next(VISITS)}#{part}")
        ordered.append(faults)
        return tab

    yield opened
    for kind, listener in listeners.items() if ordered else ():
        tab.remove_listener(kind, listener)
    if any(ordered):
        complaints = [line for line in complaints if not line.startswith("Failed to load resource")]
    assert (complaints, foreign) == ([], [])

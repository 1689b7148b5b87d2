"""Text that a language model writes, and how much a text surprises it."""

from __future__ import annotations

import math

from playwright.sync_api import expect

from tests.serve.page.conftest import Open
from tests.serve.page.fake_server import STORY, PageServer, share


def heat(nats: float) -> str:
    return f"h{sum(nats >= start for start in (0.5, 1, 2, 3, 4.5, 6.5))}"


def test_text_is_written_with_its_surprise_as_colour(open_page: Open, server: PageServer) -> None:
    page = open_page("generate", again=True)
    page.locator("#prefix").fill("One evening ")
    page.locator("#length").fill("80")
    page.locator("#temperature").fill("0.55")
    page.locator("#seed").fill("7")
    page.locator("#generate-start").click()
    written = "".join(STORY[(place + 7) % len(STORY)] for place in range(80))
    nats = [9 * share(place, 7) ** 3 for place in range(80)]
    expect(page.locator("#generate-said")).to_have_text(
        f"80 characters, {sum(nats) / 80:.2f} nats each on average; seed 7"
    )
    assert page.locator("#generate-text").text_content() == f"One evening {written}"
    classes = page.locator("#generate-text span[data-at]").evaluate_all(
        "(spans) => spans.map((span) => span.className)"
    )
    assert classes == [heat(one) for one in nats]
    asked = {"prefix": "One evening ", "model": "story/lm_LSTM", "length": 80, "temperature": 0.55, "seed": 7}
    assert server.log[-1] == ("/v1/generate", asked)
    page.locator("#generate-text span[data-at='3']").hover()
    expect(page.locator("#hint")).to_contain_text(f"{nats[3]:.2f} nats, probability {math.exp(-nats[3]):.1%}")
    page.locator("#generate-copy").click()
    expect(page.locator("#told")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == f"One evening {written}"
    page.locator("#generate summary").click()
    page.locator("#top-k").fill("5")
    page.locator("#top-p").fill("0.9")
    page.locator("#seed").fill("")
    page.locator("#prefix").press("Tab")
    page.locator("#generate-start").press("Enter")
    expect(page.locator("#generate-said")).to_contain_text("80 characters")
    assert (server.log[-1][1]["top_k"], server.log[-1][1]["top_p"]) == (5, 0.9)
    expect(page.locator("#generate-said")).to_contain_text(f"seed {server.log[-1][1]['seed']}")


def test_it_streams_and_stops(open_page: Open, server: PageServer) -> None:
    page = open_page("generate", again=True)
    server.pace = 0.01
    page.locator("#length").fill("5000")
    page.locator("#generate-start").click()
    expect(page.locator("#generate-text span[data-at='5']")).to_be_attached()
    expect(page.locator("#generate-said")).to_have_text("Writing…")
    page.locator("#generate-stop").click()
    expect(page.locator("#generate-said")).to_contain_text("Stopped after ")
    count = page.locator("#generate-text span[data-at]").count()
    page.wait_for_timeout(100)
    assert page.locator("#generate-text span[data-at]").count() == count < 5000
    assert server.cut == 1, "the server is told"
    page.locator("#generate-start").click()
    expect(page.locator("#generate-text span[data-at='2']")).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator("#generate-start")).to_be_focused()


def test_what_cannot_be_asked_for(open_page: Open, server: PageServer) -> None:
    page = open_page("generate", faults=True)
    for field, value, said in (
        ("#length", "0", "Length in characters: give a number from 1 to 5000."),
        ("#length", "1.5", "Length in characters: give a number from 1 to 5000."),
        ("#temperature", "", "Temperature: give a number from 0.05 to 5."),
        ("#seed", "-1", "Seed: give a number from 0 to 2147483647."),
    ):
        before = page.locator(field).input_value()
        page.locator(field).fill(value)
        page.locator("#generate-start").click()
        expect(page.locator("#generate-fault")).to_have_text(said)
        expect(page.locator(field)).to_be_focused()
        page.locator(field).fill(before)
    assert server.log == []
    server.fault = lambda path, body: (429, "busy", "4 are under way") if path == "/v1/generate" else None
    page.locator("#generate-start").click()
    expect(page.locator("#generate-fault")).to_have_text(
        "Too many requests at once; try again in a moment. The server says: 4 are under way"
    )
    expect(page.locator("#generate-start")).to_be_visible()


def test_a_text_is_scored(open_page: Open) -> None:
    page = open_page("score", again=True)
    expect(page.locator("#score-empty")).to_be_visible()
    page.locator("#score-input").focus()
    for character in "a 😀\n":
        page.keyboard.insert_text(character)
    nats = [9 * share(place, character) ** 3 for place, character in enumerate("a 😀\n")]
    expect(page.locator("#score-text span")).to_have_count(4)
    mean = sum(nats) / 4
    figures = ["4", f"{mean:.3f}", f"{mean / math.log(2):.3f}", f"{math.exp(mean):.2f}"]
    assert page.locator("#score-figures dd").all_text_contents() == figures
    classes = page.locator("#score-text span").evaluate_all("(spans) => spans.map((span) => span.className)")
    assert classes == [heat(one) for one in nats]
    page.locator("#score-most summary").click()
    expect(page.locator("#score-most tbody .swatch")).to_have_count(4)
    values = [float(text) for text in page.locator("#score-most tbody .swatch").all_text_contents()]
    assert values == sorted((round(one, 2) for one in nats), reverse=True)
    expect(page.locator("#score-most tbody")).to_contain_text("line break")
    page.locator("#score-input").fill("")
    expect(page.locator("#score-shown")).to_be_hidden()

"""One text: answer, bars and colours with every key."""

from __future__ import annotations

import threading
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.serve.page.browser import typing_times, watch
from tests.serve.page.conftest import Open
from tests.serve.page.fake_server import CLASSES, HOSTILE, MANY, PageServer, probabilities


def bars(page: Page) -> dict[str, str]:
    texts = page.locator("#bars .name, #bars .value").all_text_contents()
    return dict(zip(texts[::2], texts[1::2], strict=True))


def expect_answer(page: Page, text: str, classes: list[str] = CLASSES) -> None:
    best = probabilities(text, classes)[0]
    expect(page.locator("#answer-label")).to_have_text(best["label"])
    expect(page.locator("#answer-probability")).to_have_text(f"{best['probability']:.1%}")


def test_every_key_is_answered(open_page: Open) -> None:
    page = open_page(again=True)
    expect(page.locator("#answer-empty")).to_be_visible()
    page.locator("#text").focus()
    text = ""
    for character in "央行降":
        page.keyboard.insert_text(character)
        text += character
        expect_answer(page, text)
        assert bars(page) == {one["label"]: f"{one['probability']:.1%}" for one in probabilities(text, CLASSES)}
        assert list(bars(page)) == CLASSES, "each stays in its place"
        expect(page.locator("#why-text [data-at]")).to_have_count(len(text))
        expect(page.locator("#why-text")).to_have_text(text)
    page.keyboard.press("Backspace")
    expect_answer(page, "央行")
    expect(page.locator("#classify-said")).to_contain_text(probabilities("央行", CLASSES)[0]["label"])  # read out
    page.locator("#text").fill("")
    expect(page.locator("#answer-empty")).to_be_visible()
    expect(page.locator("#why")).to_be_hidden()
    assert set(bars(page).values()) == {""}


def test_an_older_answer_never_follows_a_newer_one(open_page: Open, server: PageServer) -> None:
    page = open_page(again=True)
    gates = server.gates = {text: threading.Event() for text in ("甲", "甲乙", "甲乙丙")}
    page.locator("#text").focus()
    for character in "甲乙丙":
        page.keyboard.insert_text(character)
    gates["甲乙"].set()
    expect_answer(page, "甲乙")  # on the way to the newest
    gates["甲"].set()
    page.wait_for_timeout(100)
    expect_answer(page, "甲乙")
    gates["甲乙丙"].set()
    expect_answer(page, "甲乙丙")
    expect(page.locator("#why-text [data-at]")).to_have_count(3)


def test_an_answer_to_what_is_cleared_is_not_shown(open_page: Open, server: PageServer) -> None:
    page = open_page(again=True)
    gate = server.gates["甲"] = threading.Event()
    page.locator("#text").fill("甲")
    page.locator("#text").fill("")
    gate.set()
    page.wait_for_timeout(100)
    expect(page.locator("#answer-empty")).to_be_visible()


def test_colours_stay_with_what_is_not_edited(open_page: Open) -> None:
    carried = """([before, now]) => import('/colour.js').then(({ carriedOver }) => carriedOver(
        Array.from(before).map((token, start) => ({ token, start, end: start + 1 })), before, now)
        .filter(({ start, end }) => end > start).map(({ token, start }) => [token, start]))"""
    page = open_page(again=True)
    for before, now in (("甲乙丙", "甲丙"), ("aa", "aaa"), ("😀乙", "😀甲乙"), ("", "甲"), ("甲", ""), ("abc", "xyz")):
        kept = page.evaluate(carried, [before, now])
        assert all(now[place] == token for token, place in kept)
        assert len(kept) >= min(len(before), len(now)) - (before == "abc") * 3


def test_reasons_are_coloured_by_characters(open_page: Open) -> None:
    page = open_page(again=True)
    page.locator("#text").fill("😀央行\u202e")
    expect(page.locator("#why-text [data-at]")).to_have_count(4)
    assert page.locator("#why-text [data-at]").all_inner_texts()[:3] == ["😀", "央", "行"]
    page.locator("#why-text [data-at]").nth(1).hover()
    expect(page.locator("#hint")).to_contain_text("央: ")
    page.keyboard.press("Escape")
    expect(page.locator("#hint")).to_be_hidden()
    page.locator("#why-figures summary").click()
    expect(page.locator("#why-figures tbody tr")).to_have_count(4)


def test_of_many_classes_the_likeliest_stand_there_and_the_rest_on_request(open_page: Open) -> None:
    page = open_page(again=True)
    page.locator("#model-choice").select_option("意图 库/TextCNN")
    page.locator("#text").fill("查天气")
    ordered = [one["label"] for one in probabilities("查天气", MANY)]
    expect_answer(page, "查天气", MANY)
    assert page.locator("#bars bdi").all_text_contents() == ordered[:10]
    page.get_by_role("button", name="Show all 242 classes").click()
    expect(page.locator("#bars li")).to_have_count(242)
    assert page.locator("#bars bdi").all_text_contents() == ordered
    page.get_by_role("button", name="Show the likeliest only").click()
    expect(page.locator("#bars li")).to_have_count(10)


def test_hostile_texts_and_names_are_text(open_page: Open) -> None:
    page = open_page(again=True)
    page.locator("#model-choice").select_option("意图 库/TextCNN")
    text = "<img src=x onerror=alert(1)>\u202e<script>alert(2)</script>"
    page.locator("#text").fill(text)
    expect(page.locator("#why-text")).to_have_text(text)
    page.get_by_role("button", name="Show all 242 classes").click()
    expect(page.locator("#bars li")).to_have_count(242)
    assert set(HOSTILE) <= set(page.locator("#bars bdi").all_text_contents())
    assert page.locator("main img, main script").count() == 0


def test_a_long_text_is_shown_whole(open_page: Open) -> None:
    page = open_page(again=True)
    text = "很长的文本" * 8000
    page.locator("#text").fill(text)
    expect_answer(page, text)
    assert page.locator("#why-text").text_content() == text
    expect(page.locator("#why-unread")).to_have_text("The model reads the beginning only; what is grey is not read.")
    assert page.locator("#why-text .unread").text_content() == text[200:]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_faults_are_told_in_plain_words(open_page: Open, server: PageServer) -> None:
    page = open_page(faults=True)
    server.fault = lambda path, body: (503, "busy", "the queue is full") if "忙" in body.get("text", "") else None
    page.locator("#text").fill("忙")
    expect(page.locator("#classify-fault")).to_have_text(
        "The server is busy; try again in a moment. The server says: the queue is full"
    )
    page.locator("#text").fill("好")
    expect_answer(page, "好")
    expect(page.locator("#classify-fault")).to_have_text("")


def test_how_long_a_key_takes(open_page: Open, record_property: Callable[[str, object], None]) -> None:
    """Only measured here; benchmarks/page_typing.py does it with the real server."""
    page = open_page(again=True)
    watch(page)
    times = typing_times(page, "央行下调存款准备金率")
    record_property("milliseconds from a key to its bars", [round(time, 1) for time in times])
    assert len(times) == 10

"""The page as a whole: parts, language, models, key, and a server that comes and goes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.serve.page.conftest import Open
from tests.serve.page.fake_server import CLASSES, MODELS, PageServer, probabilities

PARTS = ["classify", "many", "errors", "corrections", "generate", "score"]


def test_parts_by_keys(open_page: Open) -> None:
    page = open_page(again=True)
    page.locator("#tab-classify").focus()
    keys = [
        ("ArrowRight", "many"),
        ("ArrowRight", "errors"),
        ("End", "score"),
        ("ArrowRight", "classify"),
        ("ArrowLeft", "score"),
        ("Home", "classify"),
    ]
    for key, part in keys:
        page.keyboard.press(key)
        expect(page.locator(f"#tab-{part}")).to_be_focused()
        expect(page.locator(f"#{part}")).to_be_visible()
        assert page.locator("[role=tab][aria-selected=true]").count() == 1
        assert page.locator("[role=tabpanel]:visible").count() == 1
    assert page.url.endswith("#classify")
    page.evaluate("location.hash = 'score'")
    expect(page.locator("#score")).to_be_visible()


def test_everything_is_reached_by_the_tabulator(open_page: Open) -> None:
    page = open_page()
    page.locator("#text").fill("央行")
    expect(page.locator("#why-text [data-at]")).to_have_count(2)
    page.reload()
    expect(page.locator("#bars li")).to_have_count(10)
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.textContent"
            )
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", reached
    assert reached == ["skip", "English", "中文", "tab-classify", "model-choice", "text"]


def test_the_language_is_the_browsers_until_another_is_chosen(browser: Browser, server: PageServer) -> None:
    context = browser.new_context(locale="zh-TW")
    page = context.new_page()
    page.goto(server.address)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#tab-errors")).to_have_text("错在哪里")
    expect(page).to_have_title("textrnn：向模型提问")
    page.locator("#text").fill("央行")
    expect(page.locator("#why-help")).to_contain_text("哪些字支持")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#tab-errors")).to_have_text("Where it errs")
    expect(page.locator("#why-help")).to_contain_text("Which characters speak for")
    page.reload()
    expect(page.locator("#tab-errors")).to_have_text("Where it errs")
    context.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_word_is_left_out(open_page: Open, language: str) -> None:
    page = open_page(language=language)
    unnamed = "(all) => all.filter((at) => !at.textContent.trim()).map((at) => at.dataset.words)"
    assert page.locator("[data-words]").evaluate_all(unnamed) == []
    assert "undefined" not in page.content()


def test_the_chosen_model_answers_and_is_remembered(open_page: Open, server: PageServer) -> None:
    page = open_page()
    expect(page.locator("#model-facts")).to_have_text("accuracy 60.4%macro F1 0.60710 classestrained Nov 30, 2026")
    page.locator("#model-choice").select_option("意图 库/TextCNN")
    page.locator("#tab-score").click()
    expect(page.locator("#model-choice")).to_have_value("story/lm_LSTM")
    expect(page.locator("#model-facts")).to_contain_text("perplexity 5.47")
    page.reload()
    page.locator("#tab-classify").click()
    expect(page.locator("#model-choice")).to_have_value("意图 库/TextCNN")
    server.models = MODELS[:1]
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#told")).to_have_text("意图 库/TextCNN is no longer there; headlines/LSTM answers now.")
    expect(page.locator("#model-choice")).to_have_value("headlines/LSTM")
    page.locator("#tab-generate").click()
    expect(page.locator("#no-model")).to_contain_text("python run.py --task lm --corpus story")
    server.models = MODELS
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#prefix")).to_be_visible()


def test_a_key_is_asked_for_only_where_one_is_needed(open_page: Open, server: PageServer) -> None:
    server.key = "Bearer opensesame"
    page = open_page(faults=True)
    expect(page.locator("#key")).to_be_visible()
    expect(page.locator("#key-value")).to_be_focused()
    for wrong in ("wrong", "密钥"):
        page.locator("#key-value").fill(wrong)
        page.keyboard.press("Enter")
        expect(page.locator("#key-fault")).to_have_text("The server does not take this key.")
        expect(page.locator("#gone")).to_be_hidden()
    page.locator("#key-value").fill("opensesame")
    page.keyboard.press("Enter")
    expect(page.locator("#key")).to_be_hidden()
    page.locator("#text").fill("央行")
    expect(page.locator("#answer-label")).to_have_text(probabilities("央行", CLASSES)[0]["label"])
    assert page.evaluate("[sessionStorage['textrnn.key'], JSON.stringify(localStorage).includes('sesame')]") == [
        "opensesame",
        False,
    ]
    page.reload()
    expect(page.locator("#bars li")).to_have_count(10)
    expect(page.locator("#key")).to_be_hidden()


def test_a_server_that_goes_and_comes_back(open_page: Open, server: PageServer) -> None:
    page = open_page(faults=True)
    expect(page.locator("#bars li")).to_have_count(10)
    server.gone = True
    page.locator("#text").fill("央行")
    expect(page.locator("#gone")).to_have_text("The server does not answer. Trying again…")
    page.locator("#text").press("End")
    page.keyboard.insert_text("降")
    page.wait_for_timeout(700)
    expect(page.locator("#gone")).to_be_visible()
    server.gone = False
    expect(page.locator("#gone")).to_be_hidden()
    expect(page.locator("#told")).to_have_text("The server answers again.")
    expect(page.locator("#answer-label")).to_have_text(probabilities("央行降", CLASSES)[0]["label"])

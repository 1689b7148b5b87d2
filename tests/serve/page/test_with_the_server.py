"""The page in front of the real server and trained models: what it shows is what the models answer."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.serve.running import Running
from textrnn.saved.classifier import Classifier

TEXT = "山水山水猫"


def test_the_models_answer_on_the_page(served: Running, classifier: Classifier, tab: Page) -> None:
    complaints: list[str] = []
    tab.on("console", lambda said: complaints.append(said.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(f"http://127.0.0.1:{served.port}/")
    tab.locator("#text").fill(TEXT)
    shares = classifier.predict_probabilities([TEXT])[0]
    expect(tab.locator("#answer-label")).to_have_text(classifier.class_names[int(shares.argmax())])
    expect(tab.locator("#answer-probability")).to_have_text(f"{shares.max():.1%}")
    expect(tab.locator("#why-text [data-at]")).to_have_count(len(TEXT))
    tab.locator("#tab-many").click()
    tab.locator("#file").set_input_files({"name": "a.txt", "mimeType": "", "buffer": f"{TEXT}\n猫\n".encode()})
    tab.locator("#many-start").click()
    expect(tab.locator("#table-rows tr")).to_have_count(2)
    tab.locator("#tab-errors").click()
    expect(tab.locator("#per-class tbody tr")).to_have_count(len(classifier.class_names))
    tab.locator("#tab-generate").click()
    tab.locator("#prefix").fill("山")
    tab.locator("#length").fill("20")
    tab.locator("#generate-start").click()
    expect(tab.locator("#generate-said")).to_contain_text("20 characters")
    tab.locator("#tab-score").click()
    tab.locator("#score-input").fill("山水。")
    expect(tab.locator("#score-figures dd").first).to_have_text("3")
    assert complaints == []

"""The page with a model that gives several labels, in front of the real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.commands import Result
from tests.factories import small_label_rows
from tests.serve.running import Running, copied, running
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.answers import predict

NAME = "多标签/FastText"


@pytest.fixture(scope="module")
def folder(label_training: tuple[Path, Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("several")
    copied(label_training[0] / "saved_dict" / NAME, found / NAME)
    return found


@pytest.fixture(scope="module")
def real(folder: Path) -> Iterator[Running]:
    with running(folder) as server:
        yield server


@pytest.fixture
def page(tab: Page, real: Running) -> Page:
    tab.goto(f"http://127.0.0.1:{real.port}/?fresh=en")
    return tab


@pytest.fixture(scope="module")
def classifier(folder: Path) -> Classifier:
    return load_classifier(folder / NAME)


def test_labels_bars_and_reasons(page: Page, classifier: Classifier) -> None:
    texts = [text for text, _ in small_label_rows(30, 9)]
    answers = {len(found.labels or ()): found for found in predict(classifier, texts, top_k=3)}
    for count in (0, 2):
        given = [name for name, _ in answers[count].labels or ()]
        page.locator("#text").fill(answers[count].text)
        expect(page.locator("#answer-label")).to_have_text(", ".join(given) or "no label")
        expect(page.locator("#bars li.top .name")).to_have_text(
            [name for name in classifier.class_names if name in given]
        )
        expect(page.locator("#why-text [data-at]")).to_have_count(len(answers[count].text))
        expect(page.locator("#why-help")).to_contain_text("is given" if given else "is not given")
    marks = page.locator("#bars .mark-at").evaluate_all("all => all.map((one) => parseFloat(one.style.left))")
    assert classifier.thresholds is not None
    assert marks == pytest.approx(100 * classifier.thresholds, abs=0.01)
    page.locator("#why-label").select_option(given[1])
    expect(page.locator("#why-help")).to_contain_text(f"{given[1]} is given")
    expect(page.locator("#why-legend")).to_contain_text(f"against {given[1]}")


def test_corrections_hold_several(page: Page) -> None:
    page.locator("#text").fill("猫狗")
    page.locator("#answer-correct").click()
    page.locator("#correct-labels").select_option(["山水", "数字"])
    page.locator("#correct-keep").click()
    expect(page.locator("#answer-corrected")).to_contain_text("山水|数字")
    page.locator("#tab-corrections").click()
    with page.expect_download() as download:
        page.locator("#corrections-download").click()
    rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert rows == ['"text"\t"label"', '"猫狗"\t"山水|数字"']


def test_errors_label_by_label(page: Page, classifier: Classifier) -> None:
    page.locator("#tab-errors").click()
    rows = page.locator("#per-class tbody tr")
    expect(rows).to_have_count(len(classifier.class_names))
    expect(page.locator("#per-class th[scope=row]")).to_have_text(classifier.class_names)
    expect(page.locator("#errors-matrix")).to_be_hidden()
    page.locator("#per-class button.pair").first.click()
    expect(page.locator("#cell-title")).to_contain_text("missed: ")
    page.locator("#cell-close").click()


def test_many_texts(page: Page, classifier: Classifier) -> None:
    texts = [text for text, _ in small_label_rows(12, 9)]
    page.locator("#tab-many").click()
    page.locator("#lines").fill("\n".join(texts))
    page.locator("#many-start").click()
    shown = [", ".join(name for name, _ in found.labels or ()) for found in predict(classifier, texts, top_k=3)]
    expect(page.locator("#table-rows td.label")).to_have_text([labels or "no label" for labels in shown])
    page.locator("#table-class").select_option("1")
    label = classifier.class_names[1]
    expect(page.locator("#table-rows td.label")).to_have_text(
        [labels for labels in shown if label in labels.split(", ")]
    )

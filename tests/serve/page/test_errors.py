"""Where a classifier errs: the matrix, the texts of a cell, the figures of each class."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.serve.page.conftest import Open
from tests.serve.page.fake_server import CLASSES, MODELS, PageServer, confusion, share

COUNTS = confusion(CLASSES)
WRONG = [(COUNTS[a][b], a, b) for a in range(10) for b in range(10) if a != b and COUNTS[a][b]]


def test_the_matrix_and_the_texts_of_a_cell(open_page: Open) -> None:
    page = open_page("errors", again=True)
    expect(page.locator("#matrix tbody tr")).to_have_count(10)
    shown = page.locator("#matrix tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.querySelectorAll('td')].map((td) => Number(td.textContent)))"
    )
    assert shown == COUNTS
    count, true, predicted = max(WRONG)
    page.locator(f"#matrix [data-cell='{true},{predicted}']").click()
    expect(page.locator("#cell")).to_be_focused()
    expect(page.locator("#cell-title")).to_have_text(
        f"{CLASSES[true]} taken for {CLASSES[predicted]}: {count} texts, {count / sum(COUNTS[true]):.1%} of {CLASSES[true]}"
    )
    expect(page.locator("#cell-texts li")).to_have_count(count)
    expect(page.locator("#cell-texts li").first).to_contain_text(f"《{CLASSES[true]}》第0条")
    page.locator("#matrix [data-cell='0,0']").click()
    expect(page.locator("#cell-some")).to_have_text("The model's folder keeps the texts of wrong answers only.")
    page.locator("#cell-close").click()
    expect(page.locator("#cell")).to_be_hidden()
    expect(page.locator("#matrix [data-cell='0,0']")).to_be_focused()


def test_cells_by_keys(open_page: Open) -> None:
    page = open_page("errors", again=True)
    first = page.locator("#matrix button").first
    first.focus()
    assert page.locator("#matrix button[tabindex='0']").count() == 1
    page.keyboard.press("ArrowRight")
    column = next(column for column in range(1, 10) if COUNTS[0][column])
    expect(page.locator(f"#matrix [data-cell='0,{column}']")).to_be_focused()
    expect(page.locator("#hint")).to_contain_text(f"{CLASSES[0]} taken for {CLASSES[column]}")
    page.keyboard.press("ArrowDown")
    row = next(row for row in range(1, 10) if COUNTS[row][column])
    expect(page.locator(f"#matrix [data-cell='{row},{column}']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#cell")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(f"#matrix [data-cell='{row},{column}']")).to_be_focused()


def test_pairs_and_classes(open_page: Open) -> None:
    page = open_page("errors")
    expect(page.locator("#pairs li")).to_have_count(10)
    page.locator("#pairs-more").click()
    expect(page.locator("#pairs li")).to_have_count(len(WRONG))
    counts = [int(text) for text in page.locator("#pairs .figure").all_text_contents()]
    assert counts == sorted((count for count, _, _ in WRONG), reverse=True)
    assert page.locator("#per-class tbody th").all_text_contents() == CLASSES
    for label, order in (("Order by Recall", 1), ("Order by Recall", -1)):
        page.get_by_role("button", name=label).click()
        wanted = sorted(CLASSES, key=lambda name: order * share("r", name))
        assert page.locator("#per-class tbody th").all_text_contents() == wanted
    expect(page.locator("#per-class th[aria-sort='descending']")).to_have_text("Recall")


def test_of_many_classes_those_that_are_confused_most(open_page: Open) -> None:
    page = open_page("errors", again=True)
    page.locator("#model-choice").select_option("意图 库/TextCNN")
    expect(page.locator("#matrix tbody tr")).to_have_count(20)
    expect(page.locator("#matrix-most")).to_contain_text("The 20 classes that are confused most, of 242.")
    expect(page.locator("#per-class tbody tr")).to_have_count(242)
    assert page.locator("main img").count() == 0
    page.locator("#pairs button").first.click()
    expect(page.locator("#cell-texts li").first).to_be_visible()


def test_a_model_without_figures_says_so(open_page: Open, server: PageServer) -> None:
    server.models = [{**MODELS[0], "test": None}]
    page = open_page("errors")
    expect(page.locator("#errors-fault")).to_have_text("This model was saved without a confusion matrix.")


def test_faults_are_told(open_page: Open, server: PageServer) -> None:
    server.fault = lambda path, body: (500, "broken", "it broke") if path.endswith("/LSTM") else None
    page = open_page("errors", faults=True)
    expect(page.locator("#errors-fault")).to_have_text("Something went wrong in the server. The server says: it broke")
    page.locator("#model-choice").select_option("意图 库/TextCNN")
    expect(page.locator("#matrix tbody tr")).to_have_count(20)
    expect(page.locator("#errors-fault")).to_have_text("")

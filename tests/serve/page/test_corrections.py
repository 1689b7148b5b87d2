"""Labels that are put right, wherever an answer is shown; the file of them is one that the trainer reads."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from tests.serve.page.conftest import Open
from textrnn.config import DataConfig
from textrnn.corpus.dataset import read_files
from textrnn.corpus.readers.rows import Rows
from textrnn.corpus.sources.catalog import find_dataset

TEXTS = [
    "普通标题",
    "a\ttab",
    "two\nlines",
    'with "marks"',
    '"all of it"',
    "ends with \\",
    "=1+1",
    "a,b;c|d",
    "\u202ebackwards",
    "<b>bold</b>",
    "'",
    '"',
    "two\n\nparagraphs\tand a tab",
]


def correct(page: Page, label: str) -> None:
    page.locator("#correct-labels").select_option(label)
    page.locator("#correct-keep").click()
    expect(page.locator("#correct")).to_be_hidden()


def rows_of(path: Path) -> Rows:
    """As the trainer reads them."""
    read, _ = read_files(find_dataset(str(path)), DataConfig())
    return read.rows["train"]


def rows(page: Page) -> list[list[str]]:
    found = page.locator("#corrections-rows tr").all()
    return [row.locator("td > bdi").all_text_contents() for row in found]


def test_wherever_an_answer_is_shown(open_page: Open) -> None:
    page = open_page()
    page.locator("#text").fill("普通标题")
    page.locator("#answer-correct").click()
    correct(page, "教育")
    expect(page.locator("#answer-corrected")).to_have_text("corrected: 教育")
    expect(page.locator("#answer-correct")).to_be_focused()
    page.locator("#tab-many").click()
    page.locator("#lines").fill("甲\n乙")
    page.locator("#many-start").click()
    page.get_by_role("button", name="Correct the answer to \u2068乙\u2069").click()
    correct(page, "游戏")
    expect(page.locator("#table-rows .mark")).to_have_text("corrected: 游戏")
    page.locator("#tab-errors").click()
    page.locator("#pairs button").first.click()
    page.locator("#cell-texts button").first.click()
    wrong = page.locator("#cell-texts .text").first.text_content()
    correct(page, "娱乐")
    expect(page.locator("#cell-texts .mark")).to_have_text("corrected: 娱乐")
    expect(page.locator("#corrections-number")).to_have_text("3")
    page.reload()
    page.locator("#tab-corrections").click()
    assert [(row[0], row[2]) for row in rows(page)] == [("普通标题", "教育"), ("乙", "游戏"), (wrong, "娱乐")]
    page.locator("#model-choice").select_option("意图 库/TextCNN")  # each model has its own
    expect(page.locator("#corrections-none")).to_be_visible()


def test_changed_removed_cleared(open_page: Open) -> None:
    page = open_page()
    for text in ("甲", "乙", "丙"):
        page.locator("#text").fill(text)
        expect(page.locator("#why-text [data-at]")).to_have_count(1)
        page.locator("#answer-correct").click()
        correct(page, "教育")
    page.locator("#answer-correct").click()
    page.keyboard.press("Escape")
    page.locator("#answer-correct").click()
    page.locator("#correct-cancel").click()
    page.locator("#tab-corrections").click()
    page.get_by_role("button", name="Change the label of \u2068甲\u2069").click()
    correct(page, "社会")
    assert [row[2] for row in rows(page)] == ["社会", "教育", "教育"]
    page.get_by_role("button", name="Remove the correction of \u2068乙\u2069").click()
    assert [row[0] for row in rows(page)] == ["甲", "丙"]
    page.locator("#corrections-clear").click()
    expect(page.locator("#clear-words")).to_have_text("Clear all 2 corrections? They cannot be brought back.")
    page.keyboard.press("Escape")
    assert len(rows(page)) == 2
    page.locator("#corrections-clear").click()
    page.locator("#clear").get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("#corrections-none")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.includes('corrections'))") == []


def test_one_of_many_classes_is_found_by_typing(open_page: Open) -> None:
    page = open_page()
    page.locator("#model-choice").select_option("意图 库/TextCNN")
    page.locator("#text").fill("查天气")
    page.locator("#answer-correct").click()
    expect(page.locator("#correct-find")).to_be_focused()
    page.keyboard.insert_text("别117")
    expect(page.locator("#correct-labels option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#answer-corrected")).to_have_text("corrected: 类别117")


def test_the_trainer_reads_them_as_they_are(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    for text in TEXTS:
        page.locator("#text").fill(text)
        expect(page.locator("#why-text [data-at]")).to_have_count(len(text))
        page.locator("#answer-correct").click()
        correct(page, "教育" if len(text) % 2 else "社会")
    page.locator("#tab-corrections").click()
    with page.expect_download() as waited:
        page.locator("#corrections-download").click()
    assert waited.value.suggested_filename == "corrections.tsv"
    waited.value.save_as(tmp_path / "corrections.tsv")
    content = io.StringIO(newline="")
    labels = ["教育" if len(text) % 2 else "社会" for text in TEXTS]
    writer = csv.writer(content, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("text", "label"), *zip(TEXTS, labels, strict=True)])
    assert (tmp_path / "corrections.tsv").read_bytes() == content.getvalue().encode()
    read = rows_of(tmp_path / "corrections.tsv")
    assert (read.texts, read.labels) == (TEXTS, labels)


@given(
    st.lists(
        st.text(st.sampled_from('ab \t\n",;|\\=中'), min_size=1).map(str.strip).filter(bool), min_size=1, unique=True
    )
)
@settings(max_examples=25)
def test_few_or_odd_ones_are_read_as_well(texts: list[str]) -> None:
    content = io.StringIO(newline="")
    writer = csv.writer(content, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")  # as the page writes
    writer.writerows([("text", "label"), *((text, "教育") for text in texts)])
    with TemporaryDirectory() as folder:
        path = Path(folder, "corrections.tsv")
        path.write_text(content.getvalue(), encoding="utf-8", newline="")
        assert rows_of(path).texts == texts

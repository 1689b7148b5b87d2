"""Many texts: lines and files to a table, and the table to files."""

from __future__ import annotations

import csv
import io
import json
import threading
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.serve.page.conftest import Open
from tests.serve.page.fake_server import CLASSES, PageServer, probabilities

HOSTILE_CSV = 'id,title,label\n7,"=HYPERLINK(""http://x"",""a"")",财经\n8,"两行\n文本, 有逗号",房产\n9,<b>粗</b>,股票\n'


def choose_file(page: Page, name: str, content: bytes) -> None:
    page.locator("#file").set_input_files(FilePayload(name=name, mimeType="", buffer=content))


def classify(page: Page, lines: list[str]) -> None:
    choose_file(page, "a.txt", "\n".join(lines).encode())
    page.locator("#many-start").click()


def shown_texts(page: Page) -> list[str]:
    return page.locator("#table-rows td.text > bdi").all_text_contents()


def download(page: Page, button: str) -> bytes:
    with page.expect_download() as waited:
        page.locator(button).click()
    return Path(waited.value.path()).read_bytes()


def best(text: str) -> tuple[str, float]:
    first = probabilities(text, CLASSES)[0]
    return first["label"], first["probability"]


def test_pasted_lines_become_a_table(open_page: Open) -> None:
    page = open_page("many")
    expect(page.locator("#many-start")).to_be_disabled()
    lines = [f"第{number}条" for number in range(30)]
    page.evaluate("(text) => navigator.clipboard.writeText(text)", "\n\n".join(lines) + "\n ")
    page.locator("#lines").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("#many-start")).to_have_text("Classify 30 texts")
    page.locator("#lines").press("Control+Enter")
    expect(page.locator("#many-said")).to_contain_text("30 texts answered by headlines/LSTM in ")
    expect(page.locator("#table-rows tr")).to_have_count(30)
    assert shown_texts(page) == lines
    assert page.locator("#table-rows td.label").all_text_contents() == [best(line)[0] for line in lines]
    page.locator("#table-sort").select_option("unsure")
    assert shown_texts(page) == sorted(lines, key=lambda line: best(line)[1])
    page.locator("#table-sort").select_option("sure")
    assert shown_texts(page) == sorted(lines, key=lambda line: -best(line)[1])
    page.locator("#table-sort").select_option("label")
    assert shown_texts(page) == sorted(lines, key=lambda line: CLASSES.index(best(line)[0]))
    page.locator("#table-sort").select_option("given")
    page.locator("#table-below").select_option("0.5")
    assert shown_texts(page) == [line for line in lines if best(line)[1] < 0.5]
    label = best(lines[0])[0]
    page.locator("#table-below").select_option("")
    page.locator("#table-class").select_option(str(CLASSES.index(label)))
    wanted = [line for line in lines if best(line)[0] == label]
    assert shown_texts(page) == wanted
    expect(page.locator("#table-shown")).to_have_text(f"{len(wanted)} of 30 rows")
    rows = list(csv.DictReader(io.StringIO(download(page, "#table-csv").decode("utf-8-sig"))))
    assert [row["text"] for row in rows] == wanted, "what is filtered out is not in the file"


def test_a_file_keeps_its_columns_in_what_is_downloaded(open_page: Open) -> None:
    page = open_page("many", again=True)
    choose_file(page, "标题.csv", b"\xef\xbb\xbf" + HOSTILE_CSV.replace("\n", "\r\n").encode())
    expect(page.locator("#read-what")).to_have_text("标题.csv: UTF-8, 3 columns, 3 rows")
    assert (
        page.locator("#column option:checked").text_content()
        == '\u2068title\u2069: \u2068=HYPERLINK("http://x","a…\u2069'
    )
    page.locator("#many-start").click()
    expect(page.locator("#table-rows tr")).to_have_count(3)
    texts = ['=HYPERLINK("http://x","a")', "两行\n文本, 有逗号", "<b>粗</b>"]
    assert shown_texts(page) == texts
    content = download(page, "#table-csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [row["title"] for row in rows] == ["'" + texts[0], *texts[1:]], "Excel would compute the first"
    assert [row["id"] for row in rows] == ["7", "8", "9"]
    assert [row["label"] for row in rows] == ["财经", "房产", "股票"], "theirs"
    assert [row["predicted_label"] for row in rows] == [best(text)[0] for text in texts]
    assert [row["probability"] for row in rows] == [f"{best(text)[1]:.4f}" for text in texts]
    records = [json.loads(line) for line in download(page, "#table-jsonl").decode().splitlines()]
    assert [record["title"] for record in records] == texts
    assert [(record["predicted_label"], record["probability"]) for record in records] == [best(text) for text in texts]
    assert [len(record["classes"]) for record in records] == [3, 3, 3]


FILES = [
    ("a.txt", "央行降准\n\n国足告负\n".encode("gb18030"), "GB18030, one text a line, 2 rows", ["央行降准", "国足告负"]),
    ("a.txt", "央行\t3\n国足\t4\n".encode("utf-16"), "UTF-16, 2 columns, 2 rows", ["央行", "国足"]),
    (
        "a.tsv",
        b'text\tlabel\n"a\tb"\t1\nsaid "so" \t2\n"open\t3\n',
        "UTF-8, 2 columns, 3 rows · a quotation mark that opens in line 4 is never closed",
        ["a\tb", 'said "so" ', '"open'],
    ),
    ("a.csv", b"text;n\rone, two;1\rthree;2\r", "UTF-8, 2 columns, 2 rows", ["one, two", "three"]),
    ("a.csv", b"one\ntwo\n", "UTF-8, 1 column, 2 rows", ["one", "two"]),
    (
        "a.jsonl",
        '{"id": 1, "text": "甲"}\nno json\n"乙"\n[1]\n{"text": null}\n'.encode(),
        "UTF-8, JSON records, 3 rows · 2 lines could not be read and are left out",
        ["甲", "乙", ""],
    ),
    ("a.json", '[{"title": "甲", "tags": ["x"]}]'.encode(), "UTF-8, JSON records, 1 row", ["甲"]),
]


def test_files_of_every_kind(open_page: Open) -> None:
    page = open_page("many", again=True)
    for name, content, said, texts in FILES:
        choose_file(page, name, content)
        expect(page.locator("#read-what")).to_have_text(f"{name}: {said}")
        page.locator("#many-start").click()
        expect(page.locator("#table-rows td.text > bdi")).to_have_text(texts)


def test_another_column_may_have_the_texts_and_the_first_row_too(open_page: Open, server: PageServer) -> None:
    page = open_page("many", again=True)
    choose_file(page, "a.csv", "title,body\n甲,乙\n".encode())
    expect(page.locator("#header")).to_be_checked()
    page.locator("#header").uncheck()
    expect(page.locator("#many-start")).to_have_text("Classify 2 texts")
    page.locator("#column").select_option("1")
    page.locator("#many-start").click()
    expect(page.locator("#table-rows tr")).to_have_count(2)
    assert shown_texts(page) == ["body", "乙"]
    assert server.log[-1][1]["texts"] == ["body", "乙"]


def test_what_is_no_text_is_refused(open_page: Open) -> None:
    page = open_page("many", again=True)
    choose_file(page, "a.xlsx", b"PK\x03\x04\x00\x00")
    expect(page.locator("#many-fault")).to_have_text(
        "a.xlsx is no text file. Save it as CSV, TSV or plain text, and open that."
    )
    choose_file(page, "empty.txt", b" \n")
    expect(page.locator("#many-fault")).to_have_text("There is no text in empty.txt.")
    choose_file(page, "long.txt", b"a\n" * 100_001)
    expect(page.locator("#many-fault")).to_contain_text("long.txt has 100,001 rows; this page takes 100,000.")
    expect(page.locator("#many-start")).to_be_disabled()


def test_a_file_is_dropped(open_page: Open) -> None:
    page = open_page("many", again=True)
    page.locator("#drop").evaluate("""(at) => {
        const dropped = new DataTransfer();
        dropped.items.add(new File(["甲\\n乙\\n"], "a.txt"));
        for (const kind of ["dragover", "drop"]) at.dispatchEvent(new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
    }""")
    expect(page.locator("#many-start")).to_have_text("Classify 2 texts")
    expect(page.locator("#drop.over")).to_have_count(0)


def test_ten_thousand_rows_in_batches_and_pages(open_page: Open, server: PageServer) -> None:
    page = open_page("many", again=True)
    lines = [f"第{number}条" for number in range(10_000)]
    choose_file(page, "a.txt", "\n".join(lines).encode())
    page.locator("#many-start").click()
    expect(page.locator("#many-said")).to_contain_text("10,000 texts answered by headlines/LSTM", timeout=15_000)
    assert sorted(len(body["texts"]) for _, body in server.log) == [200] * 50
    expect(page.locator("#table-rows tr")).to_have_count(100)
    expect(page.locator("#table-page")).to_have_text("Page 1 of 100")
    page.locator("#table-next").click()
    assert shown_texts(page) == lines[100:200]
    rows = list(csv.DictReader(io.StringIO(download(page, "#table-csv").decode("utf-8-sig"))))
    assert [row["text"] for row in rows] == lines


def test_it_can_be_stopped(open_page: Open, server: PageServer) -> None:
    page = open_page("many", again=True)
    lines = [f"第{number}条" for number in range(1000)]
    gates = server.gates = {lines[400]: threading.Event(), lines[600]: threading.Event()}
    classify(page, lines)
    expect(page.locator("#many-count")).to_have_text("400 of 1,000 texts")
    assert page.locator("#many-progress").evaluate("(bar) => bar.value / bar.max") == 0.4
    page.locator("#many-stop").click()
    expect(page.locator("#many-said")).to_have_text("Stopped: 400 of 1,000 texts are answered.")
    for gate in gates.values():
        gate.set()
    expect(page.locator("#table-shown")).to_have_text("400 of 400 rows")
    expect(page.locator("#many-start")).to_be_focused()


def test_one_that_is_refused_keeps_no_other_from_its_answer(open_page: Open, server: PageServer) -> None:
    page = open_page("many", faults=True)
    busy = iter([True, True])

    def fault(path: str, body: dict[str, list[str]]) -> tuple[int, str, str] | None:
        if path == "/v1/classify" and next(busy, False):
            return 503, "busy", "the queue is full"
        return (
            (422, "too_long", "at most 5 characters") if any(len(text) > 5 for text in body.get("texts", [])) else None
        )

    server.fault = fault
    lines = ["甲", "乙", "这一条太长了", "丙"]
    classify(page, lines)
    expect(page.locator("#many-fault")).to_have_text("1 text could not be answered; the reason stands in its row.")
    assert shown_texts(page) == lines
    assert page.locator("#table-rows td.label").all_text_contents() == [
        best(line)[0] if len(line) < 6 else "" for line in lines
    ]
    expect(page.locator("#table-rows .note")).to_have_text(
        "The server cannot answer this. The server says: at most 5 characters"
    )

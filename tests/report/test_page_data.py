from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from array import array
from base64 import b64encode
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix

from tests.report.results import HOSTILE, made_result, split_of
from textrnn.config import DataConfig, RunSettings, TrainConfig
from textrnn.corpus.check import Finding
from textrnn.corpus.readers.rows import LeftOut, Reading, Rows
from textrnn.errors import Note
from textrnn.models.registry import find_model
from textrnn.report.classification import ClassificationResult

VOID = {"meta", "img", "br", "input"}
SECTIONS = [
    "result", "read", "data", "findings", "training", "classes", "confusion", "errors", "suspects", "calibration",
    "by-length", "by-rows", "repeat",
]  # fmt: skip
LIMIT = 3_000_000  # bytes of a page, whatever the data


class Page(HTMLParser):
    """What a browser makes of a page: elements, all of them closed; tables by section; what it would fetch or run."""

    def __init__(self, content: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.sections: dict[str, str] = {}
        self.tables: dict[str, list[list[list[str]]]] = {}
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.section, self.cell = "", False
        self.feed(content)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag == "section":
            self.section = dict(attributes)["id"] or ""
            self.sections[self.section], self.tables[self.section] = "", []
        elif tag == "script":
            self.scripts.append((dict(attributes), ""))
        elif tag == "table":
            self.tables.setdefault(self.section, []).append([])
        elif tag == "tr":
            self.tables[self.section][-1].append([])
        elif tag in ("td", "th"):
            self.tables[self.section][-1][-1].append("")
            self.cell = True
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in {"path", "rect", "circle", "line", "polyline"}
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in ("td", "th"):
            self.cell = False

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)
        elif self.section and self.open and self.open[-1] != "style":
            self.sections[self.section] += data
            if self.cell:
                self.tables[self.section][-1][-1][-1] += data

    @property
    def data(self) -> Any:
        """The block that the script reads."""
        ((_, content),) = [script for script in self.scripts if script[0].get("type") == "application/json"]
        return json.loads(content)


def page_of(result: ClassificationResult, run: Any = None, suspects: Any = None) -> tuple[str, Page]:
    content = result._page(result._summary([("embedding", "<random>")]), run, suspects)
    content.encode("utf-8")
    return content, Page(content)


def random_result(
    texts: Sequence[str], names: Sequence[str], *, share_right: float = 0.6, seed: int = 0, **others: Any
) -> ClassificationResult:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, len(names), len(texts))
    logits = generator.normal(size=(len(texts), len(names))).astype(np.float32)
    sure = generator.random(len(texts)) < share_right
    logits[np.flatnonzero(sure), labels[sure]] += 4
    linear = np.where(generator.random(len(texts)) < 0.5, labels, generator.integers(0, len(names), len(texts)))
    return made_result(texts, labels.tolist(), logits, names, linear=linear.tolist(), **others)


def suspects_in(texts: Sequence[str]) -> list[tuple[str, int, str, str, str, float]]:
    return [("train", index + 1, text, text, "体育", 0.9) for index, text in enumerate(texts)]


@pytest.fixture(scope="module")
def hostile() -> tuple[str, Page]:
    finding = Finding("x", "warning", HOSTILE[0], HOSTILE[1], HOSTILE[2])
    reading = Reading(
        Path(HOSTILE[3]), "UTF-8", HOSTILE[0], True, tuple(HOSTILE), HOSTILE[1], tuple(HOSTILE), 44,
        tuple(LeftOut(number, "fields", HOSTILE[2], text) for number, text in enumerate(HOSTILE)), (1, 2), tuple(HOSTILE),
    )  # fmt: skip
    result = random_result(
        HOSTILE * 4,
        HOSTILE,
        share_right=0.3,
        name=HOSTILE[0],
        path=Path(HOSTILE[1]),
        notes=[Note("finding", finding=finding)],
    )
    assert result.dataset.test.rows is not None
    result.dataset.test.rows.reading = reading
    data = DataConfig(dataset=HOSTILE[1], text_column=tuple(HOSTILE[:9]))
    settings = RunSettings("classify", "LSTM", find_model("LSTM").config_class(), data, TrainConfig())
    return page_of(result, run=settings, suspects=suspects_in(HOSTILE))


def test_every_section_is_there(hostile: tuple[str, Page]) -> None:
    page = hostile[1]
    assert list(page.sections) == SECTIONS
    assert all(text.strip() for text in page.sections.values())
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for _, name, value in page.attributes:
        if name == "href":
            assert value.removeprefix("#") in SECTIONS
        elif name == "aria-labelledby":
            assert value in ids


def test_hostile_texts_stay_texts(hostile: tuple[str, Page]) -> None:
    content, page = hostile
    assert not page.tags & {"img", "b", "iframe", "object", "link", "base"}
    assert not [attribute for attribute in page.attributes if attribute[1].startswith("on")]
    assert [attributes for attributes, _ in page.scripts] == [{"type": "application/json", "id": "matrix-data"}, {}]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", content)
    for text in (HOSTILE[0], HOSTILE[1], HOSTILE[2]):
        assert text in page.sections["errors"]
        assert text in page.sections["suspects"]
        assert text in page.sections["confusion"]
        assert text in page.sections["classes"]
        assert text in page.sections["data"]
        assert text in page.sections["findings"]
        assert text in page.sections["read"]


def test_nothing_is_fetched_and_only_the_own_script_runs(hostile: tuple[str, Page]) -> None:
    content, page = hostile
    assert not re.search(r"https?://|//[a-z]+\.|url\(|@import", content)
    assert not [value for _, name, value in page.attributes if name in ("src", "srcset", "data")]
    digest = b64encode(hashlib.sha256(page.scripts[1][1].encode("utf-8")).digest()).decode()
    assert ("meta", "content", f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'") in (
        page.attributes
    )


def test_the_block_has_the_matrix_and_the_texts_of_its_cells() -> None:
    texts = [f"text {index} \u2028</script>" for index in range(200)]
    result = random_result(texts, ["a", "b", "<c>"], path=Path("test.csv"))
    data = page_of(result)[1].data
    labels, predictions = result.figures.labels, result.figures.predictions
    assert data["names"] == ["a", "b", "<c>"]
    assert data["counts"] == confusion_matrix(labels, predictions).tolist()
    assert data["linear"] == confusion_matrix(labels, result.baseline.predictions).tolist()  # type: ignore[union-attr]
    for key, entries in data["texts"].items():
        true, taken = map(int, key.split(","))
        indices = [int(entry["text"].split()[1]) for entry in entries]
        there = np.flatnonzero((np.array(labels) == true) & (predictions == taken))
        assert len(indices) == min(len(there), 10 if true == taken else 20)
        sure = result.answers.confidences[there]
        expected = there[np.argsort(sure if true == taken else -sure, kind="stable")][: len(indices)]
        assert indices == expected.tolist()
        for entry, index in zip(entries, indices, strict=True):
            assert entry["line"] == str(2 * index + 1)
            assert entry["probability"] == round(float(result.answers.confidences[index]), 4)
            assert entry["linear"] == data["names"][result.answers.linear[index]]  # type: ignore[index]
    assert sum(map(len, data["texts"].values())) > 60


def test_of_very_many_classes_the_most_confused_are_shown_and_the_others_together() -> None:
    result = random_result([f"text {index}" for index in range(2000)], [f"class {index}" for index in range(100)])
    data = (page := page_of(result)[1]).data
    assert len(data["names"]) == 31
    assert data["names"][-1] == "all others"
    assert "the other 70 share the last row and column" in page.sections["confusion"]
    shown = [int(name.split()[1]) for name in data["names"][:-1]]
    confusion = confusion_matrix(result.figures.labels, result.figures.predictions, labels=range(100))
    counts = np.array(data["counts"])
    np.testing.assert_array_equal(counts[:-1, :-1], confusion[np.ix_(shown, shown)])
    assert counts.sum() == 2000
    errors = confusion - np.diag(np.diag(confusion))
    true, taken = np.unravel_index(errors.argmax(), errors.shape)
    assert {true, taken} <= set(shown)
    of_others = [entry for key, entries in data["texts"].items() if "30" in key.split(",") for entry in entries]
    assert of_others
    assert all({"true", "predicted"} <= set(entry) for entry in of_others)


def percent(cell: str) -> float:
    return float(cell.removesuffix(" %"))


def test_figures_on_the_page_are_those_of_scikit_learn() -> None:
    texts = ["字" * (1 + index % 37) for index in range(1500)]
    names = ["财经", "体育", "科技", "无"]
    train = split_of(["x"] * 300, [0] * 200 + [1] * 60 + [2] * 37 + [3] * 3, names)
    result = random_result(texts, names, train=train)
    page = page_of(result)[1]
    labels, predictions = np.array(result.figures.labels), result.figures.predictions
    right, linear = predictions == labels, result.baseline.predictions == labels  # type: ignore[union-attr]

    assert page.tables["result"][0][1][1] == f"{accuracy_score(labels, predictions):.4f}"
    expected = classification_report(labels, predictions, target_names=names, output_dict=True)
    for row in page.tables["classes"][0][1:-1]:
        scores = expected[row[0]]
        assert row[1:4] == [f"{scores[key]:.4f}" for key in ("precision", "recall", "f1-score")]
        assert row[5:] == [f"{int(scores['support'])}", str(train.labels.count(names.index(row[0])))]
    assert page.tables["classes"][0][-1][3] == f"{expected['macro avg']['f1-score']:.4f}"

    bins = page.tables["calibration"][0][1:]
    for confidences, at in zip(result.figures.confidences, (4, 1), strict=True):
        shares, means = calibration_curve(right, confidences, n_bins=15)
        filled = [row for row in bins if row[at] != "0"]
        np.testing.assert_allclose([percent(row[at + 1]) for row in filled], 100 * means, atol=0.0501)
        np.testing.assert_allclose([percent(row[at + 2]) for row in filled], 100 * shares, atol=0.0501)

    lengths = np.array([len(text) for text in texts])
    for row in page.tables["by-length"][0][1:]:
        low, *high = (int(part) for part in row[0].split(" to "))
        at_length = (lengths >= low) & (lengths <= (high or [low])[0])
        assert row[1:3] == [f"{at_length.sum():,}", f"{right[at_length].mean():.4f}"]
        assert row[4] == f"{linear[at_length].mean():.4f}"

    for row, classes in zip(page.tables["by-rows"][0][1:], ([3], [2], [1], [0]), strict=True):
        of_classes = np.isin(labels, classes)
        assert row[:4] == [
            str(train.labels.count(classes[0])),
            "1",
            f"{of_classes.sum():,}",
            f"{right[of_classes].mean():.4f}",
        ]


def test_the_most_confident_errors_and_all_of_them() -> None:
    result = random_result([f"text {index}" for index in range(500)], ["a", "b"], path=Path("test.csv"))
    files, _ = result.to_files([])
    page = Page(files["report.html"].decode())
    rows = page.tables["errors"][0][1:]
    wrong = list(csv.reader(io.StringIO(files["errors.csv"].decode("utf-8-sig"), newline="")))[1:]
    assert len(rows) == 50
    expected = sorted(wrong, key=lambda row: -float(row[4]))[:50]
    assert [row[4] for row in rows] == [row[4] for row in expected]
    assert {tuple(row[:5]) for row in rows} <= {tuple(row) for row in wrong}
    assert (
        f"The 50 surest of {len(wrong)} wrong answers in 500 texts; lines are those of test.csv."
        in (page.sections["errors"])
    )


def test_what_was_read() -> None:
    result = random_result([f"text {index}" for index in range(30)], ["a", "b"], path=Path("data/test.csv"))
    assert "train, dev, testtest.csv: 90 rows" in " ".join(page_of(result)[1].sections["read"].split())
    reading = Reading(
        Path("data/test.csv"), "UTF-8", "comma", True, ("text",), "label", ("id",), 30,
        tuple(LeftOut(line, "no-text", "the text is empty", ",b") for line in range(2, 32)),
    )  # fmt: skip
    rows = Rows(reading.path, [], [], array("q", range(30)), None, reading)
    for split in (result.dataset.train, result.dataset.dev, result.dataset.test):
        split.rows = rows
    said = " ".join(page_of(result)[1].sections["read"].split())
    assert "test.csv: UTF-8, comma, header; text = text, label = label (also there: id); 30 rows, 30 left out" in said
    assert "line 2: the text is empty: ,b" in said
    assert said.endswith("and 10 more")


def test_suspects() -> None:
    texts = [f"text {index}" for index in range(130)]
    result = random_result(texts, ["a", "b"])
    content, page = page_of(result)
    assert "suspects" not in page.sections
    assert "#suspects" not in content
    page = page_of(result, suspects=[])[1]
    assert "No row was found whose label is probably wrong." in page.sections["suspects"]
    page = page_of(result, suspects=suspects_in(texts))[1]
    assert page.tables["suspects"][0][:2] == [
        ["split", "line", "text", "given", "suggested", "probability"],
        ["train", "1", "text 0", "text 0", "体育", "0.9000"],
    ]
    assert len(page.tables["suspects"][0]) == 101
    assert "The 100 likeliest of 130 rows" in page.sections["suspects"]


def test_findings_errors_first() -> None:
    notes = [
        Note("finding", finding=Finding("a", "warning", "dev", "3 rows repeat", "scores say little")),
        Note("finding", finding=Finding("b", "error", "train.csv:3", "no text", "expected some")),
        Note("read_as", path=Path("a.csv"), encoding="GB18030"),
    ]
    said = " ".join(page_of(random_result(["a", "b"] * 9, ["x", "y"], notes=notes))[1].sections["findings"].split())
    assert said == (
        "Findings error train.csv:3: no text; expected some warning dev: 3 rows repeat; scores say little "
        "Notices a.csv: not UTF-8; read as GB18030"
    )
    assert "found nothing wrong" in page_of(random_result(["a", "b"] * 9, ["x", "y"]))[1].sections["findings"]


def test_without_a_linear_model_nothing_is_said_of_it() -> None:
    result = made_result(["a", "b"] * 9, [0, 1] * 9, np.tile(np.eye(2, dtype=np.float32), (9, 1)), ["x", "y"])
    page = page_of(result)[1]
    assert page.data["linear"] is None
    for section, text in page.sections.items():
        if section != "result":
            assert "linear" not in text
    assert "Every answer is right." in page.sections["errors"]


@pytest.mark.parametrize(
    ("rows", "classes", "text", "name"),
    [
        (1500, 1000, "&\"'<>𝒜" * 200, "&\"'<>" * 50),
        (20_000, 40, "<" * 400, "财" * 300),
        (300, 3, "长" * 100_000, "z" + "\u0301" * 10_000),
    ],
)
def test_a_page_is_small_whatever_the_data(rows: int, classes: int, text: str, name: str) -> None:
    texts, names = [f"{index} {text}" for index in range(rows)], [f"{index} {name}" for index in range(classes)]
    finding = Finding("x", "warning", name, text, text)
    notes = [Note("finding", finding=finding)] * 300
    result = random_result(texts, names, share_right=0.2, notes=notes, path=Path("x.csv"))
    content = result._page(result._summary([("embedding", text)]), None, suspects_in(texts))
    assert len(content.encode("utf-8")) < LIMIT
    page = Page(content)
    assert list(page.sections) == SECTIONS
    assert page.data["texts"]


def test_lines_of_a_folder_for_each_class_are_its_files() -> None:
    result = random_result(["a", "b", "c", "d"] * 5, ["x", "y"], share_right=0.0)
    files = [Path("reviews", "x", f"{index}.txt") for index in range(20)]
    result.dataset.test.rows = Rows(Path("reviews"), [], [], array("q", [1] * 20), files)
    lines = {row[0] for row in page_of(result)[1].tables["errors"][0][1:]}
    assert lines
    assert lines <= {f"x/{index}.txt" for index in range(20)}

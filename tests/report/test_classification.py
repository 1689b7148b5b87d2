from __future__ import annotations

import html
import json
from array import array
from pathlib import Path

import numpy as np

from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.readers.rows import Reading, Rows
from textrnn.evaluation.baseline import Baseline
from textrnn.evaluation.metrics import confusion_matrix, macro_f1, wilson_interval
from textrnn.files import json_bytes
from textrnn.report.classification import ClassificationResult
from textrnn.report.verdict import bare
from textrnn.training.history import History

LABELS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
NAMES = ["财经", "体育", "a name\nwith a line break"]


def result(predictions: list[int], baseline_right: int | None = None, names: list[str] = NAMES) -> ClassificationResult:
    labels = LABELS
    test = Split([f"text {i}" for i in range(9)] + ["very " * 100 + "long\x1b[31m"], labels)
    dataset = Dataset("set", names, Split(["x"] * 30, [0] * 30), test, test)
    row = {"step": 2, "epoch": 1, "seconds": 1.5, "train_loss": 1.0, "dev_loss": 0.7, "dev_accuracy": 0.6}
    history = History([1.0, 0.9], [0.1] * 2, [1, 1], [16, 14], [row], 2, 0.7, 1.5, "all epochs done")
    baseline = None
    if baseline_right is not None:
        linear = np.array(labels)
        linear[baseline_right:] = (linear[baseline_right:] + 1) % 3
        baseline = Baseline(linear, confusion_matrix(labels, linear, 3), 0.5)
    logits = 3.0 * np.eye(3, dtype=np.float32)[predictions]
    return ClassificationResult("LSTM", 0, dataset, history, logits, 0.0, 1.5, baseline)


def test_worst_pairs_with_two_texts_each() -> None:
    shown = result([0, 1, 1, 1, 1, 1, 1, 0, 2, 0])
    assert [(true, predicted, rows) for true, predicted, rows, _ in shown.confused] == [
        ("财经", "体育", 3),
        ("体育", "财经", 1),
        (NAMES[2], "财经", 1),
    ]
    assert shown.confused[0][3] == ["text 1", "text 2"]
    text = shown.to_text()
    assert "  财经 taken for 体育: 3 rows\n    text 1\n    text 2\n" in text
    assert "  体育 taken for 财经: 1 row\n" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 100


def test_comparison_with_the_baseline() -> None:
    rows = result([0, 0, 0, 0, 1, 1, 1, 1, 2, 2], baseline_right=4).comparison
    assert [row[:3] for row in rows[1:]] == [
        ["LSTM", "1.0000", "0.2395"],
        ["TF-IDF + LinearSVC", "0.4000", ""],
    ]


def test_the_verdict_stands_after_the_tables_on_the_page_and_in_the_metrics() -> None:
    shown = result([0, 1, 1, 1, 1, 1, 1, 0, 2, 0], baseline_right=9)
    said = shown.verdict.sentences
    assert " ".join(shown.to_text().split()).endswith(" ".join(" ".join(said).split()))
    page = shown.to_files([])[0]["report.html"].decode()
    for sentence in said:
        assert f"<p>{html.escape(bare(sentence), quote=False)}</p>" in html.unescape(page).replace("&", "&amp;")
    verdict = shown.to_metrics()["verdict"]
    assert verdict["sentences"] == [sentence.replace("`", "") for sentence in said]
    assert verdict["beside_linear"]["only_linear_right"] == shown.verdict.figures.paired.only_second


def test_metrics_are_those_of_the_design() -> None:
    metrics = result([0, 0, 0, 0, 1, 1, 1, 1, 2, 0], baseline_right=5).to_metrics()
    assert list(metrics) == ["task", "model", "dataset", "seed", "train", "dev", "test", "baseline", "verdict"]
    assert metrics["train"] == {"seconds": 1.5, "epochs": 1.0, "examples": 30, "examples_per_second": 20.0}
    assert metrics["baseline"] == {
        "name": "TF-IDF + LinearSVC",
        "test_accuracy": 0.5,
        "test_macro_f1": macro_f1(result(LABELS, baseline_right=5).baseline.confusion),
        "seconds": 0.5,
    }
    assert metrics["test"]["interval_95"] == list(wilson_interval(9, 10))
    assert metrics["test"]["accuracy"] == 0.9


def test_calibration_is_said_and_written() -> None:
    shown = result([0, 0, 0, 1, 1, 1, 1, 0, 2, 0])
    before, after = shown.figures.calibration_errors
    found = shown.to_metrics()["test"]
    assert found["loss"] == shown.figures.loss
    assert found["calibration"] == {
        "temperature": 1.5,
        "expected_calibration_error": after,
        "expected_calibration_error_unscaled": before,
        "loss_unscaled": shown.figures.uncalibrated_loss,
    }
    assert (
        f"expected calibration error {after:.4f}; {before:.4f} before calibration (temperature 1.500)"
    ) in shown.to_text()


def test_files() -> None:
    files, notes = result([0, 1, 1, 1, 1, 1, 1, 0, 2, 0]).to_files([])
    plots = [
        f"{stem}.{end}" for stem in ("curves", "confusion_counts", "confusion_normalised") for end in ("png", "svg")
    ]
    assert set(files) == {"metrics.json", "history.csv", "errors.csv", "report.html", *plots}
    assert notes == []


def test_how_files_were_read_stands_in_the_metrics() -> None:
    shown = result(LABELS)
    assert "data" not in shown.to_metrics()
    reading = Reading(Path("shop/test.csv"), "UTF-8", "comma", True, ("text",), "label", (), 10)
    lines = array("q", range(10))
    rows = Rows(reading.path, shown.dataset.test.texts, [NAMES[label] for label in LABELS], lines, None, reading)
    shown.dataset.test.rows = rows
    shown.dataset.train.rows = rows  # both are from one file
    assert shown.to_metrics()["data"] == {"files": [reading.to_dict()]}
    assert json.loads(json_bytes(shown.to_metrics()))["data"]["files"][0]["text_columns"] == ["text"]


def test_page_of_a_run_without_mistakes() -> None:
    files, _ = result([0, 0, 0, 0, 1, 1, 1, 1, 2, 2]).to_files([])
    assert "<li>nothing was confused</li>" in files["report.html"].decode()

"""Several labels a row from learning to answers: trained once, then looked at from every side."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.factories import WORDS, several_labels_dataset
from textrnn.cli.predict import answered_line
from textrnn.config import Run
from textrnn.corpus.dataset import Dataset
from textrnn.errors import ArtifactError, Note
from textrnn.evaluation.label_baseline import LabelBaseline, LabelledRows, label_baseline
from textrnn.report.comparison import Comparison
from textrnn.report.multi_label import MultiLabelResult
from textrnn.report.notes import line
from textrnn.saved.answers import answer, taken_labels
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.folder import described
from textrnn.tasks import classify, labelling
from textrnn.tasks.answers import predict
from textrnn.tasks.classify import DatasetFacts, scored, train_baseline, train_on
from textrnn.tasks.compare import _judge, _linear
from textrnn.tasks.settings import settle
from textrnn.training.events import Listener

TEXTS = ["猫的狗鱼了", "山的水猫狗了河", "的了是", ""]


class Told(Listener):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.result: MultiLabelResult | None = None

    def on_note(self, note: Note) -> None:
        self.lines.append(line(note))
        if note.kind == "judged":
            self.result = note["result"]


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told, Dataset]:
    """Trained with the linear model beside it; where it is kept, and what was told."""
    folder, told, dataset = tmp_path_factory.mktemp("several") / "FastText", Told(), several_labels_dataset()
    named = {"epochs": 12, "learning_rate": 0.02, "embedding_size": 16, "threads": 1}
    train_on(dataset, Run("classify", "FastText", named, folder), told, baseline=train_baseline, doubts=True)
    return folder, told, dataset


@pytest.fixture
def classifier(training: tuple[Path, Told, Dataset]) -> Classifier:
    return load_classifier(training[0])


def test_what_is_told(training: tuple[Path, Told, Dataset]) -> None:
    folder, told, _ = training
    assert told.lines[0] == (
        "多标签: 3 labels, several a row (1.00 on average; 30 training rows with none); 120 training, 40 dev, 40 test "
        "texts; 7 tokens read of a text on average"
    )
    trained = next(each for each in told.lines if each.startswith("trained"))
    assert "dev macro F1 " in trained
    report = told.lines[-1]
    for part in ("macro F1", "all right", "ranking precision", "for each label", "threshold", "wrongly given"):
        assert part in report
    assert not any("labels in doubt" in each for each in told.lines)  # rows have no one label to doubt
    assert not (folder / "suspects.csv").exists()
    assert "a model of" in described(folder)
    assert "macro F1 " in described(folder)


def test_metrics(training: tuple[Path, Told, Dataset]) -> None:
    folder, told, _ = training
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["task"] == "classify"
    assert metrics["multi_label"] is True
    assert told.result is not None
    figures, test = told.result.figures, metrics["test"]
    assert test["macro_f1"] == pytest.approx(figures.macro_f1)
    assert set(test["per_label"]) == set(WORDS)
    assert test["rows"] == 40
    assert {"macro_f1", "micro_f1", "loss", "step"} == set(metrics["dev"])
    assert {"test_macro_f1", "test_micro_f1", "test_exact_match", "seconds", "name"} <= set(metrics["baseline"])
    assert metrics["verdict"]["has_learnt"] is True
    history = list(csv.DictReader(io.StringIO((folder / "history.csv").read_text(encoding="utf-8"))))
    assert float(history[-1]["dev_macro_f1"]) >= 0.0


def test_errors_are_listed_with_what_was_missed(training: tuple[Path, Told, Dataset]) -> None:
    folder, told, dataset = training
    rows = list(csv.DictReader(io.StringIO((folder / "errors.csv").read_text(encoding="utf-8-sig"))))
    assert told.result is not None
    assert len(rows) == int((~told.result.figures.right).sum())
    for row in rows:
        true, predicted = (set(filter(None, row[name].split("|"))) for name in ("true", "predicted"))
        assert set(filter(None, row["missed"].split("|"))) == true - predicted
        assert set(filter(None, row["wrongly_given"].split("|"))) == predicted - true
        assert row["text"] == dataset.test.texts[int(row["line"]) - 1]


def test_page_and_plots(training: tuple[Path, Told, Dataset]) -> None:
    folder, _, _ = training
    page = (folder / "report.html").read_text(encoding="utf-8")
    for part in (
        "Label by label",
        "Tables of the labels",
        "Failing together",
        "macro F1 on dev",
        "猫狗",
        "surest mistake",
    ):
        assert part in page, part
    assert "Confusion matrix" not in page
    assert "<script>" not in page  # what that one shows is the matrix
    for name in ("confusion_labels.png", "confusion_labels.svg", "curves.png"):
        assert (folder / name).stat().st_size > 1000


def test_the_saved_folder_answers_as_before_and_says_which_format_it_is(
    training: tuple[Path, Told, Dataset], classifier: Classifier
) -> None:
    folder, told, dataset = training
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["format_version"] == 2
    assert len(config["thresholds"]) == len(config["calibration"]["biases"]) == 3
    assert config["training"]["label_smoothing"] == 0.0
    result = scored(classifier, dataset, classifier.encode(dataset.test.texts))
    assert isinstance(result, MultiLabelResult)
    assert told.result is not None
    np.testing.assert_array_equal(result.figures.tables, told.result.figures.tables)
    assert result.history is None
    assert "seconds" not in result.to_text()
    probabilities = classifier.predict_probabilities(dataset.test.texts)
    taken = taken_labels(probabilities, result.figures.thresholds)
    assert [sorted(label for label, _ in taken.of(row)) for row in range(40)] == [
        result.figures.predictions.indices[start:end].tolist()
        for start, end in zip(
            result.figures.predictions.offsets[:-1], result.figures.predictions.offsets[1:], strict=True
        )
    ]


@pytest.mark.parametrize("thresholds", [[0.5], ["a", "b", "c"], [0.5, None, 0.5]])
def test_thresholds_that_do_not_fit_are_no_model(
    training: tuple[Path, Told, Dataset], tmp_path: Path, thresholds: list[object]
) -> None:
    shutil.copytree(training[0], tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "thresholds": thresholds}), encoding="utf-8")
    with pytest.raises(ArtifactError, match="its files do not belong together"):
        load_classifier(tmp_path / "model")


def test_answers(classifier: Classifier) -> None:
    found = predict(classifier, TEXTS, top_k=2)
    for each in found:
        document = each.to_dict()
        assert list(document) == ["text", "labels", "classes", "note"]
        assert len(document["classes"]) == 2
        shares = [label["probability"] for label in document["labels"]]
        assert shares == sorted(shares, reverse=True)
    assert {name for name, _ in found[1].labels or []} >= {"山水"}
    assert found[3].note is not None


def test_many_labels_are_answered_piece_by_piece(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = answer(classifier, TEXTS * 3, top_k=3)
    monkeypatch.setattr("textrnn.saved.answers.PIECE_CELLS", 15)
    parts = answer(classifier, TEXTS * 3, top_k=3)
    assert whole.taken is not None
    assert parts.taken is not None
    np.testing.assert_array_equal(whole.labels, parts.labels)
    np.testing.assert_allclose(whole.probabilities, parts.probabilities, atol=1e-6)
    np.testing.assert_array_equal(whole.taken.indices, parts.taken.indices)
    np.testing.assert_array_equal(whole.taken.offsets, parts.taken.offsets)
    np.testing.assert_array_equal(whole.unusual, parts.unusual)


def test_what_predict_shows(classifier: Classifier) -> None:
    names = classifier.class_names
    classifier.thresholds = np.array([0.0, 1.0, 1.0])
    shown = answered_line(predict(classifier, ["的"], top_k=2)[0])
    assert shown.startswith(f"  {names[0]} 0.")
    assert "  (next: " in shown
    classifier.thresholds = np.ones(3)
    assert answered_line(predict(classifier, ["的"], top_k=1)[0]).startswith("  no label  (next: ")
    classifier.thresholds = np.zeros(3)
    assert "next" not in answered_line(predict(classifier, ["的"], top_k=3)[0])


def test_compared_by_macro_f1(training: tuple[Path, Told, Dataset], classifier: Classifier) -> None:
    folder, told, dataset = training
    assert told.result is not None
    baseline = told.result.baseline
    assert baseline is not None
    entries = [_linear(baseline, dataset), _judge(classifier, folder, dataset)]
    comparison = Comparison("多标签", [], entries)
    assert [entry.macro_f1 for entry in comparison.ranked] == sorted((e.macro_f1 for e in entries), reverse=True)
    assert comparison.rows[0][:5] == ["on test", "macro F1", "micro F1", "all right", "95 % interval"]
    model = entries[1].to_dict()
    assert model["exact_match"] == pytest.approx(told.result.figures.exact_match)
    assert model["micro_f1"] == pytest.approx(told.result.figures.micro_f1)
    assert "accuracy" not in model
    files = comparison.to_files()
    assert files["comparison.csv"].splitlines()[0].endswith(b"exact_match_low,exact_match_high")
    assert "has the highest macro F1" in comparison.verdict[0]
    assert "micro F1" in line(Note("compared", entry=entries[0]))


@pytest.mark.parametrize("bound", ["MOST_WORK", "MOST_WEIGHTS"])
def test_the_linear_model_is_left_out_where_labels_are_too_many(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = several_labels_dataset()
    assert isinstance(train_baseline(dataset), LabelBaseline)
    monkeypatch.setattr(f"textrnn.evaluation.label_baseline.{bound}", 10)
    assert train_baseline(dataset) is None


def test_the_linear_model_knows_labels_that_all_or_no_rows_have() -> None:
    dataset = several_labels_dataset()
    sets = [[*labels, 4] for labels in labelling.label_sets(dataset.train)]
    train = LabelledRows(dataset.train.texts, type(labelling.label_sets(dataset.train)).of(sets))
    others = [LabelledRows(split.texts, labelling.label_sets(split)) for split in (dataset.dev, dataset.test)]
    found = label_baseline(train, *others, 5)
    assert found is not None
    assert found.figures.tables[3, :, 1].sum() == 0


def test_a_network_begins_with_how_frequent_labels_are() -> None:
    dataset = several_labels_dataset()
    settings = settle(
        Run("classify", "LSTM", {"epochs": 1, "hidden_size": 8, "threads": 1}), None, DatasetFacts(dataset)
    )
    network = classify.build_classifier(settings, dataset.encoded(settings.data), 3, None, torch.device("cpu"))
    labelling.labelling_of(dataset).prepare(network)
    shares = (dataset.train.class_counts(3) + 0.5) / (len(dataset.train) + 1)
    np.testing.assert_allclose(network.classifier.bias.detach().sigmoid(), shares, rtol=1e-5)

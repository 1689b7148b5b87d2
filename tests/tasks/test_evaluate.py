"""A saved classifier on other texts, against scikit-learn's figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, precision_recall_fscore_support

from tests.factories import small_rows, write_rows
from textrnn.config import DataConfig
from textrnn.errors import DataError
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.evaluate import evaluate

NAMES = ["山水", "数字", "猫狗"]


@pytest.fixture
def classifier(trained_classifier: Path) -> Classifier:
    return load_classifier(trained_classifier)


def csv_file(path: Path, rows: list[tuple[str, str]], header: str = "id,label,text") -> Path:
    lines = [f"{at},{label},{text}" for at, (text, label) in enumerate(rows)]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_figures_are_those_of_scikit_learn(classifier: Classifier, trained_classifier: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in trained_classifier.iterdir() if path.is_file()}
    rows = [*small_rows(60, 9), ("猫狗", "山水"), ("一二", "猫狗")]
    result = evaluate(classifier, str(csv_file(tmp_path / "other.csv", rows)), folder=trained_classifier)
    folder = trained_classifier / "evaluations" / "other"
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    shares = classifier.predict_probabilities([text for text, _ in rows])
    truth, predicted = [NAMES.index(label) for _, label in rows], shares.argmax(axis=1)
    assert metrics["test"]["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert metrics["test"]["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert metrics["test"]["loss"] == pytest.approx(log_loss(truth, shares, labels=[0, 1, 2]), abs=1e-4)
    np.testing.assert_array_equal(metrics["test"]["confusion_matrix"], confusion_matrix(truth, predicted))
    scores = precision_recall_fscore_support(truth, predicted, labels=[0, 1, 2])
    for at, name in enumerate(NAMES):
        own = metrics["test"]["per_class"][name]
        assert [own["precision"], own["recall"], own["f1"], own["support"]] == pytest.approx([s[at] for s in scores])
    assert {"train", "dev", "baseline"}.isdisjoint(metrics)
    assert {path.name for path in folder.iterdir()} == {
        *("metrics.json", "errors.csv", "report.html"),
        *(f"confusion_{kind}.{end}" for kind in ("counts", "normalised") for end in ("png", "svg")),
    }
    text = result.to_text()
    assert text.splitlines()[1].split() == ["on", "test", "accuracy", "loss", "macro", "F1"]
    assert "Next:" not in text
    assert before == {path.name: path.read_bytes() for path in trained_classifier.iterdir() if path.is_file()}


def test_the_page_speaks_of_nothing_that_was_not_done(
    classifier: Classifier, trained_classifier: Path, tmp_path: Path
) -> None:
    evaluate(classifier, str(csv_file(tmp_path / "other.csv", small_rows(9, 5))), folder=trained_classifier)
    page = (trained_classifier / "evaluations" / "other" / "report.html").read_text(encoding="utf-8")
    for heading in (
        "How training went",
        "Labels in doubt",
        "Accuracy against rows per class",
        "Findings",
        "texts in memory",
    ):
        assert heading not in page
    for heading in ("Confusion matrix", "Most confident errors", "How sure it is"):
        assert heading in page


@pytest.mark.parametrize("form", ["names", "indices", "from one", "one class alone"])
def test_labels_are_names_or_indices(classifier: Classifier, tmp_path: Path, form: str) -> None:
    rows = small_rows(30, 4)
    if form == "one class alone":
        rows = [row for row in rows if row[1] == "猫狗"]
    shift = 1 if form == "from one" else 0
    written = [
        (t, label if form in ("names", "one class alone") else str(NAMES.index(label) + shift)) for t, label in rows
    ]
    data = evaluate(classifier, str(write_rows(tmp_path / "other.txt", written))).dataset
    assert [data.class_names[label] for label in data.test.labels] == [label for _, label in rows]


def test_indices_stand_for_the_classes_of_the_file_beside(classifier: Classifier, tmp_path: Path) -> None:
    rows, names = small_rows(30, 4), ["猫狗", "数字", "山水"]
    (tmp_path / "class.txt").write_text("\n".join(names), encoding="utf-8")
    path = write_rows(tmp_path / "other.txt", [(text, str(names.index(label))) for text, label in rows])
    data = evaluate(classifier, str(path)).dataset
    assert [data.class_names[label] for label in data.test.labels] == [label for _, label in rows]


def test_of_a_folder_the_test_split_is_scored(classifier: Classifier, small_dataset: Path) -> None:
    result = evaluate(classifier, str(small_dataset))
    assert (result.dataset.name, len(result.dataset.test)) == ("小数据", 30)
    assert len(evaluate(classifier, str(small_dataset / "dev.txt")).dataset.test) == 30
    assert len(evaluate(classifier, str(small_dataset / "train.txt")).dataset.test) == 120
    (small_dataset / "test.txt").unlink()
    with pytest.raises(DataError) as error:
        evaluate(classifier, str(small_dataset))
    assert str(error.value) == f"{small_dataset}: no test split there; expected one: name the file that is meant"


def test_the_columns_of_training_are_found_again(classifier: Classifier, tmp_path: Path) -> None:
    classifier.read = [{"header": True, "text_columns": ["a"], "label_column": "b", "other_columns": []}]
    rows = [f"{text},{label},x{at % 2},{text}" for at, (text, label) in enumerate(small_rows(30, 4))]
    path = tmp_path / "other.csv"
    path.write_text("\n".join(["a,b,label,text", *rows]) + "\n", encoding="utf-8")
    reading = evaluate(classifier, str(path)).dataset.readings[0]
    assert (reading.text_columns, reading.label_column) == (("a",), "b")


def test_labels_that_the_model_does_not_know(classifier: Classifier, tmp_path: Path) -> None:
    rows = [*small_rows(6, 4), ("猫", "山 水"), ("狗", "x")]
    path = csv_file(tmp_path / "other.csv", rows)
    with pytest.raises(DataError) as error:
        evaluate(classifier, str(path))
    assert str(error.value) == (
        f"{path}:8: '山 水' is no class of the model, as in 1 more row with others or the same; expected one of 山水, "
        "数字, 猫狗; did you mean 山水?: correct them, or leave such rows out with `on_bad_row=skip`"
    )
    result = evaluate(classifier, str(path), DataConfig(on_bad_row="skip"))
    assert len(result.dataset.test) == 6
    assert [(row.line, row.reason) for row in result.dataset.readings[0].left_out] == [
        (8, "unknown-class"), (9, "unknown-class"),
    ]  # fmt: skip
    strange = csv_file(tmp_path / "strange.csv", [("猫", "a"), ("狗", "b"), ("山", "a"), ("水", "b")])
    with pytest.raises(DataError, match="'a' is no class of the model, as in 3 more rows"):
        evaluate(classifier, str(strange), DataConfig(on_bad_row="skip"))


def test_what_is_not_there(classifier: Classifier, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        evaluate(classifier, str(tmp_path / "nothing.csv"))
    assert str(error.value) == (
        f"{tmp_path / 'nothing.csv'}: no such file or folder; expected `evaluate` to be a name, a folder or a file"
    )


def test_the_model_folder_with_its_evaluations_can_be_moved(
    classifier: Classifier, trained_classifier: Path, small_dataset: Path, tmp_path: Path
) -> None:
    evaluate(classifier, str(small_dataset), folder=trained_classifier)
    shutil.move(trained_classifier, tmp_path / "elsewhere")
    assert load_classifier(tmp_path / "elsewhere").class_names == NAMES

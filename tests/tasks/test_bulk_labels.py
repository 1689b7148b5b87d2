"""A file answered by a classifier that gives several labels, against its own answers text by text."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.factories import small_label_rows
from textrnn.config import DataConfig
from textrnn.corpus.readers import read_rows
from textrnn.report.answered import Joining
from textrnn.saved.answers import answer
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.answers import answers_as, predict
from textrnn.tasks.bulk import Below, Bulk, answer_file

TEXTS = [text for text, _ in small_label_rows(40, 5)]


@pytest.fixture
def classifier(trained_label_classifier: Path) -> Classifier:
    return load_classifier(trained_label_classifier)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Rows with a text, and one that is no record."""
    lines = [json.dumps({"id": at, "text": text}, ensure_ascii=False) for at, text in enumerate(TEXTS)]
    (tmp_path / "new.jsonl").write_text("\n".join([*lines, '{"id": 99}']) + "\n", encoding="utf-8")
    return tmp_path / "new.jsonl"


def csv_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("processes", [1, 2])
def test_every_format_has_the_labels(classifier: Classifier, source: Path, tmp_path: Path, processes: int) -> None:
    alone = [predict(classifier, [text], top_k=3)[0] for text in TEXTS]
    assert {len(found.labels or ()) for found in alone} >= {0, 1, 2}
    table, lines, parquet = (tmp_path / f"answers{ending}" for ending in (".csv", ".jsonl", ".parquet"))
    for output in (table, lines) if processes == 2 else (table, lines, parquet):
        done = answer_file(classifier, Bulk(source, output, top_k=3, processes=processes if output == lines else 1))
        assert (done.rows, done.errors) == (41, 1)
    rows, objects = csv_of(table), list(map(json.loads, lines.read_text(encoding="utf-8").splitlines()))
    ranks = [name for rank in (1, 2, 3) for name in (f"label_{rank}", f"probability_{rank}")]
    assert list(rows[0]) == ["id", "text", "labels", "probabilities", *ranks, "note", "error"]
    for row, found, expected in zip(rows, objects, alone, strict=False):
        labels = [name for name, _ in expected.labels or ()]
        assert row["labels"] == "|".join(labels)
        assert [float(share) for share in row["probabilities"].split("|") if share] == pytest.approx(
            [share for _, share in expected.labels or ()], abs=1e-4
        )
        assert [row[f"label_{rank}"] for rank in (1, 2, 3)] == [name for name, _ in expected.classes]
        assert [each["label"] for each in found["labels"]] == labels
        assert [each["label"] for each in found["classes"]] == [name for name, _ in expected.classes]
        assert found["note"] is found["error"] is None
        assert "label" not in found
    assert (rows[-1]["labels"], objects[-1]["labels"], objects[-1]["classes"]) == ("", None, [])
    assert rows[-1]["error"] == objects[-1]["error"] != ""
    if processes == 1:
        typed = pyarrow.parquet.read_table(parquet).to_pylist()
        assert [row["labels"] for row in typed[:-1]] == [[name for name, _ in each.labels or ()] for each in alone]
        assert typed[-1]["labels"] is typed[-1]["probabilities"] is None


def test_one_class_asked_for_adds_no_other_columns(classifier: Classifier, source: Path, tmp_path: Path) -> None:
    answer_file(classifier, Bulk(source, tmp_path / "answers.tsv"))
    head = (tmp_path / "answers.tsv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert head.split("\t") == ["id", "text", "labels", "probabilities", "note", "error"]


@pytest.mark.parametrize(("names", "mark"), [
    (["数字", "猫狗", "山水"], "|"), (["a|b", "c", "d"], ";"), (["a|b", "c;d", "e,f/g"], ""), (["a｜b", "c;d", "e"], ","),
])  # fmt: skip
def test_what_is_written_is_read_back(classifier: Classifier, tmp_path: Path, names: list[str], mark: str) -> None:
    classifier.class_names[:] = names
    joining = Joining.of(classifier)
    assert joining == Joining(mark)
    texts = TEXTS + [text for text, _ in small_label_rows(60, 6)]
    (tmp_path / "answers.csv").write_bytes(answers_as("csv", answer(classifier, texts, top_k=1), texts, joining))
    config = DataConfig(multi_label=True, text_column=("text",), label_column="labels")
    rows = read_rows(tmp_path / "answers.csv", config, class_names=names)
    assert rows.label_sets is not None
    expected = [{name for name, _ in found.labels or ()} for found in predict(classifier, texts, top_k=1)]
    assert list(map(set, rows.label_sets)) == expected


def test_the_least_sure_label_puts_a_row_aside(classifier: Classifier, source: Path, tmp_path: Path) -> None:
    below = Below(0.8, tmp_path / "unsure.csv")
    done = answer_file(classifier, Bulk(source, tmp_path / "answers.csv", below=below))
    assert classifier.thresholds is not None
    shares = classifier.predict_probabilities(TEXTS)
    unsure = [
        any((p if p >= t else 1 - p) < 0.8 for p, t in zip(row, classifier.thresholds, strict=True)) for row in shares
    ]
    expected = [str(at) for at, is_unsure in enumerate(unsure) if is_unsure]
    aside = csv_of(tmp_path / "unsure.csv")
    assert 0 < done.aside == len(expected) < len(TEXTS)
    assert [row["id"] for row in aside] == expected
    every = {row["id"]: row["labels"] for row in csv_of(tmp_path / "answers.csv")}
    assert all(row["labels"] == every[row["id"]] for row in aside)


def test_what_is_put_aside_is_a_data_set_of_its_own(classifier: Classifier, source: Path, tmp_path: Path) -> None:
    answer_file(classifier, Bulk(source, tmp_path / "answers.csv", below=Below(1.0, tmp_path / "unsure.csv")))
    rows = read_rows(tmp_path / "unsure.csv", DataConfig(multi_label=True))
    assert rows.label_sets is not None
    expected = [{name for name, _ in found.labels or ()} for found in predict(classifier, TEXTS, top_k=1)]
    assert list(map(set, rows.label_sets)) == expected


def test_json_lines_of_answers_are_read_back(classifier: Classifier, source: Path, tmp_path: Path) -> None:
    """Their labels are objects with a probability each; of a file with labels of its own, these are read."""
    answer_file(classifier, Bulk(source, tmp_path / "answers.jsonl", top_k=3))
    given = [tuple(name for name, _ in predict(classifier, [text], top_k=3)[0].labels or ()) for text in TEXTS]
    back = read_rows(tmp_path / "answers.jsonl", DataConfig(on_bad_row="skip"))
    assert back.label_sets == given
    own = [{"text": text, "labels": labels} for text, labels in small_label_rows(40, 5)]
    lines = "\n".join(json.dumps({**row, "labels": list(row["labels"])}, ensure_ascii=False) for row in own)
    (tmp_path / "own.jsonl").write_text(lines, encoding="utf-8")
    answer_file(classifier, Bulk(tmp_path / "own.jsonl", tmp_path / "both.jsonl", top_k=3))
    assert read_rows(tmp_path / "both.jsonl").label_sets == [tuple(row["labels"]) for row in own]

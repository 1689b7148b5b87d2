"""A model that gives several labels, served: answers, reasons, what the API tells about it, and what it errs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.commands import Result
from tests.factories import small_label_rows
from tests.serve.running import copied, running
from textrnn.report.spreadsheet import spreadsheet
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.serve import schemas
from textrnn.tasks.answers import predict

NAME = "多标签/FastText"
TEXTS = [text for text, _ in small_label_rows(30, 9)]


@pytest.fixture(scope="module")
def folder(label_training: tuple[Path, Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("several")
    copied(label_training[0] / "saved_dict" / NAME, found / NAME)
    return found


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with running(folder) as server:
        yield server.client


@pytest.fixture(scope="module")
def classifier(folder: Path) -> Classifier:
    return load_classifier(folder / NAME)


def test_answers_are_those_of_the_classifier(client: httpx.Client, classifier: Classifier) -> None:
    found = client.post("/v1/classify", json={"texts": TEXTS, "top_k": 2}).json()["answers"]
    for answer, expected in zip(found, predict(classifier, TEXTS, top_k=2), strict=True):
        assert [one["label"] for one in answer["labels"]] == [name for name, _ in expected.labels or ()]
        assert [one["label"] for one in answer["classes"]] == [name for name, _ in expected.classes]
        assert [one["probability"] for one in answer["classes"]] == pytest.approx(
            [p for _, p in expected.classes], abs=1e-5
        )
        assert "label" not in answer
        schemas.TextAnswer.model_validate(answer)
    assert any(not answer["labels"] for answer in found)
    assert any(len(answer["labels"]) > 1 for answer in found)


def test_each_label_that_is_given_is_explained(client: httpx.Client, classifier: Classifier) -> None:
    some = TEXTS[:8]
    for answer in client.post("/v1/classify", json={"texts": some, "explain": True}).json()["answers"]:
        given = [one["label"] for one in answer["labels"]]
        assert [one["label"] for one in answer["explanations"]] == (given or [answer["classes"][0]["label"]])
        for one in answer["explanations"]:
            assert one["against"] is None
            assert (one["probability"] >= one["threshold"]) == bool(given)
        schemas.TextAnswer.model_validate(answer)


def test_what_is_told_about_it(client: httpx.Client, classifier: Classifier) -> None:
    assert classifier.thresholds is not None
    (facts,) = client.get("/v1/models").json()["models"]
    assert facts["thresholds"] == classifier.thresholds.tolist()
    assert set(facts["test"]) == {"macro_f1", "micro_f1", "exact_match"}
    assert all(isinstance(figure, float) for figure in facts["test"].values())
    detail = client.get(f"/v1/models/{NAME}").json()
    assert set(detail["per_label"]) == set(classifier.class_names)
    assert {"missed_together", "labels"} < set(detail)
    assert "confusion_matrix" not in detail
    schemas.ModelDetail.model_validate(detail)


def test_texts_by_what_went_wrong(folder: Path, client: httpx.Client) -> None:
    columns = ("line", "text", "true", "predicted", "missed", "wrongly_given", "surest")
    rows = [
        ("3", "甲", "山水|猫狗", "猫狗", "山水", "", 0.9),
        ("5", "乙", "", "数字", "", "数字", 0.7),
        ("7", "丙", "山水", "数字", "山水", "数字", 0.8),
    ]
    (folder / NAME / "errors.csv").write_bytes(spreadsheet(columns, rows))

    def texts(**query: str) -> list[str]:
        found = client.get(f"/v1/models/{NAME}/errors", params=query).json()
        assert found["total"] == len(found["texts"])
        schemas.ErrorTexts.model_validate(found)
        return [row["text"] for row in found["texts"]]

    assert texts() == ["甲", "乙", "丙"]
    assert texts(true="山水") == ["甲", "丙"]
    assert texts(predicted="数字") == ["乙", "丙"]
    assert texts(true="山水", predicted="数字") == ["丙"]
    assert texts(true="猫狗") == []  # it was found
    first = client.get(f"/v1/models/{NAME}/errors").json()["texts"][0]
    assert first == {"text": "甲", "true": ["山水", "猫狗"], "predicted": ["猫狗"], "probability": 0.9}

"""Classifiers that give several labels, as ONNX: the same probabilities, and the thresholds beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from tests.export.test_examples import python as python
from tests.factories import small_label_rows
from textrnn import TextClassifier
from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.label_sets import LabelSets
from textrnn.export.documents import INT8_FILE
from textrnn.export.runtime import Session, padded
from textrnn.models.parts.layers import set_precision
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.answers import predict
from textrnn.tasks.classify import DatasetFacts, learn
from textrnn.tasks.export import export_classifier
from textrnn.tasks.settings import settle

TEXTS = [*(text for text, _ in small_label_rows(12, 9)), "", "zz", "鸟" * 700]


@pytest.fixture
def classifier(trained_label_classifier: Path, monkeypatch: pytest.MonkeyPatch) -> Classifier:
    monkeypatch.chdir(trained_label_classifier.parents[2])
    made = load_classifier(trained_label_classifier)
    set_precision(made.network, torch.float32)
    return made


def test_the_example_gives_the_labels(python: Any, classifier: Classifier, tmp_path: Path) -> None:
    folder = tmp_path / "onnx"
    export_classifier(classifier, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert classifier.thresholds is not None
    assert classifier.biases is not None
    assert (config["format_version"], config["thresholds"]) == (2, classifier.thresholds.tolist())
    assert config["calibration"] == {"temperature": classifier.temperature, "biases": classifier.biases.tolist()}
    code = f"import json, example; print(json.dumps(example.probabilities({TEXTS!r}).tolist()))"
    found = np.array(json.loads(python(folder, "-c", code)))
    np.testing.assert_allclose(found, classifier.predict_probabilities(TEXTS), atol=1e-5)
    lines = python(tmp_path, str(folder / "example.py"), *TEXTS[:12]).splitlines()
    for line, answer in zip(lines, predict(classifier, TEXTS[:12], top_k=1), strict=True):
        text, *labels = line.split("\t")
        assert text == answer.text
        assert [label.rpartition(" ")[0] for label in labels] == [name for name, _ in answer.labels or ()]


def test_eight_bits_are_measured_by_micro_f1(classifier: Classifier, tmp_path: Path) -> None:
    done = export_classifier(classifier, tmp_path / "onnx", int8=True)
    assert done.not_measured is None
    assert done.comparison is not None
    test = small_label_rows(40, 3)
    texts, truth = (
        [text for text, _ in test],
        [[name in labels for name in classifier.class_names] for _, labels in test],
    )
    given = classifier.predict_probabilities(texts) >= classifier.thresholds
    assert done.comparison.count == 40
    assert done.comparison.fp32.figure == pytest.approx(f1_score(truth, given, average="micro"))
    session = Session((tmp_path / "onnx" / INT8_FILE).read_bytes())
    logits = session.logits_of(classifier.encode(texts))
    rough = classifier.label_calibration.probabilities(logits) >= classifier.thresholds
    assert done.comparison.int8.figure == pytest.approx(f1_score(truth, rough, average="micro"))


def test_words_beside_characters(tmp_path: Path) -> None:
    train, dev, test = (small_label_rows(rows, seed) for rows, seed in ((200, 1), (40, 2), (40, 3)))
    names = sorted({name for _, labels in train for name in labels})
    splits = [
        Split(
            [text for text, _ in rows], [], label_sets=LabelSets.of([names.index(n) for n in each] for _, each in rows)
        )
        for rows in (train, dev, test)
    ]
    dataset = Dataset("words", names, *splits)
    made = learn(dataset, settle(Run("classify", "Linear", {}), None, DatasetFacts(dataset))).classifier
    assert made.settings.data.words
    assert made.thresholds is not None
    assert export_classifier(made, tmp_path / "onnx").difference < 1e-4


@pytest.mark.parametrize("model", ["Linear", "BiLSTM_Ngram"])
def test_words_with_spaces_are_read_with_their_characters(model: str, tmp_path: Path) -> None:
    words = {"rain": ("rain falls", "wet streets"), "sun": ("sun shines", "warm light"), "wind": ("wind blows", "gale")}
    rows = [(f"{a} and {b}", {x, y}) for x, ones in words.items() for a in ones for y in words for b in words[y]]
    texts = [text for text, _ in rows]
    small = {} if model == "Linear" else {"epochs": 1, "hidden_size": 4, "embedding_size": 4, "ngram_size": 4}
    TextClassifier(model=model, **small).fit(texts, [labels for _, labels in rows]).save(tmp_path / "kept")
    saved = load_classifier(tmp_path / "kept")
    set_precision(saved.network, torch.float32)
    export_classifier(saved, tmp_path / "onnx")
    session = Session((tmp_path / "onnx" / "model.onnx").read_bytes())
    _, found = session.run(padded(saved.encode(texts[:5]), np.arange(5)))
    np.testing.assert_allclose(found, saved.predict_probabilities(texts[:5]), atol=1e-5)

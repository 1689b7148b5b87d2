"""A linear model of several labels: solved alone, or mixed into a network in the share that dev finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.factories import several_labels_dataset
from textrnn.config import Run
from textrnn.corpus.label_sets import LabelSets
from textrnn.errors import ConfigError
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.classify import DatasetFacts, learn
from textrnn.tasks.settings import settle
from textrnn.training import linear, linear_beside
from textrnn.training.linear_beside import JudgeOfLabels, best_share


def test_the_share_is_that_of_the_better_one() -> None:
    generator = np.random.default_rng(0)
    truth = generator.random((400, 3)) < 0.3
    judge = JudgeOfLabels(LabelSets.of(np.flatnonzero(row).tolist() for row in truth), 3)
    good = (np.where(truth, 2.0, -2.0) + generator.normal(size=truth.shape)).astype(np.float32)
    noise = generator.normal(size=truth.shape).astype(np.float32)
    assert best_share(good, noise, judge) < 0.25
    assert best_share(noise, good, judge) > 0.75
    score, loss = judge.shown(good)
    assert score > judge.shown(noise)[0]
    assert loss < judge.shown(noise)[1]


def trained(model: str = "BiLSTM_Ngram", **named: object) -> Classifier:
    dataset = several_labels_dataset()
    small = {"epochs": 2, "hidden_size": 8, "embedding_size": 8, "threads": 1} if model != "Linear" else {}
    return learn(dataset, settle(Run("classify", model, {**small, **named}), None, DatasetFacts(dataset))).classifier


@pytest.mark.parametrize("mixed", [True, False])
def test_a_network_takes_it_in_and_is_kept_with_it(tmp_path: Path, mixed: bool) -> None:
    classifier = trained(linear=mixed)
    assert (float(classifier.network.share) > 0) == mixed  # type: ignore[arg-type]
    texts = several_labels_dataset().test.texts
    before = classifier.predict_probabilities(texts)
    classifier.save(tmp_path)
    np.testing.assert_allclose(load_classifier(tmp_path).predict_probabilities(texts), before, atol=1e-6)


def test_very_many_labels_are_not_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_beside, "MOST_LOGITS", 10)
    assert float(trained(epochs=1).network.share) == 0.0  # type: ignore[arg-type]


def test_the_linear_model_alone(tmp_path: Path) -> None:
    dataset = several_labels_dataset()
    learnt = learn(dataset, settle(Run("classify", "Linear", {}), None, DatasetFacts(dataset)))
    assert learnt.history.best["dev_macro_f1"] > 0.7
    learnt.classifier.save(tmp_path)
    np.testing.assert_array_equal(load_classifier(tmp_path).thresholds, learnt.classifier.thresholds)  # type: ignore[arg-type]


def test_more_weights_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "MOST_SOLVED", 10)
    with pytest.raises(ConfigError, match=r"`model` Linear: .* n-grams times 3 classes are too many weights; expected"):
        trained("Linear")

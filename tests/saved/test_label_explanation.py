"""Why a text is given its labels, or not: contributions to the logit of each, against the network itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.factories import small_label_rows
from textrnn.report.explanation import explanations_page, terminal_lines
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.explanation import explain, explain_labels
from textrnn.tasks.answers import predict
from textrnn.tasks.explanations import explain_answers
from textrnn.training.events import Listener

TEXTS = [*(text for text, _ in small_label_rows(14, 9)), ""]


@pytest.fixture
def classifier(trained_label_classifier: Path, monkeypatch: pytest.MonkeyPatch) -> Classifier:
    monkeypatch.chdir(trained_label_classifier.parents[2])
    return load_classifier(trained_label_classifier)


def test_the_logit_of_each_label_is_explained(classifier: Classifier) -> None:
    shares, names = classifier.predict_probabilities(TEXTS), classifier.class_names
    calibration = classifier.label_calibration
    for text, row, found, answer in zip(
        TEXTS, shares, explain_labels(classifier, TEXTS), predict(classifier, TEXTS, top_k=1), strict=True
    ):
        given = [name for name, _ in answer.labels or ()]
        assert [each.label for each in found] == (given or [answer.classes[0][0]])
        for told in found:
            at = names.index(told.label)
            assert (told.text, told.against) == (text, None)
            assert told.probability == pytest.approx(row[at], abs=1e-6)
            logit = (np.log(row[at] / (1 - row[at])) - calibration.biases[at]) * calibration.temperature
            assert told.logit_difference == pytest.approx(logit, abs=1e-3)
            added = sum(each.contribution for each in told.tokens)
            assert added == pytest.approx(told.logit_difference - told.baseline, abs=1e-4)
            assert told.logit_threshold is not None
            assert (told.logit_difference >= told.logit_threshold) == told.is_given == bool(given)


def test_two_labels_can_be_compared(classifier: Classifier) -> None:
    (alone,) = explain(classifier, TEXTS[:1], label="山水")
    (other,) = explain(classifier, TEXTS[:1], label="数字")
    (both,) = explain(classifier, TEXTS[:1], label="山水", against="数字")
    assert (alone.label, alone.against, both.against, both.threshold) == ("山水", None, "数字", None)
    assert both.logit_difference == pytest.approx(alone.logit_difference - other.logit_difference, abs=1e-5)


def test_reasons_are_shown_for_each_label(classifier: Classifier) -> None:
    found = explain_answers(classifier, TEXTS, Listener(), top_k=3, nearest=2)
    for each in found:
        lines = list(terminal_lines(each, width=80))
        asked = [line for line in lines if line.startswith("  why ")]
        if each.labels:
            assert [line.split()[1] for line in asked] == [name for name, _ in each.labels]
            assert all(" is given, 0." in line for line in asked)
        else:
            assert len(asked) == 1
            assert " is not given, 0." in asked[0]
            assert lines[1].startswith("  no label  (next: ")
        assert sum("; given from " in line for line in lines) == len(asked)
        document = each.to_dict()
        assert len(document["explanations"]) == len(asked)
        assert {"labels", "classes", "nearest", "note", "text"} < set(document)
    of_rows = dict(small_label_rows(150, 1))
    for near in found[0].nearest:
        assert near.label == ", ".join(sorted(of_rows[near.text]))
    page = explanations_page(found, model="FastText", data="多标签")
    assert page.count("<article>") == len(TEXTS)
    assert page.count("<h3>") == sum(len(each.every) for each in found)
    assert "None" not in page

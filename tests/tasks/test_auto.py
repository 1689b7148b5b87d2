"""``--model auto`` and ``--model Linear`` through the doors of the command line and of Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.commands import SMALL, Result
from tests.factories import small_rows
from textrnn.estimators.text_classifier import TextClassifier
from textrnn.saved.classifier import load_classifier


def test_auto_is_trained_kept_and_asked(run: Callable[..., Result], small_dataset: Path) -> None:
    first = run("--dataset", small_dataset, "--model", "auto", "--epochs", "2", *SMALL)
    assert first.status == 0, first.err
    folder = Path("saved_dict") / small_dataset.name / "auto"
    kept = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert kept["model"] in ("BiLSTM_Ngram", "Linear")
    assert "on dev: the network alone 0." in first.out
    assert " --model auto --dataset " in first.out
    asked = run("--dataset", small_dataset, "--model", "auto", "--predict", "猫狗鸟")
    assert asked.status == 0, asked.err
    shares = load_classifier(folder).predict_probabilities(["猫狗鸟"])[0]
    assert f"{shares.max():.4f}" in asked.out
    again = run("--dataset", small_dataset, "--model", "auto", "--epochs", "2", "--resume", *SMALL)
    assert again.status == 0, again.err
    assert "finished" in again.out


def test_a_linear_model_of_python() -> None:
    (texts, labels), (others, truth) = (zip(*small_rows(rows, rows), strict=True) for rows in (120, 40))
    made = TextClassifier(model="Linear").fit(list(texts), list(labels))
    assert made.score(list(others), list(truth)) > 0.9
    np.testing.assert_allclose(made.predict_proba(list(others)).sum(axis=1), 1.0)
    with pytest.raises(ValueError, match="partial_fit"):
        made.partial_fit(list(texts), list(labels))

"""Explanations over HTTP are those of the library."""

from __future__ import annotations

import httpx
import pytest

from textrnn.saved.classifier import Classifier
from textrnn.saved.explanation import explain


def test_explained_answers(client: httpx.Client, classifier: Classifier) -> None:
    texts = ["猫的狗", "", "山水"]
    answers = client.post("/v1/classify", json={"texts": texts, "explain": True}).json()["answers"]
    for answer, expected in zip(answers, explain(classifier, texts), strict=True):
        found, wanted = answer["explanation"], expected.to_dict()
        assert answer["text"] == found["text"]
        assert set(found) == set(wanted)
        assert [token["token"] for token in found["tokens"]] == [token["token"] for token in wanted["tokens"]]
        total = sum(token["contribution"] for token in found["tokens"])
        assert total == pytest.approx(found["logit_difference"] - found["baseline"], abs=1e-4)

"""The nearest training texts, against scikit-learn's cosine."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from tests.factories import small_rows
from tests.saved.test_classifier import classifier
from textrnn.models.registry import all_models
from textrnn.saved import neighbours
from textrnn.saved.classifier import Classifier
from textrnn.saved.neighbours import Neighbour, Neighbours

TEXTS, LABELS = zip(*small_rows(40), strict=True)
ASKED = ["猫狗的了", "涨", "股市abc", ""]


def features(model: Classifier, texts: list[str]) -> np.ndarray:
    rows = [torch.from_numpy(model.encode([text]).token_ids).long()[None] for text in texts]
    with torch.inference_mode():
        found = [model.network.eval().text_features(row, torch.tensor([row.shape[1]])) for row in rows]
    return torch.cat(found).numpy()


@pytest.mark.parametrize("name", all_models())
def test_scikit_learn_finds_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "CHUNK_ROWS", 7)
    monkeypatch.setattr(neighbours, "CHUNK_TEXTS", 3)
    model = classifier(name)
    texts = ["股市", "大涨", "abc", "a股", "市", "涨停 b", "c", "股市大涨abc"] * 3
    search = Neighbours.of(model, texts, ["x"] * len(texts))
    expected = cosine_similarity(features(model, ASKED), features(model, texts))
    for row, found in zip(expected, search.nearest(ASKED, 5), strict=True):
        assert [each.similarity for each in found] == pytest.approx(sorted(row, reverse=True)[:5], abs=2e-3)
        for each in found:
            assert each.similarity == pytest.approx(row[texts.index(each.text)], abs=2e-3)


def test_a_training_text_is_nearest_to_itself() -> None:
    model = classifier()
    texts = ["股市大涨", "abc", "涨"]
    search = Neighbours.of(model, texts, ["甲", "乙", "丙"], "train.txt:{}".format)
    found = search.nearest(texts, 1)
    assert [[(each.text, each.label, each.where) for each in of_text] for of_text in found] == [
        [("股市大涨", "甲", "train.txt:0")], [("abc", "乙", "train.txt:1")], [("涨", "丙", "train.txt:2")]
    ]  # fmt: skip
    assert all(0.999 < each.similarity <= 1 for (each,) in found)


def test_as_many_as_there_are() -> None:
    search = Neighbours.of(classifier(), ["股", "市"], ["甲", "乙"])
    assert [len(found) for found in search.nearest(["股", "x"], 9)] == [2, 2]
    assert search.nearest(["股", "x"], 0) == [[], []]
    assert search.nearest([], 3) == []
    assert Neighbours.of(classifier(), [], []).nearest(["股"], 3) == [[]]
    assert isinstance(search.nearest(["股"], 1)[0][0], Neighbour)

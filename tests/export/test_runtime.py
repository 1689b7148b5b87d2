"""Exported models on many texts: their order, their lengths and their pieces change no answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.export.test_documents import NETWORK
from tests.factories import DEV, RAW_MODEL, VOCABULARY, small_rows
from textrnn.export.graph import Graph, classifier_graph, language_model_graph
from textrnn.export.measure import Unlearnt, compare
from textrnn.export.quantised import quantised
from textrnn.export.runtime import Session, initial_state, pieces
from textrnn.training.objectives.classification import predict_logits


@pytest.fixture(scope="module")
def graph() -> Graph:
    return classifier_graph(NETWORK, "LSTM")


def test_texts_of_all_lengths_stay_in_their_order(graph: Graph) -> None:
    texts = [text * (1 + index % 5) for index, (text, _) in enumerate(small_rows(150, 2))]
    encoded = VOCABULARY.encode(texts)
    found = Session(graph.content).logits_of(encoded)
    for row in (0, 1, 77, 149):
        (alone,) = Session(graph.content).logits_of(VOCABULARY.encode([texts[row]]))
        np.testing.assert_allclose(found[row], alone, atol=1e-5)
    np.testing.assert_allclose(Session(graph.content).logits_of(encoded.first(9)), found[:9], atol=1e-5)


def test_the_logits_are_those_of_our_own_inference(graph: Graph) -> None:
    found = Session(graph.content).logits_of(VOCABULARY.encode([text for text, _ in small_rows(33, 2)]))
    with torch.no_grad():
        np.testing.assert_allclose(found, predict_logits(NETWORK.eval(), DEV).numpy(), atol=1e-4)


def test_a_text_is_scored_as_by_the_model() -> None:
    graph = language_model_graph(RAW_MODEL.model, "LSTM")
    text = "what time is it, he asked. " * 30  # more than one piece
    expected = RAW_MODEL.score(text).losses
    token_ids = RAW_MODEL.encode(text)[: len(expected)].numpy()
    found = Session(graph.content).losses_of(token_ids, RAW_MODEL.start_id, graph.inputs[1:])
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert len(list(pieces(token_ids))) == 2
    assert len(Session(graph.content).losses_of(token_ids[:0], RAW_MODEL.start_id, graph.inputs[1:])) == 0
    assert [part.shape for part in initial_state(graph.inputs[1:], 3)] == [(3, 16), (3, 16), (3, 4)]


def test_both_graphs_are_judged_by_the_same_texts(graph: Graph) -> None:
    encoded = VOCABULARY.encode([text for text, _ in small_rows(40, 2)])
    asked: list[int] = []

    def answer(session: Session, most: int) -> np.ndarray:
        asked.append(most)
        return session.logits_of(encoded.first(most))

    found = compare(Session(graph.content), Session(quantised(graph.content)), Unlearnt(40, answer, len))
    assert (found.count, found.fp32.figure, found.int8.figure) == (40, 40, 40)
    assert min(found.fp32.speed, found.int8.speed) > 0
    assert set(asked) == {40}

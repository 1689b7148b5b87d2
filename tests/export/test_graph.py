"""Every registered model as an ONNX graph: the same answers, whatever the number of texts and their lengths."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor

from tests.models.classifiers import test_contract
from tests.models.classifiers.test_contract import VOCABULARY
from tests.models.language import test_language_models
from textrnn.evaluation.calibration import softmax, without_smoothing
from textrnn.export.graph import Graph, classifier_graph, language_model_graph
from textrnn.export.quantised import quantised, rounded_rows
from textrnn.export.runtime import Session, initial_state, named
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.language.base import LanguageModelNetwork
from textrnn.models.language.mixture import NgramMixture
from textrnn.models.language.ngram import NgramModel
from textrnn.models.registry import ModelEntry, all_models

SHAPES = {
    "one token": [1],
    "a long text": [600],
    "64 texts": [1 + 7 * row % 37 for row in range(64)],
    "ragged": [600, 1, 2, 37, 3, 513],
    "shorter than an n-gram": [2, 1],
}
LANGUAGE_MODELS = {**all_models("lm"), "one-hot": None, "tied": None, "mixture": None}


def texts(lengths: list[int], *, lowest: int = 1, vocabulary: int = VOCABULARY) -> tuple[Tensor, Tensor]:
    drawn = torch.randint(lowest, vocabulary, (len(lengths), max(lengths)), generator=torch.Generator().manual_seed(3))
    counts = torch.tensor(lengths)
    return drawn * (torch.arange(max(lengths)) < counts[:, None]), counts


def compare(session: Session, network: ClassifierNetwork, token_ids: Tensor, lengths: Tensor) -> None:
    with torch.no_grad():
        expected = network(token_ids, lengths)
    logits, _ = session.run({"token_ids": token_ids.numpy(), "lengths": lengths.numpy()})
    assert logits.dtype == np.float32
    scale = max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(torch.from_numpy(logits), expected, atol=1e-4 * scale, rtol=0)


def answering(name: str) -> LanguageModelNetwork:
    entries, size = all_models("lm"), test_language_models.VOCABULARY
    ngram = NgramModel.count(texts([900], vocabulary=9)[0][0].numpy(), size, 3)
    built = test_language_models.build
    if name == "one-hot":
        return built(entries["LSTM"], embedding_size=0).eval()
    if name == "tied":
        return built(entries["GRU"], tied=True).eval()
    if name == "mixture":
        return NgramMixture(built(entries["lstm-scratch"]).eval(), ngram, (0.6, 0.3))
    return built(entries[name], num_layers=2).eval()


@test_contract.every_model
def test_a_classifier_answers_as_the_network_does(entry: ModelEntry) -> None:
    network = test_contract.build(entry, num_layers=2, bidirectional=True).eval()
    graph = classifier_graph(network, entry.name)
    session = Session(graph.content, threads=1)
    for lengths in SHAPES.values():
        compare(session, network, *texts(lengths))
    compare(session, network, torch.ones(2, 5, dtype=torch.long), torch.tensor([5, 1]))  # tokens that are not known
    in_8_bits, (token_ids, lengths_) = Session(quantised(graph.content), threads=1), texts([30, 7])
    rounded = in_8_bits.run({"token_ids": token_ids.numpy(), "lengths": lengths_.numpy()})[0]
    exact = network(token_ids, lengths_).detach().numpy()
    assert np.abs(rounded - exact).max() < 0.1 * np.abs(exact).max()


@pytest.mark.parametrize("pooling", ["max", "mean", "last"])
def test_every_pooling(pooling: str) -> None:
    network = test_contract.build(all_models()["LSTM"], pooling=pooling, bidirectional=True).eval()
    session = Session(classifier_graph(network, "LSTM").content, threads=1)
    compare(session, network, *texts([37, 1, 4]))


def test_long_ngrams_of_short_texts() -> None:
    """Where a text is much shorter than the longest n-gram, no slice of it may wrap round."""
    network = test_contract.build(all_models()["BiLSTM_Ngram"], longest_ngram=8).eval()
    session = Session(classifier_graph(network, "BiLSTM_Ngram").content, threads=1)
    for length in range(1, 10):
        compare(session, network, *texts([length]))


def test_only_the_head_of_a_text_is_read_by_the_lstm() -> None:
    network = test_contract.build(all_models()["BiLSTM_Ngram"], max_steps=5).eval()
    session = Session(classifier_graph(network, "BiLSTM_Ngram").content, threads=1)
    compare(session, network, *texts([40, 3]))


@pytest.mark.parametrize("name", ["LSTM", "TextRCNN", "BiLSTM_Ngram"])
@pytest.mark.parametrize("pooling", ["attention", "votes"])
def test_windows_of_texts_of_every_length(name: str, pooling: str) -> None:
    network = test_contract.build(
        all_models()[name], window=16, max_windows=4, normalise_windows=True, window_pooling=pooling
    ).eval()
    if pooling == "attention":
        torch.nn.init.normal_(network.window_attention.weight)  # type: ignore[union-attr, arg-type]
    else:
        torch.nn.init.normal_(network.window_votes.classes.weight)  # type: ignore[union-attr, arg-type]
    session = Session(classifier_graph(network, name).content, threads=1)
    for lengths in ([1], [15], [16], [17], [33], [3000], [15, 16, 17, 31, 32, 33], [700, 1, 2, 37]):
        compare(session, network, *texts(lengths))


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_a_language_model_answers_as_the_network_does(name: str) -> None:
    model = answering(name)
    graph = language_model_graph(model, name)
    session, states = Session(graph.content, threads=1), graph.inputs[1:]
    for rows, steps in ((1, 1), (1, 600), (64, 37), (3, 2)):
        token_ids = texts([steps] * rows, vocabulary=test_language_models.VOCABULARY)[0]
        state, after = None, initial_state(states, rows)
        for _ in range(2):  # the second time, it goes on
            with torch.no_grad():
                expected, state = model(token_ids, state)
            logits, *after = session.run({"token_ids": token_ids.numpy(), **named(states, after)})
            torch.testing.assert_close(torch.from_numpy(logits), expected, atol=1e-4, rtol=0)
            for part, own in zip(after, state, strict=True):
                torch.testing.assert_close(torch.from_numpy(part), own, atol=1e-4, rtol=0)


def test_the_ports_say_what_the_graph_has() -> None:
    network = test_contract.build(all_models()["LSTM"]).eval()
    model = answering("mixture")
    for graph in (classifier_graph(network, "LSTM"), language_model_graph(model, "LSTM")):
        loaded = onnx.load_from_string(graph.content)
        for ports, values in ((graph.inputs, loaded.graph.input), (graph.outputs, loaded.graph.output)):
            assert [(port.name, port.type, port.shape) for port in ports] == [shown(value) for value in values]
    assert [port.initial for port in graph.inputs] == [None, 0.0, 0.0, test_language_models.VOCABULARY]
    assert [port.follows for port in graph.outputs] == [None, "state_0", "state_1", "state_2"]


def shown(value: onnx.ValueInfoProto) -> tuple[str, str, tuple[int | str, ...]]:
    tensor = value.type.tensor_type
    kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    return value.name, kind, tuple(axis.dim_param or axis.dim_value for axis in tensor.shape.dim)


@pytest.mark.parametrize(("temperature", "smoothing"), [(None, 0.1), (0.4, 0.1), (2.5, 0.0)])
def test_probabilities_are_calibrated(temperature: float | None, smoothing: float) -> None:
    network = test_contract.build(all_models()["LSTM"]).eval()
    network.classifier.weight.data *= 30  # so that some are near 0
    graph = classifier_graph(network, "LSTM", temperature=temperature, label_smoothing=smoothing)
    token_ids, lengths = texts([9, 3, 5, 30])
    logits, found = Session(graph.content).run({"token_ids": token_ids.numpy(), "lengths": lengths.numpy()})
    expected = softmax(logits) if temperature is None else softmax(without_smoothing(logits, smoothing), temperature)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_network_stays_as_it_was() -> None:
    network = test_contract.build(all_models()["FastText"])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    classifier_graph(network, "FastText")
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_rows_are_rounded_each_with_its_own_scale() -> None:
    values = np.array([[1.0, -0.5, 0.0], [1000.0, 3.0, -1000.0], [0.0, 0.0, 0.0]], dtype=np.float32)
    whole, scales = rounded_rows(values)
    assert whole.tolist() == [[127, -64, 0], [127, 0, -127], [0, 0, 0]]
    np.testing.assert_allclose(whole * scales, values, atol=(np.abs(values).max(axis=1) / 254).max())


def test_8_bits_are_a_quarter_of_the_size() -> None:
    model = test_language_models.build(all_models("lm")["GRU"], hidden_size=64, embedding_size=64).eval()
    graph: Graph = language_model_graph(model, "GRU")
    assert len(quantised(graph.content)) < 0.4 * len(graph.content)

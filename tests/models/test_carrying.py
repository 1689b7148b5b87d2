"""Weights of language models in classifiers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.factories import VOCABULARY, new_classifier
from textrnn.models.carrying import carry_layers, carry_vectors, cell_of, encoder_of
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.parts.layers import RecurrentEncoder
from textrnn.models.registry import all_models, find_model

CELLS = {nn.LSTM: "LSTM", nn.GRU: "GRU", nn.RNN: "RNN"}
RECURRENT = [name for name, entry in all_models().items() if entry.cell is not None]


def new_language_model(name: str, num_layers: int = 1, tokens: int = 20) -> RecurrentLanguageModel:
    """As small as the classifiers of the tests."""
    torch.manual_seed(7)
    entry = find_model(name, "lm")
    config = entry.config_class(
        embedding_size=8, hidden_size=12, num_layers=num_layers, dropout=0.0, embedding_dropout=0.0
    )
    model: RecurrentLanguageModel = entry.build(config, vocabulary_size=tokens).eval()
    return model


def states_of(model: RecurrentLanguageModel, ids: Tensor) -> Tensor:
    """(B, T) -> (B, T, H), token by token: what it hands on is its hidden state."""
    state, found = None, []
    for step in range(ids.shape[1]):
        _, state = model(ids[:, step : step + 1], state)
        found.append(state[-2] if cell_of(model) == "LSTM" else state[-1])  # of the top layer
    return torch.stack(found, dim=1)


@pytest.mark.parametrize("name", all_models())
def test_a_model_says_what_its_encoder_is_made_of(name: str) -> None:
    encoders = [module for module in new_classifier(name=name).modules() if isinstance(module, RecurrentEncoder)]
    cells = {CELLS[type(layer)] for encoder in encoders for layer in encoder.modules() if type(layer) in CELLS}
    assert cells == ({all_models()[name].cell} - {None})


@pytest.mark.parametrize("written_as", ["{}", "{}-scratch"])
@pytest.mark.parametrize(("name", "layers"), [(name, layers) for name in RECURRENT for layers in (1, 2)])
@torch.no_grad()
def test_the_forward_direction_has_the_states_of_the_language_model(name: str, layers: int, written_as: str) -> None:
    classifier = new_classifier(name=name, num_layers=layers).eval()
    model = new_language_model(written_as.format(all_models()[name].cell), layers)
    rows = torch.arange(len(VOCABULARY)) % 18 + 2
    carry_vectors(classifier, model, rows)
    carry_layers(classifier, model)
    ids = torch.randint(2, len(VOCABULARY), (3, 9), generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([9, 9, 4])
    states = encoder_of(classifier)(classifier.embedding(ids), lengths)[:, :, :12]
    wanted = states_of(model, rows[ids])
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(states[row, :length], wanted[row, :length], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_only_known_tokens_and_layers_that_are_there_are_carried() -> None:
    classifier, before = new_classifier(num_layers=3), new_classifier(num_layers=3)
    model = new_language_model("LSTM", 2)
    rows = torch.full((len(VOCABULARY),), -1)
    rows[5], rows[7] = 11, 3
    carry_vectors(classifier, model, rows)
    carry_layers(classifier, model)
    assert model.embedding is not None
    table, drawn = classifier.embedding.table.weight, before.embedding.table.weight
    assert torch.equal(table[[5, 7]], model.embedding.weight[[11, 3]])
    others = [row for row in range(len(VOCABULARY)) if row not in (5, 7)]
    assert torch.equal(table[others], drawn[others])
    for depth, layer in enumerate(model.layers):
        for name, weights in layer.named_parameters():
            assert torch.equal(weights, _layer(classifier, depth)[f"{name}_l0"])
    assert all(torch.equal(of, _layer(before, 2)[name]) for name, of in _layer(classifier, 2).items())


def _layer(network: ClassifierNetwork, depth: int) -> dict[str, Tensor]:
    directions = encoder_of(network).layers[depth]
    assert isinstance(directions, nn.ModuleList)
    return dict(directions[0].named_parameters())

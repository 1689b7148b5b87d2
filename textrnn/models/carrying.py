"""The weights of language models as the first ones of a recurrent classifier.

Shapes: V vocabulary of the classifier, G gates (4 LSTM, 3 GRU, 1 RNN), E embedding, H hidden.

Source: Dai & Le 2015; Howard & Ruder 2018.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.parts.layers import RecurrentEncoder
from textrnn.models.parts.recurrent_layers import RecurrentLayer

CELLS = {4: "LSTM", 3: "GRU", 1: "RNN"}  # by the number of gates


def cell_of(model: RecurrentLanguageModel) -> str:
    """What a language model is made of, fused or written out: RNN, LSTM or GRU."""
    return CELLS[model.layer_type.gate_count]


def encoder_of(network: ClassifierNetwork) -> RecurrentEncoder:
    """The recurrent layers of a classifier that has some (those whose file says ``CELL``)."""
    encoder = network.encoder
    assert isinstance(encoder, RecurrentEncoder)
    return encoder


@torch.no_grad()
def carry_vectors(network: ClassifierNetwork, model: RecurrentLanguageModel, rows: Tensor) -> None:
    """The character vectors become token vectors.

    Args:
        rows: int64, (V,): where the language model has each token; -1 where it has not, which leaves the vector as it
            is.
    """
    assert model.embedding is not None, "one-hot input has no vectors"
    table, known = network.embedding.table.weight, rows >= 0
    table[known.to(table.device)] = model.embedding.weight[rows[known]].to(table.device)


@torch.no_grad()
def carry_layers(network: ClassifierNetwork, model: RecurrentLanguageModel) -> None:
    """The recurrent layers become those of the forward direction, from the lowest on; layers above them stay as they
    are.

    What a layer takes from the other direction of the layer below is nothing at first, so that the states of this
    direction are those of the language model.
    """
    encoder = encoder_of(network)
    encoder.separate_directions()
    for directions, layer in zip(encoder.layers, model.layers, strict=False):
        assert isinstance(directions, nn.ModuleList)
        own = directions[0]
        assert isinstance(own, nn.RNNBase)
        assert isinstance(layer, RecurrentLayer)
        for name in ("weight_hh", "bias_ih", "bias_hh"):
            getattr(own, f"{name}_l0").copy_(getattr(layer, name))
        own.weight_ih_l0[:, : layer.weight_ih.shape[1]] = layer.weight_ih  # type: ignore[operator]

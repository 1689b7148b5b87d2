"""Networks made ready to be traced: what a trace would freeze, or could not see, is put into a form that it can follow.

A model is traced as it is, operation by operation, so a new one needs nothing here. Here stand those parts of models
that have loops whose length depends on the text, or that keep their weights where torch's exporter does not look.

Shapes: B batch, T time, F filters, N positions, V vocabulary, K order of the n-gram.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from types import MethodType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from textrnn.evaluation.calibration import SMALLEST_PROBABILITY
from textrnn.evaluation.label_scores import LabelCalibration
from textrnn.export.operations import row_of_each, searchsorted
from textrnn.export.packages import quiet
from textrnn.models.classifiers import dpcnn
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.language.base import LanguageModelNetwork, State
from textrnn.models.language.mixture import NgramNetwork
from textrnn.models.language.ngram import NgramModel
from textrnn.models.parts.cells import WrittenGRU, WrittenLSTM, WrittenRNN
from textrnn.models.parts.layers import set_precision, valid_mask
from textrnn.models.parts.ngram_bag import SparseTable
from textrnn.models.parts.recurrent_layers import FusedGRU, FusedLSTM, FusedRNN

Network = TypeVar("Network", bound=nn.Module)
# Steps written out, and PyTorch's layer of the same weights, for which ONNX has an operation.
FUSED: dict[type[nn.Module], Any] = {WrittenLSTM: FusedLSTM, WrittenGRU: FusedGRU, WrittenRNN: FusedRNN}


def plain(network: Network) -> Network:
    """A copy of a network on the CPU and in fp32."""
    found = copy.deepcopy(network).to("cpu", torch.float32).eval().requires_grad_(False)
    set_precision(found, torch.float32)
    for module in found.modules():
        if isinstance(module, NgramNetwork):  # its tensors are no buffers
            module.ngram = module.ngram.to("cpu")
    return found


def traceable(network: Network) -> Network:
    """The same, to be traced."""
    found = plain(network)
    for module in list(found.modules()):
        prepare = PREPARED.get(type(module))  # what is derived from one of them may do something else
        if prepare is not None:
            prepare(module)
    return found


def _name_the_table(table: SparseTable) -> None:
    """The whole table under its own name, not its rows in use: weights are known by their names."""
    own: Any = table
    own._save_to_state_dict = MethodType(nn.Module._save_to_state_dict, table)


def _fuse(layer: nn.Module) -> None:
    fused: Any = FUSED[type(layer)]
    own: Any = layer
    own.forward = MethodType(fused.forward, layer)
    if isinstance(layer, WrittenGRU | WrittenRNN):
        own.run = fused.run


def _loop_over_levels(model: dpcnn.Model) -> None:
    """The pyramid's loop ends where the longest text is one step long: a loop of the graph, too."""
    with quiet():
        levels: Callable[..., Tensor] = torch.jit.script(_levels)

    def text_features(token_ids: Tensor, lengths: Tensor) -> Tensor:
        mask = valid_mask(lengths, token_ids.shape[1])
        states = dpcnn._block(model.region(model.embedding(token_ids), mask), mask, model.first)
        return levels(states, lengths, *(weight for each in model.repeated for weight in each.parameters()))

    own: Any = model
    own.text_features = text_features


def _levels(states: Tensor, lengths: Tensor, w_1: Tensor, b_1: Tensor, w_2: Tensor, b_2: Tensor) -> Tensor:
    """(B, T, F), (B,), two convolutions of three steps -> (B, F): all levels above the first; see :mod:`dpcnn`."""
    features = states[:, 0]
    while bool((lengths > 1).any()):
        unfinished = (lengths > 1).unsqueeze(1)
        steps = states.shape[1]
        mask = (torch.arange(steps) < lengths.unsqueeze(1)).unsqueeze(2)
        lowest = torch.full_like(states[:, :1], -3.4028234663852886e38)
        masked = torch.cat([torch.where(mask, states, lowest), lowest, lowest], dim=1)
        halved = (steps + 1) // 2
        states = torch.maximum(
            torch.maximum(masked[:, 0 : 2 * halved : 2], masked[:, 1 : 2 * halved : 2]),
            masked[:, 2 : 2 * halved + 1 : 2],
        )
        lengths = (lengths + 1) // 2
        within = (torch.arange(halved) < lengths.unsqueeze(1)).unsqueeze(2).to(states.dtype)
        nothing = torch.zeros_like(states[:, :1])
        change = torch.relu(states) * within
        padded = torch.cat([nothing, change, nothing], dim=1)
        windows = torch.cat([padded[:, :halved], padded[:, 1 : halved + 1], padded[:, 2 : halved + 2]], dim=2)
        change = torch.relu(torch.matmul(windows, w_1.t()) + b_1) * within
        padded = torch.cat([nothing, change, nothing], dim=1)
        windows = torch.cat([padded[:, :halved], padded[:, 1 : halved + 1], padded[:, 2 : halved + 2]], dim=2)
        states = states + torch.matmul(windows, w_2.t()) + b_2
        features = torch.where(unfinished, states[:, 0], features)
    return features


def _look_up_densely(network: NgramNetwork) -> None:
    own: Any = network
    own.forward = partial(_ngram_forward, network.ngram)


def _ngram_forward(ngram: NgramModel, token_ids: Tensor, state: State) -> tuple[Tensor, State]:
    """(B, T), the last K tokens -> (B, T, V) log-probabilities, as :meth:`NgramNetwork.forward`."""
    order, size, steps = ngram.order, ngram.vocabulary_size, token_ids.shape[1]
    read = torch.cat([state[0], token_ids], dim=1)
    contexts = torch.stack([read[:, 1 + back : 1 + back + steps] for back in range(order)], dim=2)  # (B, T, K)
    found = _ngram_probabilities(ngram, contexts.reshape(-1, order))
    return found.view(token_ids.shape[0], steps, size).log(), (read[:, steps:],)


def _ngram_probabilities(ngram: NgramModel, contexts: Tensor) -> Tensor:
    """(N, K) -> (N, V), as :meth:`NgramModel.probabilities`: of a context that is not known, nothing is added."""
    size = ngram.vocabulary_size
    zeros = contexts[:, 0] * 0  # (N,)
    result = (zeros[:, None] + torch.full((1, size), 1.0 / size)).flatten()  # (N * V,), of no context at all
    places = (zeros + 1).cumsum(0) - 1
    node, known = zeros, zeros == 0
    for k, level in enumerate(ngram.levels):
        keys, starts, tokens = level["keys"], level["starts"].int(), level["tokens"].int()
        if k:
            key = node * (size + 1) + contexts[:, ngram.order - k]
            node = searchsorted(keys, key).clamp(max=keys.shape[0] - 1)
            known = known & (keys[node] == key)
        start = starts[node].long()
        count = torch.where(known, starts[node + 1].long() - start, 0)
        left = torch.where(known, level["backoff"][node], 1.0)
        row = row_of_each(count)
        entry = (count.new_zeros(row.shape) + 1).cumsum(0) - 1 + (start - (count.cumsum(0) - count))[row]
        column = tokens[entry].long()
        kept = (result.view(-1, size) * left[:, None]).flatten()
        result = kept.scatter_add(0, places[row] * size + column, level["shares"][entry])
    return result.view(-1, size)


PREPARED: dict[Any, Callable[[Any], None]] = {
    SparseTable: _name_the_table,
    WrittenLSTM: _fuse,
    WrittenGRU: _fuse,
    WrittenRNN: _fuse,
    dpcnn.Model: _loop_over_levels,
    NgramNetwork: _look_up_densely,
}


class WithProbabilities(nn.Module):
    """A classifier that gives calibrated probabilities beside its logits; see :mod:`textrnn.evaluation.calibration`.

    Args:
        temperature: None: the network's own probabilities.
    """

    def __init__(self, network: ClassifierNetwork, temperature: float | None, label_smoothing: float):
        super().__init__()
        self.network, self.temperature, self.label_smoothing = network, temperature, label_smoothing

    def forward(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T), (B,), and (B, S) where spellings are read -> (B, C) logits, (B, C) probabilities."""
        logits = self.network(token_ids, lengths, *characters)
        shares = logits.double().softmax(dim=1)
        if self.temperature is not None:
            smoothed = shares - self.label_smoothing / shares.shape[1]
            shares = (smoothed / (1 - self.label_smoothing)).clamp(min=SMALLEST_PROBABILITY)
            shares = (shares.log() / self.temperature).softmax(dim=1)
        return logits, shares.float()


class WithLabelProbabilities(nn.Module):
    """The same for several labels a text: each probability is that of its label, whatever the others are."""

    def __init__(self, network: ClassifierNetwork, calibration: LabelCalibration):
        super().__init__()
        self.network, self.temperature = network, calibration.temperature
        self.biases = torch.from_numpy(calibration.biases)

    def forward(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T), (B,), and (B, S) where spellings are read -> (B, C) logits, (B, C) probabilities."""
        logits = self.network(token_ids, lengths, *characters)
        return logits, (logits.double() / self.temperature + self.biases).sigmoid().float()


class WithState(nn.Module):
    """A language model whose state comes and goes as separate tensors."""

    def __init__(self, model: LanguageModelNetwork):
        super().__init__()
        self.model = model

    def forward(self, token_ids: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """(B, T), the parts of the state -> (B, T, V) logits, the parts of the state after them."""
        logits, after = self.model(token_ids, state)
        return (logits, *after)

"""Layers that the classifiers share: token embedding, recurrence over texts of unequal length, masked pooling.

Shapes: B batch, T time (tokens), E embedding, H hidden, D directions (1 or 2).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import PAD_ID, UNKNOWN_ID


def valid_mask(lengths: Tensor, steps: int) -> Tensor:
    """(B,) lengths -> (B, T) booleans, True where there is a token."""
    return torch.arange(steps, device=lengths.device)[None, :] < lengths[:, None]


def reversal_index(lengths: Tensor, steps: int) -> Tensor:
    """(B,) lengths -> (B, T) positions that reverse each row within its own length; padding stays in place.

    The index is its own inverse: gathering twice gives the original back.
    """
    position = torch.arange(steps, device=lengths.device)[None, :]
    mirrored = lengths[:, None] - 1 - position
    return torch.where(mirrored >= 0, mirrored, position)


def dropout(values: Tensor, share: float, training: bool) -> Tensor:
    """Sets each number to zero with probability `share` and scales the others up, while training.

    Like torch's own, but a byte of randomness decides each number instead of a float, so that one draw of the generator
    serves eight: on a CPU, drawing was a sixth of a training step. The share is rounded to a multiple of 1/256.

    Source: Srivastava et al. 2014.
    """
    threshold = round(share * 256)
    if not training or threshold == 0:
        return values
    words = torch.empty(-(-values.numel() // 8), dtype=torch.int64, device=values.device).random_(-(2**63), None)
    kept = words.view(torch.uint8)[: values.numel()].view(values.shape) >= threshold
    return values * kept * (256 / (256 - threshold)) if threshold < 256 else torch.zeros_like(values)


def locked_dropout(values: Tensor, share: float, training: bool) -> Tensor:
    """(T, B, H) -> (T, B, H): drops the same units at every step of a row, while training.

    Source: Gal & Ghahramani 2016.
    """
    if not training or share == 0.0:
        return values
    kept = torch.empty(1, *values.shape[1:], dtype=values.dtype, device=values.device).bernoulli_(1.0 - share)
    return values * kept.div_(1.0 - share)


class TokenEmbedding(nn.Module):
    """Token ids (B, T) -> vectors (B, T, E), with two kinds of noise while training.

    Token dropout replaces tokens by ``<unk>``, which also trains that row: a vocabulary that knows every training
    token would otherwise leave it as it was drawn. Dropout then works on single numbers.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, *, dropout: float, token_dropout: float):
        super().__init__()
        self.table = nn.Embedding(vocabulary_size, embedding_size, padding_idx=PAD_ID)
        nn.init.normal_(self.table.weight, std=0.3)
        with torch.no_grad():
            self.table.weight[PAD_ID].zero_()
        self.dropout = dropout
        self.token_dropout = token_dropout

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """See :meth:`ClassifierNetwork.learn_statistics`: single tokens need none."""

    def noisy(self, token_ids: Tensor) -> Tensor:
        """(B, T) -> (B, T), some tokens replaced, while training."""
        if self.training and self.token_dropout > 0:
            dropped = torch.rand(token_ids.shape, device=token_ids.device) < self.token_dropout
            token_ids = token_ids.masked_fill(dropped & (token_ids != PAD_ID), UNKNOWN_ID)
        return token_ids

    def forward(self, token_ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, E)."""
        return dropout(self.table(self.noisy(token_ids)), self.dropout, self.training)


class LayerNorm(nn.LayerNorm):
    """Layer normalisation whose gradients do not depend on the number of threads.

    torch's own kernel sums the gradients of scale and shift in as many parts as there are threads; here, both are
    separate from the kernel.

    Source: Ba et al. 2016.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., H) -> (..., H)."""
        normalised = functional.layer_norm(inputs, self.normalized_shape, eps=self.eps)
        return torch.addcmul(self.bias, normalised, self.weight)


def initialise_recurrence(layer: nn.RNNBase) -> None:
    """Orthogonal recurrent matrices (gate by gate), Glorot input matrices, zero biases, LSTM forget bias 1.

    Source: Saxe et al. 2014 (orthogonal); Jozefowicz et al. 2015, section 2.2 (forget bias).
    """
    for name, parameter in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in parameter.data.split(layer.hidden_size):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
            if isinstance(layer, nn.LSTM) and name.startswith("bias_ih"):
                parameter.data[layer.hidden_size : 2 * layer.hidden_size] = 1.0


class RecurrentEncoder(nn.Module):
    """Stacked recurrent layers, one or two directions, (B, T, E) -> (B, T, D*H), unaffected by padding.

    The backward direction does not run a packed sequence: each row is reversed within its own length, read by an
    ordinary forward layer, and reversed back. Padding then always comes after the last token, where it cannot reach any
    valid state, and the layers stay on the fast unpacked kernels (oneDNN on a CPU, cuDNN on a GPU). States at padded
    steps are meaningless; pool with a mask.
    """

    def __init__(
        self,
        cell: type[nn.RNNBase],
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
    ):
        super().__init__()
        self.output_size = hidden_size * (2 if bidirectional else 1)
        self.is_bidirectional = bidirectional
        self.dropout = dropout
        self.precision = torch.float32  # of the products while it runs; the weights stay fp32
        self.layers = nn.ModuleList()
        for depth in range(num_layers):
            width = self.output_size if depth else input_size
            directions = nn.ModuleList(
                cell(width, hidden_size, batch_first=True)  # type: ignore[call-arg, arg-type]  # RNN, LSTM or GRU
                for _ in range(2 if bidirectional else 1)
            )
            for direction in directions:
                assert isinstance(direction, nn.RNNBase)
                initialise_recurrence(direction)
            self.layers.append(directions)

    def forward(self, inputs: Tensor, lengths: Tensor, *, keep_precision: bool = False) -> Tensor:
        """(B, T, E), (B,) -> (B, T, D*H).

        Args:
            keep_precision: leave the states in `precision`, which saves a pass over them where they are only pooled
                (the pooling functions below give fp32 back).
        """
        states = inputs
        if self.is_bidirectional:
            mirror = reversal_index(lengths, inputs.shape[1])[:, :, None]
        for depth, directions in enumerate(self.layers):
            assert isinstance(directions, nn.ModuleList)
            if depth:
                states = dropout(states, self.dropout, self.training)
            outputs = [self._run(directions[0], states)]
            if len(directions) == 2:
                mirrored = self._run(directions[1], states.gather(1, mirror.expand_as(states)))
                outputs.append(mirrored.gather(1, mirror.expand_as(mirrored)))
            states = torch.cat(outputs, dim=2) if len(outputs) == 2 else outputs[0]
        return states if keep_precision else states.float()

    def one_direction(self, inputs: Tensor, direction: int) -> Tensor:
        """The layers of one direction alone, as a language model has them: (B, T, E) -> (B, T, H).

        Args:
            inputs: for the backward direction, each row reversed within its own length.
            direction: 0 forward, 1 backward.
        """
        states = inputs
        for depth, directions in enumerate(self.layers):
            assert isinstance(directions, nn.ModuleList)
            if depth:
                states = dropout(states, self.dropout, self.training)
                if self.is_bidirectional:  # what the other direction would give is not there
                    hidden_size = states.shape[2]
                    states = functional.pad(states, (0, hidden_size) if direction == 0 else (hidden_size, 0))
            states = self._run(directions[direction], states)
        return states.float()

    def separate_directions(self) -> None:
        """Lets each direction begin without the other: what a layer takes from the other direction of the layer below
        is nothing at first, so that the states are those of :meth:`one_direction`."""
        for directions in list(self.layers)[1:]:
            assert isinstance(directions, nn.ModuleList)
            if self.is_bidirectional:
                for direction, layer in enumerate(directions):
                    assert isinstance(layer, nn.RNNBase)
                    of_other = slice(layer.hidden_size, None) if direction == 0 else slice(layer.hidden_size)
                    with torch.no_grad():
                        layer.weight_ih_l0[:, of_other] = 0.0  # type: ignore[operator]

    def _run(self, layer: nn.Module, inputs: Tensor) -> Tensor:
        """One layer in one direction: (B, T, E) -> (B, T, H)."""
        assert isinstance(layer, nn.RNNBase)
        outputs: Tensor
        if self.precision == torch.float32 or not isinstance(layer, nn.LSTM):  # oneDNN has bf16 for LSTM alone
            outputs = layer(inputs)[0]
            return outputs
        weights = [parameter.to(self.precision) for parameter in layer.parameters()]
        zero = torch.zeros(1, len(inputs), layer.hidden_size, dtype=self.precision, device=inputs.device)
        outputs, _, _ = torch.lstm(
            inputs.to(self.precision), (zero, zero), weights, True, 1, 0.0, self.training, False, True
        )
        return outputs


def set_precision(network: nn.Module, precision: torch.dtype) -> None:
    """Sets the type that the recurrent layers of a classifier compute in."""
    for module in network.modules():
        if isinstance(module, RecurrentEncoder):
            module.precision = precision


def max_over_time(states: Tensor, mask: Tensor) -> Tensor:
    """(B, T, H), (B, T) -> (B, H): the largest value of each feature over the valid steps."""
    return states.masked_fill(~mask[:, :, None], torch.finfo(states.dtype).min).amax(dim=1).float()


def mean_over_time(states: Tensor, mask: Tensor) -> Tensor:
    """(B, T, H), (B, T) -> (B, H): the mean of each feature over the valid steps."""
    sums = states.masked_fill(~mask[:, :, None], 0.0).sum(dim=1, dtype=torch.float32)
    return sums / mask.sum(dim=1, keepdim=True)


def last_step(states: Tensor, mask: Tensor) -> Tensor:
    """(B, T, H), (B, T) -> (B, H): the state after each row's last token."""
    index = (mask.sum(dim=1) - 1)[:, None, None].expand(-1, 1, states.shape[2])
    return states.gather(1, index).squeeze(1).float()


def last_step_of_each_direction(states: Tensor, mask: Tensor) -> Tensor:
    """(B, T, 2*H), (B, T) -> (B, 2*H): forward after the last token, backward after the first, where it ends."""
    forward, backward = states.chunk(2, dim=2)
    return torch.cat([last_step(forward, mask), backward[:, 0].float()], dim=1)


def make_pooling(name: str, *, bidirectional: bool) -> Callable[[Tensor, Tensor], Tensor]:
    """The function behind ``--pooling max | mean | last``."""
    last = last_step_of_each_direction if bidirectional else last_step
    return {"max": max_over_time, "mean": mean_over_time, "last": last}[name]


class MaskedConvolution(nn.Module):
    """Convolution over time that sees zeros before and after a text, even at padding: (B, T, E) -> (B, T, F).

    Step t sees the tokens from t - (width - 1) // 2 on.
    """

    def __init__(self, input_size: int, num_filters: int, width: int):
        super().__init__()
        self.before, self.after = (width - 1) // 2, width // 2
        self.filters = nn.Linear(input_size * width, num_filters)
        nn.init.kaiming_normal_(self.filters.weight, nonlinearity="relu")
        nn.init.zeros_(self.filters.bias)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(B, T, E), (B, T) -> (B, T, F). The steps side by side, then one product: on a CPU, torch's own is slower."""
        padded = functional.pad(states * mask[:, :, None], (0, 0, self.before, self.after))
        steps = states.shape[1]
        windows = torch.cat([padded[:, shift : shift + steps] for shift in range(self.before + self.after + 1)], dim=2)
        outputs: Tensor = self.filters(windows)
        return outputs

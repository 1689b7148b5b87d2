"""The recurrent language model, over any recurrent layer: characters in, logits of the next character out.

Shapes: B batch, T time (characters), E embedding, H hidden, V vocabulary.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.models.parts.layers import locked_dropout
from textrnn.models.parts.recurrent_layers import RecurrentLayer

State = tuple[Tensor, ...]  # what one character passes on to the next; the first axis is B


class LanguageModelNetwork(nn.Module, ABC):
    """Token ids (B, T) and a state -> logits (B, T, V) of the tokens that follow, and the state after them."""

    vocabulary_size: int

    @abstractmethod
    def forward(self, token_ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """(B, T) int64 -> (B, T, V) logits. No state is the beginning of a text."""

    def __call__(self, token_ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """As :meth:`forward`, through torch's hooks (restated for its types)."""
        result: tuple[Tensor, State] = super().__call__(token_ids, state)
        return result


class RecurrentLanguageModel(LanguageModelNetwork):
    """Embedding (or one-hot), recurrent layers, output over the vocabulary.

    Dropout is locked: one mask for all steps of a window, so that a unit is gone for the whole of it.

    Attributes:
        precision: what the products are computed in while training; weights are kept, and texts scored, in fp32.

    Source: Mikolov et al. 2010 (recurrent language model); Gal & Ghahramani 2016 (locked dropout); Press & Wolf 2017
    (tied weights).
    """

    layer_type: type[RecurrentLayer]

    def __init__(
        self,
        *,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        dropout: float | None,
        embedding_dropout: float | None,
        tied: bool,
        initialisation: str,
    ):
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.dropout, self.embedding_dropout = dropout or 0.0, embedding_dropout or 0.0
        self.precision = torch.float32
        self.embedding = nn.Embedding(vocabulary_size, embedding_size) if embedding_size else None
        input_size = embedding_size or vocabulary_size
        self.layers = nn.ModuleList(
            self.layer_type(hidden_size if depth else input_size, hidden_size) for depth in range(num_layers)
        )
        self.projection = nn.Linear(hidden_size, embedding_size) if tied and embedding_size != hidden_size else None
        width = embedding_size if tied else hidden_size
        # Tied, the output has no matrix of its own.
        self.output_weight = None if tied else nn.Parameter(torch.empty(vocabulary_size, width))
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        if self.output_weight is not None:
            nn.init.uniform_(self.output_weight, -(width**-0.5), width**-0.5)
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=embedding_size**-0.5 if tied else 0.5)
        for layer in self._layers:
            layer.initialise(initialisation)

    @torch.no_grad()
    def expect_shares(self, counts: Tensor) -> None:
        """Begin with the tokens' shares in a text as the answer to everything, by the biases of the output.

        Otherwise the first steps would learn them. Where the vocabulary is large, they fall to the layers: the biases
        are too slow to come down to a rare token's share, and hidden states that are the same after any text do it
        sooner. Within a few steps, cells are then so far out that nothing is told any more by what was read.

        Args:
            counts: (V,): how often each is in the text to learn from.
        """
        smoothed = counts.double() + 0.5
        self.output_bias.copy_((smoothed / smoothed.sum()).log())

    @property
    def _layers(self) -> list[RecurrentLayer]:
        return [layer for layer in self.layers if isinstance(layer, RecurrentLayer)]

    def forward(self, token_ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """(B, T) -> (B, T, V), the logits in fp32."""
        ids = token_ids.t()  # time first, as the recurrent kernels want it
        dtype = self.precision if self.training else torch.float32
        if self.embedding is None:
            values = torch.zeros(*ids.shape, self.vocabulary_size, dtype=dtype, device=ids.device)
            values.scatter_(2, ids[:, :, None], 1.0)
        else:
            values = self.embedding(ids).to(dtype)
        values = locked_dropout(values, self.embedding_dropout, self.training)
        after: list[Tensor] = []
        for depth, layer in enumerate(self._layers):
            if depth:
                values = locked_dropout(values, self.dropout, self.training)
            count = layer.state_count
            before = state[len(after) : len(after) + count] if state else layer.zero_state(len(token_ids), values)
            values, layer_state = layer(values, before)
            after += layer_state
        values = locked_dropout(values, self.dropout, self.training)
        if self.projection is not None:
            values = functional.linear(values, self.projection.weight.to(dtype), self.projection.bias.to(dtype))
        weight: Tensor | None = self.output_weight
        if weight is None:
            assert self.embedding is not None
            weight = self.embedding.weight
        logits = functional.linear(values, weight.to(dtype), self.output_bias.to(dtype))
        return logits.transpose(0, 1).float(), tuple(after)

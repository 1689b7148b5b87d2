"""Recurrent layers of language models, all with one interface: (T, B, E) inputs, a state -> (T, B, H) outputs, a state.

Here are PyTorch's fused ones; ``cells.py`` beside this file has the same ones written out. Both name their weights as
PyTorch does, so that the weights of one can be loaded into the other.

Shapes: T time, B batch, E input size, H hidden, G gates (4 LSTM, 3 GRU, 1 RNN).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

LayerState = tuple[Tensor, ...]  # (B, H) each: the hidden state, and of an LSTM also the cell state


class RecurrentLayer(nn.Module, ABC):
    """One layer of any cell: ``weight_ih`` (G*H, E), ``weight_hh`` (G*H, H), ``bias_ih`` and ``bias_hh`` (G*H,)."""

    gate_count: int  # rows of the matrices, in hidden sizes
    state_count = 1  # tensors in a state

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        rows = self.gate_count * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        self.initialise("uniform")

    def initialise(self, method: str) -> None:
        """Initialise the weights.

        Args:
            method: ``uniform``, between plus and minus 1/sqrt(H), PyTorch's own; or ``orthogonal``: orthogonal
                recurrent matrices (gate by gate), Glorot input matrices, zero biases, LSTM forget bias 1.

        Source: Saxe et al. 2014 (orthogonal); Jozefowicz et al. 2015, section 2.2 (forget bias).
        """
        bound = self.hidden_size**-0.5
        with torch.no_grad():
            if method == "uniform":
                for parameter in self.parameters():
                    parameter.uniform_(-bound, bound)
                return
            for gate in self.weight_hh.split(self.hidden_size):
                nn.init.orthogonal_(gate)
            nn.init.xavier_uniform_(self.weight_ih)
            self.bias_ih.zero_()
            self.bias_hh.zero_()
            if self.gate_count == 4:
                self.bias_ih[self.hidden_size : 2 * self.hidden_size] = 1.0

    def zero_state(self, batch_size: int, like: Tensor) -> LayerState:
        """The state before the first step."""
        return tuple(like.new_zeros(batch_size, self.hidden_size) for _ in range(self.state_count))

    @abstractmethod
    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        """(T, B, E) and (B, H) each -> (T, B, H) and the state after the last step. Runs in the inputs' precision."""

    def _weights(self, dtype: torch.dtype) -> list[Tensor]:
        """The weights in the precision of a step; the originals stay fp32, where small updates are not lost."""
        return [w.to(dtype) for w in (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)]


class FusedLSTM(RecurrentLayer):
    """PyTorch's LSTM: oneDNN on a CPU, cuDNN on a GPU.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """

    gate_count, state_count = 4, 2

    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        weights = self._weights(inputs.dtype)
        hidden, cell = (part.to(inputs.dtype)[None] for part in state)
        if len(inputs) == 1 and not self.training:
            # The fused layer copies its weights first, which for a single step takes longer than the step.
            hidden_after, cell_after = torch.lstm_cell(inputs[0], (hidden[0], cell[0]), *weights)
            return hidden_after[None], (hidden_after, cell_after)
        outputs, hidden, cell = torch.lstm(inputs, (hidden, cell), weights, True, 1, 0.0, self.training, False, False)
        return outputs, (hidden[0], cell[0])


class _FusedWithOneState(RecurrentLayer):
    """What PyTorch's GRU and RNN have in common."""

    run: Callable[..., tuple[Tensor, Tensor]]  # PyTorch's function of the layer

    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        hidden = state[0].to(inputs.dtype)[None]
        weights = self._weights(inputs.dtype)
        outputs, hidden = self.run(inputs, hidden, weights, True, 1, 0.0, self.training, False, False)
        return outputs, (hidden[0],)


class FusedGRU(_FusedWithOneState):
    """PyTorch's GRU. Source: Cho et al. 2014."""

    gate_count = 3
    run = staticmethod(torch.gru)


class FusedRNN(_FusedWithOneState):
    """PyTorch's simple recurrent network with tanh. Source: Elman 1990."""

    gate_count = 1
    run = staticmethod(torch.rnn_tanh)

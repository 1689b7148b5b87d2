"""Cells as in textbooks: a matrix W for the input, U for the state and a bias b for every gate, all accessible.

They compute what PyTorch's layers compute, and their weights convert to and from those. Every step's gates, cell and
hidden state can be recorded.

Shapes: B batch, T time, E input size, H hidden.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.errors import ConfigError, one_line
from textrnn.models.parts.cells import LSTMRecord, SRNRecord, lstm_steps, project, srn_steps
from textrnn.models.parts.recurrent.cell import RecurrentCell

MAX_PROJECTED_NUMBERS = 1 << 20  # of projected inputs at a time, so that what is computed from them stays in the cache


class SRNState(NamedTuple):
    """`hidden` (B, H)."""

    hidden: Tensor


class LSTMState(NamedTuple):
    """`hidden` and `cell`, (B, H) each."""

    hidden: Tensor
    cell: Tensor


class VisibleCell(RecurrentCell):
    """A recurrent layer over batch-first inputs (B, T, E). For each gate: ``W`` (E, H), ``U`` (H, H), ``b`` (1, H).

    Inputs and states of another shape, and digits that there are not, are a ConfigError in one line.

    Args:
        weights: given initial values by the parameters' names, such as ``W_i`` (nested lists will do); the others are
            drawn as PyTorch draws its own, uniformly between plus and minus 1/sqrt(H).

    Raises:
        ConfigError: for a name or a shape that is not the cell's.
    """

    torch_layer: ClassVar[type[nn.RNNBase] | None]

    def __init__(
        self, input_size: int, hidden_size: int, *, weights: Mapping[str, Tensor | list[list[float]]] | None = None
    ):
        super().__init__(input_size, hidden_size)
        self._add_gates(self.gates, recurrent=True)
        own = dict(self.named_parameters())
        with torch.no_grad():
            for name, given in (weights or {}).items():
                try:
                    values = torch.as_tensor(given, dtype=torch.float32)
                except (ValueError, TypeError) as error:
                    raise ConfigError(
                        f"{name}: no matrix ({one_line(error)}); expected rows of equal length"
                    ) from error
                if name not in own:
                    raise ConfigError(f"{name}: no weight of {type(self).__name__}; expected one of {', '.join(own)}")
                if values.shape != own[name].shape:
                    raise ConfigError(
                        f"{name}: values of shape {tuple(values.shape)}; expected {tuple(own[name].shape)}"
                    )
                own[name].copy_(values)

    def _project(self, inputs: Tensor) -> Tensor:
        """(B, T, E) -> (T, B, G*H), laid out as the steps of these cells want it."""
        return project(inputs.transpose(0, 1), self._side_by_side("W").t(), self._side_by_side("b")[0])

    def _check(self, inputs: Tensor, state: tuple[Tensor, ...] | None) -> None:
        """Before torch says it with a product of matrices that do not fit.

        Raises:
            ConfigError: for inputs or a state of another shape.
        """
        name = type(self).__name__
        if inputs.dim() != 3 or inputs.shape[2] != self.input_size:
            raise ConfigError(
                f"{name}: inputs of shape {tuple(inputs.shape)}; expected (rows, steps, {self.input_size})"
            )
        self._check_state(len(inputs), state)

    def _check_state(self, rows: int, state: tuple[Tensor, ...] | None) -> None:
        parts = self.state_type._fields
        if state is not None and [tuple(part.shape) for part in state] != [(rows, self.hidden_size)] * len(parts):
            found = " and ".join(str(tuple(part.shape)) for part in state)
            raise ConfigError(
                f"{type(self).__name__}: a state of shape {found or 'nothing'}; expected {' and '.join(parts)}, "
                f"({rows}, {self.hidden_size}) each"
            )

    def _recurrent(self) -> Tensor:
        """(G*H, H)."""
        return self._side_by_side("U").t()

    @abstractmethod
    def record(self, inputs: Tensor, state: tuple[Tensor, ...] | None = None) -> LSTMRecord | SRNRecord:
        """(B, T, E), and (B, H) for each part of a state -> what happened at every step, time first."""

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """(B, T, E), and (B, H) for each part of a state -> (B, T, H) and the state after the last step."""
        state = self.initial_state(len(inputs)) if state is None else state
        record = self.record(inputs, state)
        after = [record.last_hidden]
        if isinstance(record, LSTMRecord):
            after.append(record.cell[-1] if len(record.cell) else state[1])
        return record.hidden.transpose(0, 1), self.state_type(*after)

    def last(self, inputs: Tensor, state: tuple[Tensor, ...] | None = None) -> Tensor:
        """(B, T, E) -> (B, H): the hidden state after the last step."""
        if torch.is_grad_enabled() or inputs.device.type != "cpu" or inputs.shape[1] == 0:
            return self.record(inputs, state).last_hidden
        # Without gradients, records need not be kept: a part of the steps at a time, which fits the cache.
        numbers_a_step = max(1, len(inputs)) * len(self.gates) * self.hidden_size
        for part in inputs.split(max(1, MAX_PROJECTED_NUMBERS // numbers_a_step), dim=1):
            record = self.record(part, state)
            last = record.last_hidden
            state = (last, record.cell[-1]) if isinstance(record, LSTMRecord) else (last,)
        return last

    def to_torch(self) -> nn.RNNBase:
        """PyTorch's layer with the same weights (batch first).

        Raises:
            ConfigError: if PyTorch has no such layer.
        """
        if self.torch_layer is None:
            raise ConfigError(f"{type(self).__name__}: PyTorch has no such layer; expected SRN or LSTM")
        layer = self.torch_layer(self.input_size, self.hidden_size, batch_first=True)  # type: ignore[call-arg, arg-type]
        with torch.no_grad():
            values = {
                "weight_ih_l0": self._side_by_side("W").t(),
                "weight_hh_l0": self._recurrent(),
                "bias_ih_l0": self._side_by_side("b")[0],
                "bias_hh_l0": torch.zeros(len(self.gates) * self.hidden_size),
            }
            layer.load_state_dict(values)
        return layer.to(values["weight_ih_l0"])  # its device and precision

    @torch.no_grad()
    def take_from_torch(self, layer: nn.RNNBase) -> None:
        """Take over the weights of a PyTorch layer of one layer and one direction; its two biases become one.

        Raises:
            ConfigError: if it is another kind of layer, or of another size.
        """
        plain = getattr(layer, "nonlinearity", "tanh") == "tanh" and layer.proj_size == 0
        if self.torch_layer is None or not isinstance(layer, self.torch_layer) or not plain:
            raise ConfigError(
                f"{type(self).__name__}: cannot take the weights of {layer}; expected a plain layer of its kind"
            )
        if (layer.input_size, layer.hidden_size, layer.num_layers, layer.bidirectional) != (
            self.input_size, self.hidden_size, 1, False,
        ):  # fmt: skip
            raise ConfigError(
                f"{type(self).__name__}: expected one layer and direction, {self.input_size} inputs and "
                f"{self.hidden_size} units; see the sizes of the layer given"
            )
        given = dict(layer.named_parameters())
        biases = torch.zeros(len(self.gates) * self.hidden_size)
        if layer.bias:
            biases = given["bias_ih_l0"] + given["bias_hh_l0"]
        for index, gate in enumerate(self.gates):
            rows = slice(index * self.hidden_size, (index + 1) * self.hidden_size)
            self.get_parameter(f"W{gate}").copy_(given["weight_ih_l0"][rows].t())
            self.get_parameter(f"U{gate}").copy_(given["weight_hh_l0"][rows].t())
            self.get_parameter(f"b{gate}").copy_(biases[None, rows])


class SRN(VisibleCell):
    """Simple recurrent network: h_t = tanh(x_t W + h_{t-1} U + b). Source: Elman 1990."""

    gates = ("",)
    state_type = SRNState
    learnable_start = ("hidden",)
    torch_layer: ClassVar[type[nn.RNNBase] | None] = nn.RNN
    residual = False

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),)

    def record(self, inputs: Tensor, state: tuple[Tensor, ...] | None = None) -> SRNRecord:
        """(B, T, E) -> the hidden state after every step, (T, B, H)."""
        self._check(inputs, state)
        hidden = state[0] if state else inputs.new_zeros(len(inputs), self.hidden_size)
        return srn_steps(self._project(inputs), self._recurrent(), hidden, residual=self.residual)

    def step(self, inputs: Tensor, state: SRNState) -> tuple[Tensor, SRNState]:
        """(B, E) -> (B, H)."""
        hidden = torch.tanh(self._gate("", inputs, state[0]))
        hidden = state[0] + hidden if self.residual else hidden
        return hidden, SRNState(hidden)


class ResidualSRN(SRN):
    """With a residual connection around the nonlinearity: h_t = h_{t-1} + tanh(x_t W + h_{t-1} U + b).

    Source: Qiu, Neural Networks and Deep Learning, section 6.5.
    """

    torch_layer = None
    residual = True


class LSTM(VisibleCell):
    """Long short-term memory with separate weights for input (i), forget (f), candidate (c) and output (o).

    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000 (forget gate).
    """

    gates = ("_i", "_f", "_c", "_o")
    state_type = LSTMState
    learnable_start = ("hidden", "cell")
    torch_layer = nn.LSTM

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.hidden_size,), (self.hidden_size,)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.get_parameter("b_f").copy_(spans.log())
        if shut:
            self.get_parameter("b_i").copy_(-spans.log())

    def record(self, inputs: Tensor, state: tuple[Tensor, ...] | None = None) -> LSTMRecord:
        """(B, T, E) -> every gate, the cell and the hidden state of every step, (T, B, H) each."""
        self._check(inputs, state)
        zeros = self.get_parameter("b_i").new_zeros(len(inputs), self.hidden_size)
        hidden, cell = state or (zeros, zeros)
        return lstm_steps(self._project(inputs), self._recurrent(), hidden, cell)

    def step(self, inputs: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        """(B, E) -> (B, H)."""
        hidden, cell = state
        input_gate, forget_gate, output_gate = (
            torch.sigmoid(self._gate(gate, inputs, hidden)) for gate in ("_i", "_f", "_o")
        )
        candidate = torch.tanh(self._gate("_c", inputs, hidden))
        cell = forget_gate * cell + input_gate * candidate
        hidden = output_gate * torch.tanh(cell)
        return hidden, LSTMState(hidden, cell)


class OneHotLSTM(LSTM):
    """An LSTM over digits as one-hot vectors: the product with W is the look-up of a row.

    Args:
        input_size: how many digits there are.
    """

    def _check(self, inputs: Tensor, state: tuple[Tensor, ...] | None) -> None:
        if inputs.dim() != 2 or inputs.is_floating_point():
            kind = str(inputs.dtype).removeprefix("torch.")
            raise ConfigError(
                f"OneHotLSTM: inputs of shape {tuple(inputs.shape)}, {kind}; expected whole numbers, (rows, steps)"
            )
        if inputs.numel():
            self._check_digits(inputs)
        self._check_state(len(inputs), state)

    def _check_digits(self, digits: Tensor) -> None:
        lowest, highest = int(digits.min()), int(digits.max())
        if lowest < 0 or highest >= self.input_size:
            wrong = lowest if lowest < 0 else highest
            raise ConfigError(f"OneHotLSTM: the digit {wrong}; expected digits from 0 to {self.input_size - 1}")

    def _project(self, inputs: Tensor) -> Tensor:
        """(B, T) digits -> (T, B, G*H)."""
        table = self._side_by_side("W") + self._side_by_side("b")
        return functional.embedding(inputs.t(), table)

    def step(self, inputs: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        """(B,) digits -> (B, H)."""
        return super().step(functional.one_hot(inputs, self.input_size).to(self.get_parameter("W_i").dtype), state)

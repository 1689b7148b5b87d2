"""What every recurrent cell is here: one interface, whatever the equations.

A cell reads batches of sequences. Its state is a named tuple, and what is in it is what there is to be seen: nothing
else passes from one step to the next. ``step`` is the equations as the papers have them, one step at a time;
``forward`` computes the same for a whole sequence, in the quickest way that the equations allow.

Shapes: B batch, T time, E input size, H hidden.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

CellState = tuple[Tensor, ...]  # of every cell a named tuple of its own; the first axis of each part is B


class RecurrentCell(nn.Module, ABC):
    """One layer of recurrence, (B, T, E) -> (B, T, H).

    Weights of gates are called ``W`` (for the input), ``U`` (for the state) and ``b``, with the gate's ending.

    Attributes:
        state_type: the named tuple of its state.
        learnable_start: the parts of the state that a network may begin with values it has learnt; the others, such as
            inputs kept for a convolution, begin at zero.
    """

    state_type: ClassVar[type[Any]]
    learnable_start: ClassVar[tuple[str, ...]]
    gates: tuple[str, ...] = ()  # endings of the weights' names

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size

    @abstractmethod
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the state's parts, without B."""

    def initial_state(self, batch_size: int) -> Any:
        """The state before the first step: zeros, in the precision and on the device of the weights."""
        like = next(self.parameters())
        return self.state_type(*(like.new_zeros(batch_size, *shape) for shape in self.state_shapes()))

    @abstractmethod
    def step(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """One step, equation by equation under autograd: (B, E) and a state -> (B, H) and the state after it."""

    @abstractmethod
    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """All steps: (B, T, E) and a state (default: the initial one) -> (B, T, H) and the state after the last."""

    def last(self, inputs: Tensor, state: Any = None) -> Tensor:
        """(B, T, E) -> (B, H): the output of the last step alone."""
        outputs: Tensor = self(inputs, state)[0]
        return outputs[:, -1]

    def step_by_step(self, inputs: Tensor) -> Tensor:
        """As :meth:`last`, but equation by equation under autograd, as textbooks do: to check and to time."""
        state = self.initial_state(len(inputs))
        for values in inputs.unbind(1):
            output, state = self.step(values, state)
        return output

    def trace(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Step by step: (B, T, E) -> outputs (B, T, H), and every part of the state after every step, (B, T, ...)."""
        state = self.initial_state(len(inputs)) if state is None else state
        outputs = [next(self.parameters()).new_empty(len(inputs), 0, self.hidden_size)]
        states = [[part[:, None][:, :0]] for part in state]
        for values in inputs.unbind(1):
            output, state = self.step(values, state)
            outputs.append(output[:, None])
            for parts, part in zip(states, state, strict=True):
                parts.append(part[:, None])
        return torch.cat(outputs, dim=1), self.state_type(*(torch.cat(parts, dim=1) for parts in states))

    def initialise(self, method: str, sequence_length: int) -> None:
        """Set the weights.

        Args:
            method: ``uniform``: as they are drawn at first. ``zero``: all zero. ``glorot``: Glorot W and U, zero
                biases. ``orthogonal``: orthogonal U, Glorot W, and biases that keep for a while what is in the state.
                ``chrono``: the same, but the units keep it for 1 to `sequence_length` - 1 steps. What is no matrix and
                no bias of a gate stays as drawn unless it is what keeps the state.
            sequence_length: T.

        Source: Glorot & Bengio 2010; Saxe et al. 2014 (orthogonal); Jozefowicz et al. 2015, section 2.2 (forget bias);
        Tallec & Ollivier 2018, section 3 (chrono).
        """
        if method == "uniform":
            return
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if method == "zero" or name.startswith("b"):
                    parameter.zero_()
                elif name.startswith("U") and method != "glorot":
                    nn.init.orthogonal_(parameter)
                elif name[0] in "UW":
                    nn.init.xavier_uniform_(parameter)
            if type(self).keep_for is RecurrentCell.keep_for:
                return  # nothing is drawn that nobody uses
            if method == "orthogonal":
                self.keep_for(torch.full((self.hidden_size,), math.e, dtype=torch.float64), shut=False)  # forget bias 1
            elif method == "chrono":
                self.keep_for(torch.empty(self.hidden_size).uniform_(1, max(2, sequence_length - 1)), shut=True)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        """Set what decides for how many steps each unit keeps its state. Called without gradients.

        Args:
            spans: (H,), steps, from 1 on.
            shut: where the gate that takes in has a bias of its own, shut it as far as the other one is open.
        """

    def _add_gates(self, gates: tuple[str, ...], *, recurrent: bool, inputs: int | None = None) -> None:
        """For each gate W (E, H), U (H, H) where it is recurrent, and b (1, H), uniform between -+1/sqrt(H)."""
        self.gates = gates
        for gate in gates:
            self.register_parameter(f"W{gate}", self._drawn(inputs or self.input_size, self.hidden_size))
            if recurrent:
                self.register_parameter(f"U{gate}", self._drawn(self.hidden_size, self.hidden_size))
            self.register_parameter(f"b{gate}", self._drawn(1, self.hidden_size))

    def _drawn(self, *shape: int) -> nn.Parameter:
        bound = self.hidden_size**-0.5
        return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))

    def _short_convolution(self, width: int, channels: int) -> nn.Parameter:
        """(width, channels): the present step counts one at first, those before it little."""
        weight = torch.empty(width, channels).uniform_(-0.5, 0.5)
        weight[-1] += 1.0
        return nn.Parameter(weight)

    def _side_by_side(self, letter: str) -> Tensor:
        """The matrices of all gates as one, (E or H or 1, G*H)."""
        parts = self._parameters
        if len(self.gates) == 1:
            return self.get_parameter(letter + self.gates[0])
        return torch.cat([parts[letter + gate] for gate in self.gates], dim=1)  # type: ignore[misc]  # none is None

    def _project(self, inputs: Tensor) -> Tensor:
        """(B, T, E) -> (T, B, G*H): the inputs' share of all gates at all steps, in one product."""
        return functional.linear(inputs.transpose(0, 1), self._side_by_side("W").t(), self._side_by_side("b")[0])

    def _gate(self, gate: str, inputs: Tensor, hidden: Tensor | None = None) -> Tensor:
        """What goes into one gate at one step: x W + b, and + h U where there is a state."""
        weights: Any = self._parameters
        found: Tensor = inputs @ weights["W" + gate] + weights["b" + gate]
        return found if hidden is None else found + hidden @ weights["U" + gate]

"""Several layers of one kind of cell, one above the other, as one cell."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from textrnn.models.parts.recurrent.cell import RecurrentCell


class CellStack(RecurrentCell):
    """Layers with connections around them: y_1 = cell_1(x), y_l = y_{l-1} + cell_l(normalised y_{l-1}).

    Its state has the parts of all layers, from the lowest up, each name followed by the number of its layer.

    What depth buys: the gates of a cell that sees the inputs alone see, from the second layer on, what the layers below
    remember.
    """

    def __init__(self, cell_type: type[RecurrentCell], input_size: int, hidden_size: int, num_layers: int):
        super().__init__(input_size, hidden_size)
        layers = [cell_type(hidden_size if depth else input_size, hidden_size) for depth in range(num_layers)]
        self.layers = nn.ModuleList(layers)
        numbered = list(enumerate(layers, 1))
        names = [f"{name}_{depth}" for depth, layer in numbered for name in layer.state_type._fields]
        self.state_type = namedtuple("StackState", names)  # type: ignore[misc]
        self.learnable_start = tuple(  # type: ignore[misc]
            f"{name}_{depth}" for depth, layer in numbered for name in layer.learnable_start
        )

    @property
    def _cells(self) -> list[RecurrentCell]:
        return [layer for layer in self.layers if isinstance(layer, RecurrentCell)]

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(shape for layer in self._cells for shape in layer.state_shapes())

    def initialise(self, method: str, sequence_length: int) -> None:
        for layer in self._cells:
            layer.initialise(method, sequence_length)

    def step(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        return self._through("step", inputs, state)

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        return self._through("__call__", inputs, self.initial_state(len(inputs)) if state is None else state)

    def _through(self, way: str, values: Tensor, state: Any) -> tuple[Tensor, Any]:
        after: list[Tensor] = []
        for depth, layer in enumerate(self._cells):
            count = len(layer.state_type._fields)
            before = layer.state_type(*state[len(after) : len(after) + count])
            normal = functional.layer_norm(values, values.shape[-1:]) if depth else values
            outputs, layer_state = getattr(layer, way)(normal, before)
            values = values + outputs if depth else outputs
            after += layer_state
        return values, self.state_type(*after)

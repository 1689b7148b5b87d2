"""Recurrent layers as a page has them: which cell, and its weights by name.

Matrices are PyTorch's: gates one below the other, i f g o of an LSTM, r z n of a GRU.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor, nn

CELLS = {4: "lstm", 3: "gru", 1: "srn"}  # by the number of gates


@dataclass
class Described:
    """Networks for a page.

    Attributes:
        tensors: by name
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)

    def layer(self, name: str, weights: dict[str, Tensor]) -> dict[str, str]:
        """A recurrent layer: its cell, and the names of its weights.

        Args:
            weights: ``weight_ih``, ``weight_hh``, ``bias_ih`` and ``bias_hh``.
        """
        gates = len(weights["weight_ih"]) // weights["weight_hh"].shape[1]
        found = {"cell": CELLS[gates]}
        bias, of_state = weights["bias_ih"], weights["bias_hh"]
        parts = {"input": weights["weight_ih"], "recurrent": weights["weight_hh"]}
        # Of a GRU, the reset gate comes between the two biases.
        parts |= {"bias": bias, "recurrentBias": of_state} if gates == 3 else {"bias": bias + of_state}
        for part, tensor in parts.items():
            found[part] = f"{name}.{part}"
            self.tensors[found[part]] = tensor
        return found

    def linear(self, name: str, layer: nn.Linear) -> dict[str, str]:
        """The names of a linear layer's weights."""
        self.tensors[f"{name}.weight"] = layer.weight
        found = {"weight": f"{name}.weight"}
        if layer.bias is not None:
            self.tensors[f"{name}.bias"] = layer.bias
            found["bias"] = f"{name}.bias"
        return found

"""The cells once more, from the equations of their papers: float64, one sequence, one step and one gate at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = dict[str, Array]


def sigmoid(x: Any) -> Any:
    return np.exp(-np.logaddexp(0.0, -x))


def gate(weights: Weights, name: str, x: Array, h: Array | None = None) -> Array:
    found = x @ weights["W" + name] + weights["b" + name][0]
    return found if h is None else found + h @ weights["U" + name]


def srn(w: Weights, inputs: Array, residual: bool = False) -> list[Array]:
    h, found = np.zeros(w["U"].shape[0]), []
    for x in inputs:
        h = (h if residual else 0) + np.tanh(gate(w, "", x, h))
        found.append(h)
    return found


def residual_srn(w: Weights, inputs: Array) -> list[Array]:
    return srn(w, inputs, residual=True)


def lstm(w: Weights, inputs: Array) -> list[Array]:
    h = c = np.zeros(w["U_i"].shape[0])
    found = []
    for x in inputs:
        i, f, o = (sigmoid(gate(w, name, x, h)) for name in ("_i", "_f", "_o"))
        c = f * c + i * np.tanh(gate(w, "_c", x, h))
        h = o * np.tanh(c)
        found.append(h)
    return found


def gru(w: Weights, inputs: Array) -> list[Array]:
    h, found = np.zeros(w["U_r"].shape[0]), []
    for x in inputs:
        r, z = sigmoid(gate(w, "_r", x, h)), sigmoid(gate(w, "_z", x, h))
        n = np.tanh(gate(w, "_n", x) + r * (h @ w["U_n"] + w["b_s"][0]))
        h = (1 - z) * n + z * h
        found.append(h)
    return found


def indrnn(w: Weights, inputs: Array) -> list[Array]:
    h, found = np.zeros(w["recurrence"].shape[0]), []
    for x in inputs:
        h = np.maximum(gate(w, "", x) + np.clip(w["recurrence"], -(2 ** (1 / 1000)), 2 ** (1 / 1000)) * h, 0)
        found.append(h)
    return found


def min_gru(w: Weights, inputs: Array) -> list[Array]:
    h, found = np.zeros(w["W_z"].shape[1]), []
    for x in inputs:
        z = sigmoid(gate(w, "_z", x))
        h = (1 - z) * h + z * gate(w, "_h", x)
        found.append(h)
    return found


def min_lstm(w: Weights, inputs: Array) -> list[Array]:
    h, found = np.zeros(w["W_f"].shape[1]), []
    for x in inputs:
        f, i = sigmoid(gate(w, "_f", x)), sigmoid(gate(w, "_i", x))
        h = f / (f + i) * h + i / (f + i) * gate(w, "_h", x)
        found.append(h)
    return found


def qrnn(w: Weights, inputs: Array) -> list[Array]:
    c, found = np.zeros(w["W_f"].shape[1]), []
    before = np.zeros_like(inputs[0])
    for x in inputs:
        pair = np.concatenate([before, x])
        f = sigmoid(gate(w, "_f", pair))
        c = f * c + (1 - f) * np.tanh(gate(w, "_z", pair))
        found.append(sigmoid(gate(w, "_o", pair)) * c)
        before = x
    return found


def rg_lru(w: Weights, inputs: Array) -> list[Array]:
    h, found = np.zeros(w["W_h"].shape[1]), []
    for x in inputs:
        a = sigmoid(w["decay"]) ** (8 * sigmoid(gate(w, "_r", x)))
        h = a * h + np.sqrt(1 - a**2) * (sigmoid(gate(w, "_i", x)) * gate(w, "_h", x))
        found.append(h)
    return found


Oracle = Callable[[Weights, Array], list[Array]]

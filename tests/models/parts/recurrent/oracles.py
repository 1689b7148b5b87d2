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


def slstm(w: Weights, inputs: Array) -> list[Array]:
    """Without a stabiliser: in float64, exponentials of moderate numbers are exact enough."""
    h = c = n = np.zeros(w["U_i"].shape[0])
    found = []
    for x in inputs:
        i, f = np.exp(gate(w, "_i", x, h)), sigmoid(gate(w, "_f", x, h))
        c = f * c + i * np.tanh(gate(w, "_z", x, h))
        n = f * n + i
        h = sigmoid(gate(w, "_o", x, h)) * (c / n)
        found.append(h)
    return found


def convolved(weight: Array, inputs: Array) -> Array:
    """silu of the convolution, the last row of the weight meeting the present step."""
    width, found = len(weight), np.zeros_like(inputs)
    for t in range(len(inputs)):
        for back in range(min(width, t + 1)):
            found[t] += weight[width - 1 - back] * inputs[t - back]
    return found * sigmoid(found)


def heads_of(w: Weights, size: int, gate_name: str) -> list[slice]:
    count = w[gate_name].shape[1]
    return [slice(head * size // count, (head + 1) * size // count) for head in range(count)]


def mlstm(w: Weights, inputs: Array) -> list[Array]:
    """Without a stabiliser. Memories are values by keys, as in the paper."""
    size = w["W_q"].shape[1]
    parts = heads_of(w, size, "W_i")
    d = size // len(parts)
    memories, normalisers = [np.zeros((d, d)) for _ in parts], [np.zeros(d) for _ in parts]
    found = []
    for x, s in zip(inputs, convolved(w["convolution"], inputs), strict=True):
        q, k, v = gate(w, "_q", s), gate(w, "_k", s) / np.sqrt(d), gate(w, "_v", x)
        i, f = np.exp(gate(w, "_i", x)), sigmoid(gate(w, "_f", x))
        h = np.zeros(size)
        for head, part in enumerate(parts):
            memories[head] = f[head] * memories[head] + i[head] * np.outer(v[part], k[part])
            normalisers[head] = f[head] * normalisers[head] + i[head] * k[part]
            h[part] = memories[head] @ q[part] / max(abs(normalisers[head] @ q[part]), 1.0)
        found.append(sigmoid(gate(w, "_o", x)) * h)
    return found


def gated_deltanet(w: Weights, inputs: Array, strongest: float = 1.0) -> list[Array]:
    """With the whole transition matrix. Memories are values by keys, as in the paper."""
    size = w["W_q"].shape[1]
    parts = heads_of(w, size, "W_a")
    d = size // len(parts)
    memories = [np.zeros((d, d)) for _ in parts]
    projected = np.stack([np.concatenate([gate(w, name, x) for name in ("_q", "_k", "_v")]) for x in inputs])
    found = []
    for x, qkv in zip(inputs, convolved(w["convolution"], projected), strict=True):
        q, k, v = np.split(qkv, 3)
        a, e = sigmoid(gate(w, "_a", x)), strongest * sigmoid(gate(w, "_e", x))
        h = np.zeros(size)
        for head, part in enumerate(parts):
            key, query = k[part] / np.linalg.norm(k[part]), q[part] / np.linalg.norm(q[part])
            transition = a[head] * (np.eye(d) - e[head] * np.outer(key, key))
            memories[head] = memories[head] @ transition + e[head] * np.outer(v[part], key)
            h[part] = memories[head] @ query
        found.append(h)
    return found


def gated_deltanet_signed(w: Weights, inputs: Array) -> list[Array]:
    return gated_deltanet(w, inputs, strongest=2.0)


Oracle = Callable[[Weights, Array], list[Array]]

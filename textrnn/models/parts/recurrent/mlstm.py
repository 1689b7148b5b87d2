"""Matrix LSTM of xLSTM: a memory of keys and values in a matrix, with an exponential input gate."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.chunks import default_heads, from_chunks, in_chunks, log_decays
from textrnn.models.parts.recurrent.short_convolution import causal_convolution

LEAST = -80.0  # of a stabiliser where exp(-m) is needed; below, the output is zero in any precision


class MLSTMState(NamedTuple):
    """`memory` (B, n, d, d), keys by values; `normaliser` (B, n, d); `stabiliser` (B, n); `previous` (B, width - 1, E).

    Memory and normaliser are kept divided by exp(stabiliser). The previous inputs are what the convolution still sees.
    """

    memory: Tensor
    normaliser: Tensor
    stabiliser: Tensor
    previous: Tensor


class MLSTM(RecurrentCell):
    """Matrix LSTM, for each of n heads with d = H / n numbers::

        q_t = s_t W_q + b_q,  k_t = (s_t W_k + b_k) / sqrt(d),  v_t = x_t W_v + b_v
        i_t = exp(x_t W_i + b_i),  f_t = sigmoid(x_t W_f + b_f)            one number each
        C_t = f_t C_{t-1} + i_t k_t v_t',  n_t = f_t n_{t-1} + i_t k_t
        h_t = sigmoid(x_t W_o + b_o) * (q_t C_t) / max(|q_t n_t|, 1)

    s_t is silu of a convolution over the last `width` inputs, channel by channel, as in the paper's block: without it
    no key could belong to another step than its value. ``step`` is the recurrence; ``forward`` computes chunks as
    attention, decayed and masked, and passes C and n from chunk to chunk. Against overflow both are divided by
    exp(m_t), m_t = max(log f_t + m_{t-1}, log i_t).

    What it can do: keep and find again about as many pairs as a head has numbers, which takes a vector's cell a unit a
    pair; the exponential gate lets a new pair outweigh old ones. What it cannot: see its memory in its gates, and, its
    decays being between 0 and 1, parity or other state tracking beyond the lengths trained on; nor replace a pair: a
    second value for a key is added to the first.

    Source: Beck et al. 2024 (xLSTM), equations 19 to 27 and 15 to 17, the forget gate being a sigmoid, one of the two
    there. What differs: the root of d divides the key's bias, too; the two gates read x_t, as in the equations, and not
    q, k and v side by side, as in the authors' code, which also adds 1e-6 to the denominator; the normalisation and the
    branches of the block around the cell are left out. Grazzi et al. 2025, theorem 1 (parity).
    """

    state_type = MLSTMState
    learnable_start = ("memory",)

    def __init__(self, input_size: int, hidden_size: int, *, heads: int | None = None, width: int = 4):
        super().__init__(input_size, hidden_size)
        self.heads, self.width = heads or default_heads(hidden_size), width
        self._add_gates(("_q", "_k", "_v", "_o"), recurrent=False)
        for gate in ("_i", "_f"):
            self.register_parameter(f"W{gate}", self._drawn(input_size, self.heads))
            self.register_parameter(f"b{gate}", self._drawn(1, self.heads))
        self.register_parameter("convolution", self._short_convolution(width, input_size))

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        size = self.hidden_size // self.heads
        return (self.heads, size, size), (self.heads, size), (self.heads,), (self.width - 1, self.input_size)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.get_parameter("b_f").copy_(spans[: self.heads].log())
        if shut:
            self.get_parameter("b_i").copy_(-spans[: self.heads].log())

    def step(self, inputs: Tensor, state: MLSTMState) -> tuple[Tensor, MLSTMState]:
        memory, normaliser, stabiliser, previous = state
        convolved, previous = causal_convolution(inputs[:, None], previous, self.get_parameter("convolution"))
        seen = convolved[:, 0]
        query, key = (self._gate(gate, seen).unflatten(1, (self.heads, -1)) for gate in ("_q", "_k"))
        value = self._gate("_v", inputs).unflatten(1, (self.heads, -1))
        key = key * key.shape[-1] ** -0.5
        log_write = self._gate("_i", inputs)
        log_forget = functional.logsigmoid(self._gate("_f", inputs)) + stabiliser
        stabiliser = torch.maximum(log_forget, log_write).detach()  # the output is the same whatever it is
        forget, write = torch.exp(log_forget - stabiliser)[..., None], torch.exp(log_write - stabiliser)[..., None]
        memory = forget[..., None] * memory + write[..., None] * key[..., None] * value[..., None, :]
        normaliser = forget * normaliser + write * key
        read = (query[..., None] * memory).sum(-2)
        weight = (query * normaliser).sum(-1).abs()
        found = read / torch.maximum(weight, torch.exp(-stabiliser.clamp(min=LEAST)))[..., None]
        outputs = torch.sigmoid(self._gate("_o", inputs)) * found.flatten(1)
        return outputs, MLSTMState(memory, normaliser, stabiliser, previous)

    def forward(self, inputs: Tensor, state: MLSTMState | None = None) -> tuple[Tensor, MLSTMState]:
        state = state or self.initial_state(len(inputs))
        steps, parameter = inputs.shape[1], self.get_parameter
        if steps == 0:
            return inputs.new_empty(len(inputs), 0, self.hidden_size), MLSTMState(*state)
        seen, previous = causal_convolution(inputs, state[3], parameter("convolution"))
        query, key = _linear(self, seen, "_q", "_k").split(self.hidden_size, dim=2)
        widths = [self.hidden_size] * 2 + [self.heads] * 2
        value, to_output, log_write, to_forget = _linear(self, inputs, "_v", "_o", "_i", "_f").split(widths, dim=2)
        query, key, value = (in_chunks(part, self.heads) for part in (query, key, value))
        found, after = _read(
            query,
            key * key.shape[-1] ** -0.5,
            value,
            # What fills up the last chunk is not written and lets nothing be forgotten.
            in_chunks(log_write, self.heads, fill=-1e30)[..., 0],
            in_chunks(functional.logsigmoid(to_forget), self.heads)[..., 0],
            state,
        )
        outputs = torch.sigmoid(to_output) * from_chunks(found, steps)
        return outputs, MLSTMState(*after, previous)


def _linear(cell: RecurrentCell, inputs: Tensor, *gates: str) -> Tensor:
    """What goes into several gates, side by side: (B, T, E) -> (B, T, ...)."""
    weight, bias = (torch.cat([cell.get_parameter(letter + gate) for gate in gates], dim=1) for letter in "Wb")
    return functional.linear(inputs, weight.t(), bias[0])


def _read(
    query: Tensor, key: Tensor, value: Tensor, log_write: Tensor, log_forget: Tensor, state: MLSTMState
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """What is read at every step, (B, n, N, C, d), and memory, normaliser and stabiliser after the last.

    Args:
        query, key, value: (B, n, N, C, d).
        log_write, log_forget: (B, n, N, C).
    """
    memory, normaliser, stabiliser = state[:3]
    # At [t, s]: how much of what step s writes is there at step t; and of what there was before the chunk.
    own = log_decays(log_forget) + log_write[..., None, :]
    left = log_forget.cumsum(-1)
    highest = own.detach().amax(-1)  # (B, n, N, C)
    memories, normalisers, tops = [], [], [stabiliser]
    parts = (part.unbind(2) for part in (key, value, own[..., -1, :], left[..., -1], highest[..., -1]))
    for keys, values, log_shares, log_kept, largest in zip(*parts, strict=True):
        # The same m_t as step by step: the maximum of all that has gone into it.
        memories.append(memory)
        normalisers.append(normaliser)
        last = torch.maximum(log_kept + tops[-1], largest).detach()
        kept = torch.exp(log_kept + tops[-1] - last)[..., None]
        written = keys * torch.exp(log_shares - last[..., None])[..., None]  # (B, n, C, d)
        memory = kept[..., None] * memory + written.transpose(-1, -2) @ values
        normaliser = kept * normaliser + written.sum(-2)
        tops.append(last)
    carried = left + torch.stack(tops[:-1], dim=2)[..., None]
    top = torch.maximum(carried, highest).detach()
    from_before = query * torch.exp(carried - top)[..., None]
    scores = (query @ key.transpose(-1, -2)) * torch.exp(own - top[..., None])
    read = scores @ value + from_before @ torch.stack(memories, dim=2)
    weight = scores.sum(-1) + (from_before * torch.stack(normalisers, dim=2)[..., None, :]).sum(-1)
    least = torch.exp(-top.clamp(min=LEAST))
    return read / torch.maximum(weight.abs(), least)[..., None], (memory, normaliser, tops[-1])

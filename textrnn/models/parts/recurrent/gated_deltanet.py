"""Gated DeltaNet: a memory of keys and values in a matrix, of which each step replaces what it holds under one key."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.chunks import default_heads, from_chunks, in_chunks, log_decays
from textrnn.models.parts.recurrent.short_convolution import causal_convolution


class GatedDeltaNetState(NamedTuple):
    """`memory` (B, n, d, d), keys by values; `previous` (B, width - 1, 3H): what the convolution still sees."""

    memory: Tensor
    previous: Tensor


class GatedDeltaNet(RecurrentCell):
    """Gated delta rule, for each of n heads with d = H / n numbers::

        q_t, k_t, v_t = silu(convolution of x W_q + b_q, x W_k + b_k, x W_v + b_v over the last `width` steps)
        q_t and k_t divided by their lengths
        a_t = sigmoid(x_t W_a + b_a),  e_t = sigmoid(x_t W_e + b_e)        one number each
        S_t = a_t (I - e_t k_t k_t') S_{t-1} + e_t k_t v_t'
        h_t = q_t S_t

    ``step`` is the recurrence. ``forward`` writes the product of a chunk's transitions as I - sum w_s k_s' (the WY form
    of products of Householder matrices), which takes one triangular system a chunk; only S passes from one chunk to the
    next. Decays are sums of logarithms of sigmoids, always finite.

    What it can do: keep about d pairs a head and replace one of them by writing its key again (e_t near 1 takes out
    what the key held before), which mLSTM cannot; forget all with a_t. What it cannot: the eigenvalues of its
    transition, a_t and a_t (1 - e_t), lie between 0 and 1, so that no state changes sign: no parity beyond the lengths
    trained on (:class:`GatedDeltaNetSigned` can). Nor do its gates see its memory.

    Source: Yang et al. 2025 (Gated Delta Networks; preprint 2024), equation 10 in section 3.1, transposed, and section
    3 for the rest; the WY form as in its equations 7 to 9. What differs: the decay is Mamba-2's with A = 1 and a bias;
    the three projections have biases; the query is not divided by the root of d, as it is in the authors' code; the
    normalisation and the gate of the paper's block after the cell are left out.
    """

    state_type = GatedDeltaNetState
    learnable_start = ("memory",)
    strongest: ClassVar[float] = 1.0  # e_t; 2 turns what the key held into its opposite

    def __init__(self, input_size: int, hidden_size: int, *, heads: int | None = None, width: int = 4):
        super().__init__(input_size, hidden_size)
        self.heads, self.width = heads or default_heads(hidden_size), width
        self._add_gates(("_q", "_k", "_v"), recurrent=False)
        for gate in ("_a", "_e"):
            self.register_parameter(f"W{gate}", self._drawn(input_size, self.heads))
            self.register_parameter(f"b{gate}", self._drawn(1, self.heads))
        self.gates = (*self.gates, "_a", "_e")
        self.register_parameter("convolution", self._short_convolution(width, 3 * hidden_size))

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        size = self.hidden_size // self.heads
        return (self.heads, size, size), (self.width - 1, 3 * self.hidden_size)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        self.get_parameter("b_a").copy_(spans[: self.heads].log())

    def step(self, inputs: Tensor, state: GatedDeltaNetState) -> tuple[Tensor, GatedDeltaNetState]:
        memory, previous = state
        projected = torch.cat([self._gate(gate, inputs) for gate in ("_q", "_k", "_v")], dim=1)
        convolved, previous = causal_convolution(projected[:, None], previous, self.get_parameter("convolution"))
        query, key, value = (part.unflatten(1, (self.heads, -1)) for part in convolved[:, 0].chunk(3, dim=1))
        query, key = functional.normalize(query, dim=-1), functional.normalize(key, dim=-1)
        decay = torch.sigmoid(self._gate("_a", inputs))[..., None]
        strength = self.strongest * torch.sigmoid(self._gate("_e", inputs))[..., None]
        memory = decay[..., None] * memory
        held = (key[..., None] * memory).sum(-2)  # what the memory has under this key
        memory = memory + key[..., None] * (strength * (value - held))[..., None, :]
        return (query[..., None] * memory).sum(-2).flatten(1), GatedDeltaNetState(memory, previous)

    def forward(self, inputs: Tensor, state: GatedDeltaNetState | None = None) -> tuple[Tensor, GatedDeltaNetState]:
        state = state or self.initial_state(len(inputs))
        steps = inputs.shape[1]
        if steps == 0:
            return inputs.new_empty(len(inputs), 0, self.hidden_size), GatedDeltaNetState(*state)
        projected = functional.linear(inputs, self._side_by_side("W").t(), self._side_by_side("b")[0])
        together, to_decay, to_strength = projected.split([3 * self.hidden_size, self.heads, self.heads], dim=2)
        convolved, previous = causal_convolution(together, state[1], self.get_parameter("convolution"))
        query, key, value = (in_chunks(part, self.heads) for part in convolved.chunk(3, dim=2))
        found, memory = _read(
            functional.normalize(query, dim=-1),
            functional.normalize(key, dim=-1),
            value,
            in_chunks(functional.logsigmoid(to_decay), self.heads)[..., 0],
            in_chunks(self.strongest * torch.sigmoid(to_strength), self.heads),
            state[0],
        )
        return from_chunks(found, steps), GatedDeltaNetState(memory, previous)


class GatedDeltaNetSigned(GatedDeltaNet):
    """The same with e_t between 0 and 2, so that the eigenvalues of the transition lie between -1 and 1.

    What that adds: at e_t = 2 the transition is a reflection. What is held under a key changes its sign with every such
    step: parity, at any length. Products of reflections are permutations, so that a layer can follow a swap of two a
    step; for the word problem of S3 with a whole permutation at every step it takes several layers, or several writes a
    step (DeltaProduct).

    Source: Grazzi et al. 2025 (Unlocking State-Tracking in Linear RNNs Through Negative Eigenvalues; preprint 2024),
    theorem 1: for parity at any length, some transition must have an eigenvalue that is not a real number from 0 on;
    doubling e_t is their way to one.
    """

    strongest = 2.0


def _read(
    query: Tensor, key: Tensor, value: Tensor, log_decay: Tensor, strength: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    """What is read at every step, (B, n, N, C, d), and the memory after the last.

    Args:
        query, key, value: (B, n, N, C, d).
        log_decay: (B, n, N, C).
        strength: (B, n, N, C, 1).
        memory: (B, n, d, d).
    """
    decays = torch.exp(log_decays(log_decay))  # [t, s]: what is left at t of what s wrote; 0 above the diagonal
    left = torch.exp(log_decay.cumsum(-1))[..., None]  # of what there was before the chunk
    similar = (key @ key.transpose(-1, -2)) * decays * strength
    # What each step really writes: (I + strictly lower part) written = strength * (value - what is there already).
    wanted = torch.cat([strength * value, strength * left * key], dim=-1)
    solved = torch.linalg.solve_triangular(similar, wanted, upper=False, unitriangular=True)
    alone, through = solved.split(value.shape[-1], dim=-1)
    scores = (query @ key.transpose(-1, -2)) * decays
    from_before = query * left
    until_last = key * decays[..., -1, :, None]
    found = []
    parts = (part.unbind(2) for part in (alone, through, scores, from_before, until_last, left[..., -1:, :]))
    for own, of_memory, weights, asking, leaving, kept in zip(*parts, strict=True):
        written = own - of_memory @ memory
        found.append(weights @ written + asking @ memory)
        memory = kept * memory + leaving.transpose(-1, -2) @ written
    return torch.stack(found, dim=2), memory

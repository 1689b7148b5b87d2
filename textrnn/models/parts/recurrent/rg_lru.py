"""Real-gated linear recurrent unit, the recurrence of Griffin and RecurrentGemma."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.linear_recurrence import linear_recurrence

SHARPNESS = 8.0  # c: how far the recurrence gate moves the decay


class RGLRUState(NamedTuple):
    """`hidden` (B, H)."""

    hidden: Tensor


class RGLRU(RecurrentCell):
    """Real-gated linear recurrent unit, c = 8::

        r_t = sigmoid(x_t W_r + b_r),  i_t = sigmoid(x_t W_i + b_i)
        a_t = sigmoid(decay) ^ (c r_t)
        h_t = a_t * h_{t-1} + sqrt(1 - a_t ^ 2) * (i_t * (x_t W_h + b_h))

    The square root keeps the state's size whatever the decay. The unit itself reads as many numbers as it has states;
    the product x_t W_h is the linear layer before it in the paper's block, so that any input will do.

    What it can do: with the recurrence gate shut, a_t is 1 and nothing is taken in: it keeps its state through any
    number of inputs that do not matter; it forgets by its own pace otherwise. What it cannot: see its state in the
    gates, and, the decay being between 0 and 1, parity beyond the lengths trained on.

    Source: De et al. 2024 (Griffin), equations 1 to 4 of section 2.4; the decays at the beginning as there: a^c between
    0.9 and 0.999. What differs: the matrices of the gates are whole, where the paper's experiments have blocks; the
    code of RecurrentGemma takes in the first input of a document unscaled and draws a, not a^c, from a ring of those
    radii.
    """

    state_type = RGLRUState
    learnable_start = ("hidden",)

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self._add_gates(("_r", "_i", "_h"), recurrent=False)
        self.decay = nn.Parameter(torch.empty(hidden_size))
        with torch.no_grad():  # sigmoid(decay) ^ c between 0.9 and 0.999
            self.decay.copy_(torch.logit(torch.empty(hidden_size).uniform_(0.9, 0.999) ** (1 / SHARPNESS)))

    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),)

    def keep_for(self, spans: Tensor, *, shut: bool) -> None:
        # With the gate half open, a_t = exp(-1 / span).
        self.decay.copy_(-torch.log(torch.expm1(2 / (SHARPNESS * spans))))

    def _decay_and_share(self, to_recur: Tensor) -> tuple[Tensor, Tensor]:
        """a_t and sqrt(1 - a_t ^ 2)."""
        exponent = -SHARPNESS * torch.sigmoid(to_recur) * functional.softplus(-self.decay)
        left = -torch.expm1(2 * exponent)
        # The slope of the root at zero is infinite; where nothing is taken in, no gradient comes through it either.
        positive = left > 0
        return exponent.exp(), torch.where(positive, left, 1).sqrt() * positive

    def step(self, inputs: Tensor, state: RGLRUState) -> tuple[Tensor, RGLRUState]:
        decay, share = self._decay_and_share(self._gate("_r", inputs))
        candidate = torch.sigmoid(self._gate("_i", inputs)) * self._gate("_h", inputs)
        hidden = decay * state.hidden + share * candidate
        return hidden, RGLRUState(hidden)

    def forward(self, inputs: Tensor, state: RGLRUState | None = None) -> tuple[Tensor, RGLRUState]:
        state = state or self.initial_state(len(inputs))
        to_recur, to_input, candidate = self._project(inputs).chunk(3, dim=2)
        decay, share = self._decay_and_share(to_recur)
        hiddens = linear_recurrence(decay, share * torch.sigmoid(to_input) * candidate, state[0])
        return hiddens.transpose(0, 1), RGLRUState(hiddens[-1] if len(hiddens) else state[0])

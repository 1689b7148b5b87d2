"""A recurrent network and an n-gram, mixed: p(x) is proportional to p_network(x)^a * p_ngram(x)^b.

The network knows distant context and kinds of words; the n-gram has memorised the
text. On little text each is wrong where the other is right, and the mixture is better than both.

Shapes: B batch, T time, V vocabulary, K order of the n-gram.

Source: Klakow 1998 (log-linear interpolation); Mikolov et al. 2011 (recurrent networks mixed with Kneser-Ney n-grams).
"""

from __future__ import annotations

import torch
from torch import Tensor

from textrnn.models.language.base import LanguageModelNetwork, State
from textrnn.models.language.ngram import NgramModel

MAX_WEIGHT = 2.0
MOST_STEPS, MOST_HALVINGS, ROUNDING = 50, 40, 1e-13  # of Newton's method


class NgramNetwork(LanguageModelNetwork):
    """An n-gram with the interface of a network; its state is the last K tokens."""

    def __init__(self, ngram: NgramModel):
        super().__init__()
        self.ngram, self.vocabulary_size = ngram, ngram.vocabulary_size

    def forward(self, token_ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """(B, T) -> (B, T, V) log-probabilities."""
        order, size = self.ngram.order, self.ngram.vocabulary_size
        before = state[0] if state else token_ids.new_full((len(token_ids), order), size)
        read = torch.cat([before, token_ids], dim=1)
        steps = torch.arange(token_ids.shape[1], device=token_ids.device)
        contexts = read[:, steps[:, None] + 1 + torch.arange(order, device=read.device)[None, :]]  # (B, T, K)
        found = self.ngram.probabilities(contexts.flatten(0, 1)).view(*token_ids.shape, size).log()
        return found, (read[:, token_ids.shape[1] :],)


class NgramMixture(LanguageModelNetwork):
    """Both as one language model; its state is the network's, then the n-gram's.

    Args:
        weights: the exponents a and b.
    """

    def __init__(self, network: LanguageModelNetwork, ngram: NgramModel, weights: tuple[float, float]):
        super().__init__()
        self.network, self.ngram, self.weights = network, NgramNetwork(ngram), weights
        self.vocabulary_size = ngram.vocabulary_size

    def forward(self, token_ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """(B, T) -> (B, T, V) log-probabilities (logits that are normalised already)."""
        logits, network_state = self.network(token_ids, state[:-1] if state else None)
        by_ngram, ngram_state = self.ngram(token_ids, state[-1:] if state else None)
        return mixed(logits.log_softmax(dim=2), by_ngram, self.weights), (*network_state, *ngram_state)


def mixed(by_network: Tensor, by_ngram: Tensor, weights: tuple[float, float]) -> Tensor:
    """(..., V) log-probabilities of both -> (..., V) of their mixture."""
    return (weights[0] * by_network + weights[1] * by_ngram).log_softmax(dim=-1)


def fit_weights(by_network: Tensor, by_ngram: Tensor, targets: Tensor) -> tuple[float, float]:
    """The exponents under which a text is most probable, by Newton's method (the problem is convex).

    Args:
        by_network: (N, V) log-probabilities for a text that neither model has learnt from.
        by_ngram: (N, V), likewise.
        targets: (N,), the ids of the text.

    Returns:
        a and b, neither below zero.
    """
    both = torch.stack([by_network, by_ngram]).cpu().double()  # (2, N, V); not every device has doubles
    targets = targets.cpu()
    seen = both.gather(2, targets.expand(2, -1)[:, :, None]).squeeze(2)  # (2, N)

    def loss(weights: Tensor) -> float:
        normaliser = torch.einsum("k,knv->nv", weights, both).logsumexp(dim=1)
        return float((normaliser - weights @ seen).mean())

    weights = torch.full((2,), 0.5, dtype=torch.float64)
    reached = loss(weights)
    for _ in range(MOST_STEPS):
        shares = torch.einsum("k,knv->nv", weights, both).softmax(dim=1)
        expected = (both * shares).sum(dim=2)  # (2, N)
        gradient = (expected - seen).mean(dim=1)
        centred = both - expected[:, :, None]
        hessian = torch.einsum("knv,lnv,nv->kl", centred, centred, shares) / len(targets)
        # A weight at a bound that would move beyond it stays there, and only the other one moves.
        free = ~(((weights <= 0.0) & (gradient > 0)) | ((weights >= MAX_WEIGHT) & (gradient < 0)))
        hessian = hessian[free][:, free] + 1e-9 * torch.eye(int(free.sum()), dtype=torch.float64)
        step = torch.zeros_like(weights)
        step[free] = torch.linalg.solve(hessian, gradient[free])
        # Far from the best weights a whole step leads beyond them, and back again: it is halved until it helps.
        for _ in range(MOST_HALVINGS):
            moved = (weights - step).clamp_(min=0.0, max=MAX_WEIGHT)
            if (then := loss(moved)) <= reached + ROUNDING:
                break
            step = step / 2
        weights, reached = moved, then
        if float(step.abs().max()) < 1e-9:
            break
    return float(weights[0]), float(weights[1])

"""Votes of the windows of a long text on its class: each window has shares of the classes of its own.

A text is taken for a mixture in which one class has more windows than it has elsewhere: a window of which a share q is
of that class is then (1 + e * q) times as likely as in other texts, and the logarithms of all windows add up to that of
the text. A vote is never below zero and has a bound, so that no window outvotes all others by being far out, as it may
in a mean of features; where e is learnt to be large, one window decides.

Shapes: N windows that have tokens, F features, C classes, B texts.

Source: Dietterich et al. 1997 and Ilse et al. 2018 (a label for a bag of instances); the votes are the log-likelihood
ratio of the mixture.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

EXCESS = 0.3  # at first: how much of a text is of its class beyond what is of it anywhere, to all else in the text


class Counted(NamedTuple):
    """Votes of some windows of each text.

    Attributes:
        sums: (B, C)
        windows: (B,)
    """

    sums: Tensor
    windows: Tensor

    def joined(self, other: Counted) -> Counted:
        """With other windows of the same texts."""
        return Counted(self.sums + other.sums, self.windows + other.windows)

    def features(self, most: int) -> Tensor:
        """(B, C): the sums; of texts of more than `most` windows, they grow with the square root of the number."""
        return self.sums * (most / self.windows.clamp(min=1)).clamp(max=1).sqrt()[:, None]


class WindowVotes(nn.Module):
    """(N, F) -> (N, C): the votes of each window."""

    def __init__(self, feature_count: int, class_count: int, *, beside: int = 0, normalised: bool = False):
        """
        What chance prefers in one window it prefers in all, so that the votes of a text can be sure and wrong before
        anything is learnt. Features of a recurrent state are small, and votes by them begin nearly equal; others are
        made to, and are not left without any say, since what makes the features then learns later.

        Args:
            beside: of the features, the last ones, which begin without a say.
            normalised: whether the others have a norm of sqrt(F), as after layer normalisation.
        """
        super().__init__()
        self.classes = nn.Linear(feature_count + beside, class_count)
        with torch.no_grad():
            self.classes.weight[:, feature_count:] = 0.0
            if normalised:
                self.classes.weight /= math.sqrt(feature_count)
        # Times the number of classes, since a share of a class is told by how many times it is the usual one.
        self.excess = nn.Parameter(torch.full((class_count,), math.log(math.expm1(EXCESS * class_count))))

    def votes(self, features: Tensor) -> Tensor:
        """(N, F) -> (N, C), none below 0."""
        logits = self.classes(features)
        # Written out: the gradient of torch's softmax depends on the number of threads.
        shares = (logits - logits.detach().amax(dim=1, keepdim=True)).exp()
        return torch.log1p(functional.softplus(self.excess) * shares / shares.sum(dim=1, keepdim=True))

    def scores(self, votes: Tensor) -> Tensor:
        """(N, C) -> (N,): what tells the weights of windows, which are all alike."""
        return votes.new_zeros(votes.shape[0])

    def weights(self, scores: Tensor, most: int) -> Tensor:
        """(N,), all windows of one text -> (N,): what their votes count in its features."""
        return torch.full_like(scores, math.sqrt(min(1.0, most / len(scores))))

    def forward(self, votes: Tensor, places: Tensor, rows: int, count: int) -> Counted:
        """(N, C) and the places of :class:`Windows` -> the sums of the windows of each of so many texts."""
        in_place = votes.new_zeros(rows * count, votes.shape[1]).index_add(0, places, votes)
        there = votes.new_zeros(rows * count).index_add(0, places, torch.ones_like(votes[:, 0]))
        return Counted(in_place.view(rows, count, -1).sum(dim=1), there.view(rows, count).sum(dim=1))

"""Long texts in windows, and attention that makes the features of a text from those of its windows.

A window begins without a state, so that windows are read side by side and in any order, and a text of any length takes
the memory of a chunk of them. The features of a text are a weighted mean, so that a window's part in a logit is its
weight times what its own features give: the parts add up. A text of one window has the features of that window.

Shapes: B texts, T time (tokens), W tokens of a window, N windows that have tokens, F features.

Source: Yang et al. 2016, equations 8 to 10 (attention over the parts of a document); Milakov & Gimelshein 2018,
algorithm 3 (a softmax in one pass, with a running maximum and a running sum).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Windows(NamedTuple):
    """Texts cut into windows, those without tokens left out.

    Attributes:
        token_ids: (N, W)
        lengths: (N,)
        places: (N,): text * per_text + number of the window in it
        per_text: windows of the longest text
    """

    token_ids: Tensor
    lengths: Tensor
    places: Tensor
    per_text: int


def is_traced() -> bool:
    """Whether a graph is made of what is computed now, which has to hold for texts of every length."""
    return torch._C._get_tracing_state() is not None


def cut_into_windows(token_ids: Tensor, lengths: Tensor, size: int) -> Windows:
    """(B, T), (B,) -> windows of `size` tokens, or of T where that is less; a text's last one may be shorter."""
    # Slices and products only, so that a traced graph has them for every T.
    rows, steps = token_ids.shape
    width = token_ids[:, :size].shape[1]
    count = (steps + width - 1) // width
    padded = functional.pad(token_ids, (0, count * width - steps)).reshape(rows * count, width)
    begins = torch.arange(count, device=lengths.device)[None, :] * width
    within = (lengths[:, None] - begins).clamp(min=0, max=width).flatten()
    places = within.nonzero().squeeze(1)
    return Windows(padded[places], within[places], places, count)


class Pooled(NamedTuple):
    """A softmax under way over some windows of each text.

    Attributes:
        highest: (B,): of the scores
        total: (B,): sum of exp(score - highest), the shares
        squares: (B,): sum of their squares
        sums: (B, F): of the features, weighted by the shares
    """

    highest: Tensor
    total: Tensor
    squares: Tensor
    sums: Tensor

    def joined(self, other: Pooled) -> Pooled:
        """With other windows of the same texts."""
        highest = torch.maximum(self.highest, other.highest)
        ours, theirs = (self.highest - highest).exp(), (other.highest - highest).exp()
        return Pooled(
            highest,
            self.total * ours + other.total * theirs,
            self.squares * ours**2 + other.squares * theirs**2,
            self.sums * ours[:, None] + other.sums * theirs[:, None],
        )

    def features(self, most: int) -> Tensor:
        """(B, F): the weighted mean, times the square root of the windows that have a say, `most` at most."""
        return self.sums * self.factor(most)[:, None]

    def factor(self, most: int) -> Tensor:
        """(B,): what the shares are multiplied by to be the weights of windows.

        The mean of n windows that say different things gets smaller with n, by the square root: without the factor,
        the last layer would first have to grow to learn from long texts. n is the number of windows that alike weights
        would spread as much over.
        """
        # The total and its square root of n, total^2 / squares, in one: one window has a factor of exactly one.
        return torch.minimum(self.squares.rsqrt(), most**0.5 / self.total)


class WindowAttention(nn.Module):
    """A weight for each window by its features; before anything is learnt, all weigh the same."""

    def __init__(self, feature_count: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(feature_count))

    def scores(self, features: Tensor) -> Tensor:
        """(N, F) -> (N,)."""
        # Written out: the gradient of torch's product with one row depends on the number of threads.
        return (torch.tanh(features) * self.weight).sum(dim=1)

    def weights(self, scores: Tensor, most: int) -> Tensor:
        """(N,), all windows of one text -> (N,): what their features count in its own; see :meth:`Pooled.factor`."""
        shares = (scores - scores.max()).exp()
        return shares * torch.minimum(shares.square().sum().rsqrt(), most**0.5 / shares.sum())

    def forward(self, features: Tensor, places: Tensor, rows: int, count: int) -> Pooled:
        """(N, F) and the places of :class:`Windows` -> the softmax over the windows of each of so many texts."""
        scores = self.scores(features)
        there = scores.new_zeros(rows * count).index_add(0, places, torch.ones_like(scores)).view(rows, count) > 0
        in_place = scores.new_zeros(rows * count).index_add(0, places, scores).view(rows, count)
        in_place = in_place.masked_fill(~there, torch.finfo(scores.dtype).min)
        highest = in_place.detach().amax(dim=1)
        shares = (in_place - highest[:, None]).exp() * there
        of_windows = features.new_zeros(rows * count, features.shape[1]).index_add(0, places, features)
        sums = (shares[:, :, None] * of_windows.view(rows, count, -1)).sum(dim=1)
        return Pooled(highest, shares.sum(dim=1), shares.square().sum(dim=1), sums)

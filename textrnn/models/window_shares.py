"""What each window of a long text adds to a difference of two logits.

A text's features are a weighted sum of those of its windows, or of their votes, and the last layer is linear: what a
window adds is its weight times what the layer makes of its features. It is told against a window of as many unknown
tokens, so that the parts of the windows and the baseline, the same text of unknown tokens under the same weights, have
the sum that is to be explained. What is read beside the windows (n-grams) is added to the window where it stands.

Shapes: T time (tokens), N windows, W tokens of a window, F features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.config import UNKNOWN_ID
from textrnn.models.attribution import Attribution, attribute
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.classifiers.windowed import WindowedClassifier, difference_of
from textrnn.models.parts.windows import cut_into_windows


@dataclass(frozen=True)
class WindowShares:
    """The windows of one text, on the CPU.

    Attributes:
        weights: (N,), each above 0
        contributions: (N,), logits
        beside: (T,) logits: what tokens add by what is read beside the windows; part of the contributions
        difference: of the logits of the two classes
        baseline: the same of unknown tokens
        window: W
        share: what the windows' logits count in the answer; part of the contributions, not of the weights
    """

    weights: Tensor
    contributions: Tensor
    beside: Tensor
    difference: float
    baseline: float
    window: int
    share: float = 1.0

    def strongest(self, count: int) -> list[int]:
        """The windows that add or take most, in the order of the text."""
        largest = self.contributions.abs().topk(min(count, len(self.contributions))).indices
        found: list[int] = largest.sort().values.tolist()
        return found

    def tokens_of(self, window: int) -> slice:
        """The places of a window's tokens in the text."""
        return slice(window * self.window, min((window + 1) * self.window, len(self.beside)))


class _OneWindow(ClassifierNetwork):
    """What the last layer makes of the features of single windows: (N, W), (N,) -> (N, C)."""

    def __init__(self, network: WindowedClassifier, feature_count: int):
        super().__init__()
        self.network, self.embedding = network, network.embedding
        self.classifier = nn.Linear(feature_count, network.classifier.out_features, bias=False)
        self.classifier.weight = nn.Parameter(network.classifier.weight.detach()[:, :feature_count])

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        return self.network.parts_of_windows(token_ids, lengths)


def reads_in_windows(network: ClassifierNetwork, length: int) -> bool:
    """Whether a text of so many tokens has more windows than one."""
    return isinstance(network, WindowedClassifier) and 0 < network.window < length


@torch.no_grad()
def window_shares(network: WindowedClassifier, inputs: Sequence[Tensor], label: int, against: int) -> WindowShares:
    """The windows of one text, read in chunks.

    Args:
        inputs: what the network is called with, of one text: token ids (1, T), length (1,), ...
        against: below 0: none, so that the logit of `label` itself is explained.
    """
    pooling, size = network.window_pooling, network.window
    assert pooling is not None
    token_ids, length = inputs[0][0], inputs[1]
    ids, within = network.read_by_windows(*inputs[:2])
    change = network.share_of_windows * difference_of(network.classifier.weight, label, against).float()
    count = network.part_count
    read, scores = [], []
    for chunk, inside in network.chunks(ids, within):
        windows = cut_into_windows(chunk, inside, size)
        parts = network.parts_of_windows(windows.token_ids, windows.lengths)
        read.append(parts @ change[:count])
        scores.append(pooling.scores(parts))
    weights = pooling.weights(torch.cat(scores), network.max_windows)
    sizes = torch.full_like(length.expand(len(weights)), size)
    sizes[-1] = int(within) - size * (len(sizes) - 1)
    unknown = torch.full((2, size), UNKNOWN_ID, device=ids.device)
    whole, last = (network.parts_of_windows(unknown, sizes[[0, -1]]) @ change[:count]).tolist()
    nothing = torch.full_like(weights, whole)
    nothing[-1] = last
    of_windows = weights * (torch.cat(read) - nothing)
    beside = network.beside_windows(label, against, *inputs)
    beside = token_ids.new_zeros(len(token_ids), dtype=torch.float32) if beside is None else beside[0]
    places = (torch.arange(len(beside), device=beside.device) // size).clamp(max=len(weights) - 1)
    of_windows = of_windows.index_add(0, places, beside)
    baseline = float((weights * nothing).sum().double()) + network.constant(label, against)
    difference = baseline + float(of_windows.double().sum())
    return WindowShares(
        weights.cpu(), of_windows.cpu(), beside.cpu(), difference, baseline, size, network.share_of_windows
    )


def tokens_of_windows(
    network: WindowedClassifier,
    token_ids: Tensor,
    shares: WindowShares,
    windows: list[int],
    label: int,
    against: int,
    *,
    rounds: int,
) -> Attribution:
    """What the tokens of some windows add to what those windows add, before their weights; see :func:`attribute`.

    What is read beside the windows is left out.
    """
    rows = torch.zeros(len(windows), shares.window, dtype=torch.int64, device=token_ids.device)
    lengths = torch.zeros(len(windows), dtype=torch.int64, device=token_ids.device)
    for row, window in enumerate(windows):
        tokens = token_ids[shares.tokens_of(window)]
        rows[row, : len(tokens)], lengths[row] = tokens, len(tokens)
    reader = _OneWindow(network, network.part_count).to(token_ids.device).eval()
    one, other = (torch.full_like(lengths, index) for index in (label, against))
    return attribute(reader, rows, lengths, one, other, rounds=rounds)

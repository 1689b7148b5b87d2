"""What the tokens of a text add to an answer by the static vector of the whole text.

The vector is a mean, and the layer over it is linear, so that this is exact. Its tokenizer cuts a text otherwise than
the network's: what one of its tokens adds is divided evenly among its characters, and each of those counts to the token
of the network that it belongs to.

Shapes: T time (tokens of the network).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from textrnn.corpus.spans import Span, cleaned_in_place
from textrnn.saved.classifier import Classifier


@dataclass(frozen=True)
class SentenceShares:
    """What the static vector of a text adds to a difference of two logits.

    Attributes:
        contributions: (T,), double
        baseline: what is added whatever the text is
    """

    contributions: Tensor
    baseline: float

    @property
    def difference(self) -> float:
        """All of it."""
        return self.baseline + float(self.contributions.sum())


def sentence_shares(
    classifier: Classifier, text: str, spans: Sequence[Span], classes: tuple[int, int]
) -> SentenceShares:
    """Those of a text as it was given; zeros of a network that reads no such vectors.

    Args:
        spans: of the network's tokens, at least one.
        classes: that are compared; the second below 0: none.
    """
    added = np.zeros(len(spans))
    branch, static = classifier.network.sentences, classifier.static
    if branch is None or static is None:
        return SentenceShares(torch.from_numpy(added), 0.0)
    direction, constant = branch.direction(*classes)
    share = classifier.network.share_of_sentences
    read, positions = cleaned_in_place(text)
    starts = np.array([span.start for span in spans])
    for start, end, value in static.added_by_tokens(read, share * direction.cpu().numpy()):
        within = [positions[at] for at in range(start, end)] or [positions[start] if start < len(read) else 0]
        # White space between two tokens counts to the first of them, and what lies behind the last to that.
        tokens = np.searchsorted(starts, within, side="right") - 1
        np.add.at(added, np.maximum(tokens, 0), value / len(within))
    return SentenceShares(torch.from_numpy(added), share * constant)

"""What classifiers have in common that read long texts in windows.

Shapes: B texts, T time (tokens), W tokens of a window, N windows, F features of a window, C classes, P numbers of a
window that are pooled (its F features, or its C votes).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import LayerNorm, dropout
from textrnn.models.parts.window_votes import Counted, WindowVotes
from textrnn.models.parts.windows import Pooled, WindowAttention, cut_into_windows, is_traced

CHUNK_TOKENS = 1 << 14  # read at once where no gradient is wanted, roughly


def difference_of(of_classes: Tensor, label: int, against: int) -> Tensor:
    """(C, ...) -> (...): the row of one class less that of another; `against` below 0: none."""
    return of_classes[label] if against < 0 else of_classes[label] - of_classes[against]


class WindowedClassifier(ClassifierNetwork):
    """Token ids (B, T), lengths (B,) -> logits (B, C), the memory of a text's states bounded while it answers.

    Attributes:
        window: tokens of a window; 0: a text is read whole, however long
        max_windows: that a text has in a step of training
        part_count: P, of the numbers of a window that are pooled: its features, or its votes
    """

    def __init__(self) -> None:
        super().__init__()
        self.window, self.max_windows, self.part_count = 0, 1, 0
        self.window_attention: WindowAttention | None = None
        self.window_votes: WindowVotes | None = None
        self.window_normalisation: nn.Module = nn.Identity()
        self.dropout = 0.0

    def read_in_windows(
        self,
        class_count: int,
        feature_count: int,
        *,
        window: int | None,
        max_windows: int | None,
        normalise_windows: bool | None,
        window_pooling: str | None,
        beside: int = 0,
        beside_votes: int = 0,
        normalised: bool = False,
    ) -> nn.Linear:
        """To be called by the constructor of a model that makes so many features of a window -> its last layer.

        Args:
            beside: features that the last layer takes beside those.
            beside_votes: instead of them where windows vote: features of a window that do not come from
                :meth:`window_features`.
            normalised: whether a layer normalisation makes the features of a window.
        """
        self.window, self.max_windows, self.part_count = window or 0, max_windows or 1, feature_count
        if normalise_windows and self.window:
            self.window_normalisation = LayerNorm(feature_count)
        if not self.window:
            return nn.Linear(feature_count + beside, class_count)
        if window_pooling == "votes":
            self.part_count = class_count
            self.window_votes = WindowVotes(
                feature_count, class_count, beside=beside_votes, normalised=normalised or bool(normalise_windows)
            )
            layer = nn.Linear(class_count, class_count)
            nn.init.eye_(layer.weight)
            nn.init.zeros_(layer.bias)
            return layer
        self.window_attention = WindowAttention(feature_count)
        return nn.Linear(feature_count + beside, class_count)

    @property
    def window_pooling(self) -> WindowAttention | WindowVotes | None:
        """What makes the features of a text from those of its windows; None where it is read whole."""
        return self.window_votes or self.window_attention

    @abstractmethod
    def window_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, F): those of windows, or of texts that are read whole."""

    def normalised_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, F): what attention pools."""
        features: Tensor = self.window_normalisation(self.window_features(token_ids, lengths))
        return features

    def voting_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, F): what windows vote by."""
        return dropout(self.normalised_features(token_ids, lengths), self.dropout, self.training)

    def parts_of_windows(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(N, W), (N,) -> (N, P): what is pooled."""
        if self.window_votes is None:
            return self.normalised_features(token_ids, lengths)
        return self.window_votes.votes(self.voting_features(token_ids, lengths))

    def read_by_windows(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T), (B,) -> the part of the texts that windows are cut from; by default all."""
        return token_ids, lengths

    @property
    def share_of_windows(self) -> float:
        """What the last layer's logits count in the answer, where others are mixed in."""
        return 1.0

    def constant(self, label: int, against: int) -> float:
        """The difference of the two logits that no token adds to."""
        return float(difference_of(self.classifier.bias.double(), label, against))

    def beside_windows(self, label: int, against: int, *inputs: Tensor) -> Tensor | None:
        """What a network is called with -> (B, T): what each token adds to the difference of the two logits by what is
        read beside the windows; None of a model that reads nothing so."""
        return None

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, P)."""
        pooled = self.pooled_features(token_ids, lengths)
        return pooled if self.window_votes is not None else dropout(pooled, self.dropout, self.training)

    def pooled_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, P): the windows of each text, pooled."""
        traced, pooling = is_traced(), self.window_pooling
        is_one = not traced and token_ids.shape[1] <= self.window
        if pooling is None or (is_one and self.window_attention is not None):
            return self.parts_of_windows(token_ids, lengths)
        if traced or torch.is_grad_enabled():
            return self._pooled(pooling, token_ids, lengths).features(self.max_windows)
        pooled: Pooled | Counted | None = None
        for ids, within in self.chunks(token_ids, lengths):
            chunk = self._pooled(pooling, ids, within)
            pooled = chunk if pooled is None else pooled.joined(chunk)  # type: ignore[arg-type]  # of the same kind
        assert pooled is not None
        return pooled.features(self.max_windows)

    def chunks(self, token_ids: Tensor, lengths: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(B, T), (B,) -> the same, some windows of each text at a time; a text may have no token left in one."""
        step = self.window * max(1, CHUNK_TOKENS // (self.window * token_ids.shape[0]))
        for begin in range(0, token_ids.shape[1], step):
            ids = token_ids[:, begin : begin + step]
            yield ids, (lengths - begin).clamp(min=0, max=ids.shape[1])

    def _pooled(self, pooling: WindowAttention | WindowVotes, token_ids: Tensor, lengths: Tensor) -> Pooled | Counted:
        windows = cut_into_windows(token_ids, lengths, self.window)
        parts = self.parts_of_windows(windows.token_ids, windows.lengths)
        pooled: Pooled | Counted = pooling(parts, windows.places, token_ids.shape[0], windows.per_text)
        return pooled

"""The training texts that are most like a text to a classifier: by the cosine of what its last layer classifies by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from textrnn.corpus.batches import LabelledTexts, sorted_batches
from textrnn.corpus.vocab import EncodedTexts
from textrnn.saved.classifier import Classifier

CHUNK_ROWS = 1 << 14  # training texts that are compared at once
CHUNK_TEXTS = 1 << 8  # with so many texts


@dataclass(frozen=True)
class Neighbour:
    """A training text.

    Attributes:
        label: that it has in the data
        similarity: cosine of the features, at most 1
        where: the place it is from, ``path:line``; "" where that is not known
    """

    text: str
    label: str
    similarity: float
    where: str = ""


class Neighbours:
    """Training texts with their features, to be searched for those that are most like a text.

    The features are kept in half precision, which is enough to three digits of a cosine: 45,000 titles of an LSTM with
    192 units take 17 MB.
    """

    def __init__(
        self,
        classifier: Classifier,
        texts: Sequence[str],
        labels: Sequence[str],
        features: Tensor,
        where: Callable[[int], str] | None,
    ):
        self.classifier, self.texts, self.labels, self.where = classifier, texts, labels, where
        self.features = features  # (texts, F), each of length one

    @classmethod
    def of(
        cls,
        classifier: Classifier,
        texts: Sequence[str],
        labels: Sequence[str],
        where: Callable[[int], str] | None = None,
    ) -> Neighbours:
        """Computes the features of training texts.

        Args:
            where: the place of the text of an index.
        """
        features = normalised_features(classifier, classifier.encode(list(texts)), torch.float16)
        return cls(classifier, texts, labels, features, where)

    def nearest(self, texts: Sequence[str], k: int) -> list[list[Neighbour]]:
        """The `k` training texts that are most like each text, the most alike first; fewer where there are fewer."""
        count = min(k, len(self.texts))
        if count < 1:
            return [[] for _ in texts]
        asked = normalised_features(self.classifier, self.classifier.encode(list(texts)), torch.float32)
        found = []
        for some in asked.split(CHUNK_TEXTS):
            best = torch.empty(len(some), 0, device=some.device), torch.empty(len(some), 0, dtype=torch.int64)
            best = best[0], best[1].to(some.device)
            for start in range(0, len(self.features), CHUNK_ROWS):
                similarity = some @ self.features[start : start + CHUNK_ROWS].float().T
                values, places = similarity.topk(min(count, similarity.shape[1]), dim=1)
                values, places = torch.cat([best[0], values], dim=1), torch.cat([best[1], places + start], dim=1)
                order = values.argsort(dim=1, descending=True, stable=True)[:, :count]
                best = values.gather(1, order), places.gather(1, order)
            found += list(zip(best[0].tolist(), best[1].tolist(), strict=True))
        return [[self._neighbour(*each) for each in zip(*of_text, strict=True)] for of_text in found]

    def _neighbour(self, similarity: float, index: int) -> Neighbour:
        where = "" if self.where is None else self.where(index)
        return Neighbour(self.texts[index], self.labels[index], min(1.0, similarity), where)


@torch.inference_mode()
def normalised_features(classifier: Classifier, encoded: EncodedTexts, kept: torch.dtype) -> Tensor:
    """Encoded texts -> (texts, F): what the last layer classifies by, scaled to a length of one."""
    network = classifier.network.eval()
    device = next(network.parameters()).device
    features = torch.empty(len(encoded.lengths), network.classifier.in_features, dtype=kept, device=device)
    rows = LabelledTexts.from_encoded(encoded, [0] * len(encoded.lengths), device)
    for some in classifier.threads.over(sorted_batches(rows.lengths), lambda some: float(rows.lengths[some].sum())):
        batch = rows.batch(some)
        found: torch.Tensor = network.text_features(*batch.inputs).float()
        features[some.to(device)] = torch.nn.functional.normalize(found, dim=1).to(kept)
    return features

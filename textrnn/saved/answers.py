"""What a classifier answers to many texts: the likeliest classes of each, and what was unusual about it.

Shapes: N texts, K classes of each, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.config import UNKNOWN_ID
from textrnn.errors import Note
from textrnn.saved.classifier import Classifier

USUAL, EMPTY, UNKNOWN, CUT = range(4)


@dataclass(frozen=True)
class Answers:
    """Answers to texts, in their order.

    Attributes:
        labels: int64, (N, K): class indices, the likeliest first
        probabilities: (N, K)
        unusual: int8, (N,): 0, or which note there is on the text
        pad_size: tokens that are read of a text
    """

    class_names: Sequence[str]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    unusual: NDArray[np.int8]
    pad_size: int

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def notes(self) -> dict[int, Note]:
        """What was unusual, by the index of the text."""
        every = (None, Note("empty_text"), Note("no_known_token"), Note("long_text", pad_size=self.pad_size))
        return {index: note for index in np.flatnonzero(self.unusual).tolist() if (note := every[self.unusual[index]])}


def answer(classifier: Classifier, texts: Sequence[str], *, top_k: int) -> Answers:
    """Answer for raw texts.

    Args:
        top_k: classes of each; all where there are fewer.
    """
    encoded = classifier.encode(list(texts))
    shares = classifier.probabilities_of(encoded)
    order: NDArray[np.int64]
    order = shares.argmax(axis=1)[:, None] if top_k == 1 else np.argsort(-shares, axis=1, kind="stable")[:, :top_k]
    unusual = np.zeros(len(texts), dtype=np.int8)
    unusual[encoded.cut] = CUT
    if len(texts):
        nothing_known = np.flatnonzero(np.logical_and.reduceat(encoded.token_ids == UNKNOWN_ID, encoded.offsets[:-1]))
        unusual[nothing_known] = [UNKNOWN if texts[index].strip() else EMPTY for index in nothing_known.tolist()]
    pad_size: Any = classifier.settings.data.pad_size
    return Answers(classifier.class_names, order, np.take_along_axis(shares, order, axis=1), unusual, pad_size)


def as_document(text: str, classes: Sequence[tuple[Any, float]], note: str | None) -> dict[str, Any]:
    """One answer as JSON has it, everywhere.

    Args:
        classes: labels and their probabilities, the likeliest first.
        note: what was unusual about the text, in words for a file.
    """
    shown = [{"label": str(label), "probability": probability} for label, probability in classes]
    return {"text": text, **shown[0], "classes": shown, "note": note}

"""What a classifier answers to many texts: the likeliest classes of each, and what was unusual about it.

Shapes: N texts, K classes of each, C classes, M labels that are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textrnn.config import UNKNOWN_ID
from textrnn.errors import Note
from textrnn.evaluation.label_scores import PIECE_CELLS
from textrnn.saved.classifier import Classifier

USUAL, EMPTY, UNKNOWN, CUT = range(4)


class TakenLabels(NamedTuple):
    """The labels above their thresholds: those of text i are ``indices[offsets[i]:offsets[i + 1]]``, likeliest first,
    perhaps none.

    Attributes:
        indices: int64, (M,): class indices
        probabilities: (M,)
        offsets: int64, (N + 1,)
        sureness: (N,): of the label of which it is least sure, how probable it is that it is given or not, as answered
    """

    indices: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    offsets: NDArray[np.int64]
    sureness: NDArray[np.float64]

    def select(self, texts: Sequence[int]) -> TakenLabels:
        """Those of some of the texts, in that order."""
        starts, ends = self.offsets[:-1].tolist(), self.offsets[1:].tolist()
        places = np.array([at for text in texts for at in range(starts[text], ends[text])], dtype=np.int64)
        counts = [ends[text] - starts[text] for text in texts]
        offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        sureness = self.sureness[np.array(texts, dtype=np.int64)]
        return TakenLabels(self.indices[places], self.probabilities[places], offsets, sureness)

    def of(self, index: int) -> list[tuple[int, float]]:
        """Class indices and probabilities of a text."""
        own = slice(int(self.offsets[index]), int(self.offsets[index + 1]))
        return list(zip(self.indices[own].tolist(), self.probabilities[own].tolist(), strict=True))


@dataclass(frozen=True)
class Answers:
    """Answers to texts, in their order.

    Attributes:
        labels: int64, (N, K): class indices, the likeliest first
        probabilities: (N, K)
        unusual: int8, (N,): 0, or which note there is on the text
        pad_size: tokens that are read of a text
        taken: where a text may have several labels, those that it is given; None: one label a text
    """

    class_names: Sequence[str]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    unusual: NDArray[np.int8]
    pad_size: int
    taken: TakenLabels | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def sureness(self) -> NDArray[np.float64]:
        """(N,): how probable the answer is, of several labels the one that is least sure."""
        found: NDArray[np.float64] = self.probabilities[:, 0] if self.taken is None else self.taken.sureness
        return found

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
    most = max(1, PIECE_CELLS // len(classifier.class_names))
    if len(texts) > most and classifier.multi_label:  # so that many labels of many texts need not fit the memory
        return _joined([answer(classifier, texts[at : at + most], top_k=top_k) for at in range(0, len(texts), most)])
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
    taken = None if classifier.thresholds is None else taken_labels(shares, classifier.thresholds)
    likeliest = np.take_along_axis(shares, order, axis=1)
    return Answers(classifier.class_names, order, likeliest, unusual, pad_size, taken)


def taken_labels(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> TakenLabels:
    """(N, C), (C,) -> the labels whose probability is at least their threshold, likeliest first."""
    given = probabilities >= thresholds
    rows, classes = given.nonzero()
    shares = probabilities[rows, classes]
    order = np.lexsort((classes, -shares, rows))
    counts = np.bincount(rows, minlength=len(probabilities))
    sureness = np.where(given, probabilities, 1 - probabilities).min(axis=1, initial=1.0)
    return TakenLabels(classes[order], shares[order], np.concatenate([[0], np.cumsum(counts)]), sureness)


def _joined(parts: Sequence[Answers]) -> Answers:
    """Answers to texts one after the other."""
    first, found = parts[0], [part.taken for part in parts if part.taken is not None]
    counts = np.concatenate([np.diff(each.offsets) for each in found])
    taken = TakenLabels(
        np.concatenate([each.indices for each in found]),
        np.concatenate([each.probabilities for each in found]),
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([each.sureness for each in found]),
    )
    labels, shares, unusual = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "probabilities", "unusual")
    )
    return Answers(first.class_names, labels, shares, unusual, first.pad_size, taken)


def as_document(
    text: str,
    classes: Sequence[tuple[Any, float]],
    note: str | None,
    *,
    labels: Sequence[tuple[Any, float]] | None = None,
) -> dict[str, Any]:
    """One answer as JSON has it, everywhere.

    Args:
        classes: labels and their probabilities, the likeliest first.
        note: what was unusual about the text, in words for a file.
        labels: where a text may have several labels, those that it is given; None: one label a text.
    """
    shown = _shown(classes)
    answered = shown[0] if labels is None else {"labels": _shown(labels)}
    return {"text": text, **answered, "classes": shown, "note": note}


def _shown(classes: Sequence[tuple[Any, float]]) -> list[dict[str, Any]]:
    return [{"label": str(label), "probability": probability} for label, probability in classes]

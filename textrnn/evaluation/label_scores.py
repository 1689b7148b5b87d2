"""What a model answers where rows have several labels, gathered piece by piece in bounded memory.

Where rows times classes fit, every logit is kept; else, of each row, those of the likeliest classes and of its own
labels. What has to be known of all of them (the loss, the calibration, the ranks) is added up as they pass.

Shapes: N rows, C classes, B rows of a piece, S logits that are kept, M labels of all rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

MOST_KEPT = 1 << 21  # logits; each takes some thirteen bytes
LEAST_OF_A_ROW = 16  # likeliest classes that are kept of each row, whatever there are
PIECE_CELLS = 1 << 21  # rows times classes of a piece, for those who cut
BINS = 15  # of probabilities, those of the expected calibration error
LOGIT_BINS = np.linspace(-40.0, 40.0, 801)  # of logits that are not kept
MIDDLES = (LOGIT_BINS[1:] + LOGIT_BINS[:-1]) / 2
MOST_OWN_BIASES = 1000  # classes; of more, hardly any has the rows for a bias of its own


class LabelRows(Protocol):
    """The classes of each row: those of row i are ``indices[offsets[i]:offsets[i + 1]]``, rising."""

    @property
    def indices(self) -> NDArray[np.int32]: ...
    @property
    def offsets(self) -> NDArray[np.int64]: ...


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float64]:
    """1 / (1 + e^-x), without overflow."""
    halves: NDArray[np.float64] = 0.5 * np.tanh(0.5 * np.asarray(logits, dtype=np.float64)) + 0.5
    return halves


@dataclass(frozen=True)
class LabelCalibration:
    """Logits of labels become logits of calibrated probabilities: logit / temperature + bias of the class.

    Attributes:
        biases: (C,)
    """

    temperature: float
    biases: NDArray[np.float64]

    @classmethod
    def none(cls, class_count: int) -> LabelCalibration:
        """The probabilities as the network gives them."""
        return cls(1.0, np.zeros(class_count))

    def probabilities(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """(B, C) -> (B, C)."""
        return sigmoid(logits / self.temperature + self.biases)

    def of_kept(self, scores: LabelScores) -> NDArray[np.float64]:
        """(S,): the probabilities of what is kept."""
        return sigmoid(scores.logits / self.temperature + self.biases[scores.classes])

    def of_rest(self, scores: LabelScores) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
        """(R,) each: classes and probabilities of what is not kept, and how many there are of such; nothing where it is
        not known of which classes they are."""
        if len(scores.rest) != scores.class_count:
            return np.empty(0, np.int32), np.empty(0), np.empty(0, np.int64)
        classes, bins = scores.rest.nonzero()
        probabilities = sigmoid(MIDDLES[bins] / self.temperature + self.biases[classes])
        return classes.astype(np.int32), probabilities, scores.rest[classes, bins]


@dataclass
class Tally:
    """Sums over all cells of N x C, whether they are kept or not.

    Attributes:
        loss: cross-entropy, nats, summed
        cells, probability, true: (BINS,): by the probability, how many there are, their sum, how many labels are true
    """

    loss: float = 0.0
    cells: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))
    probability: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))
    true: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))

    def add(self, logits: NDArray[Any], is_true: NDArray[np.bool_]) -> None:
        """Logits, after calibration, and which of the labels are true; of the same shape."""
        logits = logits.astype(np.float64)
        self.loss += float(np.logaddexp(0.0, logits).sum() - logits[is_true].sum())
        shares = sigmoid(logits).ravel()
        bin_of = np.clip(np.ceil(shares * BINS).astype(np.int64) - 1, 0, BINS - 1)  # (lower, upper]
        self.cells += np.bincount(bin_of, minlength=BINS)
        self.probability += np.bincount(bin_of, weights=shares, minlength=BINS)
        self.true += np.bincount(bin_of, weights=is_true.ravel(), minlength=BINS)

    @property
    def calibration_error(self) -> float:
        """Expected calibration error: the mean gap, over the bins, between probability and share of true labels."""
        return float(np.abs(self.probability - self.true).sum() / max(1.0, self.cells.sum()))


@dataclass(frozen=True)
class LabelScores:
    """What is kept of a split's logits, row by row.

    Attributes:
        rows, classes: int32, (S,): whose logit it is, rows rising
        logits: float32, (S,): as the network gives them
        is_true: bool, (S,): whether the row has the label
        rest: (C, bins of ``LOGIT_BINS``): how many logits are not kept, all of them of labels that are not true; of
            more than ``MOST_OWN_BIASES`` classes, (1, bins): all together
        before, after: over all cells, by the network's own and by calibrated probabilities
        precision: mean ranking average precision of the calibrated probabilities
    """

    row_count: int
    class_count: int
    rows: NDArray[np.int32]
    classes: NDArray[np.int32]
    logits: NDArray[np.float32]
    is_true: NDArray[np.bool_]
    rest: NDArray[np.int64]
    before: Tally
    after: Tally
    precision: float

    @property
    def label_counts(self) -> NDArray[np.int64]:
        """(C,): rows that have each label."""
        return np.bincount(self.classes[self.is_true], minlength=self.class_count)


def collect(
    pieces: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]],
    truth: LabelRows,
    class_count: int,
    calibration: LabelCalibration | None = None,
    *,
    most_kept: int = MOST_KEPT,
) -> LabelScores:
    """Gather what a model answers.

    Args:
        pieces: rows (B,) and their logits (B, C), each row in one piece; see :data:`PIECE_CELLS`.
        truth: of all N rows.
        calibration: by which the rows are ranked, and the labels of which are likeliest; None before there is one.
        most_kept: logits, the true labels aside.
    """
    row_count = len(truth.offsets) - 1
    of_a_row = min(class_count, max(LEAST_OF_A_ROW, most_kept // max(1, row_count)))
    before, after = Tally(), Tally()
    rest = np.zeros((class_count if class_count <= MOST_OWN_BIASES else 1, len(MIDDLES)), dtype=np.int64)
    parts: list[tuple[NDArray[Any], ...]] = []
    precision = 0.0
    for rows, logits in pieces:
        is_true = _dense(truth, rows, class_count)
        calibrated = logits if calibration is None else logits / calibration.temperature + calibration.biases
        before.add(logits, is_true)
        if calibration is not None:
            after.add(calibrated, is_true)
        precision += _precision(calibrated, is_true).sum()
        kept = _kept(calibrated, is_true, of_a_row)
        if of_a_row < class_count:
            rest += _counted(logits, ~kept, len(rest))
        at, classes = kept.nonzero()
        parts.append((rows[at].astype(np.int32), classes.astype(np.int32), logits[kept], is_true[kept]))
    columns: Any = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else _nothing()
    order = np.argsort(columns[0], kind="stable")  # pieces may come in any order
    of_rows, classes, kept_logits, true = (column[order] for column in columns)
    after = before if calibration is None else after
    mean = precision / max(1, row_count)
    return LabelScores(row_count, class_count, of_rows, classes, kept_logits, true, rest, before, after, mean)


def _counted(logits: NDArray[Any], which: NDArray[np.bool_], groups: int) -> NDArray[np.int64]:
    """(B, C) logits -> (groups, bins) how many of them there are in each bin; groups are the classes, or one."""
    bins, width = len(MIDDLES), LOGIT_BINS[1] - LOGIT_BINS[0]
    at = ((logits[which].astype(np.float64) - LOGIT_BINS[0]) / width).clip(0, bins - 1).astype(np.int64)
    if groups > 1:
        at += bins * which.nonzero()[1]
    return np.bincount(at, minlength=groups * bins).reshape(groups, bins)


def _nothing() -> list[NDArray[Any]]:
    return [np.empty(0, kind) for kind in (np.int32, np.int32, np.float32, np.bool_)]


def _dense(truth: LabelRows, rows: NDArray[np.int64], class_count: int) -> NDArray[np.bool_]:
    """(B, C): which labels the rows have."""
    found = np.zeros((len(rows), class_count), dtype=np.bool_)
    for place, row in enumerate(rows.tolist()):
        found[place, truth.indices[truth.offsets[row] : truth.offsets[row + 1]]] = True
    return found


def _kept(logits: NDArray[Any], is_true: NDArray[np.bool_], of_a_row: int) -> NDArray[np.bool_]:
    """(B, C): the likeliest of each row, and the true ones."""
    if of_a_row >= logits.shape[1]:
        return np.ones_like(is_true)
    likeliest = np.argpartition(-logits, of_a_row - 1, axis=1)[:, :of_a_row]
    kept = is_true.copy()
    np.put_along_axis(kept, likeliest, True, axis=1)
    return kept


def _precision(logits: NDArray[Any], is_true: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(B,): of each row, over its labels, the mean share of true ones among those ranked as high or higher; 1 of a row
    with none or with all.

    Source: Tsoumakas et al. 2010, section 7.3, as scikit-learn's label_ranking_average_precision_score has it.
    """
    counts = is_true.sum(axis=1)
    sums = np.zeros(len(logits))
    order = np.argsort(~is_true, axis=1, kind="stable")  # the places of the true labels first
    for nth in range(int(counts.max(initial=0))):
        at = np.flatnonzero(counts > nth)
        own = logits[at, order[at, nth]][:, None]
        as_high = logits[at] >= own
        sums[at] += (as_high & is_true[at]).sum(axis=1) / as_high.sum(axis=1)
    decided = (counts > 0) & (counts < logits.shape[1])
    return np.where(decided, sums / np.maximum(1, counts), 1.0)

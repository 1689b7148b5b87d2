"""Results made up for reports: any texts, names and answers, without a network."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.readers.rows import Rows
from textrnn.errors import Note
from textrnn.evaluation.baseline import Baseline
from textrnn.evaluation.metrics import confusion_matrix
from textrnn.evaluation.verdict import Circumstances
from textrnn.report.classification import ClassificationResult
from textrnn.training.history import History

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script><!--",
    '"><img src=x onerror=alert(3)>',
    "]]>--><!-- \u2028\u2029 &lt;b&gt;",
    "\x1b[31mred\x1b[0m \x07\x00\x9b2J",
    "\u202eevil\u202c \u2066isolated",
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }} {% raw %} ${x}",
    "z" + "\u0301" * 500,
    "\ud800 lone",
    "\ttab, \"quotes\"\r\nand; lines\rof 'all' kinds",
]


def split_of(texts: Sequence[str], labels: Sequence[int], names: Sequence[str], path: Path | None = None) -> Split:
    """With a file behind it, whose every other line is blank."""
    rows = None
    if path is not None:
        lines = array("q", range(1, 2 * len(texts) + 1, 2))
        rows = Rows(path, list(texts), [names[label] for label in labels], lines)
    return Split(list(texts), list(labels), rows)


def made_result(
    texts: Sequence[str],
    labels: Sequence[int],
    logits: NDArray[np.float32],
    names: Sequence[str],
    *,
    train: Split | None = None,
    linear: Sequence[int] | None = None,
    path: Path | None = None,
    notes: Sequence[Note] = (),
    **others: Any,
) -> ClassificationResult:
    """The result of a network that answers with these logits on the test split."""
    test = split_of(texts, labels, names, path)
    train = train or split_of(texts, labels, names, path)
    dataset = Dataset(others.pop("name", "made"), list(names), train, test, test, list(notes))
    row = {"step": 2, "epoch": 1, "seconds": 1.5, "train_loss": 1.0, "dev_loss": 0.7, "dev_accuracy": 0.6}
    history = History([1.0, 0.9], [0.1] * 2, [1, 1], [16, 14], [row], 2, 0.7, 1.5, "all epochs done")
    baseline = None
    if linear is not None:
        predictions = np.array(linear, dtype=np.int64)
        baseline = Baseline(predictions, confusion_matrix(labels, predictions, len(names)), 0.5)
    counts = tuple(np.bincount(train.labels, minlength=len(names)).tolist())
    settings = {"label_smoothing": 0.1, "temperature": 1.3, "circumstances": Circumstances(counts), **others}
    return ClassificationResult("LSTM", 0, dataset, history, logits, baseline=baseline, **settings)

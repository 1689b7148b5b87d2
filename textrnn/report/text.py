"""Tables for a terminal, aligned even with Chinese characters, which take two columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wcwidth import iter_graphemes, width

from textrnn.evaluation.metrics import ClassScores

MAX_CLASSES_SHOWN = 30  # a wider matrix would not fit any terminal
MAX_COLUMN_NAME_WIDTH = 8


def display_width(text: str) -> int:
    """Columns that a text takes in a terminal: two for wide characters, none for combining and control characters."""
    return sum(map(_cluster_width, iter_graphemes(text)))


def _cluster_width(cluster: str) -> int:
    """Columns of what is seen as one character, such as a letter with its accents or a composed emoji."""
    return width(cluster, control_codes="ignore")


def in_percent(share: float) -> str:
    """A share, as a sentence has it."""
    return f"{share:.1%}".replace("%", " %")


def so_many_texts(count: int) -> str:
    """A number of texts, as a sentence has it."""
    return f"{count:,} text" if count == 1 else f"{count:,} texts"


def shortened(text: str, widest: int) -> str:
    """The text on one line, cut with an ellipsis so that it takes at most `widest` columns."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if display_width(text) <= widest:
        return text
    kept, columns = "", 0
    for cluster in iter_graphemes(text):
        columns += _cluster_width(cluster)
        if columns > widest - 1:
            break
        kept += cluster
    return kept + "…"


def wrapped(text: str, widest: int = 96) -> str:
    """The text cut between its words into lines of at most `widest` columns, longer words aside."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and display_width(joined) > widest:
            lines.append(word)
        else:
            lines[-1] = joined
    return "\n".join(lines)


def table(rows: Sequence[Sequence[str]], *, left_columns: int = 1, gap: int = 2) -> str:
    """Rows of cells as aligned text: the first columns flush left, the others flush right."""
    widths = [max(display_width(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    lines = []
    for row in rows:
        cells = []
        for index, cell in enumerate(row):
            blank = " " * (widths[index] - display_width(cell))
            cells.append(cell + blank if index < left_columns else blank + cell)
        lines.append((" " * gap).join(cells).rstrip())
    return "\n".join(lines)


def class_rows(scores: ClassScores, class_names: Sequence[str]) -> list[list[str]]:
    """A header row, and precision, recall, F1 and support of each class."""
    rows = [["class", "precision", "recall", "F1", "support"]]
    for index, name in enumerate(class_names):
        shares = (scores.precision[index], scores.recall[index], scores.f1[index])
        rows.append([name, *(f"{share:.4f}" for share in shares), f"{scores.support[index]:,}"])
    return rows


def class_table(scores: ClassScores, class_names: Sequence[str], *, unweighted_f1: float) -> str:
    """Precision, recall, F1 and support of each class, for a terminal."""
    rows = class_rows(scores, [shortened(name, 30) for name in class_names])
    rows.append(["macro mean", "", "", f"{unweighted_f1:.4f}", f"{scores.support.sum():,}"])
    return table(rows)


def confusion_table(confusion: NDArray[np.int64], class_names: Sequence[str]) -> str:
    """True classes down, predicted classes across. Columns have the names where those are short, else the indices."""
    if len(class_names) > MAX_CLASSES_SHOWN:
        return f"{len(class_names)} classes are too many to show here: see confusion_matrix in metrics.json"
    names = [shortened(name, 24) for name in class_names]
    if max(map(display_width, names)) <= MAX_COLUMN_NAME_WIDTH:
        rows = [["true \\ predicted", *names]]
    else:
        rows = [["true \\ predicted", *map(str, range(len(names)))]]
        names = [f"{index} {name}" for index, name in enumerate(names)]
    for name, counts in zip(names, confusion, strict=True):
        rows.append([name, *("." if count == 0 else str(count) for count in counts)])
    return table(rows)


def length_told(history: Any) -> str:
    """How long a training took, and what ended it: ``11.2 s, 456 steps (all epochs done)``; of a model that is solved,
    which makes no steps, ``1.3 s, solved with C=0.5``."""
    if history.is_solved:
        return f"{history.seconds:.1f} s, {history.stopped_by}"
    steps = len(history.train_loss)
    return f"{history.seconds:.1f} s, {steps:,} {'step' if steps == 1 else 'steps'} ({history.stopped_by})"

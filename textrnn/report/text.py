"""Tables for a terminal, aligned also where names are Chinese: such a character takes two columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.metrics import ClassScores

MOST_CLASSES_SHOWN = 30  # a wider matrix would not fit any terminal
WIDEST_COLUMN_NAME = 8


def display_width(text: str) -> int:
    """Columns that a text takes in a terminal: two for wide characters, none for combining ones."""
    width = 0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
            continue
        width += 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
    return width


def shortened(text: str, widest: int) -> str:
    """The text on one line, cut with an ellipsis so that it takes at most `widest` columns."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if display_width(text) <= widest:
        return text
    kept, width = "", 0
    for character in text:
        width += display_width(character)
        if width > widest - 1:
            break
        kept += character
    return kept + "…"


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


def class_table(scores: ClassScores, class_names: Sequence[str], *, unweighted_f1: float) -> str:
    """Precision, recall, F1 and support of each class."""
    rows = [["class", "precision", "recall", "F1", "support"]]
    for index, name in enumerate(class_names):
        shares = (scores.precision[index], scores.recall[index], scores.f1[index])
        rows.append([shortened(name, 30), *(f"{share:.4f}" for share in shares), f"{scores.support[index]:,}"])
    rows.append(["macro mean", "", "", f"{unweighted_f1:.4f}", f"{scores.support.sum():,}"])
    return table(rows)


def confusion_table(confusion: NDArray[np.int64], class_names: Sequence[str]) -> str:
    """True classes down, predicted classes across. Columns carry the names where those are short, else the indices."""
    if len(class_names) > MOST_CLASSES_SHOWN:
        return f"{len(class_names)} classes are too many to show here: see confusion_matrix in metrics.json"
    names = [shortened(name, 24) for name in class_names]
    if max(map(display_width, names)) <= WIDEST_COLUMN_NAME:
        rows = [["true \\ predicted", *names]]
    else:
        rows = [["true \\ predicted", *map(str, range(len(names)))]]
        names = [f"{index} {name}" for index, name in enumerate(names)]
    for name, counts in zip(names, confusion, strict=True):
        rows.append([name, *("." if count == 0 else str(count) for count in counts)])
    return table(rows)

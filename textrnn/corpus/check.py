"""Questions asked of a data set before anything is trained on it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from textrnn.errors import DataError, listed, one_line


def check_class_names(class_names: list[str], rows: int, train_path: Path) -> None:
    """There must be two classes at least, and not one for every other row.

    Raises:
        DataError: saying which it is.
    """
    if len(class_names) < 2:
        only = one_line(repr(class_names[0]), widest=60)
        raise DataError(
            f"{train_path}: all rows are of the one class {only}; expected two classes or more: "
            "there is nothing to tell apart"
        )
    if len(class_names) > 50 and len(class_names) > rows / 2:
        raise DataError(
            f"{train_path}: {len(class_names):,} classes for {rows:,} rows, such as "
            f"{one_line(repr(class_names[0]), widest=40)}; expected few classes with many rows each: "
            "are text and label the wrong way round?"
        )


def check_training_classes(
    labels: list[int], class_names: list[str], train_path: Path, class_file: Path | None
) -> None:
    """Every class must have a row to learn from.

    Raises:
        DataError: naming the classes in question.
    """
    counts = Counter(labels)
    empty = [name for index, name in enumerate(class_names) if not counts[index]]
    if empty:
        remedy = f"or delete them from {class_file}" if class_file else "or take their rows out of the other splits"
        raise DataError(
            f"{train_path}: no training row of class {listed(map(repr, empty))}; expected at least one of each: "
            f"add some, {remedy}"
        )


def duplicate_notices(texts: dict[str, list[str]]) -> list[str]:
    """One notice for each held-out split that repeats texts of the training split.

    Such rows make a score look better than it is.
    """
    seen = set(texts["train"])
    notices = []
    for split in ("dev", "test"):
        repeated = sum(text in seen for text in texts[split])
        if repeated:
            rows = "row repeats a text" if repeated == 1 else "rows repeat texts"
            example = next(text for text in texts[split] if text in seen)
            notices.append(
                f"{split}: {repeated:,} of {len(texts[split]):,} {rows} of the training split "
                f"(for instance {_shortened(example)}); scores on them say little"
            )
    return notices


def _shortened(text: str, longest: int = 24) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"

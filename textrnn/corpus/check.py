"""Questions asked of a data set before anything is trained on it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from textrnn.errors import DataError


def check_training_classes(
    labels: list[int], class_names: list[str], train_path: Path, class_file: Path | None
) -> None:
    """Every class must have a row to learn from, and there must be two at least.

    Raises:
        DataError: naming the classes in question.
    """
    if len(class_names) < 2:
        raise DataError(
            f"{train_path}: all rows are of the one class {class_names[0]!r}; expected two classes or more: "
            "there is nothing to tell apart"
        )
    counts = Counter(labels)
    empty = [name for index, name in enumerate(class_names) if not counts[index]]
    if empty:
        remedy = f"or delete them from {class_file}" if class_file else "or take their rows out of the other splits"
        raise DataError(
            f"{train_path}: no training row of class {', '.join(map(repr, empty))}; expected at least one of each: "
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

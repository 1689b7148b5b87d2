"""What each way to use texts without labels gave, in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textrnn.evaluation.semi_supervised.rungs import Rung

HEADER = ["learnt from", "right, out of fold", "loss", "seconds", ""]


def heap_told(heap: Any, labelled: int, classes: int) -> str:
    """What the heap is, and what was taken out of it."""
    out = [
        f"{count:,} {what}"
        for count, what in (
            (heap.repeated, "repeated"),
            (heap.labelled, "that stand among the labelled rows"),
            (heap.held_out, "that stand in dev or test"),
        )
        if count
    ]
    left_out = f"; left out: {', '.join(out)}" if out else ""
    rows = f"{labelled:,} labelled rows of {classes} classes"
    cut = " (the first; there are more, which are not read)" if heap.is_cut else ""
    return f"{heap.name}: {len(heap):,} texts without labels{cut}, beside {rows}{left_out}"


def rung_told(rung: Rung) -> str:
    """One line, as soon as it is known."""
    if rung.accuracy is None:
        return f"{rung.name}: not judged, the time is too short ({rung.seconds:.1f} s)"
    if not rung.is_judged:
        return f"{rung.name}: not judged, no class has two labelled rows ({rung.seconds:.1f} s)"
    return f"{rung.name}: {rung.accuracy:.1%} right out of fold, loss {rung.loss:.3f} ({rung.seconds:.1f} s)"


def ladder_table(rungs: Sequence[Rung]) -> list[list[str]]:
    """A header row and a row for each rung; no rows without rungs."""
    if not rungs:
        return []
    rows = [HEADER]
    for rung in rungs:
        figures = [f"{rung.accuracy:.4f}", f"{rung.loss:.4f}"] if rung.is_judged else ["", ""]
        verdict = "kept" if rung.kept else "no better" if rung.is_judged else "not judged"
        rows.append([rung.name, *figures, f"{rung.seconds:.1f}", verdict])
    return rows


def ladder_metrics(rungs: Sequence[Rung], unlabelled: int) -> dict[str, Any]:
    """What ``metrics.json`` has of it; nothing of a run without such texts."""
    if not rungs:
        return {}
    return {"unlabelled": unlabelled, "ladder": [rung.to_dict() for rung in rungs]}


def cross_validated(rungs: Sequence[Rung]) -> Rung | None:
    """The highest rung that was kept, whose figures stand for those of a dev split; None where none was judged."""
    kept = [rung for rung in rungs if rung.kept and rung.is_judged]
    return kept[-1] if kept else None

"""The table of several models: on the terminal, as JSON and CSV, a plot and a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from textrnn.errors import Note
from textrnn.evaluation.records import ComparisonEntry
from textrnn.files import json_bytes
from textrnn.report.html import render
from textrnn.report.label_verdict import compared_by_labels
from textrnn.report.notes import words
from textrnn.report.plots import plot_comparison
from textrnn.report.text import table, wrapped
from textrnn.report.verdict import compared

JSON_FILE, CSV_FILE, PAGE_FILE = "comparison.json", "comparison.csv", "report.html"
COSTS = ["seconds", "parameters", "MB", "texts/s"]
HEADER = ["on test", "accuracy", "95 % interval", "macro F1", *COSTS]
SEVERAL_LABELS = ["on test", "macro F1", "micro F1", "all right", "95 % interval", *COSTS]


def _cells(entry: ComparisonEntry) -> list[str]:
    low, high = entry.interval
    of_rows, macro = [f"{entry.accuracy:.4f}", f"{low:.4f} to {high:.4f}"], f"{entry.macro_f1:.4f}"
    return [
        entry.name,
        *([*of_rows, macro] if entry.micro_f1 is None else [macro, f"{entry.micro_f1:.4f}", *of_rows]),
        f"{entry.seconds:.1f}",
        f"{entry.parameters:,}",
        f"{entry.size / 1e6:.1f}",
        f"{entry.texts_per_second:,.0f}",
    ]


@dataclass(frozen=True)
class Comparison:
    """All models of a comparison, as they were trained."""

    dataset: str
    notes: Sequence[Note]
    entries: Sequence[ComparisonEntry]

    @cached_property
    def ranked(self) -> list[ComparisonEntry]:
        """The best first."""
        if self.several_labels:
            return sorted(self.entries, key=lambda entry: (-entry.macro_f1, entry.seconds))
        return sorted(self.entries, key=lambda entry: (-entry.accuracy, entry.seconds))

    @property
    def several_labels(self) -> bool:
        """Whether rows may have several labels; models are then ranked by macro F1."""
        return any(entry.micro_f1 is not None for entry in self.entries)

    @cached_property
    def verdict(self) -> list[str]:
        """What the table says."""
        return compared_by_labels(self.ranked) if self.several_labels else compared(self.ranked)

    @property
    def rows(self) -> list[list[str]]:
        """A header row, and a row for each model."""
        return [SEVERAL_LABELS if self.several_labels else HEADER, *map(_cells, self.ranked)]

    def to_text(self) -> str:
        """The table and what it says, for a terminal."""
        return "\n" + "\n\n".join([table(self.rows), "\n".join(map(wrapped, self.verdict))]).rstrip() + "\n"

    def to_files(self) -> dict[str, bytes]:
        """The files of the comparison, by name."""
        title = f"{len(self.entries)} models on {self.dataset}"
        models = [entry.to_dict() for entry in self.ranked]
        document = {
            "task": "classify",
            "dataset": self.dataset,
            "test_texts": self.entries[0].texts,
            "models": models,
            "verdict": {"sentences": self.verdict},
        }
        bars = [(entry.name, entry.accuracy, entry.interval, entry.seconds) for entry in self.ranked]
        what = "rows that are all right" if self.several_labels else "accuracy"
        plots = plot_comparison(bars, title, what=what)
        return {
            CSV_FILE: _csv(models),
            **plots,
            PAGE_FILE: self._page(title, plots["comparison.svg"]).encode("utf-8"),
            JSON_FILE: json_bytes(document),
        }

    def _page(self, title: str, plot: bytes) -> str:
        notices = list(map(words, self.notes))
        return render("comparison", title=title, rows=self.rows, verdict=self.verdict, plot=plot, notices=notices)


def _csv(models: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    interval = next(name for name in models[0] if name.endswith("_interval"))
    names, share = [name for name in models[0] if name != interval], interval.removesuffix("_interval")
    writer.writerow([*names, f"{share}_low", f"{share}_high"])
    for model in models:
        writer.writerow([*(model[name] for name in names), *model[interval]])
    return out.getvalue().encode("utf-8")

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
from textrnn.report.notes import words
from textrnn.report.plots import plot_comparison
from textrnn.report.text import table, wrapped
from textrnn.report.verdict import compared

JSON_FILE, CSV_FILE, PAGE_FILE = "comparison.json", "comparison.csv", "report.html"
HEADER = ["on test", "accuracy", "95 % interval", "macro F1", "seconds", "parameters", "MB", "texts/s"]


def _cells(entry: ComparisonEntry) -> list[str]:
    low, high = entry.interval
    return [
        entry.name,
        f"{entry.accuracy:.4f}",
        f"{low:.4f} to {high:.4f}",
        f"{entry.macro_f1:.4f}",
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
        return sorted(self.entries, key=lambda entry: (-entry.accuracy, entry.seconds))

    @cached_property
    def verdict(self) -> list[str]:
        """What the table says."""
        return compared(self.ranked)

    @property
    def rows(self) -> list[list[str]]:
        """A header row, and a row for each model."""
        return [HEADER, *map(_cells, self.ranked)]

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
        plots = plot_comparison(bars, title)
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
    names = [name for name in models[0] if name != "accuracy_interval"]
    writer.writerow([*names, "accuracy_low", "accuracy_high"])
    for model in models:
        writer.writerow([*(model[name] for name in names), *model["accuracy_interval"]])
    return out.getvalue().encode("utf-8")

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
from textrnn.report.text import table

JSON_FILE, CSV_FILE, PAGE_FILE = "comparison.json", "comparison.csv", "report.html"
HEADER = ["on test", "accuracy", "95 % interval", "macro F1", "seconds", "parameters", "MB", "texts/s"]


def _cells(one: ComparisonEntry) -> list[str]:
    low, high = one.interval
    return [
        one.name,
        f"{one.accuracy:.4f}",
        f"{low:.4f} to {high:.4f}",
        f"{one.macro_f1:.4f}",
        f"{one.seconds:.1f}",
        f"{one.parameters:,}",
        f"{one.size / 1e6:.1f}",
        f"{one.texts_per_second:,.0f}",
    ]


@dataclass(frozen=True)
class Comparison:
    """All models of a comparison, as they were trained."""

    dataset: str
    notes: Sequence[Note]
    found: Sequence[ComparisonEntry]

    @cached_property
    def ranked(self) -> list[ComparisonEntry]:
        """The best first."""
        return sorted(self.found, key=lambda one: (-one.accuracy, one.seconds))

    @property
    def rows(self) -> list[list[str]]:
        """A header row, and a row for each model."""
        return [HEADER, *map(_cells, self.ranked)]

    def to_text(self) -> str:
        """The table, for a terminal."""
        return "\n" + table(self.rows) + "\n"

    def to_files(self) -> dict[str, bytes]:
        """Everything that is kept, by file name."""
        title = f"{len(self.found)} models on {self.dataset}"
        entries = [one.to_dict() for one in self.ranked]
        document = {"task": "classify", "dataset": self.dataset, "test_texts": self.found[0].texts, "models": entries}
        plots = plot_comparison([(one.name, one.accuracy, one.interval, one.seconds) for one in self.ranked], title)
        return {
            CSV_FILE: _csv(entries),
            **plots,
            PAGE_FILE: render(
                "comparison",
                title=title,
                rows=self.rows,
                plot=plots["comparison.svg"],
                notices=list(map(words, self.notes)),
            ).encode("utf-8"),
            JSON_FILE: json_bytes(document),
        }

    def _page(self, title: str, plot: bytes) -> str:
        return render("comparison", title=title, rows=self.rows, plot=plot, notices=list(map(words, self.notes)))


def _csv(entries: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [name for name in entries[0] if name != "accuracy_interval"]
    writer.writerow([*names, "accuracy_low", "accuracy_high"])
    for entry in entries:
        writer.writerow([*(entry[name] for name in names), *entry["accuracy_interval"]])
    return out.getvalue().encode("utf-8")

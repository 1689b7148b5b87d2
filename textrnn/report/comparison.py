"""The table of several models: on the terminal, as JSON and CSV, a plot and a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from textrnn.evaluation.metrics import wilson_interval
from textrnn.files import json_bytes
from textrnn.report.html import embedded, escaped, html_table, page
from textrnn.report.plots import plot_comparison
from textrnn.report.text import table

JSON_FILE, CSV_FILE, PAGE_FILE = "comparison.json", "comparison.csv", "report.html"
HEADER = ["on test", "accuracy", "95 % interval", "macro F1", "seconds", "parameters", "MB", "texts/s"]


@dataclass(frozen=True)
class Compared:
    """A model in the table.

    Attributes:
        correct: test texts answered right, of `texts`
        seconds: of training
        size: bytes of the saved model
        texts_per_second: answered, from raw texts to classes
    """

    name: str
    correct: int
    texts: int
    macro_f1: float
    seconds: float
    parameters: int
    size: int
    texts_per_second: float

    @property
    def accuracy(self) -> float:
        """Share of test texts answered right."""
        return self.correct / self.texts

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on texts of this kind lies, with 95 % confidence."""
        return wilson_interval(self.correct, self.texts)

    @property
    def in_a_line(self) -> str:
        """Said as soon as it is known."""
        return f"{self.name}: accuracy {self.accuracy:.4f}, macro F1 {self.macro_f1:.4f}, {self.seconds:.1f} s"

    @property
    def cells(self) -> list[str]:
        """A row of the table."""
        low, high = self.interval
        return [
            self.name,
            f"{self.accuracy:.4f}",
            f"{low:.4f} to {high:.4f}",
            f"{self.macro_f1:.4f}",
            f"{self.seconds:.1f}",
            f"{self.parameters:,}",
            f"{self.size / 1e6:.1f}",
            f"{self.texts_per_second:,.0f}",
        ]

    def to_dict(self) -> dict[str, Any]:
        """For ``comparison.json``."""
        return {
            "model": self.name,
            "accuracy": self.accuracy,
            "accuracy_interval": list(self.interval),
            "macro_f1": self.macro_f1,
            "seconds": self.seconds,
            "parameters": self.parameters,
            "bytes": self.size,
            "texts_per_second": self.texts_per_second,
        }


@dataclass(frozen=True)
class Comparison:
    """All models of a comparison, as they were trained."""

    dataset: str
    notices: Sequence[str]
    found: Sequence[Compared]

    @cached_property
    def ranked(self) -> list[Compared]:
        """The best first."""
        return sorted(self.found, key=lambda one: (-one.accuracy, one.seconds))

    def to_text(self) -> str:
        """The table, for a terminal."""
        rows = [HEADER, *(one.cells for one in self.ranked)]
        return "\n" + table(rows) + "\n"

    def to_files(self) -> dict[str, bytes]:
        """Everything that is kept, by file name."""
        title = f"{len(self.found)} models on {self.dataset}"
        entries = [one.to_dict() for one in self.ranked]
        document = {"task": "classify", "dataset": self.dataset, "test_texts": self.found[0].texts, "models": entries}
        plots = plot_comparison([(one.name, one.accuracy, one.interval, one.seconds) for one in self.ranked], title)
        noted = "".join(f'<li class="note">{escaped(notice)}</li>' for notice in self.notices)
        return {
            CSV_FILE: _csv(entries),
            **plots,
            PAGE_FILE: page(
                title,
                [
                    ("On the test split", html_table(HEADER, [one.cells for one in self.ranked])),
                    ("Accuracy against training time", embedded(plots["comparison.svg"], "accuracy against seconds")),
                    *([("Notices", f"<ul>{noted}</ul>")] if noted else []),
                ],
            ),
            JSON_FILE: json_bytes(document),
        }


def _csv(entries: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [name for name in entries[0] if name != "accuracy_interval"]
    writer.writerow([*names, "accuracy_low", "accuracy_high"])
    for entry in entries:
        writer.writerow([*(entry[name] for name in names), *entry["accuracy_interval"]])
    return out.getvalue().encode("utf-8")

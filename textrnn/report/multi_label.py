"""The report of a classifier that gives several labels: on the terminal, as ``metrics.json``, ``history.csv`` and a
page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from textrnn.config import ClassifierSettings
from textrnn.evaluation.label_baseline import LabelBaseline
from textrnn.evaluation.multi_label import LabelFigures, MissedPair, label_report
from textrnn.evaluation.verdict import Circumstances
from textrnn.report.classifier_result import ClassifierResult, calibration_of
from textrnn.report.html import render_classifier_page
from textrnn.report.label_answers import LabelAnswers, label_errors_csv
from textrnn.report.label_charts import plot_label_tables
from textrnn.report.label_errors import SuspectRow
from textrnn.report.label_page import label_headline, label_page_values
from textrnn.report.label_verdict import LabelVerdict
from textrnn.report.text import shortened, table, wrapped
from textrnn.training.history import History

LABELS_SHOWN = 40  # on a terminal; of more, those with the most rows
PAIRS_KEPT, PAIRS_SHOWN, EXAMPLES_PER_PAIR = 50, 5, 2
NAME = 30  # columns of a label


@dataclass(frozen=True)
class MultiLabelResult(ClassifierResult):
    """The same where a text may have several labels.

    Attributes:
        figures: of the test split
    """

    figures: LabelFigures
    baseline: LabelBaseline | None
    circumstances: Circumstances = field(default_factory=Circumstances)

    @cached_property
    def verdict(self) -> LabelVerdict:
        """What was learnt, and what to try next."""
        history, names = self.history, self.dataset.class_names
        evaluations, best = ([], {}) if history is None else (history.evaluations, history.best)
        return LabelVerdict(self.model_name, names, self.figures, self.baseline, evaluations, best, self.circumstances)

    @cached_property
    def answers(self) -> LabelAnswers:
        """On the test split, row by row."""
        linear = None if self.baseline is None else self.baseline.figures.predictions
        return LabelAnswers(self.dataset.test, self.dataset.class_names, self.figures, linear)

    @cached_property
    def missed(self) -> list[MissedPair]:
        """The pairs of labels that fail together most often."""
        return self.figures.missed_pairs(PAIRS_KEPT, EXAMPLES_PER_PAIR)

    @cached_property
    def comparison(self) -> list[list[str]]:
        """A header row, this model, and the baseline where there is one."""
        rows = [["on test", "macro F1", "micro F1", "all right", "Hamming loss", "ranking precision", "seconds"]]
        own = None if self.history is None else self.history.seconds
        linear = [] if self.baseline is None else [(self.baseline.name, self.baseline.figures, self.baseline.seconds)]
        for name, figures, seconds in [(self.model_name, self.figures, own), *linear]:
            values = [figures.macro_f1, figures.micro_f1, figures.exact_match, figures.hamming_loss]
            shown = [f"{value:.4f}" for value in [*values, figures.ranking_average_precision]]
            rows.append([name, *shown, "" if seconds is None else f"{seconds:.1f}"])
        return rows if self.history is not None else [row[:-1] for row in rows]

    def label_rows(self, most: int, widest: int = NAME) -> list[list[str]]:
        """A header row, and the figures of the labels with the most rows, in the order of their indices."""
        scores, names, tables = self.figures.of_labels, self.dataset.class_names, self.figures.tables
        heads = ["label", "precision", "recall", "F1", "rows", "threshold", "missed", "wrongly given"]
        rows = [heads if self.baseline is None else [*heads[:4], "F1, linear", *heads[4:]]]
        for index in np.sort(np.argsort(-scores.support, kind="stable")[:most]).tolist():
            shares = [scores.precision[index], scores.recall[index], scores.f1[index]]
            shares += [] if self.baseline is None else [self.baseline.figures.of_labels.f1[index]]
            counts = [f"{scores.support[index]:,}", f"{self.figures.thresholds[index]:.2f}"]
            wrong = [f"{tables[index, 1, 0]:,}", f"{tables[index, 0, 1]:,}"]
            rows.append([shortened(names[index], widest), *(f"{share:.4f}" for share in shares), *counts, *wrong])
        means = ["macro mean", "", "", f"{self.figures.macro_f1:.4f}"]
        means += [] if self.baseline is None else [f"{self.baseline.figures.macro_f1:.4f}"]
        return [
            *rows,
            [*means, f"{scores.support.sum():,}", "", *(f"{n:,}" for n in tables[:, [1, 0], [0, 1]].sum(axis=0))],
        ]

    def pair_lines(self, count: int, widest: int = NAME) -> list[tuple[str, list[str]]]:
        """The pairs that fail together, in words, with the first of those texts."""
        names, texts = self.dataset.class_names, self.dataset.test.texts
        found = []
        for pair in self.missed[:count]:
            true, other = (shortened(names[index], widest) for index in (pair.true, pair.other))
            said = f"{true} missed, {other} given" if pair.taken else f"{true} and {other} both missed"
            rows = f"{pair.count:,} {'row' if pair.count == 1 else 'rows'}"
            found.append((f"{said}: {rows}", [texts[index] for index in pair.examples]))
        return found

    def to_text(self) -> str:
        """All tables, for a terminal."""
        parts = [table(self.comparison), table(self.label_rows(LABELS_SHOWN))]
        left_out = len(self.dataset.class_names) - LABELS_SHOWN
        if left_out > 0:
            parts.append(f"{left_out:,} more labels, with fewer rows: see per_label in metrics.json")
        before, after = self.figures.calibration_errors
        temperature = f"temperature {self.figures.calibration.temperature:.3f}"
        parts.append(f"expected calibration error {after:.4f}; {before:.4f} before calibration ({temperature})")
        lines = []
        for said, texts in self.pair_lines(PAIRS_SHOWN):
            lines += [f"  {said}", *(f"    {shortened(text, 76)}" for text in texts)]
        if lines:
            parts.append("\n".join(["failing together most often:", *lines]))
        parts.append("\n".join(map(wrapped, self.verdict.sentences)))
        return "\n" + "\n\n".join(parts) + "\n"

    def to_metrics(self) -> dict[str, Any]:
        """The content of ``metrics.json``."""
        figures, names = self.figures, self.dataset.class_names
        metrics: dict[str, Any] = {
            **self._about(multi_label=True),
            **({} if self.history is None else self._training(self.history)),
            "test": {
                **label_report(figures, names, self.missed),
                "interval_95": list(self.verdict.interval),
                "calibration": calibration_of(figures, figures.calibration.temperature),
            },
            **self._files_read(),
        }
        if self.baseline is not None:
            linear = self.baseline.figures
            metrics["baseline"] = {
                "name": self.baseline.name,
                "test_macro_f1": linear.macro_f1,
                "test_micro_f1": linear.micro_f1,
                "test_exact_match": linear.exact_match,
                "test_hamming_loss": linear.hamming_loss,
                "test_ranking_average_precision": linear.ranking_average_precision,
                "seconds": self.baseline.seconds,
            }
        metrics["verdict"] = self.verdict.to_dict()
        return metrics

    def _training(self, history: History) -> dict[str, Any]:
        best = history.best
        return {
            "train": self._trained(history, len(self.dataset.train)),
            "dev": {
                "macro_f1": best["dev_macro_f1"],
                "micro_f1": best["dev_micro_f1"],
                "loss": best["dev_loss"],
                "step": int(best["step"]),
            },
        }

    def _errors(self) -> bytes:
        return label_errors_csv(self.answers)

    def _plots(self) -> tuple[dict[str, bytes], bool]:
        tables, of_labels = self.figures.tables, self.figures.of_labels
        return plot_label_tables(tables, of_labels, self.dataset.class_names, title=self.title)

    def _page(
        self, summary: list[tuple[str, str]], run: ClassifierSettings | None, suspects: Sequence[SuspectRow] | None
    ) -> str:
        """Rows with several labels have no suspects."""
        values = label_page_values(self, summary, run)
        return render_classifier_page(title=self.title, headline=label_headline(self), **values)

    def _on_dev(self, history: History) -> tuple[str, str]:
        return "dev macro F1", f"{history.best['dev_macro_f1']:.4f}"

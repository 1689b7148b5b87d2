"""The report of a trained classifier: on the terminal, as ``metrics.json`` and ``history.csv``, plots and a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.config import ClassifierSettings
from textrnn.corpus.dataset import Dataset
from textrnn.errors import Note
from textrnn.evaluation.baseline import Baseline
from textrnn.evaluation.metrics import accuracy, class_scores, classification_report, macro_f1
from textrnn.evaluation.records import ClassifierFigures
from textrnn.evaluation.semi_supervised.rungs import Rung
from textrnn.evaluation.verdict import Circumstances, VerdictFigures
from textrnn.files import json_bytes
from textrnn.report.errors_table import ERRORS_FILE, Answers, errors_csv
from textrnn.report.few_labels import cross_validated, ladder_metrics, ladder_table
from textrnn.report.html import render_classifier_page
from textrnn.report.label_errors import SUSPECTS_FILE, SuspectRow, suspects_csv
from textrnn.report.page_data import headline, page_values, readings
from textrnn.report.plots import plot_confusion, plot_curves
from textrnn.report.text import class_table, confusion_table, shortened, table, wrapped
from textrnn.report.verdict import Verdict
from textrnn.saved.folder import METRICS_FILE
from textrnn.training.history import History

HISTORY_FILE, PAGE_FILE = "history.csv", "report.html"
CONFUSED_PAIRS, EXAMPLES_PER_PAIR = 5, 2


@dataclass(frozen=True)
class ClassificationResult:
    """A finished run, or a saved classifier on other texts.

    Attributes:
        history: of the training; None where nothing was trained, and the data set is its test split alone
        test_logits: (test rows, C)
        label_smoothing: that the network learnt with
        temperature: by which logits are divided after the smoothing is undone, fitted on the dev split
        rungs: of the ways to use texts without labels, where there were some, in the order in which they were tried
        unlabelled: how many such texts there were
    """

    model_name: str
    seed: int
    dataset: Dataset
    history: History | None
    test_logits: NDArray[np.float32]
    label_smoothing: float
    temperature: float
    baseline: Baseline | None
    circumstances: Circumstances = field(default_factory=Circumstances)
    rungs: tuple[Rung, ...] = ()
    unlabelled: int = 0

    @cached_property
    def figures(self) -> ClassifierFigures:
        """Of the test split."""
        return ClassifierFigures(self.test_logits, self.dataset.test.labels, self.label_smoothing, self.temperature)

    @cached_property
    def answers(self) -> Answers:
        """On the test split, row by row."""
        linear = None if self.baseline is None else self.baseline.predictions
        return Answers(self.dataset.test, self.dataset.class_names, self.figures, linear)

    @cached_property
    def comparison(self) -> list[list[str]]:
        """A header row, this model, and the baseline where there is one."""
        rows = [["on test", "accuracy", "loss", "macro F1", "seconds"]]
        own = None if self.history is None else self.history.seconds
        for name, confusion, loss, seconds in (
            (self.model_name, self.figures.confusion, f"{self.figures.loss:.4f}", own),
            *([(self.baseline.name, self.baseline.confusion, "", self.baseline.seconds)] if self.baseline else []),
        ):
            took = "" if seconds is None else f"{seconds:.1f}"
            rows.append([name, f"{accuracy(confusion):.4f}", loss, f"{macro_f1(confusion):.4f}", took])
        return rows if self.history is not None else [row[:-1] for row in rows]

    @cached_property
    def confused(self) -> list[tuple[str, str, int, list[str]]]:
        """The worst confused pairs: true class, predicted class, rows, the first of those texts."""
        names, texts = self.dataset.class_names, self.dataset.test.texts
        return [
            (names[pair.true], names[pair.predicted], pair.count, [texts[index] for index in pair.examples])
            for pair in self.figures.confused(CONFUSED_PAIRS, EXAMPLES_PER_PAIR)
        ]

    @cached_property
    def verdict(self) -> Verdict:
        """What was learnt, and what to try next."""
        history, dataset = self.history, self.dataset
        evaluations, best = ([], {}) if history is None else (history.evaluations, history.best)
        figures = VerdictFigures(self.figures, self.baseline, evaluations, best, self.circumstances)
        return Verdict(self.model_name, dataset.class_names, dataset.test.texts, figures)

    def to_text(self) -> str:
        """All tables, for a terminal."""
        names, confusion = self.dataset.class_names, self.figures.confusion
        parts = [
            table(ladder_table(self.rungs)) if self.rungs else "",
            table(self.comparison),
            class_table(class_scores(confusion), names, unweighted_f1=macro_f1(confusion)),
            confusion_table(confusion, names),
        ]
        before, after = self.figures.calibration_errors
        gaps = f"expected calibration error {after:.4f}; {before:.4f} before calibration"
        sure = f"{gaps} (temperature {self.temperature:.3f})"
        lines = ["most confused:"] if self.confused else []
        for true, predicted, rows, texts in self.confused:
            pair = f"{shortened(true, 30)} taken for {shortened(predicted, 30)}"
            lines.append(f"  {pair}: {rows} {'row' if rows == 1 else 'rows'}")
            lines += [f"    {shortened(text, 76)}" for text in texts]
        said = "\n".join(map(wrapped, self.verdict.sentences))
        return "\n" + "\n\n".join(part for part in [*parts, sure, "\n".join(lines), said] if part) + "\n"

    def to_metrics(self) -> dict[str, Any]:
        """The content of ``metrics.json``."""
        figures = self.figures
        metrics: dict[str, Any] = {
            "task": "classify",
            "model": self.model_name,
            "dataset": self.dataset.name,
            "seed": self.seed,
            **({} if self.history is None else self._training(self.history)),
            **ladder_metrics(self.rungs, self.unlabelled),
            "test": classification_report(figures.confusion, figures.loss, self.dataset.class_names),
        }
        if files := [reading.to_dict() for reading in readings(self.dataset)]:
            metrics["data"] = {"files": files}
        metrics["test"]["interval_95"] = list(self.verdict.figures.interval)
        before, after = figures.calibration_errors
        metrics["test"]["calibration"] = {
            "temperature": self.temperature,
            "expected_calibration_error": after,
            "expected_calibration_error_unscaled": before,
            "loss_unscaled": figures.uncalibrated_loss,
        }
        if self.baseline is not None:
            metrics["baseline"] = {
                "name": self.baseline.name,
                "test_accuracy": self.baseline.accuracy,
                "test_macro_f1": macro_f1(self.baseline.confusion),
                "seconds": self.baseline.seconds,
            }
        metrics["verdict"] = self.verdict.to_dict()
        return metrics

    def _training(self, history: History) -> dict[str, Any]:
        best, texts = history.best, len(self.dataset.train) + self.unlabelled
        dev: dict[str, Any] = {"accuracy": best["dev_accuracy"], "loss": best["dev_loss"], "step": int(best["step"])}
        if rung := cross_validated(self.rungs):  # what the network was evaluated on were guesses
            dev |= {"accuracy": rung.accuracy, "loss": rung.loss, "cross_validated": True}
        return {
            "train": {
                "seconds": history.seconds,
                "epochs": round(history.examples_seen / texts, 3),
                "examples": texts,
                "examples_per_second": history.examples_seen / history.seconds,
            },
            "dev": dev,
        }

    def to_files(
        self,
        settings: list[tuple[str, str]],
        *,
        run: ClassifierSettings | None = None,
        suspects: Sequence[SuspectRow] | None = None,
    ) -> tuple[dict[str, bytes], list[Note]]:
        """Metrics, history, wrong rows, plots and page.

        Args:
            settings: names and values shown at the top of the page.
            run: every setting, for the command that repeats the run.
            suspects: rows whose label is probably wrong, the likeliest first; None where nobody looked for them.

        Returns:
            The files by name, and notes about the plots.
        """
        names, title = self.dataset.class_names, f"{self.model_name} on {self.dataset.name}"
        plots, named = plot_confusion(self.figures.confusion, names, title=title)
        files = {
            METRICS_FILE: json_bytes(self.to_metrics()),
            **({} if self.history is None else {HISTORY_FILE: self.history.to_csv().encode("utf-8")}),
            ERRORS_FILE: errors_csv(self.answers),
            **({} if suspects is None else {SUSPECTS_FILE: suspects_csv(suspects)}),
            **({} if self.history is None else plot_curves(self.history, title=title)),
            **plots,
            PAGE_FILE: self._page(title, settings, run, suspects).encode("utf-8"),
        }
        return files, [] if named else [Note("no_font_for_names", names=names)]

    def _page(
        self,
        title: str,
        settings: list[tuple[str, str]],
        run: ClassifierSettings | None,
        suspects: Sequence[SuspectRow] | None,
    ) -> str:
        history, summary = self.history, [*settings, ("seed", str(self.seed))]
        if history is not None:
            summary = [
                ("training texts", f"{len(self.dataset.train):,}"),
                *([("texts without labels", f"{self.unlabelled:,}")] if self.unlabelled else []),
                *settings,
                ("training", f"{history.seconds:.1f} s, {len(history.train_loss):,} steps ({history.stopped_by})"),
                self._dev_accuracy(history),
                ("seed", str(self.seed)),
            ]
        values = page_values(self, summary, run, suspects)
        return render_classifier_page(title=title, headline=headline(self), **values)

    def _dev_accuracy(self, history: History) -> tuple[str, str]:
        if rung := cross_validated(self.rungs):
            return "cross-validated accuracy", f"{rung.accuracy:.4f}"
        return "dev accuracy", f"{history.best['dev_accuracy']:.4f}"

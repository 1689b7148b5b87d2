"""The report of a trained classifier: on the terminal, as ``metrics.json`` and ``history.csv``, plots and a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.config import ClassifierSettings
from textrnn.evaluation.baseline import Baseline
from textrnn.evaluation.metrics import accuracy, class_scores, classification_report, macro_f1
from textrnn.evaluation.records import ClassifierFigures
from textrnn.evaluation.semi_supervised.rungs import Rung
from textrnn.evaluation.verdict import Circumstances, VerdictFigures
from textrnn.report.classifier_result import ClassifierResult, calibration_of
from textrnn.report.errors_table import Answers, errors_csv
from textrnn.report.few_labels import cross_validated, ladder_metrics, ladder_table
from textrnn.report.html import render_classifier_page
from textrnn.report.label_errors import SuspectRow
from textrnn.report.page_data import headline, page_values
from textrnn.report.plots import plot_confusion
from textrnn.report.text import class_table, confusion_table, shortened, table, wrapped
from textrnn.report.verdict import Verdict
from textrnn.training.history import History

CONFUSED_PAIRS, EXAMPLES_PER_PAIR = 5, 2


@dataclass(frozen=True)
class ClassificationResult(ClassifierResult):
    """The same where a text has one label.

    Attributes:
        test_logits: (test rows, C)
        label_smoothing: that the network learnt with
        temperature: by which logits are divided after the smoothing is undone, fitted on the dev split
        rungs: of the ways to use texts without labels, where there were some, in the order in which they were tried
        unlabelled: how many such texts there were
    """

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
            **self._about(),
            **({} if self.history is None else self._training(self.history)),
            **ladder_metrics(self.rungs, self.unlabelled),
            "test": {
                **classification_report(figures.confusion, figures.loss, self.dataset.class_names),
                "interval_95": list(self.verdict.figures.interval),
                "calibration": calibration_of(figures, self.temperature),
            },
            **self._files_read(),
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
        if history.cross_validated:
            dev["cross_validated"] = True
        if rung := cross_validated(self.rungs):  # what the network was evaluated on were guesses
            dev |= {"accuracy": rung.accuracy, "loss": rung.loss, "cross_validated": True}
        return {"train": self._trained(history, texts), "dev": dev}

    def _errors(self) -> bytes:
        return errors_csv(self.answers)

    def _plots(self) -> tuple[dict[str, bytes], bool]:
        return plot_confusion(self.figures.confusion, self.dataset.class_names, title=self.title)

    def _page(
        self, summary: list[tuple[str, str]], run: ClassifierSettings | None, suspects: Sequence[SuspectRow] | None
    ) -> str:
        values = page_values(self, summary, run, suspects)
        return render_classifier_page(title=self.title, headline=headline(self), **values)

    def _learnt_from(self) -> list[tuple[str, str]]:
        without = [("texts without labels", f"{self.unlabelled:,}")] if self.unlabelled else []
        return [*super()._learnt_from(), *without]

    def _on_dev(self, history: History) -> tuple[str, str]:
        if rung := cross_validated(self.rungs):
            return "cross-validated accuracy", f"{rung.accuracy:.4f}"
        return f"{history.judged_on} accuracy", f"{history.best['dev_accuracy']:.4f}"

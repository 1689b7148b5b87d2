"""What the reports of classifiers have in common, whether a text has one label or several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from textrnn.config import ClassifierSettings
from textrnn.corpus.dataset import Dataset
from textrnn.errors import Note
from textrnn.files import json_bytes
from textrnn.report.errors_table import ERRORS_FILE
from textrnn.report.label_errors import SUSPECTS_FILE, SuspectRow, suspects_csv
from textrnn.report.page_data import readings
from textrnn.report.plots import plot_curves
from textrnn.report.text import length_told
from textrnn.saved.folder import METRICS_FILE
from textrnn.training.history import History

HISTORY_FILE, PAGE_FILE = "history.csv", "report.html"


class Calibrated(Protocol):
    """Figures of the test split."""

    @property
    def calibration_errors(self) -> tuple[float, float]: ...
    @property
    def uncalibrated_loss(self) -> float: ...


@dataclass(frozen=True)
class ClassifierResult(ABC):
    """A finished run, or a saved classifier on other texts.

    Attributes:
        history: of the training; None where nothing was trained, and the data set is its test split alone
    """

    model_name: str
    seed: int
    dataset: Dataset
    history: History | None

    @property
    def title(self) -> str:
        """Of page and plots."""
        return f"{self.model_name} on {self.dataset.name}"

    @abstractmethod
    def to_text(self) -> str:
        """All tables, for a terminal."""

    @abstractmethod
    def to_metrics(self) -> dict[str, Any]:
        """The content of ``metrics.json``."""

    @abstractmethod
    def _errors(self) -> bytes:
        """The wrong rows, a table."""

    @abstractmethod
    def _plots(self) -> tuple[dict[str, bytes], bool]:
        """What was confused, and whether there are fonts for all names."""

    @abstractmethod
    def _on_dev(self, history: History) -> tuple[str, str]:
        """The figure of the weights that were kept, and what it is called."""

    @abstractmethod
    def _page(
        self, summary: list[tuple[str, str]], run: ClassifierSettings | None, suspects: Sequence[SuspectRow] | None
    ) -> str:
        """The page.

        Args:
            summary: names and values shown at its top.
            run, suspects: see :meth:`to_files`.
        """

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
        plots, named = self._plots()
        files = {
            METRICS_FILE: json_bytes(self.to_metrics()),
            **({} if self.history is None else {HISTORY_FILE: self.history.to_csv().encode("utf-8")}),
            ERRORS_FILE: self._errors(),
            **({} if suspects is None else {SUSPECTS_FILE: suspects_csv(suspects)}),
            **({} if self.history is None else plot_curves(self.history, title=self.title)),
            **plots,
            PAGE_FILE: self._page(self._summary(settings), run, suspects).encode("utf-8"),
        }
        return files, [] if named else [Note("no_font_for_names", names=self.dataset.class_names)]

    def _summary(self, settings: list[tuple[str, str]]) -> list[tuple[str, str]]:
        history, seed = self.history, ("seed", str(self.seed))
        if history is None:
            return [*settings, seed]
        return [*self._learnt_from(), *settings, ("training", length_told(history)), self._on_dev(history), seed]

    def _learnt_from(self) -> list[tuple[str, str]]:
        return [("training texts", f"{len(self.dataset.train):,}")]

    def _about(self, **kind: Any) -> dict[str, Any]:
        """How ``metrics.json`` begins.

        Args:
            kind: what it says of the kind of task, beside its name.
        """
        about = {"model": self.model_name, "dataset": self.dataset.name, "seed": self.seed}
        return {"task": "classify", **kind, **about}

    def _trained(self, history: History, texts: int) -> dict[str, Any]:
        """What it says of the training.

        Args:
            texts: that were learnt from.
        """
        return {
            "seconds": history.seconds,
            "epochs": round(history.examples_seen / texts, 3),
            "examples": texts,
            "examples_per_second": history.examples_seen / history.seconds,
        }

    def _files_read(self) -> dict[str, Any]:
        """What it says of the files, where there are any."""
        files = [reading.to_dict() for reading in readings(self.dataset)]
        return {"data": {"files": files}} if files else {}


def calibration_of(figures: Calibrated, temperature: float) -> dict[str, float]:
    """What ``metrics.json`` says of probabilities."""
    before, after = figures.calibration_errors
    return {
        "temperature": temperature,
        "expected_calibration_error": after,
        "expected_calibration_error_unscaled": before,
        "loss_unscaled": figures.uncalibrated_loss,
    }

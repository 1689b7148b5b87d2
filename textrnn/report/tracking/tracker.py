"""What trackers do alike: when a run begins and ends, what is told of it, and that a failing one stops nothing."""

from __future__ import annotations

import json
import re
import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from textrnn.config import RunSettings
from textrnn.errors import Interrupted, Note, one_line
from textrnn.files import portable_name
from textrnn.report.notes import words
from textrnn.saved.folder import METRICS_FILE
from textrnn.training.events import Listener
from textrnn.training.history import Sample

FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"  # how a run has ended
Figures = Mapping[str, float]


def _warn(note: Note) -> None:
    warnings.warn(words(note), stacklevel=2)


class Tracker(Listener):
    """Is told of a run, and tells a program of it. What goes wrong there is told once; then the tracker is left alone.

    A context manager, which ends the last run as it has ended: finished, stopped or failed.

    Args:
        tell: takes notes on the tracker itself; by default they are warnings.

    Attributes:
        settings: of the training at hand
        folder: of its run; None: nowhere
        name: among the trainings of that folder
    """

    title: str

    def __init__(self, tell: Callable[[Note], None] | None = None):
        self.tell = tell or _warn
        self.settings: RunSettings[Any, Any, Any] | None = None
        self.folder: Path | None = None
        self.name = ""
        self.step = 0  # of the latest evaluation
        self.text = ""  # the report as the terminal has it
        self.is_open = self.is_broken = False
        self.told: set[str] = set()  # places

    @abstractmethod
    def begin(self, done_steps: int) -> str:
        """A run begins, or goes on after `done_steps`. Returns where it can be looked at."""

    @abstractmethod
    def log_figures(self, figures: Figures, step: int) -> None:
        """Figures by name, such as ``accuracy/dev``."""

    @abstractmethod
    def log_sample(self, text: str, step: int) -> None:
        """What the network writes by now."""

    @abstractmethod
    def log_report(self, figures: Figures, files: Mapping[str, bytes], step: int) -> None:
        """The figures that the run is judged by, and its report."""

    @abstractmethod
    def end(self, how: str) -> None:
        """The run has ended: FINISHED, STOPPED or FAILED."""

    @property
    def path(self) -> Path:
        """What tells this training from others: ``headlines/LSTM``, and its name where there is one."""
        place = Path() if self.folder is None else Path(self.folder.parent.name) / self.folder.name
        return place / portable_name(self.name)

    def on_training(self, settings: RunSettings[Any, Any, Any], name: str, folder: Path | None) -> None:
        self._end(FINISHED)  # the one before, of several
        self.settings, self.name, self.folder, self.text = settings, name, folder, ""

    def on_note(self, note: Note) -> None:
        if note.kind == "network":
            self.settings = note["settings"]
        elif note.kind == "judged":
            self.text = str(note["result"].to_text()).strip("\n")

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        self._end(FINISHED)

        def begin() -> None:
            place = self.begin(done_steps)
            self.is_open = True
            if place not in self.told:
                self.told.add(place)
                self.tell(Note("tracked", tracker=self.title, place=place))

        self.step = done_steps
        self._safely(begin)

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.step = int(row["step"])
        self._if_open(lambda: self.log_figures(figures_of(row), self.step))

    def on_sample(self, sample: Sample) -> None:
        self._if_open(lambda: self.log_sample(sample.text, sample.step))

    def on_report(self, files: Mapping[str, bytes]) -> None:
        self._if_open(lambda: self.log_report(final_figures(files), files, self.step))
        self._end(FINISHED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stopped = isinstance(error, Interrupted | KeyboardInterrupt)
        self._end(FINISHED if error is None else STOPPED if stopped else FAILED)

    def _end(self, how: str) -> None:
        if self.is_open:
            self._safely(lambda: self.end(how))
            self.is_open = False

    def _if_open(self, action: Callable[[], None]) -> None:
        if self.is_open:
            self._safely(action)

    def _safely(self, action: Callable[[], None]) -> None:
        """Whatever another program's library raises, the training goes on; its warnings are its own business."""
        if self.is_broken:
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                action()
        except Exception as error:
            self.is_broken, self.is_open = True, False
            what = one_line(without_password(str(error))) or type(error).__name__
            self.tell(Note("tracking_failed", tracker=self.title, error=what))


def without_password(text: str) -> str:
    """A text without what stands before the host of an address in it, such as ``user:password@``."""
    return re.sub(r"//[^/\s]*@", "//", text)


def figures_of(row: Figures) -> dict[str, float]:
    """The figures of an evaluation by names that put those together which belong together: ``loss/train``."""
    found = {}
    for name, value in row.items():
        part, _, what = name.partition("_")
        if part in ("train", "dev"):
            found[f"{what}/{part}"] = float(value)
        elif name not in ("step", "epoch"):
            found[f"training/{name}"] = float(value)
    return found


def final_figures(files: Mapping[str, bytes]) -> dict[str, float]:
    """The figures of ``metrics.json`` that a run is judged by: ``test/accuracy``."""
    metrics = json.loads(files.get(METRICS_FILE, b"{}"))
    found = {}
    for part in ("test", "valid"):
        for name in (
            "accuracy",
            "macro_f1",
            "micro_f1",
            "exact_match",
            "loss",
            "nats_per_char",
            "bits_per_char",
            "perplexity",
        ):
            value = metrics.get(part, {}).get(name)
            if value is not None:
                found[f"{part}/{name}"] = float(value)
    if "baseline" in metrics:
        judged_by = "test_accuracy" if "test_accuracy" in metrics["baseline"] else "test_macro_f1"
        found[f"baseline/{judged_by}"] = float(metrics["baseline"][judged_by])
    return found

"""The table of a search: on the terminal, as CSV and JSON, a plot, and the best settings as a file of flags."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textrnn.config import Choices, Run, RunSettings
from textrnn.config.space import Space
from textrnn.evaluation.trials import DONE, FAILED, MAXIMISED, STOPPED_EARLY, Trial, best_of
from textrnn.files import json_bytes
from textrnn.report.drawing import BEST_COLOUR, DEV_COLOUR, INK, add_grid, render_titled_plot
from textrnn.report.repeat import RUN_FILE, request_file
from textrnn.report.text import shortened, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CSV_FILE, JSON_FILE = "search.csv", "search.json"
MOST_ROWS, WIDEST = 12, 60  # of the table on a terminal


@dataclass(frozen=True)
class SearchResult:
    """A search, as far as it has come.

    Attributes:
        base: the run of every trial, but for what is searched
        defaults: its settings, settled
        space: where was looked
        judged_by: the score of the dev split that decides
        wanted: trials in all
    """

    base: Run
    defaults: RunSettings[Any, Any, Any]
    space: Space
    judged_by: str
    wanted: int
    trials: Sequence[Trial]

    @property
    def best(self) -> Trial | None:
        """The trial whose settings are taken."""
        return best_of(self.trials, self.judged_by)

    @property
    def number_of_best(self) -> int:
        """From 1; 0 as long as there is none."""
        return self.best.number if self.best else 0

    @property
    def best_run(self) -> Run:
        """The run with the best settings."""
        found = self.best.settings if self.best else {}
        return dataclasses.replace(self.base, named={**self.base.named, **found})

    @cached_property
    def default_values(self) -> dict[str, Any]:
        """Of what is searched."""
        flat = self.defaults.to_flat()
        return {name: flat[name] for name in self.space}

    def values(self, trial: Trial) -> dict[str, Any]:
        """Of a trial, all that is searched; the first has the defaults."""
        return {**self.default_values, **trial.settings}

    def differences(self, trial: Trial) -> str:
        """What a trial has in other ways than the defaults, in short."""
        differing = [f"{n} {v}" for n, v in self.values(trial).items() if v != self.default_values[n]]
        return ", ".join(differing) or "the defaults"

    def ending(self, trial: Trial) -> str:
        """How a trial ended, where that was not at its end."""
        if trial.state == STOPPED_EARLY:
            return f"stopped after {trial.progress:.0%}"
        return trial.state if trial.state == FAILED else ""

    def score(self, trial: Trial) -> str:
        """What a trial is judged by."""
        return f"{trial.scores[self.judged_by]:.4f}" if self.judged_by in trial.scores else ""

    @property
    def rows(self) -> list[list[str]]:
        """A header row, and the trials, the best first; those that were not finished after the others."""
        header = ["trial", self.judged_by.replace("_", " "), "seconds", "", "settings"]
        sign = -1 if MAXIMISED[self.judged_by] else 1

        def order(trial: Trial) -> tuple[bool, float, int]:
            return trial.state != DONE, sign * trial.scores.get(self.judged_by, 0.0), trial.number

        return [header] + [
            [str(t.number), self.score(t), f"{t.seconds:.1f}", self.ending(t), shortened(self.differences(t), WIDEST)]
            for t in sorted(self.trials, key=order)
        ]

    def to_text(self) -> str:
        """The table, and the best settings, for a terminal."""
        rows = self.rows
        left = f"\nand {len(rows) - 1 - MOST_ROWS} more, see {CSV_FILE}" if len(rows) - 1 > MOST_ROWS else ""
        shown = table([[row[0], row[3], row[4], *row[1:3]] for row in rows[: MOST_ROWS + 1]], left_columns=3)
        best = self.best
        assert best is not None
        lines = [f"  `{name}={value}`" for name, value in self.values(best).items()]
        return f"\n{shown}{left}\n\nbest: trial {best.number}\n" + "\n".join(lines) + "\n"

    def to_csv(self) -> str:
        """A line for each trial, in their order."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        scores = list(dict.fromkeys(name for trial in self.trials for name in trial.scores))
        writer.writerow(["trial", "state", *scores, "seconds", "progress", *self.space, "reason"])
        for trial in self.trials:
            figures = [trial.scores.get(name, "") for name in scores]
            values = self.values(trial).values()
            writer.writerow(
                [trial.number, trial.state, *figures, trial.seconds, round(trial.progress, 3), *values, trial.reason]
            )
        return out.getvalue()

    def to_document(self) -> dict[str, Any]:
        """The content of ``search.json``."""
        return {
            "task": self.base.task,
            "model": self.base.model_name,
            "named": {name: list(v) if isinstance(v, tuple) else v for name, v in self.base.named.items()},
            "seed": self.defaults.training.seed,
            "judged_by": self.judged_by,
            "wanted": self.wanted,
            "best": self.number_of_best,
            "space": {
                name: list(place.values) if isinstance(place, Choices) else dataclasses.asdict(place)
                for name, place in self.space.items()
            },
            "trials": [{**trial.to_dict(), "settings": self.values(trial)} for trial in self.trials],
        }

    def to_files(self) -> dict[str, bytes]:
        """The table; and once a trial was finished, the best settings."""
        files = {CSV_FILE: self.to_csv().encode("utf-8"), JSON_FILE: json_bytes(self.to_document())}
        folder = self.base.folder
        if self.best is not None and folder is not None:
            run = self.best_run
            named = {"task": run.task, "model": run.model_name, **run.named, "seed": self.defaults.training.seed}
            files = {RUN_FILE: request_file(named, folder, place=folder / "search"), **files}
        return files

    def to_report(self) -> dict[str, bytes]:
        """All files, a plot among them."""
        return {**self._plot(), **self.to_files()}

    def _plot(self) -> dict[str, bytes]:
        """``trials.png`` and ``trials.svg``: the score of each trial, and the best up to it."""
        done = [trial for trial in self.trials if trial.state == DONE]
        early = [trial for trial in self.trials if trial.state == STOPPED_EARLY]
        what = self.judged_by.replace("_", " ")
        choose = max if MAXIMISED[self.judged_by] else min

        def draw(figure: Figure) -> None:
            axes = figure.subplots()
            for trials, colour, label in ((done, DEV_COLOUR, "to the end"), (early, INK, "stopped early")):
                scores = [trial.scores[self.judged_by] for trial in trials]
                axes.plot([trial.number for trial in trials], scores, "o", ms=5, color=colour, label=label)
            best = [choose(t.scores[self.judged_by] for t in done[: index + 1]) for index in range(len(done))]
            axes.step([trial.number for trial in done], best, where="post", color=BEST_COLOUR, label="best so far")
            axes.set_xlabel("trial")
            axes.set_ylabel(what)
            add_grid(axes)
            axes.legend(frameon=False)

        title = f"{self.base.model_name}: {what} of {len(self.trials)} trials"
        return render_titled_plot("trials", (7.0, 4.0), title, draw)


def tried(trial: Trial, result: SearchResult) -> str:
    """A line on a trial that has ended."""
    what = result.judged_by.replace("_", " ")
    score = f"{what} {result.score(trial)}" if trial.scores else f"failed ({trial.reason})"
    end = f", {result.ending(trial)}" if trial.state == STOPPED_EARLY else ""
    best = result.best
    ahead = f"; best {result.score(best)} of trial {best.number}" if best and best is not trial else ""
    place = f"trial {trial.number} of {result.wanted}"
    return f"{place}: {score}{end} ({trial.seconds:.1f} s; {shortened(result.differences(trial), 200)}){ahead}"

"""What ``verbose=True`` shows: a bar in notebooks and terminals, and the notes of the run."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from textrnn.errors import Note
from textrnn.report.notes import line
from textrnn.training.events import Listener


class Progress(Listener):
    """A bar by tqdm, which draws it as a notebook or a terminal shows it; where there is neither, a line for each
    evaluation."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # in a notebook without widgets, tqdm says so and goes on with text
            from tqdm.auto import tqdm
        self.kind: Any = tqdm
        self.bar: Any = None
        in_notebook = any("notebook" in base.__module__ for base in tqdm.__mro__)
        self.total_steps: int | None = None
        self.drawn = in_notebook or sys.stderr.isatty()

    def on_note(self, note: Note) -> None:
        self._say(line(note))

    def aside(self) -> Listener:
        return self

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        self.total_steps = total_steps
        if self.drawn:
            self.bar = self.kind(total=total_steps, initial=done_steps, unit="batch", leave=False)

    def on_step(self, step: int, loss: float) -> None:
        if self.bar is not None:
            self.bar.update(step - self.bar.n)

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        scores = ", ".join(f"{name.replace('_', ' ')} {row[name]:.4f}" for name in _SHOWN if name in row)
        if self.bar is not None:
            self.bar.set_postfix_str(scores)
        elif self.total_steps != 1:  # of one, all is told at the end
            mark = " *" if is_best else ""
            self._say(f"epoch {int(row['epoch'])}, step {int(row['step']):,}: {scores}{mark} ({row['seconds']:.1f} s)")

    def on_end(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _say(self, text: str) -> None:
        self.kind.write(text)


_SHOWN = ("train_loss", "dev_loss", "dev_accuracy", "dev_macro_f1", "train_perplexity", "dev_perplexity")

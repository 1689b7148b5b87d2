"""Progress bars on stderr (tqdm), for training and for downloads."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from textrnn.training.events import Listener
from textrnn.training.history import Sample

LINES = 10  # of a training in a log, about


class TrainingBar(Listener):
    """Steps done, loss, latest scores and time left. Where stderr is no terminal, some ten lines in all.
    What a network writes by now is a line of its own in both cases."""

    def __init__(self, *, shown: bool, say: Callable[[str], None]):
        self.shown = shown
        self.say = say
        self.interactive = sys.stderr.isatty()
        self.bar: tqdm[Any] | None = None
        self.scores = ""
        self.by_time = False
        self.started = 0.0
        self.total_steps: int | None = None
        self.seconds_left: float | None = None
        self.told = 0  # lines, of LINES
        self.untold = ""  # the latest line, where it was not shown

    def aside(self) -> Listener:
        return self

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        self.close()  # of the training before, where there are several
        self.scores = ""
        self.by_time = total_steps is None
        self.total_steps, self.seconds_left, self.started = total_steps, seconds_left, time.perf_counter()
        self.told = LINES * done_steps // total_steps if total_steps else 0
        if self.shown and self.interactive and self.by_time:
            shape = "{l_bar}{bar}| {n:.0f} of {total:.0f} s{postfix}"
            self.bar = tqdm(total=seconds_left, bar_format=shape, dynamic_ncols=True, leave=False)
        elif self.shown and self.interactive:
            self.bar = tqdm(total=total_steps, initial=done_steps, unit="batch", dynamic_ncols=True, leave=False)

    def on_step(self, step: int, loss: float) -> None:
        if self.bar is not None:
            self.bar.set_postfix_str(f"loss {loss:.3f}{self.scores}", refresh=False)
            done = time.perf_counter() - self.started if self.by_time else step
            self.bar.update(min(done, self.bar.total or done) - self.bar.n)

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.scores = f", {_in_short(row)}"
        if self.shown and not self.interactive and self.total_steps != 1:  # of one, all is told at the end
            mark = " *" if is_best else ""
            where = f"epoch {int(row['epoch'])}, step {int(row['step']):,}"
            self.untold = f"{where}: {_in_full(row)}{mark} ({row['seconds']:.1f} s)"
            if self._line_is_due(int(row["step"])):
                self._tell()

    def on_end(self) -> None:
        self._tell()  # the last evaluation is always shown

    def on_sample(self, sample: Sample) -> None:
        if not self.shown:
            return
        from textrnn.report.text import shortened

        line = f"  after {sample.seconds:.0f} s it writes: {shortened(sample.text, 80)}"
        if self.bar is None:
            self.say(line)
            return
        with self.bar.external_write_mode(file=sys.stderr):  # the bar moves out of the way
            self.say(line)

    def _tell(self) -> None:
        if self.untold:
            self.say(self.untold)
        self.untold = ""

    def _line_is_due(self, step: int) -> bool:
        """Whether another tenth of the training is done; a log need not have each evaluation."""
        if self.total_steps:
            done = step / self.total_steps
        elif self.seconds_left:
            done = (time.perf_counter() - self.started) / self.seconds_left
        else:
            return True
        told, self.told = self.told, max(self.told, int(LINES * done + 1e-9))
        return self.told > told

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def _in_short(row: dict[str, float]) -> str:
    """The scores of an evaluation, for the end of a bar."""
    if "dev_accuracy" in row:
        return f"dev {row['dev_accuracy']:.4f}"
    if "dev_macro_f1" in row:
        return f"dev macro F1 {row['dev_macro_f1']:.4f}"
    epoch = f"epoch {int(row['epoch'])}"
    if "train_perplexity" not in row:
        return f"{epoch}: perplexity held out {row['dev_perplexity']:.2f}"
    return f"{epoch}: perplexity train {row['train_perplexity']:.2f}, held out {row['dev_perplexity']:.2f}"


def _in_full(row: dict[str, float]) -> str:
    """The scores of an evaluation, for a line in a log."""
    if "dev_accuracy" in row or "dev_macro_f1" in row:
        losses = f"train loss {row['train_loss']:.4f}, dev loss {row['dev_loss']:.4f}"
        if "dev_macro_f1" in row:
            return f"{losses}, dev macro F1 {row['dev_macro_f1']:.4f}, micro F1 {row['dev_micro_f1']:.4f}"
        return f"{losses}, dev accuracy {row['dev_accuracy']:.4f}"
    if "train_perplexity" not in row:
        return f"perplexity {row['dev_perplexity']:.3f} held out"
    return f"perplexity {row['train_perplexity']:.3f} on train, {row['dev_perplexity']:.3f} held out"


class DownloadBar:
    """Bytes of one file after another."""

    def __init__(self, *, shown: bool):
        self.shown = shown
        self.bar: tqdm[Any] | None = None

    def __call__(self, name: str, done: int, total: int | None) -> None:
        if not self.shown:
            return
        if self.bar is None or self.bar.desc != f"{name}: ":
            self.close()
            self.bar = tqdm(total=total, unit="B", unit_scale=True, desc=name, dynamic_ncols=True)
        assert self.bar is not None
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        """Leave the last bar as it is."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class FileBar:
    """How much of a file is done, where stderr is a terminal."""

    def __init__(self, *, shown: bool):
        self.shown = shown and sys.stderr.isatty()
        self.bar: tqdm[Any] | None = None

    def __call__(self, done: int, total: int | None, unit: str) -> None:
        """So much of it, in bytes (``B``) or rows."""
        if not self.shown:
            return
        if self.bar is None:
            own = f" {unit}" if unit != "B" else unit
            self.bar = tqdm(total=total, unit=own, unit_scale=True, dynamic_ncols=True, leave=False)
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None

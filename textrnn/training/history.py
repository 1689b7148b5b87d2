"""What happened in a training run."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """What a network wrote while it was trained.

    Attributes:
        seconds: of training before it
    """

    step: int
    seconds: float
    text: str


@dataclass
class History:
    """What happened, step by step, and at each evaluation.

    Attributes:
        train_loss: cross-entropy of each step's batch, nats per example (text, character), without label smoothing
        learning_rate: of each step
        epoch: of each step, from 1
        examples: in the batch of each step
        evaluations: dictionaries of step, epoch, passes (epochs, with their parts), seconds, train_loss (mean since the
            last), dev_loss, and what the task adds (dev_accuracy; perplexities)
        seconds: of the whole run
        evaluation_seconds: of them, those spent on evaluations, checkpoints and samples
        threads: steps by the number of threads that did them
        samples: what the network wrote, as it learnt
        cross_validated: whether scores are by models that have learnt the other rows, for nothing was held out for dev
    """

    train_loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    epoch: list[int] = field(default_factory=list)
    examples: list[int] = field(default_factory=list)
    evaluations: list[dict[str, float]] = field(default_factory=list)
    best_step: int = 0
    best_loss: float = math.inf
    seconds: float = 0.0
    evaluation_seconds: float = 0.0
    threads: Counter[int] = field(default_factory=Counter)
    stopped_by: str = ""
    samples: list[Sample] = field(default_factory=list)
    cross_validated: bool = False

    @property
    def best(self) -> dict[str, float]:
        """The evaluation whose weights were kept."""
        return next(row for row in self.evaluations if row["step"] == self.best_step)

    @property
    def is_solved(self) -> bool:
        """Whether the weights were found by a solver: there are no epochs and batches, and one step stands for all."""
        return self.stopped_by.startswith("solved")

    @property
    def judged_by(self) -> tuple[str, str]:
        """The figure of a classifier's evaluations that people look at: its key, and what it is called."""
        if self.evaluations and "dev_macro_f1" in self.evaluations[0]:
            return "dev_macro_f1", "macro F1 on dev"
        return "dev_accuracy", "accuracy, cross-validated" if self.cross_validated else "accuracy on dev"

    @property
    def judged_on(self) -> str:
        """What stands before scores: ``dev``, or ``cross-validated``."""
        return "cross-validated" if self.cross_validated else "dev"

    @property
    def examples_seen(self) -> int:
        """Training examples in all steps, repeats counted."""
        return sum(self.examples)

    @property
    def examples_per_second(self) -> float:
        """While training, evaluations and checkpoints left out."""
        return self.examples_seen / max(1e-9, self.seconds - self.evaluation_seconds)

    def to_csv(self) -> str:
        """One line a step; the columns of the held-out data are filled at evaluations."""
        by_step = {int(row["step"]): row for row in self.evaluations}
        own = ("step", "epoch", "passes", "seconds", "train_loss")
        scores = [key for key in (self.evaluations[0] if self.evaluations else ("dev_loss",)) if key not in own]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        names = [key.replace("dev_", "cross_validated_") if self.cross_validated else key for key in scores]
        writer.writerow(["step", "epoch", "learning_rate", "train_loss", *names, "seconds"])
        steps = zip(self.epoch, self.learning_rate, self.train_loss, strict=True)
        for step, (epoch, rate, loss) in enumerate(steps, 1):
            row: dict[str, Any] = by_step.get(step, {})
            seconds = round(row["seconds"], 3) if row else ""
            found = [row.get(key, "") for key in scores]
            writer.writerow([step, epoch, f"{rate:.6g}", f"{loss:.6g}", *found, seconds])
        return out.getvalue()

"""Exploding gradients: the norm of each gradient at every step, without clipping, with it, and with much of it."""

from __future__ import annotations

import dataclasses
import math
import statistics
from typing import Any

from torch import Tensor

from textrnn.errors import ConfigError, DivergedError, one_line
from textrnn.models.memory.base import SequenceClassifier
from textrnn.report.html import Figure, Paragraph, Table
from textrnn.report.memory import plot_gradients
from textrnn.report.memory_captions import CAPTIONS
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.registry import Experiment
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench, Follower
from textrnn.training.objectives.sequences import SequenceBatch, score

EXPERIMENT = Experiment(
    name="explosion",
    meaning="the norms of the gradients step by step, with and without clipping, and what becomes of the accuracy",
    place=3,
    models=("SRN",),
    lengths=(20,),
    accepts=("model", "lengths"),
    one_length=True,
    # The classic demonstration of exploding gradients.
    settings={
        "embedding_dropout": 0.0,
        "initialisation": "orthogonal",
        "epochs": 50,
        "batch_size": 64,
        "learning_rate": 0.2,
        "optimizer": "sgd",
        "weight_decay": 0.0,
        "schedule": "constant",
        "clip_norm": 20.0,
        "shuffle": False,
        "summed_loss": True,
        "evaluate_every": 5,
    },
    defaults="sgd at 0.2, constant, batches of 64, 50 epochs, clipped at 20, length 20",
)
# Times less gradient than --clip-norm allows: steps clipped at 20 are still too long at this learning rate.
TIGHTER = 20
WHAT_TO_SEE = (
    "A spike, and next to nothing after it, is what explosion looks like: one step threw the weights so far that every "
    "tanh is saturated, and a saturated tanh passes no gradient on. Clipping shortens the step, not its direction; how "
    "much shorter it has to be depends on the learning rate."
)
NOTED = ("seconds", "train_loss", "dev_accuracy", "test_accuracy")  # of an evaluation, among others
COLUMNS = {
    "largest gradient": ("largest_gradient_norm", "norm"),
    "at step": ("largest_at_step", "d"),
    "median": ("median_gradient_norm", "norm"),
    "last loss": ("train_loss", ".2f"),
    "dev": ("dev_accuracy", ".2f"),
    "test": ("test_accuracy", ".2f"),
    "test, best dev weights": ("test_accuracy_of_best_dev", ".2f"),
}
LETTERS = {"W": "W (input)", "U": "U (state)", "b": "b (bias)"}


class GradientNorms:
    """L2 norms of the gradients of a cell's W, U and b, as backpropagation leaves them, before any clipping.

    Of a cell with several gates, the matrices of all gates count as one.
    """

    def __init__(self) -> None:
        self.squares: dict[str, list[float]] = {}

    def watch(self, network: SequenceClassifier) -> None:
        """Take note of every gradient of the network's cell from now on."""
        for name, parameter in network.cell.named_parameters():
            squares = self.squares.setdefault(name, [])

            def note(tensor: Tensor, squares: list[float] = squares) -> None:
                assert tensor.grad is not None
                squares.append(tensor.grad.norm().item() ** 2)

            parameter.register_post_accumulate_grad_hook(note)

    def norms(self, letter: str) -> list[float]:
        """By step."""
        of_letter = [squares for name, squares in self.squares.items() if name.rpartition(".")[2].startswith(letter)]
        return [math.sqrt(sum(step)) for step in zip(*of_letter, strict=False)]


class _Tester(Follower):
    """Tests the network at each evaluation on dev, too, with the weights of that moment."""

    def __init__(self, test: SequenceBatch):
        super().__init__()
        self.test = test

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        assert self.network is not None
        super().on_evaluation({**row, "test_accuracy": score(self.network, self.test).accuracy}, is_best)


def run(request: MemoryRequest, bench: Bench) -> None:
    """Train each model without clipping, with it, and clipped tightly.

    Raises:
        ConfigError: if clipping is turned off, so that there is nothing to compare.
    """
    threshold = bench.training.clip_norm
    if not threshold:
        raise ConfigError("`clip_norm` 0: the explosion experiment compares with clipping; expected a norm above 0")
    (length,) = request.lengths
    for model in request.models:
        norms = {"unclipped": 0.0, "clipped": threshold, "clipped_tightly": threshold / TIGHTER}
        names = {run: f"clipped at {norm:g}" if norm else "without clipping" for run, norm in norms.items()}
        runs = {run: _follow(bench, model, length, clip_norm=norm) for run, norm in norms.items()}
        rows = _table(runs, names)
        title = f"{model} on sequences of {length} digits"
        bench.note("table", rows=rows, title=f"{title}, learning rate {bench.training.learning_rate:g}")
        plots = plot_gradients(
            {
                names[run]: {LETTERS[letter]: values for letter, values in found["gradient_norm"].items()}
                for run, found in runs.items()
            },
            {names[run]: _figure(found["test_accuracy"], ".2f") for run, found in runs.items()},
            {names[run]: norm for run, norm in norms.items() if norm},
            title=f"Gradients of the {title}",
        )
        about = (
            f"{title}; {bench.training.optimizer} at {bench.training.learning_rate:g}, batches of "
            f"{bench.training.batch_size}; losses (nats, the last batches) and accuracies are of the last weights"
        )
        section = [
            Paragraph([about, WHAT_TO_SEE]),
            Table(rows),
            Figure(plots["gradients.svg"], "norms of the gradients against the step", *CAPTIONS["gradients"]),
        ]
        clipped = runs["clipped"]
        figures = {"dev": clipped["dev_accuracy"], "test": clipped["test_accuracy"], "seconds": clipped["seconds"]}
        metrics = {
            "recipe": "explosion",
            "lengths": {str(length): figures},
            "clip_norm": threshold,
            "runs": runs,
            "settings": bench.groups(),
        }
        Findings([model], metrics, plots, section).save(request)


def _follow(bench: Bench, model: str, length: int, *, clip_norm: float) -> dict[str, Any]:
    """Train once; what happened, in plain values. A run whose loss is no longer a number ends there."""
    config = dataclasses.replace(bench.training, clip_norm=clip_norm)
    norms, tester = GradientNorms(), _Tester(bench.split("test", length, config.seed))

    def begin(network: SequenceClassifier) -> None:
        tester.watch(network)
        norms.watch(network)

    diverged: str | None = None
    best: float | None = None
    try:
        network, _ = bench.fit(model, length, config, listeners=[tester], begin=begin)
        best = score(network, tester.test).accuracy
    except DivergedError as error:
        diverged = one_line(error)
    # Cells without weights for their state have no U.
    by_letter = {letter: found for letter in LETTERS if (found := norms.norms(letter))}
    whole = [math.sqrt(sum(value * value for value in step)) for step in zip(*by_letter.values(), strict=True)]
    finite = [value for value in whole if math.isfinite(value)]
    last: dict[str, float | None] = {name: tester.rows[-1][name] if tester.rows else None for name in NOTED}
    return {
        "clip_norm": clip_norm,
        **last,
        "test_accuracy_of_best_dev": best,
        "largest_gradient_norm": max(finite, default=None),
        "largest_at_step": whole.index(max(finite)) + 1 if finite else None,
        "median_gradient_norm": statistics.median(finite) if finite else None,
        "steps": len(whole),
        "diverged": diverged,
        "gradient_norm": by_letter,
        "looks": tester.rows,
    }


def _table(runs: dict[str, dict[str, Any]], names: dict[str, str]) -> list[list[str]]:
    rows = [["", *COLUMNS]]
    for run, found in runs.items():
        rows.append([names[run], *(_figure(found[name], shape) for name, shape in COLUMNS.values())])
    return rows


def _figure(value: float | None, shape: str) -> str:
    if value is None:
        return "diverged"
    if shape == "norm":  # they span many powers of ten: next to nothing is not nothing
        shape = ",.1f" if value >= 10 else ".3g"
    return format(value, shape)

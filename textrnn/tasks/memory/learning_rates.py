"""How far back a network remembers at several learning rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textrnn.report.html import Figure
from textrnn.report.memory import curves_csv, plot_losses
from textrnn.report.memory_captions import CAPTIONS
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.lengths import (
    accuracies_section,
    accuracy_plots,
    by_length,
    constant_figures,
    tell_tables,
    train_all,
)
from textrnn.tasks.memory.registry import Experiment
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench

EXPERIMENT = Experiment(
    name="learning-rates",
    meaning="the same at the learning rates 0.1, 0.01, 0.001 and 0.0001",
    place=2,
    models=("LSTM",),
    lengths=(10, 15, 20, 25, 30, 35),
    accepts=("model", "lengths", "recipe", "seeds", "problem"),
    varies=("learning_rate",),
    resumable=True,
)
LEARNING_RATES = (0.1, 0.01, 0.001, 0.0001)


def run(request: MemoryRequest, bench: Bench) -> None:
    """Train each model at each length and learning rate."""
    for model in request.models:
        found = {f"{rate:g}": train_all(request, bench, model, rate) for rate in LEARNING_RATES}
        tables = tell_tables(bench, found, what="learning rate", title=model)
        title = f"{model} on {bench.problem.title}, by learning rate"
        plots = accuracy_plots(bench, found, title, legend="learning rate")
        longest = max(request.lengths)
        at_longest = {
            f"learning rate {rate}": [t for t in trainings if t.length == longest] for rate, trainings in found.items()
        }
        plots |= plot_losses(at_longest, title=f"{model}, length {longest}: cross-entropy (nats)")
        section = [
            *accuracies_section(request, bench, tables, plots),
            Figure(plots["losses.svg"], f"losses at length {longest}, rate by rate", *CAPTIONS["losses"]),
        ]
        by_rate = {rate: by_length(trainings) for rate, trainings in found.items()}
        metrics = {
            "seeds": request.all_seeds,
            "lengths": _best_rates(by_rate, request.lengths),
            "learning_rates": {rate: {"lengths": figures} for rate, figures in by_rate.items()},
            "always_the_commonest_answer": constant_figures(bench),
            "settings": bench.groups(),
        }
        every = [training for trainings in found.values() for training in trainings]
        files = {**plots, "history.csv": curves_csv(every).encode("utf-8")}
        Findings([model], metrics, files, section).save(request)


def _best_rates(by_rate: dict[str, dict[str, Any]], lengths: Sequence[int]) -> dict[str, Any]:
    """By length, the figures of the learning rate that does best on dev."""
    best = {}
    for length in map(str, lengths):
        rate = max(by_rate, key=lambda rate, at=length: by_rate[rate][at]["dev"])  # type: ignore[misc]
        figures = by_rate[rate][length]
        best[length] = {name: figures[name] for name in ("dev", "test", "seconds", "longer")} | {
            "learning_rate": float(rate)
        }
    return best

"""How far back a network remembers: DigitSum at several lengths, and at several learning rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textrnn.config import LEARNING_RATES
from textrnn.evaluation.records import Training, spread
from textrnn.report.html import Figure, Paragraph, Table
from textrnn.report.memory import accuracy_table, curves_csv, plot_accuracy, plot_losses
from textrnn.report.text import table
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench
from textrnn.tasks.resuming import Say

BY_LENGTH = "accuracy against the length of the sequence"


def run_lengths(request: MemoryRequest, bench: Bench, say: Say) -> None:
    """Train each model at each length with each seed; a folder for each model, and one that compares several."""
    found: dict[str, list[Training]] = {}
    everything: list[Findings] = []
    for model in request.models:
        found[model] = _train_all(request, bench, model)
        findings = _of_one_model(request, bench, model, found[model], alone=len(request.models) == 1)
        findings.save(request)  # at once: what is done is done, whatever becomes of the next model
        everything.append(findings)
    rows = accuracy_table(found)
    say("\n" + table(rows) + "\n")
    if len(request.models) > 1:
        plots = plot_accuracy(found, title=f"DigitSum, {_recipe(request)}")
        section = [_introduction(request), Table(rows), Figure(plots["accuracy.svg"], BY_LENGTH)]
        for model, findings in zip(request.models, everything, strict=True):
            section.append(Figure(findings.files["losses.svg"], f"losses of {model}, length by length"))
        metrics = {
            "recipe": request.recipe_name,
            "seeds": request.all_seeds,
            "models": {model: {"lengths": _by_length(trainings)} for model, trainings in found.items()},
            "settings": bench.settings(),
        }
        Findings(request.models, metrics, plots, section).save(request)


def run_learning_rates(request: MemoryRequest, bench: Bench, say: Say) -> None:
    """Train each model at each length and learning rate."""
    for model in request.models:
        found = {f"{rate:g}": _train_all(request, bench, model, rate) for rate in LEARNING_RATES}
        rows = accuracy_table(found, what="learning rate")
        say(f"\n{model}\n" + table(rows) + "\n")
        title = f"{model} on DigitSum, by learning rate"
        plots = plot_accuracy(found, title=title, legend="learning rate")
        longest = max(request.lengths)
        at_longest = {
            f"learning rate {rate}": [t for t in trainings if t.length == longest] for rate, trainings in found.items()
        }
        plots |= plot_losses(at_longest, title=f"{model}, length {longest}: cross-entropy (nats)")
        section = [
            _introduction(request),
            Table(rows),
            Figure(plots["accuracy.svg"], BY_LENGTH),
            Figure(plots["losses.svg"], f"losses at length {longest}, rate by rate"),
        ]
        metrics = {
            "recipe": request.recipe_name,
            "seeds": request.all_seeds,
            "lengths": _best_rates(found, request.lengths),
            "learning_rates": {rate: {"lengths": _by_length(trainings)} for rate, trainings in found.items()},
            "settings": bench.settings(),
        }
        every = [training for trainings in found.values() for training in trainings]
        files = {**plots, "history.csv": curves_csv(every).encode("utf-8")}
        Findings([model], metrics, files, section).save(request)


def _train_all(request: MemoryRequest, bench: Bench, model: str, learning_rate: float | None = None) -> list[Training]:
    return [bench.train(model, length, seed, learning_rate) for length in request.lengths for seed in request.all_seeds]


def _recipe(request: MemoryRequest) -> str:
    return f"{request.recipe or 'default'} recipe"


def _introduction(request: MemoryRequest) -> Paragraph:
    seeds = "one seed" if request.seed_count == 1 else f"mean of {request.seed_count} seeds, with their spread"
    about = (
        f"{_recipe(request)}; {seeds}; weights chosen on dev. Every pair of digits is in the training split, other "
        "digits following: what is tested is whether the first two are remembered and the rest is ignored."
    )
    return Paragraph([about])


def _of_one_model(
    request: MemoryRequest, bench: Bench, model: str, trainings: Sequence[Training], *, alone: bool
) -> Findings:
    metrics = {
        "recipe": request.recipe_name,
        "seeds": request.all_seeds,
        "lengths": _by_length(trainings),
        "settings": bench.settings(),
    }
    plots = plot_accuracy({model: list(trainings)}, title=f"{model} on DigitSum, {_recipe(request)}")
    panels = {
        f"length {length}": [training for training in trainings if training.length == length]
        for length in request.lengths
    }
    plots |= plot_losses(panels, title=f"{model} on DigitSum: cross-entropy (nats)")
    section = None
    if alone:
        rows = accuracy_table({model: list(trainings)})
        section = [
            _introduction(request),
            Table(rows),
            Figure(plots["accuracy.svg"], BY_LENGTH),
            Figure(plots["losses.svg"], f"losses of {model}, length by length"),
        ]
    return Findings([model], metrics, {**plots, "history.csv": curves_csv(trainings).encode("utf-8")}, section)


def _by_length(trainings: Sequence[Training]) -> dict[str, Any]:
    """``{"10": {"dev", "test", "seconds", ...}}``: means over the seeds, their spread, and every single run."""
    found = {}
    for length in dict.fromkeys(training.length for training in trainings):
        runs = [training for training in trainings if training.length == length]
        dev, test = ([getattr(run, name) for run in runs] for name in ("dev", "test"))
        found[str(length)] = {
            "dev": sum(dev) / len(dev),
            "test": sum(test) / len(test),
            "seconds": sum(run.seconds for run in runs) / len(runs),
            "dev_spread": spread(dev),
            "test_spread": spread(test),
            "runs": [
                {
                    "seed": run.seed,
                    "dev": run.dev,
                    "test": run.test,
                    "seconds": run.seconds,
                    "steps": run.steps,
                    "best_step": run.best_step,
                }
                for run in runs
            ],
        }
    return found


def _best_rates(found: dict[str, list[Training]], lengths: Sequence[int]) -> dict[str, Any]:
    """By length, the figures of the learning rate that does best on dev."""
    by_rate = {rate: _by_length(trainings) for rate, trainings in found.items()}
    best = {}
    for length in map(str, lengths):
        rate = max(by_rate, key=lambda rate, at=length: by_rate[rate][at]["dev"])  # type: ignore[misc]
        figures = by_rate[rate][length]
        best[length] = {name: figures[name] for name in ("dev", "test", "seconds")} | {"learning_rate": float(rate)}
    return best

"""How far back a network remembers: a problem at several lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textrnn.evaluation.records import Training, longer_lengths, standard_deviation
from textrnn.report.html import Figure, Paragraph, Part, Table
from textrnn.report.memory import accuracy_table, curves_csv, longer_table, plot_accuracy, plot_longer, plot_losses
from textrnn.report.memory_captions import CAPTIONS
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.registry import Experiment
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench

EXPERIMENT = Experiment(
    name="lengths",
    meaning="accuracy of each model against the length of the sequence, with the loss curves of every length",
    place=1,
    models=("LSTM",),
    lengths=(10, 15, 20, 25, 30, 35),
    accepts=("model", "lengths", "recipe", "seeds", "problem"),
    folders=("each", "together"),
    resumable=True,
)
OF_A_RUN = ("seed", "dev", "test", "seconds", "steps", "best_step", "test_whole", "longer", "longer_whole")
Tables = list[list[list[str]]]  # each of rows of cells
IN_BRACKETS = "in brackets: the share of sequences all of whose answers are right"


def run(request: MemoryRequest, bench: Bench) -> None:
    """Train each model at each length with each seed; a folder for each model, and one that compares several."""
    found: dict[str, list[Training]] = {}
    everything: list[Findings] = []
    for model in request.models:
        found[model] = train_all(request, bench, model)
        findings = _of_one_model(request, bench, model, found[model], alone=len(request.models) == 1)
        findings.save(request)  # at once: what is done is done, whatever becomes of the next model
        everything.append(findings)
    tables = tell_tables(bench, found)
    if len(request.models) > 1:
        plots = accuracy_plots(bench, found, f"{bench.problem.title}, {request.recipe_name} recipe")
        section = accuracies_section(request, bench, tables, plots)
        for model, findings in zip(request.models, everything, strict=True):
            section.append(
                Figure(findings.files["losses.svg"], f"losses of {model}, length by length", *CAPTIONS["losses"])
            )
        metrics = {
            "seeds": request.all_seeds,
            "models": {model: {"lengths": by_length(trainings)} for model, trainings in found.items()},
            "always_the_commonest_answer": constant_figures(bench),
            "settings": bench.groups(),
        }
        Findings(request.models, metrics, plots, section).save(request)


def train_all(request: MemoryRequest, bench: Bench, model: str, learning_rate: float | None = None) -> list[Training]:
    """A model at each length with each seed."""
    return [bench.train(model, length, seed, learning_rate) for length in request.lengths for seed in request.all_seeds]


def tell_tables(
    bench: Bench, found: Mapping[str, Sequence[Training]], *, what: str = "test accuracy", title: str = ""
) -> Tables:
    """The accuracies at the lengths that were learnt from and at longer ones, as tables that are told and returned."""
    tables = tables_of(bench, found, what=what)
    bench.note("table", rows=tables[0], title=title)
    for rows in tables[1:]:
        bench.note("table", rows=rows, about=IN_BRACKETS if bench.problem.asks == "several" else "")
    return tables


def tables_of(bench: Bench, found: Mapping[str, Sequence[Training]], *, what: str = "test accuracy") -> Tables:
    """The accuracies at the lengths that were learnt from, and at longer ones where the problem has them."""
    tables = [accuracy_table(found, what=what)]
    if bench.problem.longer:
        whole = bench.problem.asks == "several"
        tables.append(longer_table(found, bench.problem.longer, whole=whole))
    return tables


def accuracy_plots(
    bench: Bench, found: Mapping[str, Sequence[Training]], title: str, *, legend: str | None = None
) -> dict[str, bytes]:
    """Accuracy against the length, beside what always the same answer would give; and on longer sequences."""
    constants = bench.constant_answers()
    answers = {answer for answer, _ in constants.values()}
    name = f"always answering {answers.pop()}" if len(answers) == 1 else "always the commonest answer"
    shares = {length: share for length, (_, share) in constants.items()}
    tokens = f"{bench.problem.tokens_called} in a sequence"
    plots = plot_accuracy(found, constant=(name, shares), title=title, tokens=tokens, legend=legend)
    if bench.problem.longer:
        what = f"{title}: longer sequences"
        plots |= plot_longer(found, chance=bench.problem.chance, title=what, tokens=tokens, legend=legend)
    return plots


def constant_figures(bench: Bench) -> dict[str, Any]:
    """By length, what always the same answer would give, for ``metrics.json``."""
    return {
        str(length): {"answer": answer, "test": share} for length, (answer, share) in bench.constant_answers().items()
    }


def accuracies_section(request: MemoryRequest, bench: Bench, tables: Tables, plots: Mapping[str, bytes]) -> list[Part]:
    """What the page says and shows of the accuracies."""
    count = len(request.all_seeds)
    seeds = "one seed" if count == 1 else f"mean of {count} seeds, with their spread"
    own = bench.own_folders
    what = [] if own.keys() >= set(request.lengths) else [request.problem_entry.about]
    what += [f"Sequences of your own: {', '.join(map(str, own.values()))}."] if own else []
    mixed = f"; learnt from sequences of all lengths from {bench.problem.shortest} on, up to the one that is named"
    read = mixed if bench.problem.mixes_lengths else ""
    about = f"{request.recipe_name} recipe; {seeds}; weights chosen on dev{read}. {' '.join(what)}"
    section: list[Part] = [Paragraph([about]), *map(Table, tables)]
    section += [Paragraph([IN_BRACKETS])] if bench.problem.longer and bench.problem.asks == "several" else []
    section.append(Figure(plots["accuracy.svg"], "accuracy against the length of the sequence", *CAPTIONS["accuracy"]))
    if "longer.svg" in plots:
        shown = "accuracy on sequences longer than those that were learnt from"
        section.append(Figure(plots["longer.svg"], shown, *CAPTIONS["longer"]))
    return section


def _of_one_model(
    request: MemoryRequest, bench: Bench, model: str, trainings: Sequence[Training], *, alone: bool
) -> Findings:
    metrics = {
        "seeds": request.all_seeds,
        "lengths": by_length(trainings),
        "always_the_commonest_answer": constant_figures(bench),
        "settings": bench.groups(),
    }
    on_problem = f"{model} on {bench.problem.title}"
    plots = accuracy_plots(bench, {model: trainings}, f"{on_problem}, {request.recipe_name} recipe")
    panels = {
        f"length {length}": [training for training in trainings if training.length == length]
        for length in request.lengths
    }
    plots |= plot_losses(panels, title=f"{on_problem}: cross-entropy (nats)")
    section = None
    if alone:
        section = accuracies_section(request, bench, tables_of(bench, {model: trainings}), plots)
        section.append(Figure(plots["losses.svg"], f"losses of {model}, length by length", *CAPTIONS["losses"]))
    return Findings([model], metrics, {**plots, "history.csv": curves_csv(trainings).encode("utf-8")}, section)


def by_length(trainings: Sequence[Training]) -> dict[str, Any]:
    """``{"10": {"dev", "test", "seconds", ...}}``: means over the seeds, their spread, and every single run."""
    found = {}
    for length in dict.fromkeys(training.length for training in trainings):
        runs = [training for training in trainings if training.length == length]
        dev, test = ([getattr(run, name) for run in runs] for name in ("dev", "test"))
        found[str(length)] = {
            "dev": sum(dev) / len(dev),
            "test": sum(test) / len(test),
            "seconds": sum(run.seconds for run in runs) / len(runs),
            "dev_spread": standard_deviation(dev),
            "test_spread": standard_deviation(test),
            "test_whole": _mean([run.test_whole for run in runs if run.test_whole is not None]),
            "longer": {
                at: {
                    "test": _mean([run.longer[at] for run in runs]),
                    "test_spread": standard_deviation([run.longer[at] for run in runs]),
                    "test_whole": _mean([run.longer_whole[at] for run in runs]),
                }
                for at in longer_lengths(runs)
            },
            "runs": [{name: getattr(run, name) for name in OF_A_RUN} for run in runs],
        }
    return found


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None

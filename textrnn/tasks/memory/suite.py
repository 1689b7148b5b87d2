"""Who can what: problems and cells in one heat map, at the length that was learnt from and at four times it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from textrnn.errors import ConfigError, Interrupted, one_line
from textrnn.evaluation.suite import Square
from textrnn.files import json_bytes, remove_file, write_atomically
from textrnn.report.html import Figure, Paragraph, Part, Table
from textrnn.report.suite import names, plot_suite, squares_csv, squares_table, theory
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.learning import FOUR_TIMES
from textrnn.tasks.memory.registry import Experiment, all_problems
from textrnn.tasks.memory.request import MemoryRequest, layered
from textrnn.tasks.memory.side_by_side import squares, usable_processors
from textrnn.tasks.memory.squares import EQUAL_BYTES, RATES, Asked
from textrnn.tasks.memory.training import Bench, refuse_other_settings
from textrnn.training.objectives.sequences import NEARLY_ALL

EXPERIMENT = Experiment(
    name="suite",
    meaning="who can what: problems and cells in one heat map, at the length learnt from and at four times it",
    place=7,
    models=("LSTM",),
    lengths=(24,),
    accepts=("lengths", "problems", "cells", "processes"),
    varies=("learning_rate", "num_layers", "threads", "budget", "evaluate_every", "recipe"),
    folders=("one",),
    one_length=True,
    resumable=True,
    keeps_itself=True,
    problems=("parity", "recall"),
    cells=("sLSTM", "minGRU", "GatedDeltaNet", "GatedDeltaNetSigned"),
    every_problem=(
        "start-signal", "adding", "copy", "reverse", "selective-copy", "recall", "recall-overwriting", "parity",
        "modular-arithmetic", "s3-word", "dyck-depth", "majority",
    ),
    every_cell=(
        "SRN", "LSTM", "sLSTM", "minGRU", "minGRU:3", "mLSTM", "GatedDeltaNet", "GatedDeltaNetSigned",
    ),
    settings={"variants": 12, "embedding_size": 32, "embedding_dropout": 0.0, "weight_decay": 0.0},
    defaults="sequences of up to 24 tokens, five learning rates, 12 variants, embedding size 32, no weight decay",
)  # fmt: skip
STORE, STORE_VERSION = "squares.json", 1


def run(request: MemoryRequest, bench: Bench) -> None:
    """Learn the squares that are asked for and not there yet, and draw all that are."""
    store = Store(request, bench)
    asked = [one for one in all_asked(request, bench) if one.key not in store.squares]
    processes = request.processes or (usable_processors() if bench.device.type == "cpu" else 1)
    try:
        for square in squares(asked, processes, bench.listener):
            store.add(square)
            bench.note("square_learnt", square=square)
    except Interrupted as error:
        done = len(store.squares)
        kept = f"what is finished ({done} squares) is kept in {store.path}" if done else "no square is finished"
        raise Interrupted(f"suite: stopped; {kept}", resumable=done > 0) from error
    _findings(request, bench, store.in_order()).save(request)


def all_asked(request: MemoryRequest, bench: Bench) -> list[Asked]:
    """Every square of the request, problem by problem."""
    settings = bench.settings
    named = {**settings.model_config.to_dict(), **settings.data.to_dict(), **request.experiment_entry.settings}
    named |= {**request.named, "seed": bench.training.seed, "batch_size": bench.training.batch_size}
    length = request.lengths[0]
    return [Asked(problem, cell, length, named) for problem in request.problems for cell in request.cells]


class Store:
    """The squares that were learnt with the same settings, by ``problem, cell``; each is kept as soon as it is there.

    Raises:
        ConfigError: if squares of other settings are to go on, or the file cannot be read.
    """

    def __init__(self, request: MemoryRequest, bench: Bench):
        self.path = request.folder / STORE
        self.squares: dict[str, Square] = {}
        groups = bench.groups() | {"training": bench.binding_training()}
        self.settings: dict[str, Any] = json.loads(json.dumps({"length": request.lengths[0], **groups}))
        self.wanted = request
        if self.path.is_file() and request.resume:
            self._take_up(bench)
        elif self.path.is_file():
            bench.note("started_over", what=self.path)
            remove_file(self.path)
        elif request.resume:
            bench.note("nothing_to_resume", file=STORE, folder=self.path.parent)

    def _take_up(self, bench: Bench) -> None:
        try:
            kept = json.loads(self.path.read_bytes())
            if kept["format_version"] != STORE_VERSION:
                raise ValueError(f"format version {kept['format_version']}, known is {STORE_VERSION}")
            before, found = dict(kept["settings"]), [Square.from_dict(square) for square in kept["squares"]]
            before["hyper_parameters"] = bench.as_now(before["hyper_parameters"])
        except (ConfigError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"`resume`: {self.path} cannot be read ({one_line(error)}); expected what a suite left: delete it, or "
                "leave out `resume` to start over"
            ) from error
        refuse_other_settings(before, self.settings, self.path)
        self.squares = {square.key: square for square in found}
        bench.note("suite_goes_on", squares=len(self.squares), store=self.path)

    def add(self, square: Square) -> None:
        """Keep one more."""
        self.squares[square.key] = square
        content = {"format_version": STORE_VERSION, "settings": self.settings}
        write_atomically(self.path, json_bytes({**content, "squares": [s.to_dict() for s in self.squares.values()]}))

    def in_order(self) -> list[Square]:
        """Problems and cells in the order of the whole suite, those that are not in it at the end."""
        experiment = self.wanted.experiment_entry

        def place(name: str, names: Sequence[str]) -> tuple[int, str]:
            return (names.index(name), "") if name in names else (len(names), name)

        return sorted(
            self.squares.values(),
            key=lambda one: (place(one.problem, experiment.every_problem), place(one.cell, experiment.every_cell)),
        )


def _findings(request: MemoryRequest, bench: Bench, found: Sequence[Square]) -> Findings:
    """What is written: the figures, the squares as a table, the heat map and the section of the page."""
    order, length = request.experiment_entry.every_cell, request.lengths[0]
    rows = squares_table(found, order)
    bench.note("table", rows=rows, about=f"in each square: test accuracy at {length} / at {FOUR_TIMES * length}")
    problems = {name: all_problems()[name] for name in names(found)[0]}
    plots = plot_suite(found, {name: problem.chance for name, problem in problems.items()}, order)
    sentences = {name: (problem.theory, problem.theory_chinese) for name, problem in problems.items()}
    section: list[Part] = [
        Paragraph(_about(request, found)),
        Figure(plots["suite.svg"], "test accuracy of each cell on each problem, at both lengths", wide=True),
        theory(sentences),
        Table(rows),
    ]
    metrics = {
        "length": length,
        "longer_length": FOUR_TIMES * length,
        "seed": bench.training.seed,
        "squares": {
            problem: {one.cell: _figures(one) for one in found if one.problem == problem} for problem in problems
        },
        "theory": {name: english for name, (english, _) in sentences.items()},
        "settings": bench.groups(),
    }
    files = {**plots, "squares.csv": squares_csv(found).encode("utf-8")}
    return Findings(rows[0][1:], metrics, files, section)


def _figures(square: Square) -> Mapping[str, Any]:
    """Of one square, for ``metrics.json``."""
    best = square.best
    return {
        "learning_rate": best.learning_rate, "dev": best.dev, "test": best.test, "test_whole": best.test_whole,
        "longer": best.longer, "longer_whole": best.longer_whole, "steps": best.steps, "seconds": square.seconds,
        "hidden_size": square.hidden_size, "layers": layered(square.cell)[1], "state_numbers": square.state_numbers,
        "tried": square.to_dict()["tried"],
    }  # fmt: skip


def _about(request: MemoryRequest, found: Sequence[Square]) -> list[str]:
    """How the figures came about, in sentences."""
    length, seconds = request.lengths[0], sum(square.seconds for square in found)
    told = [
        f"Test accuracy at the length that was learnt from, {length} tokens at most (upper left), and at "
        f"{FOUR_TIMES * length} (lower right)",
        f"Of the learning rates {', '.join(f'{rate:g}' for rate in sorted(RATES))}, that counts which did best on dev "
        "at both lengths; one ends half-way when its loss has not moved or another was better by then, and no other is "
        f"tried when one has reached {NEARLY_ALL:g} at both lengths",
        f"Seed {request.all_seeds[0]}; {len(found)} squares, {seconds:,.0f} s of processor time",
    ]
    equal = [square for square in found if square.problem in EQUAL_BYTES]
    if equal:
        told.append(
            f"In {' and '.join(names(equal)[0])}, every cell has as many bytes of state as the largest of the "
            "matrix cells has there, or a little more"
        )
    return [*told, ""]

"""``--experiment suite``, end to end."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import MEMORY, MEMORY_ROOT, Result, error_of, metrics_of, without_seconds
from textrnn.cli.output import Teller
from textrnn.errors import Interrupted
from textrnn.tasks.memory.experiments import run as run_experiment
from textrnn.tasks.memory.registry import all_experiments, all_problems
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.training.events import Listener

Run = Callable[..., Result]
SUITE = [*MEMORY, "--experiment", "suite"]
SMALL: dict[str, Any] = {"epochs": 1, "hidden_size": 4, "embedding_size": 4, "variants": 1}
SHORT = ["--lengths", 5, "--epochs", 1, "--hidden-size", 4, "--embedding-size", 4, "--variants", 1, "--processes", 1]
FOLDER = MEMORY_ROOT / "suite"


def test_a_part_of_the_squares(run: Run) -> None:
    result = run(*SUITE, "--problems", "majority,parity", "--cells", "minGRU", "srn:2", *SHORT)
    assert result.status == 0, result.err
    assert "majority, SRN:2: " in result.out
    assert "in each square: test accuracy at 5 / at 20" in result.out
    assert f"saved in {FOLDER}; all experiments are shown in {MEMORY_ROOT / 'report.html'}" in result.out
    metrics = metrics_of("suite")
    about = {
        name: metrics[name] for name in ("format_version", "task", "experiment", "length", "longer_length", "seed")
    }
    assert about == {
        "format_version": 2, "task": "memory", "experiment": "suite", "length": 5, "longer_length": 20, "seed": 0
    }  # fmt: skip
    assert {name: list(row) for name, row in metrics["squares"].items()} == {
        "parity": ["minGRU", "SRN:2"], "majority": ["minGRU", "SRN:2"]
    }  # fmt: skip
    assert metrics["squares"]["parity"]["SRN:2"]["layers"] == 2
    with (FOLDER / "squares.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        of_square = metrics["squares"][row["problem"]][row["cell"]]
        accuracy = of_square["test" if row["length"] == "5" else "longer"]
        assert float(row["accuracy"]) == pytest.approx(accuracy, abs=1e-4)
        assert float(row["learning_rate"]) == of_square["learning_rate"]
    assert len(rows) == 8
    for name in ("suite.png", "suite.zh.png"):
        assert (FOLDER / name).read_bytes().startswith(b"\x89PNG")
    assert "SRN:2" in (FOLDER / "suite.svg").read_text(encoding="utf-8")
    page = (MEMORY_ROOT / "report.html").read_text(encoding="utf-8")
    assert "<h2>suite</h2>" in page
    assert all_problems()["parity"].theory_chinese in page
    assert "Seed 0; 4 squares" in page
    assert 'problems = ["majority", "parity"]' in (FOLDER / "run.toml").read_text(encoding="utf-8")
    again = run("--config", FOLDER / "run.toml", "--processes", 1, "--quiet")
    assert again.status == 0, again.err
    assert without_seconds(metrics_of("suite")["squares"]) == without_seconds(metrics["squares"])


class StopAfterSquares(Listener):
    """Asks to stop when so many squares were told of."""

    def __init__(self, squares: int):
        self.left = squares

    def on_note(self, note: Any) -> None:
        self.left -= note.kind == "square_learnt"

    def should_stop(self) -> bool:
        return self.left <= 0


def test_a_stopped_suite_goes_on_and_more_squares_come_to_it(in_folder: Callable[[], Path]) -> None:
    in_folder()
    said: list[str] = []

    def request(*cells: str, resume: bool = False, **named: Any) -> MemoryRequest:
        return MemoryRequest(
            "suite", problems=("majority",), cells=cells, lengths=(5,), processes=1, named={**SMALL, **named},
            resume=resume,
        )  # fmt: skip

    with pytest.raises(Interrupted) as caught:
        run_experiment(request("SRN", "minGRU"), StopAfterSquares(1))
    store = FOLDER / "squares.json"
    assert str(caught.value) == f"suite: stopped; what is finished (1 squares) is kept in {store}"
    assert caught.value.resumable
    before = json.loads(store.read_bytes())["squares"]
    run_experiment(request("minGRU", "SRN", resume=True), Teller(said.append))
    assert said[0] == f"going on after 1 squares that are finished ({store})"
    assert [line.partition(":")[0] for line in said if line.startswith("majority,")] == ["majority, minGRU"]
    assert json.loads(store.read_bytes())["squares"][0] == before[0]
    kept = json.loads(store.read_bytes())
    del kept["settings"]["hyper_parameters"]["dropout"]  # as a version had it that knew of no such setting
    store.write_text(json.dumps(kept), encoding="utf-8")
    run_experiment(request("QRNN", resume=True))
    assert list(metrics_of("suite")["squares"]["majority"]) == ["SRN", "minGRU", "QRNN"]
    with pytest.raises(Exception, match="other settings than those of") as caught_other:
        run_experiment(request("SRN", resume=True, hidden_size=5))
    assert str(caught_other.value) == (
        f"`resume`: other settings than those of {store}; expected the same flags: bring them back, or leave out "
        "`resume` to start over"
    )
    store.write_bytes(store.read_bytes().replace(b'"format_version": 1', b'"format_version": 9'))
    with pytest.raises(Exception, match="cannot be read") as caught_version:
        run_experiment(request("SRN", resume=True))
    assert str(caught_version.value) == (
        f"`resume`: {store} cannot be read (format version 9, known is 1); expected what a suite left: delete it, or "
        "leave out `resume` to start over"
    )
    said.clear()
    run_experiment(request("SRN"), Teller(said.append))
    assert said[0] == f"note: {store} is started over; --resume would have gone on with it"
    assert list(metrics_of("suite")["squares"]["majority"]) == ["SRN"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--problems", "paritty"], f"--problems paritty: no such problem; expected one of {', '.join(all_problems())}; did you mean parity?"),
        (["--cells", "LSTM,minGRUU"], "--cells minGRUU: no such model; expected one of "
         "GatedDeltaNet, GatedDeltaNetSigned, GRU, IndRNN, LSTM, minGRU, minLSTM, mLSTM, QRNN, ResidualSRN, RGLRU, "
         "sLSTM, SRN; did you mean minGRU?"),
        (["--cells", "minGRU:0"], "--cells minGRU:0: no number of layers; expected a name alone, or with a colon and 1 to 16 layers behind it, such as minGRU:3"),
        (["--cells", "minGRU:two"], "--cells minGRU:two: no number of layers; expected a name alone, or with a colon and 1 to 16 layers behind it, such as minGRU:3"),
        (["--cells", "SRN", "SRN:1"], "--cells: SRN named twice; expected each once"),
        (["--processes", 0], "--processes 0: must be at least 1 and at most 1024"),
        (["--lengths", 3], "--lengths 3: expected at least 4, the three of the signal and one more"),
        (["--lengths", 8, 9], "--lengths 8 9: the suite experiment takes one length"),
        (["--tensorboard"], "--tensorboard: of no use to the suite experiment, which has hundreds of trainings; leave it out"),
        (["--learning-rate", 0.1], "--learning-rate: of no use to the suite experiment; leave it out"),
        (["--model", "SRN"], "--model: of no use to the suite experiment; expected with lengths, learning-rates, explosion, gates, speed"),
    ],
)  # fmt: skip
def test_names_that_are_not_known(run: Run, arguments: list[object], message: str) -> None:
    problems = [] if "--problems" in arguments else ["--problems", "start-signal"]
    assert error_of(run(*SUITE, *problems, *arguments)) == message


def test_rows_and_columns_are_of_the_suite_alone(run: Run) -> None:
    assert error_of(run(*MEMORY, "--cells", "SRN")) == (
        "--cells: of no use to the lengths experiment; expected with suite"
    )


def test_every_problem_of_the_suite_has_its_theory() -> None:
    suite = all_experiments()["suite"]
    request = MemoryRequest("suite", problems=("all",), cells=("all",))
    assert (request.problems, request.cells) == (suite.every_problem, suite.every_cell)
    assert len(request.problems) == 12
    assert len(request.cells) == 8
    for problem in all_problems().values():
        assert problem.theory.endswith(".")
        assert problem.theory.count(". ") == problem.theory.count("al. ")  # one sentence
        assert problem.theory_chinese.endswith("。")

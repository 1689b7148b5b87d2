"""``--task memory``, stopped, gone on with, and beside another run."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import (
    MEMORY,
    MEMORY_ROOT,
    SLOWED,
    SMALL_MEMORY,
    SMALL_SETTINGS,
    Result,
    command,
    error_of,
    undrawn_gates,
    without_seconds,
)
from textrnn.cli.output import Teller
from textrnn.errors import Interrupted
from textrnn.files import exclusive_use
from textrnn.tasks.memory.experiments import run as run_experiment
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.training.events import Listener

Run = Callable[..., Result]
ROOT = MEMORY_ROOT
SMALL = SMALL_MEMORY


def test_a_stopped_experiment_goes_on(in_folder: Callable[[], Path]) -> None:
    in_folder()
    said: list[str] = []

    def request(folder: str, *, resume: bool = False) -> MemoryRequest:
        return MemoryRequest(models=("SRN",), lengths=(3, 4, 5), save_dir=Path(folder), resume=resume, **SMALL_SETTINGS)

    run_experiment(request("whole"))
    with pytest.raises(Interrupted) as caught:
        run_experiment(request("stopped"), StopAfter(25))
    assert str(caught.value) == (
        "SRN, length 4, seed 0, learning rate 0.02: stopped; what is finished (1 of the trainings) is kept in "
        "stopped/memory/lengths_SRN/unfinished.json"
    )
    run_experiment(request("stopped", resume=True), Teller(said.append))
    assert said[0] == "going on after 1 finished trainings in stopped/memory/lengths_SRN/unfinished.json"
    assert not any(line.startswith("SRN, length 3,") for line in said)
    whole, stopped = (
        json.loads(Path(folder, "memory/lengths_SRN/metrics.json").read_text(encoding="utf-8"))
        for folder in ("whole", "stopped")
    )
    assert without_seconds(whole) == without_seconds(stopped)
    assert not Path("stopped/memory/lengths_SRN/unfinished.json").exists()


class StopAfter(Listener):
    """Asks to stop after so many steps."""

    def __init__(self, steps: int):
        self.left = steps

    def should_stop(self) -> bool:
        self.left -= 1
        return self.left < 0


def stop_in_the_second_training(**changes: Any) -> None:
    request = MemoryRequest(models=("SRN",), lengths=(3, 4), **{**SMALL_SETTINGS, **changes})
    with pytest.raises(Interrupted):
        run_experiment(request, StopAfter(25))


@pytest.mark.parametrize(
    "other",
    [["--hidden-size", 6], ["--epochs", 3], ["--variants", 2], ["--initialisation", "zero"], ["--recipe", "textbook"]],
)
def test_resuming_with_other_settings_is_refused(run: Run, other: list[object]) -> None:
    stop_in_the_second_training()
    same: list[object] = ["--model", "SRN", "--lengths", 3, 4, "--hidden-size", 5, "--epochs", 2]
    assert error_of(run(*MEMORY, *same, *other, "--resume")) == (
        f"--resume: other settings than those of {ROOT}/lengths_SRN/unfinished.json; expected the same flags: bring them "
        "back, or leave out --resume to start over"
    )
    result = run(*MEMORY, *same, "--resume", "--device", "cpu")
    assert result.status == 0, result.err
    assert "going on after 1 finished trainings" in result.out


def test_resuming_with_other_data_trains_anew(run: Run) -> None:
    stop_in_the_second_training()
    path = Path("data/digit_sum/3/test.txt")
    path.write_text("".join(path.read_text(encoding="ascii").splitlines(keepends=True)[:50]), encoding="ascii")
    result = run(*MEMORY, "--model", "SRN", "--lengths", 3, 4, "--hidden-size", 5, "--epochs", 2, "--resume")
    assert "SRN, length 3, seed 0, learning rate 0.02: the data has changed; trained again" in result.out


def test_without_resume_an_unfinished_experiment_is_left_behind(run: Run) -> None:
    stop_in_the_second_training()
    result = run(*MEMORY, "--model", "SRN", "--lengths", 3, 4, "--hidden-size", 5, "--epochs", 2)
    store = ROOT / "lengths_SRN" / "unfinished.json"
    assert f"note: {store} is started over; --resume would have gone on with it" in result.out
    assert "SRN, length 3, seed 0, learning rate 0.02: " in result.out


def test_what_cannot_be_taken_up(run: Run) -> None:
    assert "nothing to resume" in run(*MEMORY, "--lengths", 3, *SMALL, "--resume").out
    folder = ROOT / "lengths_LSTM"
    for content in (b"", b"\xff\x00", b"[]", b'{"settings": {}, "trainings": {"x": 3}}'):
        (folder / "unfinished.json").write_bytes(content)
        message = error_of(run(*MEMORY, "--lengths", 3, *SMALL, "--resume"))
        assert message.startswith(f"--resume: {folder}/unfinished.json cannot be read (")
        assert message.endswith(
            "); expected what a stopped experiment left: delete it, or leave out --resume to start over"
        )


@pytest.mark.parametrize("change", [{"test": "x"}, {"test": float("nan")}, {"curve": [{}]}, {"length": 99}])
def test_figures_that_cannot_be(run: Run, change: dict[str, Any]) -> None:
    stop_in_the_second_training()
    path = ROOT / "lengths_SRN" / "unfinished.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    next(iter(document["trainings"].values())).update(change)
    path.write_text(json.dumps(document), encoding="utf-8")
    same = ["--model", "SRN", "--lengths", 3, 4, "--hidden-size", 5, "--epochs", 2, "--resume"]
    assert f"--resume: {path} cannot be read (" in error_of(run(*MEMORY, *same))


def test_a_section_that_cannot_be_read_is_left_out(run: Run) -> None:
    assert run(*MEMORY, "--model", "SRN", "--lengths", 3, *SMALL).status == 0
    (ROOT / "lengths_SRN" / "section.html").write_bytes(b"\xff\xfe\x00")
    result = run(*MEMORY, "--lengths", 3, *SMALL)
    assert result.status == 0, result.err
    assert "note: saved_dict/memory/lengths_SRN/section.html cannot be read" in result.out
    assert "<h2>lengths: LSTM</h2>" in (ROOT / "report.html").read_text(encoding="utf-8")


@undrawn_gates()
def test_the_hint_for_another_sequence_names_the_same_model(run: Run) -> None:
    result = run(*MEMORY, "--experiment", "gates", "--lengths", 5, *SMALL, "--no-shuffle", "--save-dir", "mine")
    assert result.status == 0, result.err
    hint = result.out.splitlines()[-1].split()
    again = run(*hint[hint.index("--task") :])
    assert "using the model in mine/memory/gates_LSTM" in again.out


def test_what_starts_over_does_not_offer_to_resume(in_folder: Callable[[], Path]) -> None:
    in_folder()
    for experiment in ("explosion", "gates", "speed", "normalisation"):
        with pytest.raises(Interrupted) as caught:
            run_experiment(MemoryRequest(experiment), StopAfter(0))
        assert str(caught.value) == f"the {experiment} experiment was stopped; nothing was saved"
        assert not caught.value.resumable


def test_a_folder_that_is_being_written_is_left_alone(run: Run) -> None:
    with exclusive_use(ROOT / "lengths_SRN"):
        message = error_of(run(*MEMORY, "--model", "SRN", "LSTM", "--lengths", 3, *SMALL))
    assert message.startswith("saved_dict/memory/lengths_SRN: another run is writing here")


def test_ctrl_c(tmp_path: Path) -> None:
    arguments = [*MEMORY, "--lengths", "3", "400", "--hidden-size", "64", "--epochs", "30"]
    process = subprocess.Popen(
        command(*arguments), cwd=tmp_path, env=SLOWED, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "length 3" in process.stdout.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (
        "LSTM, length 400, seed 0, learning rate 0.02: stopped; what is finished (1 of the trainings) is kept in" in err
    )
    assert "run.py --resume --task memory --lengths 3 400" in err

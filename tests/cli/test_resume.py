"""Runs that are killed, interrupted and gone on with, through the command line."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import SLOWED, SMALL, Result, command, error_of
from tests.factories import small_rows, write_rows
from textrnn.config import Run
from textrnn.errors import Note
from textrnn.tasks.classify import train
from textrnn.training.events import Listener

LONG = ["--epochs", "60", "--evaluate-every", "40", "--hidden-size", "32", "--embedding-size", "16", "--no-baseline"]


class _Killed(BaseException):
    """Stands for a kill inside this process: nothing is saved but what had been."""


class Dying(Listener):
    """Dies at the first step, or when the training is over and nothing is saved yet."""

    def __init__(self, *, at_once: bool = False):
        self.at_once = at_once

    def on_step(self, step: int, loss: float) -> None:
        if self.at_once:
            raise _Killed

    def on_note(self, note: Note) -> None:
        if note.kind == "trained":
            raise _Killed


def killed_run(dataset: Path, *, save_dir: str = "saved_dict", at_once: bool = False, **named: object) -> None:
    """A run of the settings of SMALL that is killed."""
    settings = {"dataset": str(dataset), "embedding_size": 8, "hidden_size": 12, "learning_rate": 0.01, **named}
    with pytest.raises(_Killed):
        train(Run("classify", "LSTM", settings, Path(save_dir) / "小数据" / "LSTM"), Dying(at_once=at_once))


def wait_for_evaluations(process: subprocess.Popen[str], count: int) -> None:
    assert process.stderr is not None
    seen = 0
    for line in process.stderr:
        seen += "dev loss" in line
        if seen == count:
            return
    raise AssertionError("the run ended before it could be stopped")


@pytest.mark.slow
def test_killed_and_resumed_gives_the_same_model(tmp_path: Path, small_dataset: Path) -> None:
    arguments = ["--dataset", small_dataset, *LONG, "--batch-size", "8"]
    subprocess.run(
        command(*arguments, "--save-dir", tmp_path / "a", "--quiet"), check=True, env=SLOWED, capture_output=True
    )
    killed = subprocess.Popen(
        command(*arguments, "--save-dir", tmp_path / "b"),
        env=SLOWED,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with killed:
        wait_for_evaluations(killed, 4)
        killed.send_signal(signal.SIGKILL)
    folder = Path("小数据") / "LSTM"
    assert (tmp_path / "b" / folder / "checkpoint.safetensors").is_file()
    assert not (tmp_path / "b" / folder / "model.safetensors").exists()
    # The flags of the first run need not be repeated.
    resumed = subprocess.run(
        command("--dataset", small_dataset, "--save-dir", tmp_path / "b", "--resume", "--no-baseline", "--quiet"),
        env=SLOWED, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stderr
    models = [(tmp_path / name / folder / "model.safetensors").read_bytes() for name in "ab"]
    assert models[0] == models[1]
    assert not (tmp_path / "b" / folder / "checkpoint.safetensors").exists()


@pytest.mark.slow
def test_interrupted_says_how_to_go_on(tmp_path: Path, small_dataset: Path) -> None:
    arguments = ["--dataset", small_dataset, *LONG, "--batch-size", "2", "--save-dir", tmp_path / "s"]
    process = subprocess.Popen(
        command(*arguments), env=SLOWED, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with process:
        wait_for_evaluations(process, 2)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "training was stopped at step" in rest
    assert "Traceback" not in rest
    assert f"{shlex.join(command())} --resume --dataset" in rest
    assert (tmp_path / "s" / "小数据" / "LSTM" / "checkpoint.safetensors").is_file()


def test_resume_refuses_other_settings_and_other_data(run: Callable[..., Result], small_dataset: Path) -> None:
    killed_run(small_dataset, epochs=2)
    checkpoint = Path("saved_dict/小数据/LSTM/checkpoint.safetensors")
    assert error_of(run("--dataset", small_dataset, "--resume", "--hidden-size", "13", "--seed", "4")) == (
        f"--resume: --hidden-size was 12, now 13; --seed was 0, now 4; expected the settings of {checkpoint}: leave the flags out, "
        "or leave out --resume to start over"
    )
    write_rows(small_dataset / "dev.txt", small_rows(20, 9))
    assert error_of(run("--dataset", small_dataset, "--resume")) == (
        f"--resume: the data is not what the run was started with; expected that of {checkpoint}: bring it back, "
        "or leave out --resume to start over"
    )
    started_over = run("--dataset", small_dataset, "--epochs", "1", *SMALL)
    assert started_over.status == 0
    assert "is started over; --resume would have gone on with it" in started_over.out


def test_nothing_to_resume(run: Callable[..., Result], small_dataset: Path) -> None:
    assert "starting from the beginning" in run("--dataset", small_dataset, "--epochs", "1", *SMALL, "--resume").out
    model = Path("saved_dict/小数据/LSTM/model.safetensors")
    before = model.read_bytes()
    again = run("--dataset", small_dataset, "--epochs", "1", *SMALL, "--resume")
    assert again.status == 0
    assert "is finished: nothing to resume" in again.out
    assert error_of(run("--dataset", small_dataset, "--epochs", "3", *SMALL, "--resume")) == (
        "--resume: --epochs was 1, now 3; expected the settings of saved_dict/小数据/LSTM: leave the flags out, "
        "or leave out --resume to start over"
    )
    assert model.read_bytes() == before


def test_a_run_killed_at_once_is_known_to_have_begun(run: Callable[..., Result], small_dataset: Path) -> None:
    """Even beside a finished model, `--resume` means the run that was cut off, not the one before."""
    run("--dataset", small_dataset, "--epochs", "1", *SMALL)
    killed_run(small_dataset, at_once=True, epochs=2, seed=7)
    resumed = run("--dataset", small_dataset, "--no-baseline", "--resume")
    assert "going on after step 0 with the settings of" in resumed.out
    assert json.loads(Path("saved_dict/小数据/LSTM/metrics.json").read_text(encoding="utf-8"))["seed"] == 7


def test_predict_beside_an_unfinished_run_of_other_settings(run: Callable[..., Result], small_dataset: Path) -> None:
    common = ["--dataset", small_dataset, *SMALL]
    killed_run(small_dataset, epochs=2)
    assert "finishing it first" in run(*common, "--epochs", "2", "--predict", "猫", "--quiet").err
    killed_run(small_dataset, epochs=2, save_dir="other")
    result = run(*common, "--epochs", "1", "--predict", "猫", "--quiet", "--save-dir", "other")
    assert result.status == 0
    assert "training it first" in result.err


def test_resume_goes_on_on_another_device(run: Callable[..., Result], small_dataset: Path) -> None:
    killed_run(small_dataset, epochs=2)
    assert run("--dataset", small_dataset, "--resume", "--device", "cpu", "--no-baseline").status == 0


def test_checkpoints_of_another_kind(run: Callable[..., Result], small_dataset: Path) -> None:
    folder = Path("saved_dict/小数据/LSTM")
    run("--dataset", small_dataset, "--epochs", "1", *SMALL)
    (folder / "checkpoint.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    assert error_of(run("--dataset", small_dataset, "--resume")) == (
        f"{folder / 'checkpoint.safetensors'}: not a checkpoint; delete it and train from the beginning"
    )

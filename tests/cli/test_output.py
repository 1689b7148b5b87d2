"""What reaches the terminal, and what happens when it cannot or is cut off."""

from __future__ import annotations

import errno
import io
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import ROOT, SLOWED, SMALL, TINY, Result, command, error_of, run_in
from tests.factories import small_rows, write_rows, write_small_corpus
from textrnn.cli import main
from textrnn.cli.output import OutputError, StopOnInterrupt, command_line, say, shown
from textrnn.errors import Interrupted, Note
from textrnn.training.events import ListenerGroup


class Cut(io.RawIOBase):
    """A standard input at which somebody presses Ctrl-C."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise KeyboardInterrupt


def test_ctrl_c_while_only_predicting_offers_nothing_to_resume(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Cut())))
    assert main(["--predict", "-"]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


@pytest.mark.parametrize(("began", "throughout"), [(True, False), (False, False), (False, True)])
def test_only_a_training_that_had_begun_can_go_on(began: bool, throughout: bool) -> None:
    def interrupted() -> None:
        with shown(quiet=True, say=print, throughout=throughout) as (listener, _):
            if began:
                listener.on_start(10, 0, None)
                listener.on_end()
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        interrupted()
    assert caught.value.resumable == began


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device to write to")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["--task", "lm", "--help"]])
def test_a_full_disk_behind_stdout_is_named(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "error: standard output: cannot be written (No space left on device); expected room where it goes: free some "
        "space, or send it somewhere else\n"
    )


@pytest.mark.parametrize("flag", ["save-dir", "dataset"])
def test_an_empty_path_is_no_path(run: Callable[..., Result], flag: str) -> None:
    assert error_of(run(f"--{flag}", "")) == f"--{flag}: nothing is named; expected a path"


class Gone(io.RawIOBase):
    """A standard output that fails."""

    def __init__(self, reason: int):
        self.reason = reason

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return os.open(os.devnull, os.O_WRONLY)

    def write(self, content: object) -> int:
        raise OSError(self.reason, "it fails")


def test_a_reader_that_went_away_is_no_error_on_windows_either(monkeypatch: pytest.MonkeyPatch) -> None:
    for reason in (errno.EPIPE, errno.EINVAL):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Gone(reason), write_through=True))
        say("result")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Gone(errno.ENOSPC), write_through=True))
    with pytest.raises(OutputError, match="it fails"):
        say("result")


def test_commands_are_quoted_for_the_shell_at_hand() -> None:
    parts = ["python", "run.py", "--dataset", "C:\\我的 数据\\", "a&b.csv", "it's", 'a"b']
    assert command_line(parts, windows=True) == ('python run.py --dataset "C:\\我的 数据\\\\" "a&b.csv" "it\'s" a\\"b')
    assert command_line(parts[:1] + parts[-3:], windows=False) == "python 'a&b.csv' 'it'\"'\"'s' 'a\"b'"


@pytest.mark.skipif(os.name == "nt", reason="there, a shell does not close the streams of a program")
@pytest.mark.parametrize("closed", ["1>&-", "2>&-"])
def test_a_closed_stream_is_nobody_listening(small_dataset: Path, closed: str) -> None:
    arguments = ["--dataset", small_dataset, "--epochs", "1", *SMALL]
    line = f"{shlex.join(command(*arguments))} {closed}"
    done = subprocess.run(line, shell=True, cwd=small_dataset.parent, env=SLOWED, capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert (small_dataset.parent / "saved_dict" / small_dataset.name / "LSTM" / "config.json").is_file()


def test_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "textrnn", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "textrnn 0.1.0\n", "")


def test_ctrl_c_before_the_first_step_asks_to_stop_after_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    with shown(quiet=True, say=lambda line: None) as (listener, _):
        listener.on_note(Note("nothing_to_resume", file="checkpoint", folder="f"))
        assert signal.getsignal(signal.SIGINT) is before
        assert isinstance(listener, ListenerGroup)
        for part in listener.listeners:
            if isinstance(part, StopOnInterrupt):
                part.on_note(Note("network"))
        signal.raise_signal(signal.SIGINT)
        assert listener.should_stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        listener.on_end()
    assert signal.getsignal(signal.SIGINT) is before


def printed_command(out: str) -> str:
    """The line after "Try it:"."""
    return out.rpartition("Try it:\n")[2].strip()


@pytest.mark.parametrize("save_dir", ["saved_dict", "my models/第一", "absolute"])
@pytest.mark.parametrize("way", ["script", "module", "installed"])
def test_what_to_try_works_from_where_one_stands(tmp_path: Path, small_dataset: Path, way: str, save_dir: str) -> None:
    ways = {
        "script": [sys.executable, os.path.relpath(ROOT / "run.py", tmp_path)],
        "module": [sys.executable, "-m", "textrnn"],
        "installed": [str(tmp_path / "bin" / "textrnn")],
    }
    (tmp_path / "bin").mkdir()
    installed = tmp_path / "bin" / "textrnn"
    installed.write_text(
        f"#!{sys.executable}\nimport sys; sys.path.insert(0, {str(ROOT)!r})\nfrom textrnn.cli import main\nsys.exit(main())\n"
    )
    installed.chmod(0o755)
    environment = {**SLOWED, "PYTHONPATH": str(ROOT), "PATH": f"{installed.parent}{os.pathsep}{os.environ['PATH']}"}
    folder = tmp_path / "absolute" if save_dir == "absolute" else save_dir
    flags = ["--dataset", f"./{small_dataset.name}", *SMALL, "--epochs", "1", "--quiet", "--save-dir", str(folder)]
    calling = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "check": True}
    out = subprocess.run([*ways[way], *flags], **calling).stdout  # type: ignore[call-overload]
    tried = subprocess.run(printed_command(out).replace('"..."', "猫狗"), shell=True, **calling)  # type: ignore[call-overload]
    assert tried.stdout.startswith("猫狗\n  ")
    assert "training" not in tried.stderr
    assert printed_command(out).startswith("textrnn --" if way == "installed" else sys.executable)


def as_the_shell_reads(line: str, folder: Path) -> list[str]:
    """The words of a command, as a shell hands them to a program."""
    shown = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], cwd=folder, capture_output=True, check=True)
    return shown.stdout.decode("utf-8").split("\0")[:-1]


ODD_NAMES = [
    "./reviews.txt", "../reviews.txt", "~/reviews.txt", "{absolute}/reviews.txt", "it's \"mine\" $HOME `x` 100%.txt",
    "-reviews.txt", "--reviews", "评论 (新)!.txt", "a\\b&c;d|e.txt", "#1 *.txt",
]  # fmt: skip


@pytest.mark.parametrize(
    ("task", "dataset"), [*(("classify", name) for name in ODD_NAMES), *(("lm", name) for name in ODD_NAMES[4:8])]
)
def test_what_to_try_names_the_same_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, dataset: str
) -> None:
    here = tmp_path / "here"
    (here / "other").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", [str(ROOT / "run.py")])
    dataset = dataset.format(absolute=tmp_path)
    path = here / Path(dataset).expanduser()
    if task == "lm":
        dataset = f"{dataset}.txt" if not path.suffix else dataset
        path = here / Path(dataset).expanduser()
        path.parent.mkdir(exist_ok=True)
        write_small_corpus(path)
        flags = [*TINY, "--epochs", "1", f"--corpus={dataset}"]
    else:
        write_rows(path if path.suffix else path / "train.txt", small_rows(40))
        flags = [*SMALL, "--epochs", "1", "--quiet", f"--dataset={dataset}"]
    others = here / "other" / path.name  # takes the usual name, so that the printed line must lead to the other folder
    write_rows(others if others.suffix or task == "lm" else others / "train.txt", small_rows(60, 5))
    other = f"./other/{path.name}"
    first = [flag.replace(f"={dataset}", f"={other}") for flag in flags]
    assert run_in(here, *first, "--save-dir=my 'models'").status == 0
    trained = run_in(here, *flags, "--save-dir=my 'models'")
    assert trained.status == 0, trained.err
    assert "is of other data" in trained.out
    _, *words = as_the_shell_reads(printed_command(trained.out), here)
    assert Path(words[0]) == ROOT / "run.py"
    assert words[-2:] == ["--predict", "..."]
    tried = run_in(here, *words[1:])
    assert tried.status == 0, tried.err
    assert "training" not in tried.err

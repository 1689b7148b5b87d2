"""Consoles that cannot show every character, locales without UTF-8, and folders with spaces and Chinese in their names."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import SLOWED, SMALL, TINY, command
from textrnn.cli.progress import DownloadBar

C_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
CONSOLES: dict[str, tuple[dict[str, str], str]] = {  # settings and what they make of characters
    "gbk": ({"PYTHONIOENCODING": "gbk", "PYTHONUTF8": "0"}, "gbk"),
    "cp1252": ({"PYTHONIOENCODING": "cp1252"}, "cp1252"),
    "cp437": ({"PYTHONIOENCODING": "cp437"}, "cp437"),
    "ascii": ({"PYTHONIOENCODING": "ascii"}, "ascii"),
    "c": (C_LOCALE, "utf-8"),
    "c without UTF-8": ({**C_LOCALE, "PYTHONUTF8": "0"}, "ascii"),
}
EVERY_CONSOLE = pytest.mark.parametrize(("settings", "encoding"), CONSOLES.values(), ids=CONSOLES)


def ran(*arguments: object, cwd: Path, settings: dict[str, str], **others: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {**SLOWED, **settings}
    done = subprocess.run(command(*arguments), cwd=cwd, env=environment, capture_output=True, check=False, **others)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr.decode("utf-8", "replace")
    return done


def shown_in(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "replace")


@EVERY_CONSOLE
@pytest.mark.parametrize("task", ["classify", "lm", "memory"])
def test_help_in_every_console(tmp_path: Path, task: str, settings: dict[str, str], encoding: str) -> None:
    help_text = ran("--task", task, "--help", cwd=tmp_path, settings=settings).stdout.decode(encoding)
    assert "--hidden-size N" in help_text
    assert ("央行" in help_text) == (task == "classify" and encoding in ("gbk", "utf-8"))


@EVERY_CONSOLE
def test_predictions_in_every_console(trained_classifier: Path, settings: dict[str, str], encoding: str) -> None:
    folder = trained_classifier.rename(trained_classifier.parents[2] / "model")  # a name that every locale has
    place, by_stdin = folder.parent, "猫 é猫狗鸟鱼\n".encode("gb18030")
    done = ran("--save-dir", "model", "--predict", "一二 é", "-", cwd=place, settings=settings, input=by_stdin)
    assert re.fullmatch(
        shown_in("一二 é\n  数字 N  .*\n猫 é猫狗鸟鱼\n  猫狗 N  .*\n", encoding)
        .replace(b"?", rb"\?")
        .replace(b"N", rb"[\d.]+"),
        done.stdout.replace(b"\r\n", b"\n"),
    )


def test_a_path_that_this_locale_cannot_name(small_dataset: Path) -> None:
    environment = {**SLOWED, **C_LOCALE, "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command("--dataset", f"./{small_dataset.name}"),
        cwd=small_dataset.parent,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.decode("utf-8") == (
        "error: --dataset ./小数据: not in ascii, in which this Python reads names of files; expected one that is: set "
        "PYTHONUTF8=1\n"
    )


@pytest.mark.parametrize(
    ("encoding", "drawn"), [("gbk", "████"), ("cp437", "####"), ("cp1252", "####"), ("ascii", "####")]
)
def test_a_bar_is_drawn_with_what_the_console_has(monkeypatch: pytest.MonkeyPatch, encoding: str, drawn: str) -> None:
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(content, encoding=encoding, write_through=True))
    bar = DownloadBar(shown=True)
    bar("train.txt", 40_000, 100_000)
    bar.close()
    assert f" 40%|{drawn}" in content.getvalue().decode(encoding)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Whose name has a space and what not every code page has."""
    folder = tmp_path / "用户 é"
    folder.mkdir()
    return {"HOME": str(folder), "USERPROFILE": str(folder)}


@pytest.mark.slow
def test_a_classifier_trained_in_a_chinese_console(small_dataset: Path, home: dict[str, str]) -> None:
    settings, encoding = CONSOLES["gbk"]
    arguments = ["--dataset", small_dataset, "--epochs", "1", *SMALL, "--save-dir", "~/模型 1"]
    trained = ran(*arguments, cwd=small_dataset.parent, settings=settings | home)
    assert shown_in("猫狗", encoding) in trained.stdout
    assert (Path(home["HOME"]) / "模型 1" / small_dataset.name / "LSTM" / "report.html").is_file()


@pytest.mark.slow
def test_a_language_model_trained_in_an_old_console(small_corpus: Path, home: dict[str, str]) -> None:
    settings, encoding = CONSOLES["cp437"]
    arguments = [*TINY, "--corpus", small_corpus, "--epochs", "1", "--save-dir", "~/模型 1"]
    ran(*arguments, cwd=small_corpus.parent, settings=settings | home)
    written = ran(*arguments, "--predict", "时间", cwd=small_corpus.parent, settings=settings | home)
    assert shown_in("时间", encoding) in written.stdout
    assert (Path(home["HOME"]) / "模型 1" / small_corpus.stem / "lm_LSTM" / "report.html").is_file()

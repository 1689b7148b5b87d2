from __future__ import annotations

import io
import sys

import pytest

from textrnn.cli.progress import DownloadBar, TrainingBar
from textrnn.training.history import Sample


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


ROW = {"step": 10, "epoch": 1, "seconds": 1.0, "train_loss": 1.5, "dev_loss": 1.25, "dev_accuracy": 0.5}
SAMPLE = Sample(10, 3.2, "时间\n旅行")


@pytest.mark.parametrize(("steps", "seconds"), [(20, None), (None, 5.0)])
def test_in_a_terminal(monkeypatch: pytest.MonkeyPatch, steps: int | None, seconds: float | None) -> None:
    screen, said = _Terminal(), list[str]()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "101")
    monkeypatch.setenv("LINES", "25")
    bar = TrainingBar(shown=True, say=said.append)
    bar.on_start(steps, 0, seconds)
    assert bar.bar is not None
    bar.bar.mininterval = 0
    bar.on_step(1, 2.345)
    bar.on_evaluation(ROW, True)
    bar.on_sample(SAMPLE)
    bar.on_step(15, 1.234)
    bar.bar.refresh()
    bar.close()
    assert said == ["  after 3 s it writes: 时间 旅行"]
    shown = screen.getvalue()
    assert "loss 1.234, dev 0.5000" in shown
    assert ("15/20 [" if steps else "of 5 s") in shown


def test_in_a_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    bar = TrainingBar(shown=True, say=said.append)
    bar.on_start(20, 0, None)
    bar.on_step(1, 2.0)
    bar.on_evaluation(ROW, True)
    bar.on_sample(SAMPLE)
    bar.close()
    assert said == [
        "epoch 1, step 10: train loss 1.5000, dev loss 1.2500, dev accuracy 0.5000 * (1.0 s)",
        "  after 3 s it writes: 时间 旅行",
    ]


def test_the_last_evaluation_is_shown_wherever_a_training_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    bar = TrainingBar(shown=True, say=said.append)
    bar.on_start(1000, 0, None)
    for step in (100, 110, 120):
        bar.on_evaluation({**ROW, "step": step}, False)
    bar.on_end()
    bar.on_end()
    assert [line.split(":")[0] for line in said] == ["epoch 1, step 100", "epoch 1, step 120"]


@pytest.mark.parametrize("evaluations", [3, 10, 30, 200])
def test_a_log_has_some_ten_lines_the_last_among_them(monkeypatch: pytest.MonkeyPatch, evaluations: int) -> None:
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    bar = TrainingBar(shown=True, say=said.append)
    bar.on_start(evaluations, 0, None)
    for step in range(1, evaluations + 1):
        bar.on_evaluation({**ROW, "step": step}, False)
    assert len(said) == min(evaluations, 10)
    assert said[-1].startswith(f"epoch 1, step {evaluations}: ")


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    for stream in (io.StringIO(), _Terminal()):
        monkeypatch.setattr(sys, "stderr", stream)
        bar, download = TrainingBar(shown=False, say=said.append), DownloadBar(shown=False)
        bar.on_start(20, 0, None)
        bar.on_step(1, 2.0)
        bar.on_evaluation(ROW, True)
        bar.on_sample(SAMPLE)
        download("a.txt", 5, 10)
        assert stream.getvalue() == ""
    assert not said


def test_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    bar = DownloadBar(shown=True)
    for name, done in (("a.txt", 50), ("a.txt", 100), ("b.txt", 100)):
        bar(name, done, 100)
    bar.close()
    assert "a.txt: 100%" in screen.getvalue()
    assert "b.txt: 100%" in screen.getvalue()


LM_ROW = {
    "step": 30, "epoch": 3, "seconds": 2.0, "train_loss": 1.5, "dev_loss": 1.4, "dev_perplexity": 4.055,
    "train_perplexity": 4.482,
}  # fmt: skip


def test_perplexities(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    TrainingBar(shown=True, say=said.append).on_evaluation(LM_ROW, False)
    assert said == ["epoch 3, step 30: perplexity 4.482 on train, 4.055 held out (2.0 s)"]
    screen = _Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "121")
    monkeypatch.setenv("LINES", "25")
    bar = TrainingBar(shown=True, say=said.append)
    bar.on_start(100, 0, None)
    bar.on_evaluation(LM_ROW, False)
    bar.on_step(31, 1.5)
    assert bar.bar is not None
    bar.bar.refresh()
    bar.close()
    assert "loss 1.500, epoch 3: perplexity train 4.48, held out 4.05" in screen.getvalue()

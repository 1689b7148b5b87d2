from __future__ import annotations

import math
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from tests.factories import RAW
from tests.factories import character_model as model
from textrnn.report.language_model import LanguageModelResult
from textrnn.report.plots import plot_perplexity
from textrnn.training.history import History, Sample
from textrnn.training.mixing import held_out_scores


def history(highest: float) -> History:
    rows = [
        {
            "step": step, "epoch": step // 2, "passes": step / 2, "seconds": 1.0, "train_loss": math.log(p), "dev_loss": math.log(p),
            "dev_perplexity": p, "train_perplexity": p * 1.1,
        }
        for step, p in ((2, highest), (4, 4.0), (6, 4.2))
    ]  # fmt: skip
    return History(
        train_loss=[1.5] * 6, learning_rate=[0.1] * 6, epoch=[1, 1, 2, 2, 3, 3], examples=[50] * 6,
        evaluations=rows, best_step=4, best_loss=math.log(4.0), seconds=3.0, stopped_by="all epochs done",
    )  # fmt: skip


@pytest.mark.parametrize("mixed", [True, False])
def test_what_is_said_and_written(mixed: bool) -> None:
    saved = model(mixed=mixed)
    scores = held_out_scores(saved, saved.encode(RAW))
    result = LanguageModelResult(saved, "书 <1>", history(9.0), scores, 123, 100, len(RAW))
    text = result.to_text()
    assert ("LSTM alone" in text) == mixed
    assert f"{math.exp(scores.model):.3f}" in text
    assert len(result.sample) == 240
    metrics = result.to_metrics()
    assert metrics["train"]["epochs"] == 3.0
    assert metrics["valid"]["nats_per_char"] == scores.model
    assert ("valid_ngram" in metrics) == mixed
    files, _ = result.to_files()
    page = files["report.html"].decode("utf-8")
    assert "书 &lt;1&gt;" in page
    assert "<1>" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize("count", [0, 1, 8, 9, 40])
def test_what_it_wrote_while_it_learnt(count: int) -> None:
    saved, past = model(mixed=False), history(9.0)
    past.samples = [Sample(step, step / 2, f"<{step}>\nwords") for step in range(count)]
    result = LanguageModelResult(saved, "t", past, held_out_scores(saved, saved.encode(RAW)), 1, 1, 1)
    steps = [sample.step for sample in result.samples_while_learning]
    assert steps == sorted(set(steps))
    assert len(steps) == min(8, count)
    assert count == 0 or (steps[0], steps[-1]) == (0, count - 1)
    page = result.to_files()[0]["report.html"].decode("utf-8")
    assert ("As it learnt" in page) == (count > 0)
    assert count == 0 or f"<li>after {(count - 1) / 2:.1f} s: &lt;{count - 1}&gt; words</li>" in page


@pytest.mark.parametrize("highest", [5.0, 60.0])
def test_the_plot_is_a_picture(tmp_path: Path, highest: float) -> None:
    files = plot_perplexity(history(highest), title="LSTM on a $ text")
    (tmp_path / "p.png").write_bytes(files["perplexity.png"])
    picture = matplotlib.image.imread(tmp_path / "p.png")
    assert min(picture.shape[:2]) > 300
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20
    assert b"kept: 4.000" in files["perplexity.svg"]
    assert b"held out" in files["perplexity.svg"]

"""What an older version wrote still answers as it did then, and what it left unfinished goes on (see formats/README.md)."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.commands import Result

FORMATS = Path(__file__).parent / "formats"
VERSIONS = sorted(path.name for path in FORMATS.iterdir() if path.is_dir())
TOPICS = ["--dataset", "texts/topics"]
EVENING = ["--task", "lm", "--corpus", "texts/evening.txt"]
MEMORY = ["--task", "memory", "--hidden-size", "6", "--epochs", "40", "--evaluate-every", "40", "--device", "cpu"]
Run = Callable[..., Result]


@pytest.fixture(params=VERSIONS)
def expected(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> dict[str, Any]:
    """What the version answered; the working folder is a copy of what it left."""
    shutil.copytree(FORMATS / request.param, tmp_path, dirs_exist_ok=True)
    return read_json(tmp_path / "expected.json")


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def rounds_alike(made_with: dict[str, str]) -> bool:
    """Whether this machine computes bit for bit what the one computed where the folder was made."""
    processor = Path("/proc/cpuinfo").read_text() if platform.system() == "Linux" else ""
    vendor = re.search(r"vendor_id\s*: (\w+)", processor)
    cpu = f"{vendor[1] if vendor else '?'} {torch.backends.cpu.get_cpu_capability()}"
    return made_with == {"torch": torch.__version__, "numpy": np.__version__, "cpu": cpu}


def assert_close(found: Any, expected: Any, tolerance: float = 1e-3) -> None:
    """Every figure of `expected`, at any depth, is in `found`; what else is there does not matter."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert_close(found[name], value, tolerance)
    elif isinstance(expected, list):
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other, tolerance)
    else:
        assert found == (
            pytest.approx(expected, rel=tolerance, abs=tolerance) if isinstance(expected, float) else expected
        )


@pytest.mark.parametrize("model", ["LSTM", "BiLSTM_Ngram"])
def test_classifiers_predict(run: Run, expected: dict[str, Any], model: str) -> None:
    probabilities = expected["predicted"][model]
    answer = run(*TOPICS, "--model", model, "--save-dir", "finished", "--predict", *probabilities)
    assert answer.status == 0, answer.err
    assert answer.err == ""  # no training first, nothing of other settings
    lines = [line for line in answer.out.splitlines() if not line.startswith("  note:")]
    assert lines[::2] == [text or "(empty)" for text in probabilities]
    for line, shares in zip(lines[1::2], probabilities.values(), strict=True):
        parts = line.split()
        assert_close(dict(zip(parts[::2], map(float, parts[1::2]), strict=True)), shares)


def test_the_language_model_writes_and_scores(run: Run, expected: dict[str, Any]) -> None:
    prefix, length, text = (expected["continued"][name] for name in ("prefix", "length", "text"))
    said = run(*EVENING, "--save-dir", "finished", "--predict", prefix, "--length", length)
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"likeliest: {text}\ndrawn (temperature 0.7, seed 0): {prefix}")
    scored = run(*EVENING, "--save-dir", "finished", "--score", "texts/to_score.txt")
    assert scored.status == 0, scored.err
    figures = re.match(r"texts/to_score\.txt: (\d+) characters; ([\d.]+) nats", scored.out)
    assert figures is not None
    assert int(figures[1]) == expected["score"]["characters"]
    assert float(figures[2]) == pytest.approx(expected["score"]["nats_per_char"], abs=1e-3)


def test_the_model_of_the_gates_is_used_again(run: Run, expected: dict[str, Any]) -> None:
    gates = expected["gates"]
    flags = ["--experiment", "gates", "--lengths", "6", "--digits", *gates["digits"], "--save-dir", "finished"]
    result = run(*MEMORY, *flags)
    assert result.status == 0, result.err
    assert "using the model in finished/memory/gates_LSTM" in result.out
    assert_close(read_json(Path("finished/memory/gates_LSTM/metrics.json")), gates)


@pytest.mark.parametrize(
    ("folder", "flags"), [("topics/LSTM", [*TOPICS, "--no-baseline"]), ("evening/lm_LSTM", EVENING)]
)
def test_unfinished_runs_go_on(run: Run, expected: dict[str, Any], folder: str, flags: list[str]) -> None:
    result = run(*flags, "--save-dir", "unfinished", "--resume", "--quiet")
    assert result.status == 0, result.err
    assert result.out.startswith("going on after step ")
    reached = expected["resumed"][folder]
    assert_close(read_json(Path("unfinished", folder, "metrics.json")), reached["metrics"])
    if "sha256" in reached and rounds_alike(expected["made_with"]):
        weights = Path("unfinished", folder, "model.safetensors").read_bytes()
        assert hashlib.sha256(weights).hexdigest() == reached["sha256"]


def test_an_unfinished_experiment_goes_on(run: Run, expected: dict[str, Any]) -> None:
    result = run(*MEMORY, "--model", "SRN", "--lengths", "3", "4", "--save-dir", "unfinished", "--resume")
    assert result.status == 0, result.err
    assert "going on after 1 finished trainings" in result.out
    found = read_json(Path("unfinished/memory/lengths_SRN/metrics.json"))
    reached = expected["resumed"]["memory/lengths_SRN"]["metrics"]
    assert found["lengths"].keys() == reached["lengths"].keys()
    if not rounds_alike(expected["made_with"]):
        del reached["lengths"]["4"]  # trained here, and a hundred sequences make coarse figures
    assert_close(found, reached)

"""``--task memory --experiment gates``, end to end."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands import MEMORY, MEMORY_ROOT, SMALL_MEMORY, Result, error_of, metrics_of, undrawn_gates
from textrnn.files import load_tensors

Run = Callable[..., Result]
ROOT = MEMORY_ROOT
SMALL = SMALL_MEMORY


def test_gates(run: Run) -> None:
    first = run(*MEMORY, "--experiment", "gates", "--digits", 6, 7, 0, 0, 1, 0, *SMALL)
    assert first.status == 0, first.err
    assert "LSTM reads 6 7 0 0 1 0 and answers 6 + 7 = " in first.out
    metrics = metrics_of("gates_LSTM")
    assert list(metrics["lengths"]) == ["6"]
    assert metrics["digits"] == [6, 7, 0, 0, 1, 0]
    with open(ROOT / "gates_LSTM" / "gates.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 5
    values = {name: np.array([float(row[name]) for row in rows]) for name in ("input_gate", "forget_gate", "cell")}
    assert (values["input_gate"] > 0).all()
    assert (values["forget_gate"] < 1).all()
    kept = ROOT / "gates_LSTM" / "length_6"
    by_hand = gates_by_hand(kept, [6, 7, 0, 0, 1, 0])
    np.testing.assert_allclose(values["cell"].reshape(6, 5), by_hand, atol=1e-5)


@undrawn_gates()
def test_a_model_is_trained_once_for_the_same_settings_and_data(run: Run) -> None:
    kept = ROOT / "gates_LSTM" / "length_6"
    first = run(*MEMORY, "--experiment", "gates", "--digits", 6, 7, 0, 0, 1, 0, *SMALL)
    assert first.status == 0, first.err
    assert "using the model" not in first.out
    weights = (kept / "model.safetensors").read_bytes()
    second = run(*MEMORY, "--experiment", "gates", "--digits", 1, 2, 0, 0, 0, 0, *SMALL)
    assert "using the model in saved_dict/memory/gates_LSTM/length_6 (delete the folder to train another)" in second.out
    assert (kept / "model.safetensors").read_bytes() == weights
    other = run(*MEMORY, "--experiment", "gates", "--digits", 1, 2, 0, 0, 0, 0, *SMALL, "--seed", 1)
    assert "using the model" not in other.out
    (kept / "model.safetensors").write_bytes(b"damaged")
    again = run(*MEMORY, "--experiment", "gates", "--digits", 1, 2, 0, 0, 0, 0, *SMALL, "--seed", 1)
    assert again.status == 0, again.err
    assert "using the model" not in again.out
    train = Path("data/digit_sum/6/seed_1/train.txt")
    assert "using the model" in run(*MEMORY, "--experiment", "gates", "--digits", *range(6), *SMALL, "--seed", 1).out
    train.write_text("".join(train.read_text(encoding="ascii").splitlines(keepends=True)[:50]), encoding="ascii")
    # Of other data, the model knows nothing.
    assert (
        "using the model" not in run(*MEMORY, "--experiment", "gates", "--digits", *range(6), *SMALL, "--seed", 1).out
    )


def gates_by_hand(folder: Path, digits: list[int]) -> Any:
    """The cell state after every step, (T, H), by the equations in numpy from the saved weights."""
    tensors, _ = load_tensors(folder / "model.safetensors")
    w = {name: tensor.double().numpy() for name, tensor in tensors.items()}

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    hidden, cell = w["start.0"][None], w["start.1"][None]
    states = []
    for digit in digits:
        x = w["embedding.weight"][digit][None]
        i, f, c, o = (
            x @ w[f"cell.W_{gate}"] + hidden @ w[f"cell.U_{gate}"] + w[f"cell.b_{gate}"]
            for gate in ("i", "f", "c", "o")
        )
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
        hidden = sigmoid(o) * np.tanh(cell)
        states.append(cell[0])
    return np.array(states)


@undrawn_gates()
def test_gates_of_other_lengths_than_the_training(run: Run) -> None:
    result = run(*MEMORY, "--experiment", "gates", "--lengths", 5, "--digits", *[3, 4] + [0] * 70, *SMALL)
    assert result.status == 0, result.err
    assert list(metrics_of("gates_LSTM")["lengths"]) == ["5"]


def test_two_sequences_and_two_lengths(run: Run) -> None:
    with undrawn_gates():
        for length in (5, 6):
            assert run(*MEMORY, "--experiment", "gates", "--lengths", length, *SMALL).status == 0
    both = run(
        *MEMORY, "--experiment", "gates", "--lengths", 5, "--digits", 6, 7, 0, 0, 1, "--second-digits", 3, 4, 9, 0, *SMALL
    )  # fmt: skip
    assert both.status == 0, both.err
    assert "using the model in saved_dict/memory/gates_LSTM/length_5" in both.out
    assert "LSTM reads 6 7 0 0 1 and answers 6 + 7 = " in both.out
    assert "LSTM reads 3 4 9 0 and answers 3 + 4 = " in both.out
    found = metrics_of("gates_LSTM")
    assert (found["digits"], found["second"]["digits"]) == ([6, 7, 0, 0, 1], [3, 4, 9, 0])
    for one, right in ((found, 13), (found["second"], 7)):
        if one["answer"] == right:
            assert one["right_answer_probability_by_step"][-1] == pytest.approx(one["probability"], abs=1e-5)
        else:
            assert one["right_answer_probability_by_step"][-1] < one["probability"]
    with open(ROOT / "gates_LSTM" / "gates.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (5 + 4) * 5
    for row in rows:  # the hidden state is what the output gate shows of the cell
        shown = float(row["output_gate"]) * np.tanh(float(row["cell"]))
        assert float(row["hidden"]) == pytest.approx(shown, abs=1e-5)
    page = (ROOT / "report.html").read_text(encoding="utf-8")
    assert "<figcaption>Read in the order of the numbers. 1 forget gate" in page
    assert '<span lang="zh">请按编号阅读' in page
    with undrawn_gates():
        again = run("--config", ROOT / "gates_LSTM" / "run.toml")
    assert "LSTM reads 3 4 9 0 and answers" in again.out
    assert error_of(run(*MEMORY, "--experiment", "gates", "--second-digits", 3, 40, 0)) == (
        "--second-digits: 40; expected digits from 0 to 9, separated by spaces"
    )
    assert error_of(run(*MEMORY, "--second-digits", 3, 4, 0)) == (
        "--second-digits: of no use to the lengths experiment; expected with gates"
    )

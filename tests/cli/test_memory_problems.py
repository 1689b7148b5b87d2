"""``--task memory --problem``: other problems than the usual one, end to end."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands import MEMORY, MEMORY_ROOT, SMALL_MEMORY, Result, error_of, metrics_of, undrawn_gates
from textrnn.tasks.memory import problems
from textrnn.tasks.memory.registry import all_problems

Run = Callable[..., Result]
ROOT = MEMORY_ROOT
SMALL = SMALL_MEMORY
CHANCE = all_problems()["digit-sum"].chance


PARITY = '''"""Is the sum of all numbers odd?

2 11 0 0 adds up to 13: the answer is 1.
"""

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "odd-sum"
VOCABULARY_SIZE = 12
CLASS_COUNT = 2
SHORTEST = 4
SHORTEST_MEANS = "four numbers"
ANSWER_MEANS = "whether the sum is odd"
BEST_CONSTANT = 0
CHANCE = 0.5
EXAMPLES = ((2, 11, 0, 0), (1, 1, 1, 1, 1))


def sample(length, variants, generator):
    tokens = generator.integers(0, 12, (20 * variants, length))
    return LabelledSequences(tokens, tokens.sum(axis=1) % 2)


def answer(tokens):
    return sum(tokens) % 2
'''


@pytest.fixture
def odd_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A problem whose file was dropped in."""
    (tmp_path / "dropped").mkdir()
    (tmp_path / "dropped" / "odd_sum.py").write_text(PARITY, encoding="utf-8")
    monkeypatch.setattr(problems, "__path__", [*problems.__path__, str(tmp_path / "dropped")])
    all_problems.cache_clear()
    yield "odd-sum"
    all_problems.cache_clear()


def test_another_problem(run: Run, odd_sum: str) -> None:
    assert f"{'odd-sum':<20}Is the sum of all numbers odd?" in run(*MEMORY, "--help").out
    on_it = [*MEMORY, "--problem", odd_sum, *SMALL]
    result = run(*on_it, "--model", "SRN", "LSTM", "--lengths", 4)
    assert result.status == 0, result.err
    assert (
        "saved in saved_dict/memory/lengths_SRN_on_odd-sum, saved_dict/memory/lengths_LSTM_on_odd-sum, saved_dict/memory/lengths_SRN+LSTM_on_odd-sum; all"
        in result.out
    )
    assert Path("data/odd_sum/4/train.txt").is_file()
    metrics = metrics_of("lengths_SRN_on_odd-sum")
    assert (metrics["model"], metrics["problem"]) == ("SRN", "odd-sum")
    assert "problem" not in metrics["settings"]
    together = ROOT / "lengths_SRN+LSTM_on_odd-sum"
    assert "always answering 0" in (together / "accuracy.svg").read_text(encoding="utf-8")
    assert "odd-sum, default recipe" in (together / "accuracy.svg").read_text(encoding="utf-8")
    assert "Is the sum of all numbers odd?" in (together / "section.html").read_text(encoding="utf-8")
    assert "<h2>lengths: SRN, LSTM on odd-sum</h2>" in (ROOT / "report.html").read_text(encoding="utf-8")
    with undrawn_gates():
        gates = run(*on_it, "--experiment", "gates")
    answer = metrics_of("gates_LSTM_on_odd-sum")["answer"]
    assert f"LSTM reads 2 11 0 0 and answers {answer}{'' if answer == 1 else ' (wrong)'}, probability" in gates.out
    assert "--problem odd-sum" in gates.out.splitlines()[-1]
    assert gates.out.endswith("--digits 1 1 1 1\n")
    assert error_of(run(*on_it, "--lengths", 3)) == "--lengths 3: expected at least 4, four numbers"
    assert error_of(run(*on_it, "--experiment", "gates", "--digits", 1, 12, 1, 1)) == (
        "--digits: 12; expected numbers from 0 to 11, separated by spaces"
    )


def test_a_problem_that_asks_at_several_steps(run: Run) -> None:
    on_it = [*MEMORY, "--problem", "copy", *SMALL]
    result = run(*on_it, "--model", "SRN", "--lengths", 4, 6, "--seeds", 2)
    assert result.status == 0, result.err
    assert "SRN, length 6, seed 1, learning rate 0.02: " in result.out + result.err
    header, row = next(
        (first.split("  "), second.split("  "))
        for first, second in itertools.pairwise(result.out.splitlines())
        if first.startswith("on longer sequences")
    )
    assert [part.strip() for part in header if part] == [
        "on longer sequences", "as learnt", "2 times", "4 times", "6.4 times"
    ]  # fmt: skip
    assert row[0] == "SRN, length 4"
    metrics = metrics_of("lengths_SRN_on_copy")
    assert metrics["format_version"] == 2
    for length, figures in metrics["lengths"].items():
        assert list(figures["longer"]) == [str(round(times * int(length))) for times in (2, 4, 6.4)]
        assert 0 <= figures["test_whole"] <= figures["test"] + 1e-9
        for at, longer in figures["longer"].items():
            assert longer["test"] == pytest.approx(statistics.mean(one["longer"][at] for one in figures["runs"]))
            assert longer["test_whole"] <= 1
    shown = f"{metrics['lengths']['6']['test']:.3f} ± {metrics['lengths']['6']['test_spread']:.3f} ("
    assert f"SRN, length 6        {shown}" in result.out
    assert "in brackets: the share of sequences all of whose answers are right" in result.out
    section = (ROOT / "lengths_SRN_on_copy" / "section.html").read_text(encoding="utf-8")
    assert "learnt from sequences of all lengths from 2 on, up to the one that is named" in section
    assert (ROOT / "lengths_SRN_on_copy" / "longer.svg").is_file()
    gates = run(*on_it, "--experiment", "gates", "--digits", 3, 1, 8, 8)
    assert gates.status == 0, gates.err
    found = metrics_of("gates_LSTM_on_copy")
    assert len(found["answer"]) == 2
    wrong = "" if found["answer"] == [3, 1] else " (wrong)"
    assert f"LSTM reads 3 1 8 8 and answers {' '.join(map(str, found['answer']))}{wrong}, probability" in gates.out
    assert gates.out.endswith("--digits 5 5 0 2 6 8 8 8 8 8\n")
    assert error_of(run(*on_it, "--experiment", "gates", "--digits", 3, 1)) == (
        "--digits: nothing is asked of 3 1; expected a sequence that ends as those of the problem do, such as 3 1 7 8 8 8"
    )


def test_a_problem_that_asks_all_along_is_judged_by_the_last_answer(run: Run) -> None:
    on_it = [*MEMORY, "--problem", "parity", *SMALL]
    assert run(*on_it, "--experiment", "learning-rates", "--model", "SRN", "--lengths", 4).status == 0
    metrics = metrics_of("learning-rates_SRN_on_parity")
    assert list(metrics["lengths"]["4"]["longer"]) == ["8", "16", "26"]
    for found in metrics["learning_rates"].values():
        (one,) = found["lengths"]["4"]["runs"]
        assert one["test"] == one["test_whole"]  # one answer a sequence
    constant = metrics["always_the_commonest_answer"]["4"]["test"]
    assert 0.5 <= constant < 0.65
    with undrawn_gates():
        gates = run(*on_it, "--experiment", "gates", "--digits", 1, 0, 1)
    answer = metrics_of("gates_LSTM_on_parity")["answer"]
    assert f"LSTM reads 1 0 1 and answers {answer}{'' if answer == 0 else ' (wrong)'}, probability" in gates.out

"""What every problem has to hold, and DigitSum by itself."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.corpus.sequences import NOTHING
from textrnn.tasks.memory.registry import Problem, all_problems

PROBLEMS = list(all_problems().values())
DIGIT_SUM = all_problems()["digit-sum"]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
class TestEveryProblem:
    @pytest.mark.parametrize("extra", [0, 1, 20])
    def test_samples_are_answered_rightly(self, problem: Problem, extra: int) -> None:
        length = problem.shortest + extra
        found = problem.sample(length, 2, np.random.default_rng(0))
        assert found.tokens.dtype == found.labels.dtype == np.int64
        assert found.tokens.shape == (len(found), length)
        assert 0 <= found.tokens.min() <= found.tokens.max() < problem.vocabulary_size
        assert 0 <= found.answers.min() <= found.answers.max() < problem.class_count
        assert (found.labels != NOTHING).all() == (found.labels.ndim == 1 or found.labels.min() >= 0)
        assert (problem.asks == "once") == (found.labels.ndim == 1)
        assert (found.targets != NOTHING).any(axis=1).all()  # something is asked of every sequence
        assert [problem.answer(row) for row in found.tokens.tolist()] == found.labels.tolist()

    def test_variants_follow_from_the_generator(self, problem: Problem) -> None:
        one, again, other, more = (
            problem.sample(9, count, np.random.default_rng(seed)) for count, seed in ((1, 0), (1, 0), (1, 1), (3, 0))
        )
        assert np.array_equal(one.tokens, again.tokens)
        assert not np.array_equal(one.tokens, other.tokens)
        assert len(more) == 3 * len(one)

    def test_the_best_constant_answer(self, problem: Problem) -> None:
        labels = problem.judged(problem.sample(problem.shortest + 5, 200, np.random.default_rng(0))).answers
        shares = np.bincount(labels, minlength=problem.class_count) / len(labels)
        assert shares[problem.best_constant] == pytest.approx(problem.chance, abs=0.03)
        assert shares.max() < problem.chance + 0.03

    def test_examples(self, problem: Problem) -> None:
        first, second = problem.examples
        docstring = importlib.import_module(problem.module).__doc__ or ""
        assert " ".join(map(str, first)) in docstring  # worked by hand
        for example in (first, second):
            assert len(example) >= problem.shortest
            assert all(0 <= token < problem.vocabulary_size for token in example)
            assert problem.answer_reads.format(*example, answer=problem.answer(example))


@given(st.integers(3, 40), st.integers(1, 4), st.integers(0, 99))
def test_digit_sums(length: int, variants: int, seed: int) -> None:
    sums = DIGIT_SUM.sample(length, variants, np.random.default_rng(seed))
    assert sums.tokens.shape == (100 * variants, length)
    assert (sums.labels == sums.tokens[:, 0] + sums.tokens[:, 1]).all()
    pairs, counts = np.unique(sums.tokens[:, :2], axis=0, return_counts=True)
    assert len(pairs) == 100
    assert set(counts) == {variants}
    assert ((sums.tokens[:, 2:] != 0).sum(axis=1) <= 1).all()


def test_the_third_digit_stands_anywhere() -> None:
    sums = DIGIT_SUM.sample(6, 50, np.random.default_rng(0))
    rows, places = np.nonzero(sums.tokens[:, 2:])
    assert set(places) == {0, 1, 2, 3}
    assert 0.85 < len(rows) / len(sums) < 0.95  # one in ten is a zero


def test_the_answer_that_the_docstring_works_out() -> None:
    example = DIGIT_SUM.examples[0]
    reads = DIGIT_SUM.answer_reads.format(*example, answer=DIGIT_SUM.answer(example))
    assert reads == "6 + 7 = 13"
    assert f"The answer is {reads}." in (importlib.import_module(DIGIT_SUM.module).__doc__ or "")

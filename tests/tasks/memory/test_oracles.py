"""Every problem against a slow oracle that was written by itself, and what its docstring promises of the sequences."""

from __future__ import annotations

import importlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.corpus.sequences import NOTHING, LabelledSequences, make_longer, make_splits, mixed_lengths
from textrnn.tasks.memory.registry import Problem, all_problems

PROBLEMS = {name: problem for name, problem in all_problems().items() if problem.module.startswith("textrnn")}
Tokens = Sequence[int]


def asked_at_the_end(tokens: Tokens, answers: Tokens) -> list[int]:
    return [NOTHING] * (len(tokens) - len(answers)) + list(answers)


def copy(tokens: Tokens) -> list[int]:
    symbols, questions = tokens[: -tokens.count(8)], tokens.count(8)
    assert set(tokens[len(symbols) :]) == {8}
    assert len(symbols) - questions in (0, 1)
    return asked_at_the_end(tokens, symbols[:questions])


def reverse(tokens: Tokens) -> list[int]:
    symbols, questions = tokens[: -tokens.count(8)], tokens.count(8)
    assert len(symbols) - questions in (0, 1)
    return asked_at_the_end(tokens, list(reversed(symbols))[:questions])


def selective_copy(tokens: Tokens) -> list[int]:
    count = min(8, len(tokens) // 3)
    symbols = [int(letter) for letter in "".join(map(str, tokens)).replace("8", "").replace("9", "")]
    assert len(symbols) == tokens.count(9) == count
    assert list(tokens[-count:]) == [9] * count
    return asked_at_the_end(tokens, symbols)


def adding(tokens: Tokens) -> int:
    marked = [place for place, token in enumerate(tokens) if token >= 10]
    assert len(marked) == 2
    assert marked[0] < len(tokens) // 2 <= marked[1]
    return sum(tokens[place] % 10 for place in marked)


def recall(tokens: Tokens) -> list[int]:
    count = min(8, len(tokens) // 3)
    pairs, blanks, questions = tokens[: 2 * count], tokens[2 * count : -count], tokens[-count:]
    assert set(blanks) <= {32}
    assert sorted(pairs[::2]) == sorted(set(questions))
    return asked_at_the_end(tokens, [pairs[pairs.index(key) + 1] - 16 for key in questions])


def recall_overwriting(tokens: Tokens) -> list[int]:
    written = [place for place, token in enumerate(tokens) if 16 <= token < 32]
    questions = [token for token in tokens[written[-1] + 1 :] if token != 32]
    keys_of = {place: tokens[place - 1] for place in written}
    assert sorted(set(keys_of.values())) == sorted(questions)
    assert len(written) > len(questions) == min(4, (len(tokens) + 1) // 5)  # something is overwritten
    latest = [max(place for place in written if keys_of[place] == key) for key in questions]
    return asked_at_the_end(tokens, [tokens[place] - 16 for place in latest])


def parity(tokens: Tokens) -> list[int]:
    return ["".join(map(str, tokens[: place + 1])).count("1") % 2 for place in range(len(tokens))]


def modular_arithmetic(tokens: Tokens) -> list[int]:
    text = "".join("01234+-*"[token] for token in tokens)
    return [
        eval(text[: place + 1]) % 5 if text[place].isdigit() else NOTHING  # of digits and signs that were drawn here
        for place in range(len(text))
    ]


def s3_word(tokens: Tokens) -> list[int]:
    words = ["abc", "acb", "bac", "bca", "cab", "cba"]
    answers, things = [], "abc"
    for token in tokens:
        things = "".join(things["abc".index(letter)] for letter in words[token])
        answers.append(words.index(things))
    return answers


def dyck_depth(tokens: Tokens) -> list[int]:
    depths = [list(tokens[: place + 1]).count(0) - list(tokens[: place + 1]).count(1) for place in range(len(tokens))]
    assert 0 <= min(depths) <= max(depths) <= 8
    return depths


def majority(tokens: Tokens) -> int:
    assert 2 * sum(tokens) != len(tokens)
    return sorted(tokens)[len(tokens) // 2]


DIGIT_SUM_DIGESTS = {"train": "12ef1faf7beac06b", "dev": "05b8073a5a26dd95", "test": "9d7eccf0b9af9e70"}
ORACLES: dict[str, Callable[[list[int]], int | list[int]]] = {
    "adding": adding,
    "copy": copy,
    "digit-sum": lambda tokens: sum(tokens[:2]),
    "digit-sum-random": lambda tokens: sum(tokens[:2]),
    "dyck-depth": dyck_depth,
    "majority": majority,
    "modular-arithmetic": modular_arithmetic,
    "parity": parity,
    "recall": recall,
    "recall-overwriting": recall_overwriting,
    "reverse": reverse,
    "s3-word": s3_word,
    "selective-copy": selective_copy,
    "start-signal": lambda tokens: Counter(tokens[:3]).most_common(1)[0][0],
}


def rows_of(found: LabelledSequences) -> list[tuple[list[int], int | list[int]]]:
    """The rows without what fills them up."""
    rows = zip(found.tokens.tolist(), found.labels.tolist(), found.lengths.tolist(), strict=True)
    return [(tokens[:length], label[:length] if isinstance(label, list) else label) for tokens, label, length in rows]


def test_every_problem_has_an_oracle() -> None:
    assert set(ORACLES) == set(PROBLEMS)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
@settings(deadline=None, max_examples=12)
@given(extra=st.integers(0, 50), seed=st.integers(0, 999))
def test_against_the_oracle(problem: Problem, extra: int, seed: int) -> None:
    found = problem.sample(problem.shortest + extra, 1, np.random.default_rng(seed))
    for tokens, label in rows_of(found)[:40]:
        assert ORACLES[problem.name](tokens) == label


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_examples_against_the_oracle_and_the_docstring(problem: Problem) -> None:
    for example in problem.examples:
        assert problem.answer(example) == ORACLES[problem.name](list(example))
    docstring = " ".join((importlib.import_module(problem.module).__doc__ or "").split())
    answer = problem.answer(problem.examples[0])
    asked = [label for label in answer if label != NOTHING] if isinstance(answer, list) else [answer]
    told = " ".join(map(str, asked[-1:] if problem.asks == "running" else asked))
    assert f" The answer is {told}" in docstring or f" = {told}." in docstring
    if problem.asks == "running":
        assert (
            f" {' '.join(map(str, asked))}" in docstring or problem.name == "modular-arithmetic"
        )  # told as sums there


@pytest.mark.parametrize("length", [40, 160])
@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_classes_are_as_frequent_as_the_problem_says(problem: Problem, length: int) -> None:
    count = 3000 // len(problem.sample(length, 1, np.random.default_rng(0))) + 1
    answers = problem.judged(problem.sample(length, count, np.random.default_rng(1))).answers
    shares = np.bincount(answers, minlength=problem.class_count) / len(answers)
    assert shares[problem.best_constant] == pytest.approx(problem.chance, abs=0.03)
    assert shares.max() < problem.chance + 0.03
    if "sum" not in problem.name and problem.name != "adding":  # of which the middle sums are more frequent
        assert shares.min() > problem.chance - 0.03


def test_depths_are_equally_frequent_and_so_are_the_ways_to_them() -> None:
    found = PROBLEMS["dyck-depth"].sample(4, 300, np.random.default_rng(0))
    drawn = Counter(map(tuple, found.tokens.tolist()))
    ways = [tokens for tokens in itertools.product(range(3), repeat=4) if valid(tokens)]
    assert set(drawn) == set(ways)
    for depth in range(5):
        to_it = [drawn[tokens] for tokens in ways if dyck_depth(tokens)[-1] == depth]
        assert sum(to_it) == pytest.approx(len(found) / 5, rel=0.01)
        assert max(to_it) / min(to_it) < 1.35  # some 240 of each are expected of the most frequent depth


def valid(tokens: Tokens) -> bool:
    try:
        dyck_depth(tokens)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_splits_have_no_sequence_in_common_where_there_are_enough(problem: Problem) -> None:
    splits = make_splits(problem, 24, 0)
    rows = {name: [tuple(tokens) for tokens, _ in rows_of(split)] for name, split in splits.items()}
    long = {name: {tokens for tokens in found if len(tokens) > 18} for name, found in rows.items()}
    if problem.keeps_splits_apart:
        assert not long["train"] & long["dev"]
        assert not long["train"] & long["test"]
        assert not long["dev"] & long["test"]
    assert len(splits["train"]) == 3 * len(splits["dev"]) == 3 * len(splits["test"])
    counts = Counter(map(len, rows["dev"]))
    assert sorted(counts) == mixed_lengths(problem, 24)
    assert len(set(counts.values())) == 1  # each length as often
    for split in splits.values():
        assert all(ORACLES[problem.name](tokens) == label for tokens, label in rows_of(split)[::37])


def test_the_sequences_of_digit_sum_are_what_they_always_were() -> None:
    found = {name: split.digest()[:16] for name, split in make_splits(PROBLEMS["digit-sum"], 10, 3).items()}
    assert found == DIGIT_SUM_DIGESTS


def test_mixed_lengths() -> None:
    parity, random = PROBLEMS["parity"], PROBLEMS["digit-sum-random"]
    assert mixed_lengths(parity, 40) == list(range(3, 41))
    assert mixed_lengths(parity, 3) == [3]
    assert mixed_lengths(random, 40) == [40]
    many = mixed_lengths(parity, 400)
    assert (many[0], many[-1], len(many)) == (3, 400, 40)
    assert parity.longer_lengths(40) == [80, 160, 256]


def test_of_very_long_sequences_there_are_few() -> None:
    assert make_longer(PROBLEMS["majority"], 5000, 40_000, 0).tokens.shape == ((1 << 22) // 40_000, 40_000)


@pytest.mark.parametrize("name", ["parity", "start-signal", "recall"])
def test_longer_sequences(name: str) -> None:
    problem = PROBLEMS[name]
    one, again, other = (make_longer(problem, 40, 160, seed) for seed in (0, 0, 1))
    assert one.tokens.shape[1] == 160
    assert 256 <= len(one) <= 512
    assert one.digest() == again.digest() != other.digest()
    assert all(ORACLES[name](tokens) == label for tokens, label in rows_of(one)[:20])


def test_the_table_of_the_documentation_has_all_of_them() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "memory.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| [^|]+ \| [^|]+ \| (0\.\d\d) \|[^|]*\|[^|]*\|$", page, flags=re.MULTILINE)
    assert dict(rows) == {name: f"{problem.chance:.2f}" for name, problem in PROBLEMS.items()}

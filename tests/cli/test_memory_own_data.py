"""``--task memory`` on sequences that lie there already: the user's own, or damaged ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.commands import MEMORY, MEMORY_ROOT, SMALL_MEMORY, Result, error_of, metrics_of
from textrnn.tasks.memory.registry import all_problems

Run = Callable[..., Result]
ROOT = MEMORY_ROOT
SMALL = SMALL_MEMORY
CHANCE = all_problems()["digit-sum"].chance


def test_own_sequences_are_used_for_all_seeds_and_the_baseline_is_theirs(run: Run) -> None:
    folder = Path("data/digit_sum/4")
    folder.mkdir(parents=True)
    own = "".join(f"{a} {b} 0 {c}\t{a + b}\n" for a, b, c in [(1, 2, 0), (2, 1, 5), (3, 0, 3), (4, 4, 0)])
    for split in ("train", "dev", "test"):
        (folder / f"{split}.txt").write_text(own, encoding="ascii", newline="\n")
    result = run(*MEMORY, "--lengths", 4, "--seeds", 2, *SMALL)
    assert result.status == 0, result.err
    said = f"note: {folder}: sequences of your own; they are used for every seed and number of --variants"
    assert (result.out + result.err).count(said) == 1
    assert metrics_of("lengths_LSTM")["always_the_commonest_answer"] == {"4": {"answer": 3, "test": 0.75}}
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []
    page = (ROOT / "report.html").read_text(encoding="utf-8")
    assert f"weights chosen on dev. Sequences of your own: {folder}." in page
    assert "Every pair of digits" not in page
    assert "always answering 3" in (ROOT / "lengths_LSTM" / "accuracy.svg").read_text(encoding="utf-8")
    assert {path.read_text(encoding="ascii") for path in folder.glob("*.txt")} == {own}


def test_what_is_missing_of_own_sequences_is_made_and_told(run: Run) -> None:
    folder = Path("data/digit_sum/4")
    folder.mkdir(parents=True)
    own = "1 2 0 0\t3\n2 1 0 5\t3\n"
    for split in ("train", "test"):
        (folder / f"{split}.txt").write_text(own, encoding="ascii", newline="\n")
    result = run(*MEMORY, "--lengths", 4, *SMALL)
    assert result.status == 0, result.err
    assert (
        f"note: {folder}: sequences of your own; they are used for every seed and number of --variants; dev.txt not "
        "there, made like the program's own\n"
    ) in result.out + result.err
    assert (folder / "train.txt").read_text(encoding="ascii") == own


def test_the_baseline_of_made_sequences_is_a_tenth(run: Run) -> None:
    assert run(*MEMORY, "--lengths", 4, 5, "--seeds", 2, *SMALL).status == 0
    of_each = {"answer": 9, "test": 0.1}
    assert metrics_of("lengths_LSTM")["always_the_commonest_answer"] == {"4": of_each, "5": of_each}


def test_a_damaged_data_file_is_named_with_its_line(run: Run) -> None:
    assert run(*MEMORY, "--lengths", 4, *SMALL).status == 0
    path = Path("data/digit_sum/4/dev.txt")
    lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    path.write_text("".join([*lines[:6], "0 12 0 0\t12\n", *lines[7:]]), encoding="ascii")
    assert error_of(run(*MEMORY, "--lengths", 4, *SMALL)) == (
        "data/digit_sum/4/dev.txt:7: 12; expected digits from 0 to 9, separated by spaces (or move the file elsewhere, "
        "and one is made)"
    )

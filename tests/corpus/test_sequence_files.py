from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from textrnn.corpus.sequence_files import (
    SplitsPlace,
    find_splits,
    load_splits,
    read_sequences,
    read_splits,
    splits_folder,
    to_text,
    write_splits,
)
from textrnn.corpus.sequences import LabelledSequences, make_splits
from textrnn.errors import DataError
from textrnn.tasks.memory.registry import all_problems

DIGIT_SUM = all_problems()["digit-sum"]


class LastOfMany:
    """Names the last of some numbers; there are more than ten."""

    name, vocabulary_size, tokens_called, shortest, answer_means = "last-of-many", 12, "numbers", 2, "the last number"
    mixes_lengths = keeps_splits_apart = False

    def sample(self, length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
        tokens = generator.integers(0, 12, (variants, length))
        return LabelledSequences(tokens, tokens[:, -1])

    def answer(self, tokens: Sequence[int]) -> int:
        return tokens[-1]


def test_written_and_read_back(tmp_path: Path) -> None:
    splits = make_splits(DIGIT_SUM, 10, seed=3)
    assert {name: len(split) for name, split in splits.items()} == {"train": 300, "dev": 100, "test": 100}
    write_splits(tmp_path / "10", splits)
    for name, split in read_splits(tmp_path / "10", DIGIT_SUM).items():
        np.testing.assert_array_equal(split.tokens, splits[name].tokens)
        np.testing.assert_array_equal(split.labels, splits[name].labels)
    assert to_text(splits["dev"]).splitlines()[0].startswith("0 0 ")
    assert not np.array_equal(make_splits(DIGIT_SUM, 10, 4)["train"].tokens, splits["train"].tokens)
    np.testing.assert_array_equal(make_splits(DIGIT_SUM, 10, 3)["train"].tokens, splits["train"].tokens)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": the file is empty; expected lines of digits, a tab and their label"),
        ("1 2 0\t3\n1 2 0 3\n", ":2: no tab in '1 2 0 3'; expected digits, a tab and their label"),
        ("1 2 0\t3\n\n", ":2: no tab in ''; expected digits, a tab and their label"),
        ("1 12 0\t13\n", ":1: 12; expected digits from 0 to 9, separated by spaces"),
        ("1 -2 x\t3\n", ":1: -2, x; expected digits from 0 to 9, separated by spaces"),
        ("1 ２ 0\t3\n", ":1: ２; expected digits from 0 to 9, separated by spaces"),
        ("1 2\t3\n", ":1: 2 digits; expected at least 3"),
        ("1 2 0\t3\n1 2 0 0\t3\n", ":2: 4 digits; expected 3, as on the first line"),
        ("1 2 0\t4\n", ":1: the label is 4; expected 3, the sum of the first two digits"),
        ("1 2 0\tthree\n", ":1: the label is three; expected 3, the sum of the first two digits"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "train.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_sequences(path, DIGIT_SUM)
    assert str(caught.value) == f"{path}{message}"


def test_splits_of_different_lengths(tmp_path: Path) -> None:
    write_splits(tmp_path, {**make_splits(DIGIT_SUM, 5, 0), "test": make_splits(DIGIT_SUM, 6, 0)["test"]})
    with pytest.raises(DataError, match=r"test\.txt:1: 6 digits; expected 5, as in train\.txt$"):
        read_splits(tmp_path, DIGIT_SUM)


def test_splits_are_written_once_and_read_back(in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "data" / "digit_sum" / "12"
    splits = load_splits(DIGIT_SUM, 12, 0)
    assert sorted(path.name for path in folder.iterdir()) == ["dev.txt", "test.txt", "train.txt"]
    expected = make_splits(DIGIT_SUM, 12, 0)
    for name, split in splits.items():
        np.testing.assert_array_equal(split.tokens, expected[name].tokens)
    own = "3 4 0 0 0 0 0 0 0 0 0 5\t7\n"
    (folder / "train.txt").write_text(own, encoding="ascii")  # what lies there is used, and left alone
    assert load_splits(DIGIT_SUM, 12, 0)["train"].tokens.tolist() == [[3, 4, *[0] * 9, 5]]
    assert (folder / "train.txt").read_text(encoding="ascii") == own


def test_other_seeds_and_variants_have_their_own_folders(in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "data" / "digit_sum" / "5"
    assert len(load_splits(DIGIT_SUM, 5, 3, variants=7)["train"]) == 700
    assert (folder / "seed_3_k_7" / "train.txt").is_file()
    load_splits(DIGIT_SUM, 5, 3)
    load_splits(DIGIT_SUM, 5, 0, variants=1)
    assert {path.name for path in folder.iterdir()} == {"seed_3_k_7", "seed_3", "k_1"}


def test_own_files_are_used_for_every_seed_and_number_of_variants(in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "data" / "digit_sum" / "5"
    own = "3 4 0 0 5\t7\n3 4 5 0 0\t7\n1 1 0 0 2\t2\n"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_text(own, encoding="ascii")
    for seed, variants in ((0, 3), (1, 3), (2, 7), (0, 7)):
        found = find_splits(DIGIT_SUM, 5, seed, variants)
        assert replace(found, missing=()) == SplitsPlace(Path("data/digit_sum/5"), 0, 3, own=True)
        splits = load_splits(DIGIT_SUM, 5, seed, variants)
        assert to_text(splits["train"]) == own
        assert splits["train"].commonest == (7, 2 / 3)
        made = make_splits(DIGIT_SUM, 5, 0)  # what is missing beside them
        assert to_text(splits["dev"]) == to_text(made["dev"])
    assert sorted(path.name for path in folder.iterdir()) == ["dev.txt", "test.txt", "train.txt"]
    (folder / "seed_2").mkdir()
    (folder / "seed_2" / "test.txt").write_text(own, encoding="ascii")  # own ones for this seed alone
    found = find_splits(DIGIT_SUM, 5, 2)
    assert found == SplitsPlace(Path("data/digit_sum/5/seed_2"), 2, 3, own=True, missing=("train.txt", "dev.txt"))
    assert to_text(load_splits(DIGIT_SUM, 5, 2)["test"]) == own


def test_files_that_the_program_made_are_nobody_s_own(in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "data" / "digit_sum" / "5"
    for seed in (0, 1):
        load_splits(DIGIT_SUM, 5, seed)
    path = folder / "dev.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))  # as git does on Windows
    for seed in (0, 1, 2):
        assert not find_splits(DIGIT_SUM, 5, seed).own
    assert find_splits(DIGIT_SUM, 5, 1).folder == Path("data/digit_sum/5/seed_1")


def test_a_folder_with_another_length_is_refused(in_folder: Callable[[], Path]) -> None:
    in_folder()
    write_splits(splits_folder(DIGIT_SUM, 9, 0), make_splits(DIGIT_SUM, 8, 0))
    with pytest.raises(DataError) as caught:
        load_splits(DIGIT_SUM, 9, 0)
    assert str(caught.value) == (
        "data/digit_sum/9/train.txt:1: 8 digits; expected 9, as the folder is named (or move the file elsewhere, and one is "
        "made)"
    )


def test_another_problem_has_its_own_folder_and_texts(in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "data" / "last_of_many" / "4"
    splits = load_splits(LastOfMany(), 4, 0)
    assert {name: split.tokens.shape for name, split in splits.items()} == {
        "train": (3, 4), "dev": (1, 4), "test": (1, 4)
    }  # fmt: skip
    for text, message in (
        ("1 11 12 0\t0\n", "12; expected numbers from 0 to 11, separated by spaces"),
        ("1 2 3 11\t3\n", "the label is 3; expected 11, the last number"),
        ("1\t1\n", "1 numbers; expected at least 2"),
    ):
        (folder / "dev.txt").write_text(text, encoding="ascii")
        with pytest.raises(DataError) as caught:
            load_splits(LastOfMany(), 4, 0)
        assert (
            str(caught.value)
            == f"data/last_of_many/4/dev.txt:1: {message} (or move the file elsewhere, and one is made)"
        )


def test_rows_of_several_lengths_and_answers_are_written_and_read_back(in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "data" / "copy" / "6"
    copy = all_problems()["copy"]
    made = make_splits(copy, 6, 0)
    for name, split in load_splits(copy, 6, 0).items():
        np.testing.assert_array_equal(split.tokens, made[name].tokens)
        np.testing.assert_array_equal(split.labels, made[name].labels)
    lines = (folder / "dev.txt").read_text(encoding="ascii").splitlines()
    symbol = lines[0][0]
    assert lines[0] == f"{symbol} 8\t- {symbol}"
    assert {len(line.partition("\t")[0].split()) for line in lines} == {2, 3, 4, 5, 6}
    assert not find_splits(copy, 6, 0).own
    (folder / "dev.txt").write_text("3 1 7 8 8 8\t- - - 3 1 7\n2 8\t- 2\n", encoding="ascii")
    assert load_splits(copy, 6, 0)["dev"].tokens.tolist() == [[3, 1, 7, 8, 8, 8], [2, 8, -1, -1, -1, -1]]
    assert find_splits(copy, 6, 0).own
    for text, message in (
        (
            "3 1 8 8\t- - 3 2\n",
            ":1: the label is - - 3 2; expected - - 3 1, the symbols in their order, one for each 8",
        ),
        ("3 1 8 8\t3 1\n", ":1: the label is 3 1; expected - - 3 1, the symbols in their order, one for each 8"),
        ("2 8\t- 2\n1 2 3 4 8 8 8\t- - - - 1 2 3\n", ":2: 7 digits; expected at most 6, as the folder is named"),
    ):
        (folder / "dev.txt").write_text(text, encoding="ascii")
        with pytest.raises(DataError) as caught:
            load_splits(copy, 6, 0)
        assert str(caught.value) == f"data/copy/6/dev.txt{message} (or move the file elsewhere, and one is made)"

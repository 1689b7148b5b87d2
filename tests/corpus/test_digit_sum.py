from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.corpus.digit_sum import (
    load_splits,
    make_digit_sums,
    make_splits,
    read_digit_sums,
    read_splits,
    splits_folder,
    to_text,
    write_splits,
)
from textrnn.errors import ConfigError, DataError


@given(st.integers(3, 40), st.integers(1, 4), st.integers(0, 99))
def test_what_is_made(length: int, variants: int, seed: int) -> None:
    sums = make_digit_sums(length, variants, np.random.default_rng(seed))
    assert sums.digits.shape == (100 * variants, length)
    assert (sums.labels == sums.digits[:, 0] + sums.digits[:, 1]).all()
    pairs, counts = np.unique(sums.digits[:, :2], axis=0, return_counts=True)
    assert len(pairs) == 100
    assert set(counts) == {variants}
    assert ((sums.digits[:, 2:] != 0).sum(axis=1) <= 1).all()
    assert sums.digits.min() >= 0
    assert sums.digits.max() <= 9


def test_the_third_digit_stands_anywhere() -> None:
    sums = make_digit_sums(6, 50, np.random.default_rng(0))
    rows, places = np.nonzero(sums.digits[:, 2:])
    assert set(places) == {0, 1, 2, 3}
    assert 0.85 < len(rows) / len(sums) < 0.95  # one in ten is a zero


def test_written_and_read_back(tmp_path: Path) -> None:
    splits = make_splits(10, seed=3)
    assert {split: len(sums) for split, sums in splits.items()} == {"train": 300, "dev": 100, "test": 100}
    write_splits(tmp_path / "10", splits)
    for split, sums in read_splits(tmp_path / "10").items():
        np.testing.assert_array_equal(sums.digits, splits[split].digits)
        np.testing.assert_array_equal(sums.labels, splits[split].labels)
    assert to_text(splits["dev"]).splitlines()[0].startswith("0 0 ")
    assert not np.array_equal(make_splits(10, 4)["train"].digits, splits["train"].digits)
    np.testing.assert_array_equal(make_splits(10, 3)["train"].digits, splits["train"].digits)


def test_out_of_bounds() -> None:
    with pytest.raises(ConfigError, match=r"^--lengths 2: expected at least 3, the two digits to add and one more$"):
        make_digit_sums(2, 1, np.random.default_rng(0))
    with pytest.raises(ConfigError, match=r"^k of 0: expected at least 1 sequence for each pair of digits$"):
        make_digit_sums(3, 0, np.random.default_rng(0))


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
        read_digit_sums(path)
    assert str(caught.value) == f"{path}{message}"


def test_splits_of_different_lengths(tmp_path: Path) -> None:
    write_splits(tmp_path, {**make_splits(5, 0), "test": make_splits(6, 0)["test"]})
    with pytest.raises(DataError, match=r"sequences of different lengths \(train 5, dev 5, test 6\)"):
        read_splits(tmp_path)


def test_splits_are_written_once_and_read_back(in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "data" / "digit_sum" / "12"
    splits = load_splits(12, 0)
    assert sorted(path.name for path in folder.iterdir()) == ["dev.txt", "test.txt", "train.txt"]
    expected = make_splits(12, 0)
    for name, sums in splits.items():
        np.testing.assert_array_equal(sums.digits, expected[name].digits)
    own = "3 4 0 0 0 0 0 0 0 0 0 5\t7\n"
    (folder / "train.txt").write_text(own, encoding="ascii")  # what lies there is used, and left alone
    assert load_splits(12, 0)["train"].digits.tolist() == [[3, 4, *[0] * 9, 5]]
    assert (folder / "train.txt").read_text(encoding="ascii") == own


def test_other_seeds_and_variants_have_their_own_folders(in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "data" / "digit_sum" / "5"
    assert len(load_splits(5, 3, variants=7)["train"]) == 700
    assert (folder / "seed_3_k_7" / "train.txt").is_file()
    load_splits(5, 3)
    load_splits(5, 0, variants=1)
    assert {path.name for path in folder.iterdir()} == {"seed_3_k_7", "seed_3", "k_1"}


def test_a_folder_with_another_length_is_refused(in_folder: Callable[[], Path]) -> None:
    in_folder()
    write_splits(splits_folder(9, 0), make_splits(8, 0))
    with pytest.raises(DataError) as caught:
        load_splits(9, 0)
    assert str(caught.value) == "data/digit_sum/9/train.txt: sequences of 8 digits; expected 9: delete the folder"

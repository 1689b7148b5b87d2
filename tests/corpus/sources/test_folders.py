"""What is in a folder, and what is taken for the data set."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.readers.files import some_rows, written
from textrnn.config import DataConfig
from textrnn.corpus.dataset import read_files
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.errors import DataError

TABLE = "text,label\n" + "".join(f"{text},{label}\n" for text, label in some_rows())
FEW = "text,label\na thing,billing\nanother thing,quality\n"


def rows_in(dataset: str) -> dict[str, int]:
    read, _ = read_files(find_dataset(dataset, download=False), DataConfig(dataset=dataset))
    return {split: len(rows) for split, rows in read.rows.items()}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["headlines", "thucnews"])
def test_a_folder_here_goes_before_a_data_set_of_its_name(here: Path, name: str) -> None:
    written(here, f"{name}/README.txt", "about")
    written(here, f"{name}/mine.csv", TABLE)
    assert rows_in(name) == {"train": 40}
    written(here, f"{name}/more.csv", TABLE)
    with pytest.raises(DataError) as caught:
        rows_in(name)
    assert str(caught.value).startswith(
        f"{name}: none of its files (README.txt, mine.csv, more.csv) is a training split"
    )


def test_an_empty_folder_here_says_nothing(here: Path) -> None:
    (here / "headlines").mkdir()
    assert rows_in("headlines")["train"] == 4800


def test_a_folder_of_a_class_may_be_empty(here: Path) -> None:
    for label in ("billing", "quality"):
        written(here, f"set/{label}/1.txt", f"a text of {label}")
    (here / "set" / "delivery").mkdir()
    written(here, "set/delivery/.DS_Store", "x")
    assert rows_in("set") == {"train": 2}


def test_a_folder_in_a_folder(here: Path) -> None:
    written(here, "shop/README.md", "about")
    written(here, "shop/shop/train.csv", TABLE)
    written(here, "shop/shop/test.csv", FEW)
    assert rows_in("shop") == {"train": 40, "test": 2}
    for label in ("billing", "quality"):
        written(here, f"outer/set/{label}/1.txt", f"a text of {label}")
    assert rows_in("outer") == {"train": 2}


def test_a_folder_for_each_split_with_a_file_in_it(here: Path) -> None:
    written(here, "shop/train/data.csv", TABLE)
    written(here, "shop/test/data.csv", FEW)
    assert rows_in("shop") == {"train": 40, "test": 2}


def test_splits_named_as_data(here: Path) -> None:
    written(here, "shop/训练数据.csv", TABLE)
    written(here, "shop/测试数据.csv", FEW)
    assert rows_in("shop") == {"train": 40, "test": 2}


def test_a_name_that_is_nearly_that_of_a_file(here: Path) -> None:
    written(here, "reviews.csv", TABLE)
    with pytest.raises(DataError) as caught:
        rows_in("review.csv")
    assert str(caught.value) == (
        "review.csv: no such file or folder; expected `dataset` to be a name, a folder or a file; did you mean "
        "reviews.csv?"
    )

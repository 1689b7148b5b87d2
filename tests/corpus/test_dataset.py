from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.factories import WORDS, small_rows, write_rows
from textrnn.config import DataConfig
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.sources.catalog import dataset_name, find_dataset
from textrnn.errors import ConfigError, DataError
from textrnn.report.notes import words


def load(path: Path, **settings: object) -> Dataset:
    return load_dataset(find_dataset(str(path)), DataConfig(dataset=str(path), **settings))  # type: ignore[arg-type]


def message_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load(path)
    return str(caught.value)


def test_names_without_class_file(small_dataset: Path) -> None:
    dataset = load(small_dataset)
    assert dataset.class_names == ["山水", "数字", "猫狗"]
    assert (len(dataset.train), len(dataset.dev), len(dataset.test)) == (120, 30, 30)
    assert dataset.class_names[dataset.train.labels[0]] == "猫狗"


def test_indices_with_class_file_in_the_data_folder(tmp_path: Path) -> None:
    rows = [(f"文{i}", str(i % 2)) for i in range(40)]
    write_rows(tmp_path / "set" / "data" / "train.txt", rows)
    (tmp_path / "set" / "data" / "class.txt").write_text("财经\n体育\n", encoding="utf-8")
    dataset = load(tmp_path / "set")
    assert dataset.class_names == ["财经", "体育"]
    assert all(
        int(text[1:]) % 2 == label for text, label in zip(dataset.train.texts, dataset.train.labels, strict=True)
    )


def test_class_file_with_names_in_the_data(tmp_path: Path) -> None:
    write_rows(tmp_path / "s" / "train.txt", [(f"文{i}", "乙甲"[i % 2]) for i in range(40)])
    (tmp_path / "s" / "class.txt").write_text("乙\n甲\n", encoding="utf-8")
    assert load(tmp_path / "s").class_names == ["乙", "甲"]


def test_numbers_as_names_are_sorted_by_value(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.txt", [(f"文{i}", str(i % 12)) for i in range(240)])
    assert load(tmp_path / "a.txt").class_names == [str(i) for i in range(12)]


def test_numbers_of_equal_value_have_one_order(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.txt", [(f"文{i}", ["1", "01", "001", "2"][i % 4]) for i in range(80)])
    assert load(tmp_path / "a.txt").class_names == ["001", "01", "1", "2"]


def test_missing_splits_are_stratified_seeded_and_said(tmp_path: Path) -> None:
    rows = [(f"甲{i}", "a") for i in range(200)] + [(f"乙{i}", "b") for i in range(20)]
    path = write_rows(tmp_path / "a.txt", rows)
    dataset = load(path)
    assert Counter(dataset.dev.labels) == Counter(dataset.test.labels) == {0: 20, 1: 2}
    everything = dataset.train.texts + dataset.dev.texts + dataset.test.texts
    assert sorted(everything) == sorted(text for text, _ in rows)
    assert list(map(words, dataset.notes)) == [
        "a.txt: UTF-8, tab, no header; text = column 1, label = column 2; 220 rows",
        f"{path}: no dev and no test split there; split at random, the same share of every class (seed 0): "
        "train 176, dev 22, test 22 rows",
    ]
    assert load(path).test.texts == dataset.test.texts
    assert load(path, split_seed=1).test.texts != dataset.test.texts


def test_only_the_missing_split_is_made(tmp_path: Path) -> None:
    write_rows(tmp_path / "s" / "train.txt", small_rows(60))
    write_rows(tmp_path / "s" / "test.txt", small_rows(9, seed=5))
    dataset = load(tmp_path / "s")
    assert (len(dataset.train), len(dataset.dev), len(dataset.test)) == (54, 6, 9)


def test_copies_of_a_text_never_end_in_two_splits(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.txt", [(f"文{i // 4}", "ab"[i // 4 % 2]) for i in range(400)])
    dataset = load(path)
    assert not set(dataset.train.texts) & set(dataset.test.texts)
    assert not set(dataset.train.texts) & set(dataset.dev.texts)
    assert [note.kind for note in dataset.notes] == ["read", "split_made"]


def test_duplicates_across_given_splits_are_reported(small_dataset: Path) -> None:
    rows = small_rows(30, seed=3)
    repeated = small_rows(120, seed=1)[:2]
    write_rows(small_dataset / "test.txt", rows + repeated)
    _, note = load(small_dataset).notes
    assert words(note).startswith(
        f"{small_dataset / 'test.txt'}:31: 2 of 32 rows repeat texts of the training split (for instance "
    )


def test_other_names_of_the_dev_split(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        write_rows(tmp_path / "s" / f"{split}.txt", small_rows(30))
    assert len(load(tmp_path / "s").dev) == 30


def test_no_such_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    with pytest.raises(DataError) as caught:
        find_dataset("headline")
    assert str(caught.value).startswith("`dataset` headline: no such data set; expected one of headlines, thucnews")
    assert str(caught.value).endswith("or the path of a folder or file; did you mean headlines?")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        find_dataset(str(tmp_path / "mine.csv"))
    assert str(caught.value) == (
        f"{tmp_path / 'mine.csv'}: no such file or folder; expected `dataset` to be a name, a folder or a file"
    )


def test_folder_without_data(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    with pytest.raises(DataError) as caught:
        find_dataset(str(tmp_path / "s"))
    assert str(caught.value) == (
        f"{tmp_path / 's'}: nothing in the folder; expected a train.txt, .csv, .tsv, .jsonl or the like there or in its "
        "data/ folder, or a folder for each class: name the file that is meant"
    )


def test_two_files_for_one_split(tmp_path: Path) -> None:
    write_rows(tmp_path / "s" / "train.txt", small_rows(5))
    write_rows(tmp_path / "s" / "train.csv", small_rows(5))
    with pytest.raises(DataError, match=r"train\.csv and train\.txt could each be the train split; expected one"):
        find_dataset(str(tmp_path / "s"))


def test_index_out_of_range(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "s" / "train.txt", [("好", "0"), ("坏", "1"), ("差", "2")])
    (tmp_path / "s" / "class.txt").write_text("甲\n乙\n", encoding="utf-8")
    write_rows(tmp_path / "s" / "dev.txt", [("x", "0")])
    write_rows(tmp_path / "s" / "test.txt", [("x", "0")])
    assert message_of(tmp_path / "s") == (
        f"{path}:3: class index 2 is out of range; expected 0 to 1, the 2 lines of class.txt"
    )


@pytest.mark.parametrize(("label", "what"), [("-1", "is out of range"), ("pos", "is not a number"), ("9" * 5000, "")])
def test_one_bad_index_is_blamed_on_its_own_line(tmp_path: Path, label: str, what: str) -> None:
    rows = [(f"文{i}", str(i % 2)) for i in range(40)]
    path = write_rows(tmp_path / "s" / "train.txt", [*rows, ("x", label)])
    (tmp_path / "s" / "class.txt").write_text("neg\npos2\n", encoding="utf-8")
    write_rows(tmp_path / "s" / "dev.txt", rows)
    write_rows(tmp_path / "s" / "test.txt", rows)
    assert message_of(tmp_path / "s").startswith(f"{path}:41: class index {label[:50]}")
    assert what in message_of(tmp_path / "s")


def test_text_and_label_the_wrong_way_round(tmp_path: Path) -> None:
    rows = [(label, text) for text, label in small_rows(200)]
    path = write_rows(tmp_path / "a.txt", rows)
    dataset = load(path)  # which of two columns repeats is plain
    assert dataset.class_names == sorted(WORDS)
    with pytest.raises(DataError, match=r"are text and label the wrong way round\?$"):
        load(path, text_column="1", label_column="2")


def test_the_only_row_of_a_class_stays_in_training(tmp_path: Path) -> None:
    rows = [(f"{name}{i}", name) for name in "ab" for i in range(8)] + [("amb", "a"), ("amb", "c")]
    path = write_rows(tmp_path / "a.txt", rows)
    for seed in range(20):
        dataset = load(path, split_seed=seed)
        assert {"amb"} <= set(dataset.train.texts)


def test_class_file_beside_the_data_folder(tmp_path: Path) -> None:
    write_rows(tmp_path / "s" / "data" / "train.txt", [(f"文{i}", str(i % 2)) for i in range(40)])
    write_rows(tmp_path / "s" / "dev.txt", [("x", "0")])
    (tmp_path / "s" / "class.txt").write_text("甲\n乙\n", encoding="utf-8")
    dataset = load(tmp_path / "s")
    assert dataset.class_names == ["甲", "乙"]
    assert len(dataset.dev) == 1


@pytest.mark.parametrize("name", ["/no/such/thucnews", "./thucnews", "thucnews.csv"])
def test_a_mistyped_path_is_never_downloaded(in_folder: Callable[[], Path], name: str) -> None:
    in_folder()
    with pytest.raises(DataError, match="no such file or folder"):
        find_dataset(name)


def test_an_ambiguous_folder_that_nobody_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(tmp_path / "broken" / "train.txt", small_rows(5))
    write_rows(tmp_path / "broken" / "train.csv", small_rows(5))
    monkeypatch.setenv("TEXTRNN_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"did you mean headlines\?"):
        find_dataset("headlins")


def test_unknown_user() -> None:
    with pytest.raises(ConfigError, match=r"`dataset` ~nosuchuser/x: there is no such user here"):
        find_dataset("~nosuchuser/x")


def test_unknown_class_name(small_dataset: Path) -> None:
    (small_dataset / "class.txt").write_text("猫狗\n山水\n数字\n", encoding="utf-8")
    path = write_rows(small_dataset / "dev.txt", [("好", "猫狗"), ("坏", "猫狗狗")])
    assert message_of(small_dataset) == (
        f"{path}:2: unknown class '猫狗狗'; expected one of 猫狗, 山水, 数字 (class.txt); did you mean 猫狗?"
    )


def test_class_without_training_row(small_dataset: Path) -> None:
    (small_dataset / "class.txt").write_text("猫狗\n山水\n数字\n天气\n", encoding="utf-8")
    assert message_of(small_dataset) == (
        f"{small_dataset / 'train.txt'}: no training row of class '天气'; expected at least one of each: add some, "
        f"or take them out of {small_dataset / 'class.txt'}"
    )


def test_one_class_only(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.txt", [(f"文{i}", "甲") for i in range(20)])
    assert message_of(path) == (
        f"{path}: all rows are of the one class '甲'; expected two classes or more: there is nothing to tell apart"
    )


def test_too_few_rows_to_split(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.txt", [("好", "甲"), ("坏", "乙")])
    assert message_of(path) == (
        f"{path}: 2 rows are too few to make a dev split; expected at least 3 different texts of a class, "
        "or a dev file beside it"
    )


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("THUCNews", "thucnews"),
        ("some/folder/", "folder"),
        ("some/评论.csv", "评论"),
        ("gone.jsonl", "gone"),
        ("./x", "x"),
        ("v1.1", "v1.1"),
    ],
)
def test_save_name(dataset: str, name: str) -> None:
    assert dataset_name(dataset) == name


def test_names_are_found_in_the_listed_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(tmp_path / "second" / "reviews" / "train.txt", small_rows(60))
    (tmp_path / "first").mkdir()
    monkeypatch.setenv("TEXTRNN_DATA", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    source = find_dataset("Reviews")
    assert source.name == "reviews"
    assert source.train == tmp_path / "second" / "reviews" / "train.txt"


def test_real_thucnews(real_data: Path) -> None:
    source = find_dataset(str(real_data / "thucnews"))
    dataset = load_dataset(source, DataConfig())
    assert (len(dataset.train), len(dataset.dev), len(dataset.test)) == (44_960, 10_000, 10_000)
    assert dataset.class_names[:3] == ["finance", "realty", "stocks"]
    assert Counter(dataset.test.labels) == dict.fromkeys(range(10), 1000)
    assert [note.kind for note in dataset.notes] == ["read"]


@pytest.mark.parametrize("ending", ["", ".0"])
def test_labels_that_count_the_classes_from_1(tmp_path: Path, ending: str) -> None:
    write_rows(tmp_path / "s" / "train.txt", [(f"文{i}", f"{i % 3 + 1}{ending}") for i in range(60)])
    (tmp_path / "s" / "class.txt").write_text("甲\n乙\n丙\n", encoding="utf-8")
    dataset = load(tmp_path / "s")
    assert [dataset.class_names[label] for label in dataset.train.labels] == [
        "甲乙丙"[int(text[1:]) % 3] for text in dataset.train.texts
    ]
    assert dataset.readings[0].details == ("labels count the classes from 1",)


def test_labels_that_go_too_far_do_not_count_from_1(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "s" / "train.txt", [(f"文{i}", str(i % 4)) for i in range(60)])
    (tmp_path / "s" / "class.txt").write_text("甲\n乙\n丙\n", encoding="utf-8")
    assert message_of(tmp_path / "s") == (
        f"{path}:4: class index 3 is out of range; expected 0 to 2, the 3 lines of class.txt"
    )


UNLABELLED = {
    "test.csv": ["text\na thing\nanother thing\n", "id,text\n1,a thing\n2,another thing\n", "text,label\na,\nb,\n"],
    "test.jsonl": ['{"text": "a thing"}\n{"text": "another thing"}\n'],
    "test.txt": ["a thing\nanother thing\n"],
}


@pytest.mark.parametrize(("name", "content"), [(name, text) for name, texts in UNLABELLED.items() for text in texts])
def test_a_test_split_without_labels_is_passed_over(tmp_path: Path, name: str, content: str) -> None:
    rows = "".join(f"文{i},{'甲乙'[i % 2]}\n" for i in range(60))
    (tmp_path / "train.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    (tmp_path / name).write_text(content, encoding="utf-8")
    for path in (tmp_path, tmp_path / "train.csv"):
        dataset = load(path)
        assert len(dataset.train) + len(dataset.dev) + len(dataset.test) == 60
        assert words(dataset.notes[0]) == (
            f"{tmp_path / name}: no labels there, so that nothing can be tested on it; not used (once a model is trained, "
            f"`predict_file` {tmp_path / name} answers its rows)"
        )
        assert [note.kind for note in dataset.notes[:3]] == ["unlabelled_test", "read", "split_made"]
    (tmp_path / name).rename(tmp_path / name.replace("test", "dev"))
    with pytest.raises(DataError):
        load(tmp_path)


def test_a_test_split_without_a_header_in_another_order(tmp_path: Path) -> None:
    write_rows(tmp_path / "s" / "train.txt", [(f"文{i}", "甲乙"[i % 2]) for i in range(60)])
    write_rows(tmp_path / "s" / "test.txt", [("甲乙"[i % 2], f"字{i}") for i in range(20)])
    dataset = load(tmp_path / "s")
    assert dataset.class_names == ["乙", "甲"]
    assert dataset.test.texts == [f"字{i}" for i in range(20)]


def test_a_name_of_a_class_in_another_case(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "s" / "train.txt", [(f"文{i}", ["food", "money"][i % 2]) for i in range(60)])
    for split in ("dev", "test"):
        write_rows(tmp_path / "s" / f"{split}.txt", [("字", "Food"), ("句", "Money")])
    (tmp_path / "s" / "class.txt").write_text("Food\nMoney\n", encoding="utf-8")
    assert message_of(tmp_path / "s") == (
        f"{path}:1: unknown class 'food'; expected one of Food, Money (class.txt); did you mean Food? `merge_labels` "
        "joins those that look alike"
    )
    assert load(tmp_path / "s", merge_labels=True).class_names == ["Food", "Money"]

"""The checks one by one, in their order, and one that is dropped in."""

from __future__ import annotations

import inspect
import pkgutil
import sys
import textwrap
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest

from tests.factories import small_rows, write_rows
from textrnn.config import DataConfig
from textrnn.corpus import check
from textrnn.corpus.check import Finding, ReadDataset, ReadFiles, all_checks, findings
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.readers import Rows
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.errors import DataError
from textrnn.report.notes import words

TRAIN = Path("t.txt")


def rows(texts: list[str], labels: list[str], path: Path = TRAIN) -> Rows:
    return Rows(path, texts, labels, list(range(1, len(texts) + 1)))


def read(
    learnt: list[int], class_names: str = "ab", class_file: Path | None = None, **others: list[str]
) -> ReadDataset:
    """A data set with these training labels; `others` are texts in the place of the usual ones, by split."""
    texts = {"train": [f"text {i}" for i in range(len(learnt))], "dev": ["x"], "test": ["y"], **others}
    labels = {split: learnt if split == "train" else [0] * len(part) for split, part in texts.items()}
    parts = {split: rows(part, [class_names[i] for i in labels[split]]) for split, part in texts.items()}
    return ReadDataset(parts, list(class_names), class_file, labels)


def load(path: Path) -> Dataset:
    return load_dataset(find_dataset(str(path)), DataConfig(dataset=str(path)))


def test_a_finding_is_one_line() -> None:
    assert (
        str(Finding("x-y", "error", "a.txt:3", "a blank line", "expected none"))
        == "a.txt:3: a blank line; expected none"
    )
    assert str(Finding("x-y", "warning", "", "few rows", "expected more")) == "few rows; expected more"


def test_one_class_only() -> None:
    (finding,) = findings(ReadFiles({"train": rows(["x", "y"], ["甲", "甲"])}, ["甲"], None))
    assert (finding.id, finding.severity, finding.where) == ("one-class-only", "error", "t.txt")
    assert str(finding) == (
        "t.txt: all rows are of the one class '甲'; expected two classes or more: there is nothing to tell apart"
    )


@pytest.mark.parametrize(("classes", "count", "found"), [(60, 119, 1), (60, 120, 0), (50, 50, 0), (51, 51, 1)])
def test_nearly_as_many_classes_as_rows(classes: int, count: int, found: int) -> None:
    """The rows of all splits count."""
    names = [f"class {i}" for i in range(classes)]
    parts = {"train": rows(["x"] * (count - 9), ["?"] * (count - 9)), "dev": rows(["x"] * 9, ["?"] * 9)}
    messages = list(map(str, findings(ReadFiles(parts, names, None))))
    assert messages == [
        f"t.txt: {classes} classes for {count} rows, such as 'class 0'; expected few classes with many rows each: are text "
        "and label the wrong way round?"
    ] * found  # fmt: skip


def test_class_without_training_row() -> None:
    (finding,) = findings(read([0, 2, 0], "abcd"))
    assert (finding.id, finding.severity) == ("class-without-training-row", "error")
    assert str(finding) == (
        "t.txt: no training row of class 'b', 'd'; expected at least one of each: add some, or take their rows out of the "
        "other splits"
    )
    (named,) = findings(read([0], class_file=Path("class.txt")))
    assert str(named).endswith("add some, or take them out of class.txt")
    assert findings(read([0, 1])) == []


def test_repeated_texts() -> None:
    long = "a text that is longer than a line of a message may be"
    dev, test = findings(read([0, 1], dev=["text 1", "new"], test=["text 0", "new", "text 1", "text 0"]))
    assert (dev.id, dev.severity, dev.where) == ("repeated-texts", "warning", "t.txt:1")
    assert str(dev) == (
        "t.txt:1: 1 of 2 rows repeats a text of the training split (for instance text 1; as line 2); scores on them say little"
    )
    assert str(test) == (
        "t.txt:1: 3 of 4 rows repeat texts of the training split (for instance text 0; as line 1; lines 1, 3, 4); scores on them say little"
    )
    (shortened,) = findings(read([0, 1], train=[long, "b"], dev=[long]))
    assert shortened.details == " (for instance a text that is longer t…; as line 1)"


def test_every_function_of_the_folder_is_a_check() -> None:
    """One with other annotations would never be asked."""
    there = {
        function
        for found in pkgutil.iter_modules(check.__path__)
        for name, function in inspect.getmembers(import_module(f"{check.__name__}.{found.name}"), inspect.isfunction)
        if not name.startswith("_") and function.__module__ == f"{check.__name__}.{found.name}"
    }
    assert {function for _, function in all_checks()} == there


@pytest.fixture
def dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are checks like those of the package; emptied of what was imported from it."""
    folder = tmp_path / "more"
    folder.mkdir()
    monkeypatch.setattr(check, "__path__", [*check.__path__, str(folder)])
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith(check.__name__):
            del sys.modules[name]
            delattr(check, name.rpartition(".")[2])


def write_check(path: Path, severity: str, record: str = "ReadDataset") -> None:
    """A check that finds texts of one character."""
    path.write_text(
        textwrap.dedent(f"""
            from collections.abc import Iterator
            from textrnn.corpus.check import Finding, ReadDataset, ReadFiles

            def short_texts(read: {record}) -> Iterator[Finding]:
                for split, part in read.rows.items():
                    for text, line in zip(part.texts, part.line_numbers):
                        if len(text) == 1:
                            yield Finding("{path.stem}", "{severity}", f"{{split}}:{{line}}", f"only {{text}}", "expected more")
        """),
        encoding="utf-8",
    )
    invalidate_caches()


def test_a_check_is_dropped_in(dropped_in: Path, small_dataset: Path) -> None:
    assert [note.kind for note in load(small_dataset).notes] == ["read"]
    write_rows(small_dataset / "dev.txt", [*small_rows(9, 2), ("猫", "猫狗")])
    write_check(dropped_in / "dropped_in.py", "warning")
    assert list(map(words, load(small_dataset).notes[1:])) == ["dev:10: only 猫; expected more"]


def test_several_errors_are_told_at_once_in_the_order_of_the_modules(dropped_in: Path, small_dataset: Path) -> None:
    (small_dataset / "class.txt").write_text("猫狗\n山水\n数字\n天气\n", encoding="utf-8")
    write_rows(small_dataset / "dev.txt", [("猫", "猫狗")])
    write_check(dropped_in / "a_first.py", "error")
    write_check(dropped_in / "z_last.py", "warning")
    with pytest.raises(DataError) as caught:
        load(small_dataset)
    assert str(caught.value) == (
        f"{small_dataset / 'train.txt'}: no training row of class '天气'; expected at least one of each: add some, or take "
        f"them out of {small_dataset / 'class.txt'}; dev:1: only 猫; expected more"
    )


def test_classes_are_checked_before_labels_and_splits(dropped_in: Path, tmp_path: Path) -> None:
    """A label that is no class is only blamed where the classes themselves are right."""
    path = write_rows(tmp_path / "s" / "train.txt", [("x", "a"), ("yy", "b")])
    (tmp_path / "s" / "class.txt").write_text("a\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "s")
    assert str(caught.value) == (
        f"{path.with_name('class.txt')}: one line, 'a'; expected a line for each class, two or more, in the order of the "
        "indices"
    )
    (tmp_path / "s" / "class.txt").write_text("a\nc\n", encoding="utf-8")
    write_rows(tmp_path / "s" / "dev.txt", [("z", "a")])
    write_rows(tmp_path / "s" / "test.txt", [("z", "a")])
    write_check(dropped_in / "late.py", "error")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "s")
    assert str(caught.value).startswith(f"{path}:2: unknown class 'b'; ")
    write_check(dropped_in / "soon.py", "error", "ReadFiles")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "s")
    assert str(caught.value).startswith("train:1: only x; expected more")


def test_a_file_without_a_check_is_no_silent_mistake(dropped_in: Path) -> None:
    (dropped_in / "nothing.py").write_text("def nothing(read): yield\n")
    with pytest.raises(TypeError, match=r"check\.nothing: no check; expected a function \(ReadDataset\)"):
        list(all_checks())

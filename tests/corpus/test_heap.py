"""Texts without labels: every form of file, and what is taken out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from textrnn.config import DataConfig
from textrnn.corpus import heap
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.heap import cleared, heap_in_memory, read_heap
from textrnn.errors import DataError, TextRNNError
from textrnn.report.few_labels import heap_told

CONFIG = DataConfig()


def dataset(train: list[str], dev: list[str], test: list[str]) -> Dataset:
    return Dataset("x", ["a", "b"], *(Split(texts, [0] * len(texts)) for texts in (train, dev, test)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "北京 今天下雨\n\n上海 明天天晴\n北京 今天下雨\n"),
        ("a.csv", "id,title\n1,北京 今天下雨\n2,\n3,上海 明天天晴\n4,北京 今天下雨\n"),
        ("a.jsonl", '{"text": "北京 今天下雨"}\n{"text": "上海 明天天晴"}\n{"text": "北京 今天下雨"}\n'),
    ],
)
def test_each_text_once_whatever_the_format(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = read_heap(str(tmp_path / name), CONFIG)
    assert found.texts == ["北京 今天下雨", "上海 明天天晴"]
    assert found.repeated == 1


def test_all_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("第二个文件\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("text\n第一个文件\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("nothing to learn\n", encoding="utf-8")
    assert read_heap(str(tmp_path), CONFIG).texts == ["第一个文件", "第二个文件"]


def test_what_is_labelled_or_held_out_is_taken_out(tmp_path: Path) -> None:
    heap = heap_in_memory(["One thing!", "another", "a third", "a fourth", "Ａ third "])
    found = cleared(heap, dataset(["one thing"], ["ANOTHER"], ["x", "a third"]))
    assert found.texts == ["a fourth"]
    assert (found.labelled, found.held_out) == (1, 3)


def message_of(error: pytest.ExceptionInfo[TextRNNError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_what_is_no_heap(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "blank.csv").write_text("id,text\n1,\n2,\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="no such file"):
        read_heap(str(tmp_path / "absent.txt"), CONFIG)
    with pytest.raises(DataError, match="the file is empty; expected one text a line"):
        read_heap(str(tmp_path / "empty.txt"), CONFIG)
    with pytest.raises(DataError) as folder:
        read_heap(str(tmp_path / "folder"), CONFIG)
    assert message_of(folder) == (
        f"{tmp_path / 'folder'}: no file of texts in the folder; expected one text a line, or a table of texts"
    )
    with pytest.raises(DataError) as nothing:
        heap_in_memory([" ", ""])
    assert message_of(nothing) == ("unlabelled: no text in it; expected texts like those that are labelled, one a line")


def test_the_training_texts_themselves() -> None:
    with pytest.raises(DataError) as error:
        cleared(heap_in_memory(["one", "two"]), dataset(["one"], ["two"], []))
    assert message_of(error) == (
        "unlabelled: all 2 texts stand in the data set itself; expected others, without labels: name another file in "
        "`unlabelled`, or leave it out"
    )


@pytest.mark.parametrize(("texts", "is_cut"), [("abcab", False), ("abcdabe", True), ("abcda", True)])
def test_of_very_many_texts_the_first_are_read(
    texts: str, is_cut: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heap, "MOST_TEXTS", 3)
    monkeypatch.setattr(heap, "AT_ONCE", 2)
    (tmp_path / "a.txt").write_text("\n".join(texts), encoding="utf-8")
    found = read_heap(str(tmp_path / "a.txt"), CONFIG)
    assert (found.texts, found.is_cut) == (["a", "b", "c"], is_cut)
    assert found.repeated == (0 if is_cut else 2)  # what follows is not even read
    assert len(found.readings) == 1
    told = heap_told(cleared(found, dataset(["b"], [], [])), 1, 2)
    assert told.startswith(
        f"{tmp_path / 'a.txt'}: 2 texts without labels"
        f"{' (the first; there are more, which are not read)' if is_cut else ''}, beside 1 labelled rows of 2 classes"
    )

"""Labels that were made wrong are found, in the split and the line where they stand."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pytest

from tests.factories import WORDS, small_rows, write_rows
from textrnn.config import DataConfig
from textrnn.corpus.dataset import Dataset, Split, load_dataset
from textrnn.corpus.readers import Rows
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.evaluation.label_errors import Suspect
from textrnn.report.label_errors import suspect_rows, suspects_csv
from textrnn.tasks.label_errors import suspects_of

NAMES = list(WORDS)


def dataset(*, wrong: dict[str, list[int]]) -> Dataset:
    """Three splits in memory, in which the rows `wrong` have the class after their own."""
    splits = []
    for seed, (name, count) in enumerate({"train": 180, "dev": 60, "test": 60}.items()):
        rows = small_rows(count, seed)
        labels = [NAMES.index(label) for _, label in rows]
        for index in wrong.get(name, []):
            labels[index] = (labels[index] + 1) % 3
        splits.append(Split([text for text, _ in rows], labels))
    return Dataset("made", NAMES, *splits)


def places(suspects: list[Suspect]) -> set[tuple[str, int]]:
    return {(suspect.split, suspect.row_index) for suspect in suspects}


def test_planted_errors_come_first() -> None:
    wrong = {"train": [0, 77, 179], "dev": [0, 59], "test": [0, 30, 59]}
    data = dataset(wrong=wrong)
    found = suspects_of(data)
    planted = {(split, row) for split, rows in wrong.items() for row in rows}
    assert places(found) <= planted
    assert len(found) >= len(planted) - 1  # how many there are is an estimate
    for suspect in found:
        split = getattr(data, suspect.split)
        assert suspect.given == split.labels[suspect.row_index] == (suspect.suggested + 1) % 3
    assert suspects_of(data) == found


def test_right_labels_suspect_nobody() -> None:
    assert suspects_of(dataset(wrong={})) == []


def test_a_network_is_heard_where_it_has_something_to_say() -> None:
    data = dataset(wrong={"train": [5], "dev": [7]})
    alone = suspects_of(data)
    assert places(alone[:2]) == {("train", 5), ("dev", 7)}
    convinced = np.full((60, 3), 0.01 / 2)
    convinced[np.arange(60), data.dev.labels] = 0.99  # it sides with every label of the dev split
    heard = suspects_of(data, probabilities={"dev": convinced})
    assert heard[0].row_index == 5
    assert ("dev", 7) not in places(heard[:1])
    silent = suspects_of(data, probabilities={"test": np.full((60, 3), np.nan)})
    assert silent == alone


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    rows = small_rows(300)
    rows[99] = (rows[99][0], NAMES[(NAMES.index(rows[99][1]) + 1) % 3])
    path = write_rows(tmp_path / "made.txt", rows)
    data = load_dataset(find_dataset(str(path)), DataConfig())  # dev and test rows are taken out of it
    found = suspects_of(data)
    assert found
    table = suspects_csv(suspect_rows(data, found)).decode("utf-8-sig").splitlines()
    assert table[0] == "split,line,text,given,suggested,probability"
    _, line, text, given, suggested, probability = table[1].split(",")
    assert (line, text, given) == ("100", *rows[99])
    assert suggested == NAMES[(NAMES.index(given) - 1) % 3]
    assert float(probability) == pytest.approx(found[0].probability, abs=1e-4)


def test_the_table_of_texts_that_are_code() -> None:
    import csv
    import io

    texts = [
        '=HYPERLINK("http://x")',
        "+1",
        "-1",
        "@a",
        " =1+1",
        'a,"b"\nc',
        "一\r二",
        "a\u2028b",
        "\x00",
        "\ud800",
        "＝1",
    ]
    data = Dataset("made", ["=a", "b"], Split(texts, [0] * len(texts)), Split([], []), Split([], []))
    table = suspects_csv(suspect_rows(data, [Suspect(row, 0, 1, 0.5, 0.25, "train") for row in range(len(texts))]))
    assert table.startswith("\ufeffsplit,".encode())
    header, *cells = csv.reader(io.StringIO(table.decode("utf-8-sig"), newline=""))
    assert header == ["split", "line", "text", "given", "suggested", "probability"]
    assert [row[2] for row in cells] == [
        "'=HYPERLINK(\"http://x\")", "'+1", "'-1", "'@a", "' =1+1", 'a,"b"\nc', "一\n二", "a\nb", "\ufffd", "\ufffd", "'＝1",
    ]  # fmt: skip
    for index, row in enumerate(cells, 1):
        assert [*row[:2], *row[3:]] == ["train", str(index), "'=a", "b", "0.5000"]
    assert suspects_csv(suspect_rows(data, [])).decode("utf-8-sig") == "split,line,text,given,suggested,probability\r\n"


def test_a_folder_for_each_class_names_the_file() -> None:
    file = Path("films", "good", "1.txt")
    rows = Rows(Path("films"), ["fine"], ["good"], array("q", [1]), [file])
    data = Dataset("films", ["good", "bad"], Split(["fine"], [0], rows), Split([], []), Split([], []))
    line = suspects_csv(suspect_rows(data, [Suspect(0, 0, 1, 0.9, 0.1, "train")])).decode("utf-8-sig").splitlines()[1]
    assert line == f"train,{file},fine,good,bad,0.9000"

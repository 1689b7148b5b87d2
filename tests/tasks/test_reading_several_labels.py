"""Rows with several labels where a file is checked, mended or scored."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.commands import Result, error_of
from textrnn.config import DataConfig, Run
from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.readers import Reading
from textrnn.corpus.readers.rows import SeveralLabels
from textrnn.corpus.readers.text_columns import find_text_columns
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.errors import DataError
from textrnn.saved.classifier import Classifier
from textrnn.tasks.check import check, write_fixed
from textrnn.tasks.evaluate import gold_of

NAMES = ["account", "billing", "delivery"]
ROWS = [
    (f"the parcel number {i} was late", (NAMES[i % 3], NAMES[(i + 1 + i % 2) % 3])[: 1 + (i % 5 == 0)])
    for i in range(60)
]


def write_joined(path: Path, rows: Sequence[tuple[str, Sequence[str]]], mark: str = "|") -> Path:
    lines = [f'{text},"{mark.join(labels)}"' for text, labels in rows]
    path.write_text("\n".join(["text,tags", *lines]) + "\n", encoding="utf-8")
    return path


def learnt(*, several: SeveralLabels | None = None, columns: tuple[str, ...] = (), **named: Any) -> Classifier:
    """As much of a classifier as it takes to read the labels of another file."""
    reading = Reading(Path("a.csv"), header=True, text_columns=("text",), label_column="" if columns else "tags",
                      label_columns=columns, labels=several)  # fmt: skip
    settings = SimpleNamespace(data=DataConfig(multi_label=several is not None, **named))
    return cast(Classifier, SimpleNamespace(settings=settings, read=[reading.to_dict()], class_names=NAMES))


def gold(path: Path, classifier: Classifier, **named: Any) -> list[tuple[str, ...]]:
    split, _ = gold_of(path, None, classifier, DataConfig(**named))
    assert split.label_sets is not None
    assert split.labels == []
    return [tuple(NAMES[index] for index in each) for each in split.label_sets]


def test_gold_labels_are_read_as_those_of_training(tmp_path: Path) -> None:
    several = SeveralLabels("joined", "|", several=12)
    few = [("x", ["billing", "account"]), ("y", ["delivery"])]
    expected = [("account", "billing"), ("delivery",)]
    assert gold(write_joined(tmp_path / "a.csv", few), learnt(several=several)) == expected
    lists = tmp_path / "b.jsonl"
    lists.write_text("".join(json.dumps({"text": t, "labels": x}) + "\n" for t, x in few), encoding="utf-8")
    assert gold(lists, learnt(several=several)) == expected
    commas = write_joined(tmp_path / "c.csv", few, " + ")
    assert gold(commas, learnt(several=several), label_separator="+") == expected
    indices = write_joined(tmp_path / "d.csv", [("x", ["1", "0"]), ("y", ["2"])])
    assert gold(indices, learnt(several=several)) == expected


def test_the_columns_of_training_are_found_again(tmp_path: Path) -> None:
    classifier = learnt(several=SeveralLabels("columns", several=12), columns=tuple(NAMES))
    path = tmp_path / "a.csv"
    path.write_text("flag,text,delivery,account,billing\n0,x,0,1,1\n1,y,0,0,0\n", encoding="utf-8")
    assert gold(path, classifier) == [("account", "billing"), ()]
    only = tmp_path / "b.csv"
    only.write_text("text,billing\nx,1\ny,0\n", encoding="utf-8")
    assert gold(only, classifier) == [("billing",), ()]


def test_rows_without_a_label(tmp_path: Path) -> None:
    path = write_joined(tmp_path / "a.csv", [("x", ["billing"]), ("y", [])])
    assert gold(path, learnt(several=SeveralLabels("joined", "|"))) == [("billing",), ()]
    unlabelled = write_joined(tmp_path / "b.csv", [("x", []), ("y", [])])
    with pytest.raises(
        DataError, match=r"b\.csv: no label in any row; expected labels in some, or no such file: add them"
    ):
        gold(unlabelled, learnt(several=SeveralLabels("joined", "|")))


def test_labels_that_the_model_does_not_know(tmp_path: Path) -> None:
    classifier = learnt(several=SeveralLabels("joined", "|", several=12))
    path = write_joined(tmp_path / "a.csv", [("x", ["billing", "biling"]), ("y", ["account"])])
    with pytest.raises(DataError) as caught:
        gold(path, classifier)
    assert str(caught.value) == (
        f"{path}:2: 'biling' is no class of the model; expected one of account, billing, delivery; did you mean billing?: "
        "correct them, or leave such rows out with `on_bad_row=skip`"
    )
    split, reading = gold_of(path, None, classifier, DataConfig(on_bad_row="skip"))
    assert (split.texts, [row.reason for row in reading[0].left_out]) == (["y"], ["unknown-class"])


def test_a_model_of_one_label_takes_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("__label__billing __label__account x\n__label__billing y\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"a\.txt:1: 2 labels \(billing\|account\): 'x'; expected text and label in each"
    ):
        gold_of(path, None, learnt(), DataConfig())


def test_texts_beside_label_columns_are_found_without_a_header() -> None:
    read = [
        Reading(Path("a"), header=False, text_columns=("column 1",), label_columns=("column 2", "column 3")).to_dict()
    ]
    assert find_text_columns([["x y z", "0", "1"]], DataConfig(), read, "a:1").text_at == (0,)


def test_check_and_its_copy(tmp_path: Path) -> None:
    rows = [*ROWS, ("the parcel number 0 was late", ROWS[0][1]), ("<b>bold</b> parcel", ["billing", "account"])]
    path = write_joined(tmp_path / "a.csv", rows)
    run = Run("classify", "LSTM", {"dataset": str(path)})
    result = check(run)
    assert not result.has_errors
    assert sum(result.classes["billing"].values()) == sum("billing" in labels for _, labels in rows)
    done = write_fixed(run, tmp_path / "clean")
    assert {path.name for path in (tmp_path / "clean").iterdir()} == {"train.jsonl", "changes.csv"}
    assert {change.what for change in done.fixed.changes} == {"markup", "repeats line 2"}
    first = json.loads((tmp_path / "clean" / "train.jsonl").read_text(encoding="utf-8").partition("\n")[0])
    assert first == {"text": ROWS[0][0], "labels": list(ROWS[0][1])}
    again = load_dataset(find_dataset(str(tmp_path / "clean")), DataConfig())
    assert (again.multi_label, len(again), again.class_names) == (True, 61, NAMES)
    assert not done.after.has_errors


def test_on_the_command_line(run: Callable[..., Result], in_folder: Callable[[], Path]) -> None:
    path = write_joined(in_folder() / "a.csv", ROWS)
    result = run("--dataset", "a.csv", "--check")
    assert result.status == 0
    assert result.out.startswith(
        "a.csv: UTF-8; comma; header; text = text, label = tags; 60 rows; several labels a row, joined by '|'; 20.0 % of "
        "rows have two or more\n"
    )
    one = run("--dataset", "a.csv", "--check", "--no-multi-label")
    assert one.status == 1
    assert "12 rows with several labels in one cell: 'account|billing' is 'account'" in " ".join(one.out.split())
    wrong = run("--dataset", "a.csv", "--check", "--label-separator", ";")
    assert error_of(wrong) == (
        f"{path.name}: no label has ';' in it; expected --label-separator to be what joins the labels of a row, or leave "
        "it out"
    )

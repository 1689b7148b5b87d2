"""A file answered by a trained classifier, against its own answers text by text."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textrnn.corpus.readers import read_rows
from textrnn.errors import ArtifactError, ConfigError, WorkerError
from textrnn.report.notes import words
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks import bulk, workers
from textrnn.tasks.answers import predict
from textrnn.tasks.bulk import Below, Bulk, answer_file
from textrnn.training.events import Listener
from textrnn.training.threads import Threads

TEXTS = ["猫和狗", "山水", "", "😀", "一二三", "河" * 600, "鸟"]


@pytest.fixture
def classifier(trained_classifier: Path) -> Classifier:
    return load_classifier(trained_classifier)


class Told(Listener):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def on_note(self, note: Any) -> None:
        self.lines.append(words(note))


def csv_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_titles(path: Path, texts: list[str] = TEXTS) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("id", "text"), *enumerate(texts, 100)])
    return path


def test_every_row_is_answered_as_alone(classifier: Classifier, tmp_path: Path) -> None:
    told, source, output = Told(), write_titles(tmp_path / "titles.csv"), tmp_path / "answers.csv"
    done = answer_file(classifier, Bulk(source, output, top_k=9), told)
    assert told.lines == ["titles.csv: UTF-8, comma, header; text = text (also there: id)"]
    rows = csv_of(output)
    assert [row["id"] for row in rows] == [str(at + 100) for at in range(len(TEXTS))]
    for row, text in zip(rows, TEXTS, strict=True):
        (alone,) = predict(classifier, [text], top_k=3)
        ranked = [
            (row["label"], row["probability"]),
            *((row[f"label_{at}"], row[f"probability_{at}"]) for at in (2, 3)),
        ]
        assert [label for label, _ in ranked] == [label for label, _ in alone.classes]
        assert [float(share) for _, share in ranked] == pytest.approx([share for _, share in alone.classes], abs=2e-4)
        assert row["note"] == ("" if alone.note is None else words(alone.note).replace("`", ""))
    assert (done.rows, done.errors, done.notes) == (7, 0, {"empty_text": 1, "no_known_token": 1})


def test_an_answer_as_json_has_it_everywhere(classifier: Classifier, tmp_path: Path) -> None:
    source, output = write_titles(tmp_path / "titles.csv"), tmp_path / "answers.jsonl"
    answer_file(classifier, Bulk(source, output, top_k=2))
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    for line, alone in zip(lines, predict(classifier, TEXTS, top_k=2), strict=True):
        assert {key: value for key, value in line.items() if key not in ("id", "error")} == alone.to_dict()


def test_blocks_of_any_size_and_processes_give_the_same_bytes(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 4)
    source = write_titles(tmp_path / "titles.csv", TEXTS * 5)
    found = []
    for count in (1, 2):
        output = tmp_path / f"{count}.jsonl"
        answer_file(classifier, Bulk(source, output, top_k=2, processes=count))
        found.append(output.read_bytes())
    assert found[0] == found[1]
    assert [json.loads(line)["id"] for line in found[0].splitlines()] == [str(at + 100) for at in range(35)]
    output = tmp_path / "whole.jsonl"
    monkeypatch.setattr(bulk, "AT_ONCE", 1000)
    answer_file(classifier, Bulk(source, output, top_k=2))
    whole = [json.loads(line) for line in output.read_bytes().splitlines()]
    assert [row["label"] for row in whole] == [json.loads(line)["label"] for line in found[0].splitlines()]


def test_threads_that_answer_texts_of_their_own_give_the_same_bytes(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 4)
    source = write_titles(tmp_path / "titles.csv", TEXTS * 20)
    before, found = torch.get_num_threads(), []
    for count in (1, 3):
        monkeypatch.setattr(classifier, "threads", threads := Threads(count))
        answer_file(classifier, Bulk(source, tmp_path / "answers.csv"))
        found.append((tmp_path / "answers.csv").read_bytes())
        assert classifier.threads is threads
    assert found[0] == found[1]
    assert torch.get_num_threads() == before


def test_what_goes_wrong_in_a_thread_is_told(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "threads", Threads(2))
    monkeypatch.setattr(workers, "answer", fails)
    with pytest.raises(MemoryError):
        answer_file(classifier, Bulk(write_titles(tmp_path / "titles.csv"), tmp_path / "answers.csv"))
    assert [path.name for path in tmp_path.iterdir() if "answers" in path.name] == []


def fails(*arguments: object, **others: object) -> None:
    raise MemoryError


def test_a_process_that_dies_is_an_error_that_says_so(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_answer", dies)
    source, output = write_titles(tmp_path / "titles.csv"), tmp_path / "answers.csv"
    with pytest.raises(WorkerError) as error:
        answer_file(classifier, Bulk(source, output, processes=2))
    assert str(error.value) == (
        "`processes` 2: one of them has ended before its work was done, as happens where memory is short; expected all "
        "of them to the end: use fewer"
    )
    assert sorted(path.name for path in tmp_path.iterdir() if "answers" in path.name) == []


def dies(texts: list[str]) -> None:
    os._exit(3)


def test_a_bad_row_stops_nothing(classifier: Classifier, tmp_path: Path) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "answers.csv"
    source.write_text("id,text\n1,猫狗\n2\n3,山水,x\n4,山水\n", encoding="utf-8")
    done = answer_file(classifier, Bulk(source, output))
    rows = csv_of(output)
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["error"] for row in rows] == ["", "line 3: 1 field instead of 2", "line 4: 3 fields instead of 2", ""]
    assert [bool(row["label"]) for row in rows] == [True, False, False, True]
    assert (done.errors, done.first_error) == (2, "line 3: 1 field instead of 2")


def test_what_is_unsure_goes_to_people_and_can_be_learnt_from(classifier: Classifier, tmp_path: Path) -> None:
    texts = ["猫狗鸟", "山水河", "一二三", "的了是在有和", "人", "猫山一"] * 5
    source, output, aside = write_titles(tmp_path / "a.csv", texts), tmp_path / "b.jsonl", tmp_path / "unsure.csv"
    done = answer_file(classifier, Bulk(source, output, below=Below(0.8, aside)))
    every = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    unsure = [row for row in every if row["probability"] < 0.8]
    assert 0 < len(unsure) < len(texts) == len(every)
    assert [row["id"] for row in csv_of(aside)] == [row["id"] for row in unsure]
    assert done.aside == len(unsure)
    rows = read_rows(aside)
    assert (rows.texts, rows.labels) == ([row["text"] for row in unsure], [row["label"] for row in unsure])


def test_output_to_a_pipe(classifier: Classifier, tmp_path: Path) -> None:
    parts: list[bytes] = []
    answer_file(classifier, Bulk(write_titles(tmp_path / "a.csv"), write=parts.append))
    rows = list(csv.reader(io.StringIO(b"".join(parts).decode(), newline="")))
    assert rows[0] == ["id", "text", "label", "probability", "note", "error"]
    assert len(rows) == len(TEXTS) + 1


def test_nothing_is_left_where_it_does_not_come_to_its_end(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object, **others: object) -> None:
        raise KeyboardInterrupt

    source, output = write_titles(tmp_path / "a.csv"), tmp_path / "answers.csv"
    output.write_text("as before", encoding="utf-8")
    monkeypatch.setattr(bulk, "answer", stopped)
    with pytest.raises(KeyboardInterrupt):
        answer_file(classifier, Bulk(source, output, below=Below(0.5, tmp_path / "aside.csv")))
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.csv", "answers.csv"]
    assert output.read_text(encoding="utf-8") == "as before"


def test_what_is_there_is_replaced_and_that_is_said(classifier: Classifier, tmp_path: Path) -> None:
    told, output = Told(), tmp_path / "answers.csv"
    output.write_text("as before", encoding="utf-8")
    answer_file(classifier, Bulk(write_titles(tmp_path / "a.csv"), output), told)
    assert told.lines[-1] == f"{output} is there already and is replaced"
    assert len(csv_of(output)) == len(TEXTS)


def test_files_that_are_in_each_others_way(tmp_path: Path) -> None:
    source = write_titles(tmp_path / "a.csv")
    again = tmp_path / "." / "x" / ".." / "a.csv"
    (tmp_path / "x").mkdir()
    for output in (source, again):
        with pytest.raises(ConfigError) as error:
            Bulk(source, output)
        assert str(error.value) == (
            f"`output` {output}: the file that is read; expected another one: it is written while that is read"
        )
    with pytest.raises(ConfigError, match=r"`below` .*a\.csv: the file that is read; expected another one"):
        Bulk(source, below=Below(0.5, source))
    with pytest.raises(ConfigError, match=r"`below` .*b\.csv: the file of `output`; expected another one"):
        Bulk(source, tmp_path / "b.csv", below=Below(0.5, tmp_path / "b.csv"))


def test_a_folder_that_cannot_be_written(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ArtifactError) as error:
        answer_file(classifier, Bulk(write_titles(tmp_path / "a.csv"), tmp_path / "file" / "b.csv"))
    assert str(error.value).endswith("expected a folder you may write to: see `output`")


CELLS = st.text(st.characters(exclude_characters="\0\r\ufeff", exclude_categories=("Cs",)), max_size=8)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12))
def test_n_rows_in_n_rows_out_in_order(classifier: Classifier, tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    source, output = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    records = [{"id": "0", "text": "a"}, *({"id": key, "text": text} for key, text in rows)]
    source.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    done = answer_file(classifier, Bulk(source, output))
    found = [json.loads(line) for line in output.read_text(encoding="utf-8").split("\n")[:-1]]
    assert [{"id": row["id"], "text": row["text"]} for row in found] == records
    assert all((row["label"] is None) == (row["error"] is not None) for row in found)
    assert done.rows == len(records)

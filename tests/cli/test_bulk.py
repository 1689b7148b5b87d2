"""``--predict-file`` as it is typed; what is written is tested in tests/tasks and tests/report."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import SLOWED, Result, command, error_of
from textrnn.corpus.readers import read_rows


@pytest.fixture
def ask(run: Callable[..., Result], small_dataset: Path, trained_classifier: Path) -> Callable[..., Result]:
    Path("titles.csv").write_text("id,text\n7,猫狗\n8,山水\n9,\n", encoding="utf-8")
    return lambda *arguments: run("--dataset", small_dataset, *arguments)


def from_stdin(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))


def test_a_file_to_a_file(ask: Callable[..., Result]) -> None:
    result = ask("--predict-file", "titles.csv", "--output", "answers.csv", "--below", "1", "unsure.jsonl")
    assert result.status == 0, result.err
    assert result.out == "3 rows written to answers.csv\n3 rows below 1 put aside into unsure.jsonl\n"
    assert result.err == (
        "titles.csv: UTF-8, comma, header; text = text (also there: id)\n"
        "note: 1 row: the text is empty; the answer is a guess\n"
    )
    rows = list(csv.reader(Path("answers.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row[:3] for row in rows[:3]] == [["id", "text", "label"], ["7", "猫狗", "猫狗"], ["8", "山水", "山水"]]
    assert rows[3][:2] == ["9", ""]
    again = ask("--predict-file", "titles.csv", "--output", "answers.csv", "--quiet")
    assert "note: answers.csv is there already and is replaced\n" in again.err


def test_standard_input_to_standard_output(ask: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    for content in ("山水\r\n一二\n".encode(), "山水\n一二".encode("gb18030")):
        from_stdin(content, monkeypatch)
        result = ask("--predict-file", "-", "--top-k", "2")
        assert result.out.splitlines()[0] == "row,text,label,probability,label_2,probability_2,note,error"
        assert [line.split(",")[:3] for line in result.out.splitlines()[1:]] == [
            ["1", "山水", "山水"],
            ["2", "一二", "数字"],
        ]
        assert result.err.splitlines()[-1] == "2 rows answered"
    from_stdin('{"id": 3, "text": "猫狗"}\nbroken\n'.encode(), monkeypatch)
    result = ask("--predict-file", "-", "--json")
    first, second = map(json.loads, result.out.splitlines())
    assert (first["id"], first["label"], first["classes"][0]["label"]) == (3, "猫狗", "猫狗")
    assert second["error"].startswith("line 2: not JSON (")
    assert "note: 1 row without an answer, see the column of errors (line 2: not JSON (" in result.err


def test_what_is_said_of_the_file_is_not_of_the_model(ask: Callable[..., Result]) -> None:
    Path("others.txt").write_text("1;x;猫狗\n2;y;山水\n", encoding="utf-8")
    result = ask("--predict-file", "others.txt", "--separator", ";", "--text-column", "3", "--no-header")
    assert result.status == 0, result.err
    assert "takes effect when it is trained again" not in result.err
    assert [line.split(",")[:4] for line in result.out.splitlines()[1:]] == [
        ["1", "x", "猫狗", "猫狗"], ["2", "y", "山水", "山水"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--predict-file", "no.csv"], "no.csv: no such file; expected the path of a data file"),
        (["--predict-file", "titles.csv", "--predict", "a"], "--predict: cannot stand beside --predict-file; expected one of them"),
        (["--predict-file", "titles.csv", "--output", "a.xlsx"], "--output a.xlsx: nothing can be written in a format of that ending; expected a name that ends in .csv, .tsv, .jsonl, .ndjson, .parquet"),
        (["--predict-file", "titles.csv", "--output", "titles.csv"], "--output titles.csv: the file that is read; expected another one: it is written while that is read"),
        (["--predict-file", "titles.csv", "--below", "60", "a.csv"], "--below 60: no probability; expected a number above 0, up to 1, and a file: 0.6 FILE"),
        (["--predict-file", "titles.csv", "--below", "a.csv", "0.6"], "--below a.csv: no probability; expected a number above 0, up to 1, and a file: 0.6 FILE"),
        (["--predict-file", "titles.csv", "--processes", "0"], "--processes 0: expected a number from 1 to 256"),
        (["--predict-file", "titles.csv", "--json", "--output", "a.csv"], "--json: cannot stand beside --output, whose ending names the format; expected one of them"),
        (["--predict-file", "titles.csv", "--text-column", "tilte"], "titles.csv:1: no column 'tilte'; expected --text-column to be one of id, text"),
        (["--predict-file", "."], "--predict-file .: a folder; expected a table or one text a line"),
        (["--predict", "a", "titles.csv", "--output", "titles.csv"], "--output titles.csv: the file that --predict names, which would be lost; expected another one"),
        (["--predict-file", ""], "--predict-file: nothing is named; expected a path"),
        (["--evaluate", " "], "--evaluate: nothing is named; expected a path"),
        (["--processes", "2"], "--processes: belongs to --predict-file; expected --predict-file beside it"),
        (["--below", "0.5", "a.csv"], "--below: belongs to --predict-file; expected --predict-file beside it"),
        (["--output", "a.csv"], "--output: belongs to --predict-file, --predict or --export; expected one of them beside it"),
        (["--predict", "a", "--output", "a.txt"], "--output a.txt: nothing can be written in a format of that ending; "),
        (["--evaluate", "no.csv"], "no.csv: no such file or folder; expected --evaluate to be a name, a folder or a file"),
    ],
)  # fmt: skip
def test_what_cannot_be_done(ask: Callable[..., Result], arguments: list[str], message: str) -> None:
    before = Path("titles.csv").read_bytes()
    assert error_of(ask(*arguments)).startswith(message)
    assert Path("titles.csv").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_nothing_to_answer(ask: Callable[..., Result], content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from_stdin(content, monkeypatch)
    said = error_of(ask("--predict-file", "-"))
    assert said.endswith("expected one text a line, or a table of texts")


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_typed_texts_go_into_the_same_files(ask: Callable[..., Result], ending: str) -> None:
    output = Path(f"answers.{ending}")
    result = ask("--predict", "=猫狗", "山水", "--output", output)
    assert result.out == f"2 rows written to {output}\n"
    if ending == "csv":
        assert output.read_bytes().decode("utf-8-sig").splitlines()[0] == "text,label,probability,note,error"
    elif ending == "jsonl":
        first = json.loads(output.read_text(encoding="utf-8").splitlines()[0])
        assert list(first) == ["text", "label", "probability", "classes", "note", "error"]
        assert len(first["classes"]) == 1
    rows = read_rows(output)
    assert rows.labels == ["猫狗", "山水"]
    assert [text.removeprefix("'") for text in rows.texts] == ["=猫狗", "山水"]


def test_the_name_of_a_file_is_pointed_out(ask: Callable[..., Result]) -> None:
    assert ask("--predict", "titles.csv").err.startswith(
        "note: titles.csv is a file; it is answered as a text here: its rows are answered by --predict-file titles.csv\n"
    )


def test_ctrl_c_leaves_no_half_file(small_dataset: Path, trained_classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "titles.txt").write_text("猫狗山水一二三四五\n" * 3_000_000, encoding="utf-8")
    asked = ["--dataset", small_dataset, "--predict-file", "titles.txt", "--output", "answers.csv", "--processes", "2"]
    with subprocess.Popen(
        command(*asked), cwd=tmp_path, env=SLOWED, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        encoding="utf-8",
    ) as process:  # fmt: skip
        until = time.monotonic() + 120
        while not list(tmp_path.glob(".answers.csv.*.tmp")):
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir() if "answers" in path.name] == []


def test_a_reader_that_goes_away_ends_it_quietly(small_dataset: Path, trained_classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "titles.txt").write_text("猫狗\n" * 100_000, encoding="utf-8")
    with subprocess.Popen(
        command("--dataset", small_dataset, "--predict-file", "titles.txt"), cwd=tmp_path, env=SLOWED,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"row,text,label,probability,note,error\n"
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 0
    assert said == "titles.txt: UTF-8, one text a line\n"


def test_evaluate(ask: Callable[..., Result], trained_classifier: Path, small_dataset: Path) -> None:
    result = ask("--evaluate", small_dataset / "dev.txt")
    assert result.status == 0, result.err
    assert result.out.startswith(
        "dev.txt: UTF-8, tab, no header; text = column 1, label = column 2; 30 rows\n\non test"
    )
    folder = trained_classifier.relative_to(small_dataset.parent) / "evaluations" / "dev"
    assert result.out.endswith(f"saved in {folder} (open report.html)\n")
    assert (folder / "report.html").is_file()

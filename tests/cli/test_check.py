"""``--check`` from the command line: what it says, what it writes, and its exit status."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import SMALL, Result, error_of
from tests.factories import write_rows, write_small_dataset
from tests.planted import rows_of, write_planted

Run = Callable[..., Result]


@pytest.fixture
def planted(in_folder: Callable[[], Path]) -> dict[str, list[int]]:
    return write_planted(in_folder() / "data")


def document_of(result: Result) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.out)
    return document


def test_everything_that_was_planted_is_named_and_nothing_else(planted: dict[str, list[int]], run: Run) -> None:
    result = run("--dataset", "./data", "--check", "--json")
    assert result.status == 1
    found = document_of(result)["findings"]
    of_train = {f["id"]: f["lines"] for f in found if f["where"].startswith(str(Path("data/train.csv")))}
    assert of_train == planted
    held_out = {(f["id"], f["where"]): (f["lines"], f["same_as"]) for f in found if "train.csv" not in f["where"]}
    assert {key: lines for key, (lines, _) in held_out.items()} == {
        ("repeated-texts", str(Path("data/test.csv:42"))): [42, 43],
        ("nearly-repeated-texts", str(Path("data/dev.csv:42"))): [42, 43],
    }
    copied = sum(len(same_as) for _, same_as in held_out.values())
    own = set(map(tuple, planted.values()))
    assert copied + sum(map(len, own)) - 2 == 40  # each contradiction has two lines, of which one was planted
    assert [f["id"] for f in found if f["severity"] == "error"] == ["several-labels-in-a-cell", "rows-no-separator"]


def test_the_cleaned_copy_checks_clean_and_trains(planted: dict[str, list[int]], run: Run) -> None:
    before = {path.name: path.read_bytes() for path in Path("data").iterdir()}
    result = run("--dataset", "./data", "--check", "--fix", "clean")
    assert result.status == 0
    assert "written to clean: train 974, dev 120, test 120 rows; 42 changes, see changes.csv there" in result.out
    assert result.out.endswith("nothing found that is wrong\n")
    assert {path.name: path.read_bytes() for path in Path("data").iterdir()} == before
    with open("clean/changes.csv", encoding="utf-8", newline="") as file:
        changes = list(csv.DictReader(file))
    planted_lines = {line for lines in planted.values() for line in lines}
    assert {int(change["line"]) for change in changes} >= planted_lines
    assert {change["file"] for change in changes} == {"train.csv"}
    assert all(value.isprintable() for change in changes for value in change.values())
    again = run("--dataset", "./clean", "--check", "--json")
    assert (again.status, document_of(again)["findings"]) == (0, [])
    trained = run("--dataset", "./clean", "--epochs", "1", "--quiet", *SMALL)
    assert (trained.status, trained.err) == (0, "")
    assert "note: clean" not in trained.out


def test_what_is_said(planted: dict[str, list[int]], run: Run) -> None:
    result = run("--dataset", "./data", "--check")
    assert result.status == 1
    assert result.err == ""
    path = Path("data/train.csv")
    assert (
        f"""
error    {path}:783: 2 rows with several labels in one cell: 'sport|travel' is 'sport'
         and 'travel', and would be a class of its own (lines 783, 971)
         -> expected one label for each text: learn all of them with --multi-label, keep the one
         that matters most, or have --check with --fix leave these rows out
error    {path}:601: 2 rows without a separator between text and label (for instance
         Garden under nobody eno…; lines 601, 823)
         -> expected none of them: put it there, or name the --separator; --on-bad-row skip
         leaves them out
warning  {path}:536: labels that look alike are classes of their own: 'sport' (278) and
         'Sport' (1) and 'ｓｐｏｒｔ。' (1) (lines 536, 548)
         -> write them alike, or join them with --merge-labels
"""
        in result.out
    )
    assert result.out.endswith("2 errors and 15 warnings\n--check --fix DIR writes a copy without what can be mended\n")
    assert "training an LSTM: a few seconds on two processor cores (30 epochs), about 0.6 GB of memory" in result.out
    assert "\x1b" not in result.out
    assert max(map(len, result.out.splitlines())) < 110


def test_nothing_is_wrong(run: Run, in_folder: Callable[[], Path]) -> None:
    write_small_dataset(in_folder() / "small")
    result = run("--dataset", "./small", "--check")
    assert result.status == 0
    assert "山水      40   10    10" in result.out
    assert "2 warnings: nothing that keeps from training" in result.out  # of 30 rows, an accuracy is a rough guess
    assert not Path("saved_dict").exists()


def test_the_document(run: Run, in_folder: Callable[[], Path]) -> None:
    folder = write_small_dataset(in_folder() / "small")
    write_rows(folder / "dev.txt", [("猫\x9b鱼", "猫狗"), ("山", "山水"), ("一", "数字")])
    result = run("--dataset", "./small", "--check", "--json", "--fix", "clean")
    document = document_of(result)
    assert list(document) == ["dataset", "files", "classes", "estimate", "findings", "fixed"]
    assert [file["file"] for file in document["files"]] == ["train.txt", "dev.txt", "test.txt"]
    assert document["classes"]["猫狗"] == {"train": 40, "dev": 1, "test": 10}
    assert document["fixed"]["rows"] == {"train": 120, "dev": 3, "test": 30}
    assert "\x9b" not in result.out  # a terminal would obey it
    assert result.out.isprintable() or not any(c in result.out for c in map(chr, range(0x7F, 0xA0)))


def test_one_file_is_copied_as_the_training_split(run: Run, in_folder: Callable[[], Path]) -> None:
    write_rows(in_folder() / "a.txt", [(text, "ab"[i % 2]) for i, (text, _) in enumerate(rows_of(60, 1))])
    assert run("--dataset", "a.txt", "--check", "--fix", "clean").status == 0
    assert sorted(path.name for path in Path("clean").iterdir()) == ["changes.csv", "train.csv"]


def test_names_of_classes_keep_their_order(run: Run, in_folder: Callable[[], Path]) -> None:
    folder = in_folder() / "named"
    write_rows(folder / "train.txt", [(text, str(i % 2)) for i, (text, _) in enumerate(rows_of(60, 1))])
    (folder / "class.txt").write_text("zebra\nant\n", encoding="utf-8")
    assert run("--dataset", "./named", "--check", "--fix", "clean").status == 0
    assert Path("clean/class.txt").read_bytes() == b"zebra\nant\n"
    assert Path("clean/train.csv").read_text(encoding="utf-8").startswith(f"text,label\n{rows_of(1, 1)[0][0]},zebra\n")


def test_exit_status_of_what_cannot_be_read(run: Run) -> None:
    assert error_of(run("--dataset", "none.csv", "--check")).startswith("none.csv: ")


def test_errors_that_keep_splits_from_being_made_are_findings(run: Run, in_folder: Callable[[], Path]) -> None:
    write_rows(in_folder() / "few.txt", [("one", "a"), ("two", "b")])
    result = run("--dataset", "few.txt", "--check")
    assert result.status == 1
    assert "error    few.txt: 2 rows are too few to make a dev split" in result.out
    rows = [(text, "ab"[i % 2]) for i, (text, _) in enumerate(rows_of(60, 1))]
    write_rows(Path("named/train.txt"), [*rows, ("x", "c"), ("y", "d")])
    Path("named/class.txt").write_text("a\nb\n", encoding="utf-8")
    result = run("--dataset", "./named", "--check", "--json")
    assert result.status == 1
    assert [(f["id"], f["lines"]) for f in document_of(result)["findings"]] == [("unknown-labels", [61, 62])]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--fix", "x"], "--fix: belongs to --check; expected --check beside it"),
        (["--json"], "--json: belongs to --check or --predict-file; expected one of them beside it"),
        (["--labels"], "--labels: belongs to --check; expected --check beside it"),
        (["--check", "--compare"], "--check: cannot stand beside --compare; expected one of them"),
        (["--check", "--predict", "x"], "--predict: cannot stand beside --check; expected one of them"),
        (["--check", "--resume"], "--resume: cannot stand beside --check; expected one of them"),
        (["--check", "--fix", ""], "--fix: nothing is named; expected a path"),
    ],
)
def test_flags_that_do_not_go_together(run: Run, flags: list[str], message: str) -> None:
    assert error_of(run(*flags)) == message


def test_nothing_is_overwritten(run: Run, in_folder: Callable[[], Path]) -> None:
    folder = write_small_dataset(in_folder() / "small")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    problem = "there is something in it; expected a new or an empty folder, so that nothing is overwritten"
    assert error_of(run("--dataset", "./small", "--check", "--fix", "small")) == f"--fix small: {problem}"
    Path("file").write_text("mine", encoding="utf-8")
    problem = "it is a file; expected a new or an empty folder, so that nothing is overwritten"
    assert error_of(run("--dataset", "./small", "--check", "--fix", "file")) == f"--fix file: {problem}"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    Path("empty").mkdir()
    assert run("--dataset", "./small", "--check", "--fix", "empty").status == 0


def test_headlines_have_nothing_wrong(run: Run) -> None:
    result = run("--check")
    assert result.status == 0
    assert result.out.endswith("\nnothing found that is wrong\n")


def test_real_titles(run: Run, real_data: Path) -> None:
    """Every kind that is told is there, and few are."""
    result = run("--dataset", real_data / "thucnews", "--check", "--json")
    assert result.status == 0
    found = document_of(result)["findings"]
    assert {f["id"] for f in found} == {
        "contradictory-labels",
        "duplicate-rows",
        "lost-characters",
        "markup",
        "near-duplicates",
        "nearly-repeated-texts",
    }
    assert sum(f["rows"] for f in found if f["id"] == "markup") == 35

"""``--predict ... --explain``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import Result, error_of
from tests.report.test_html import Page
from textrnn.cli import output
from textrnn.corpus.sources.identity import place_of

Run = Callable[..., Result]


def asked(folder: Path, *arguments: object) -> list[object]:
    return ["--save-dir", folder, "--dataset", folder.parents[2] / folder.parent.name, *arguments]


def test_in_a_terminal(run: Run, trained_classifier: Path) -> None:
    done = run(*asked(trained_classifier, "--predict", "猫的狗", "一二", "--explain"))
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[0] == "猫的狗"
    assert lines[1].startswith("  猫狗 ")
    assert lines[2].startswith("  why 猫狗 rather than ")
    assert lines[3].split() == ["猫", "的", "狗"]
    assert len(lines[4].split()) == 3
    assert "\x1b" not in done.out
    assert sum(line.startswith("  nearest training texts:") for line in lines) == 2
    nearest = [line for line in lines if "(train.txt:" in line]
    assert len(nearest) == 6
    assert nearest[0].split()[1] == "猫狗"
    assert done.err == (
        f"looking for the nearest of 120 training texts of ./{trained_classifier.parent.name} (--nearest 0 leaves that "
        "out)\n"
    )


def test_without_neighbours(run: Run, trained_classifier: Path) -> None:
    done = run(*asked(trained_classifier, "--predict", "猫", "--explain", "--nearest", 0))
    assert (done.status, done.err) == (0, "")
    assert "nearest" not in done.out


def test_data_that_is_gone(run: Run, trained_classifier: Path) -> None:
    data = trained_classifier.parents[2] / trained_classifier.parent.name
    data.rename(data.with_name("elsewhere"))
    done = run("--save-dir", trained_classifier, "--predict", "猫", "--explain")
    assert done.status == 0
    assert done.err == f"note: ./{data.name}: no nearest training texts, for the data is not here any more\n"
    assert "nearest" not in done.out


def test_data_that_was_edited(run: Run, trained_classifier: Path) -> None:
    data = trained_classifier.parents[2] / trained_classifier.parent.name
    config = json.loads((trained_classifier / "config.json").read_text(encoding="utf-8"))
    config["data_identity"]["place"] = place_of(data)  # the folder is a copy of one that learnt elsewhere
    (trained_classifier / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with (data / "train.txt").open("a", encoding="utf-8") as file:
        file.write("猫狗猫狗猫狗\t猫狗\n")
    done = run("--save-dir", trained_classifier, "--predict", "猫狗猫狗猫狗", "--explain", "--nearest", 1)
    assert done.status == 0
    assert "    1.000  猫狗  猫狗猫狗猫狗  (train.txt:121)" in done.out
    assert done.err.splitlines()[-1] == (
        f"note: ./{data.name} has changed since the model learnt it; the nearest training texts are of what is there now"
    )


def test_json(run: Run, trained_classifier: Path, tmp_path: Path) -> None:
    flags = ["--predict", "猫的狗", "", "--explain", "--nearest", 2, "--top-k", 1]
    done = run(*asked(trained_classifier, *flags, "--output", tmp_path / "why.json"))
    assert done.out == f"reasons for 2 texts written to {tmp_path / 'why.json'}\n"
    first, second = json.loads((tmp_path / "why.json").read_text(encoding="utf-8"))
    assert list(first) == ["text", "label", "probability", "classes", "note", "explanation", "nearest"]
    assert (first["text"], first["label"], len(first["classes"]), first["note"]) == ("猫的狗", "猫狗", 1, None)
    told = first["explanation"]
    added = sum(each["contribution"] for each in told["tokens"])
    assert added == pytest.approx(told["logit_difference"] - told["baseline"])
    assert [near["label"] for near in first["nearest"]] == ["猫狗", "猫狗"]
    assert second["note"] == "the text is empty; the answer is a guess"
    run(*asked(trained_classifier, *flags, "--output", tmp_path / "why.jsonl"))
    lines = (tmp_path / "why.jsonl").read_text(encoding="utf-8").splitlines()
    assert list(map(json.loads, lines)) == [first, second]


def test_a_page(run: Run, trained_classifier: Path, tmp_path: Path) -> None:
    done = run(*asked(trained_classifier, "--predict", "猫<b>狗", "--explain", "--output", tmp_path / "why.html"))
    assert done.out == f"reasons for 1 text written to {tmp_path / 'why.html'}\n"
    found = Page((tmp_path / "why.html").read_text(encoding="utf-8")).found
    assert [text for element, text in found if element == "span" and text in "猫<b>狗"] == list("猫<b>狗")


def test_colours_on_a_terminal_that_has_them(
    run: Run, trained_classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run(*asked(trained_classifier, "--predict", "猫的狗", "--explain", "--nearest", 0)).out
    monkeypatch.setattr("textrnn.cli.explain.shows_colours", lambda: True)
    coloured = run(*asked(trained_classifier, "--predict", "猫的狗\x1b[31m", "--explain", "--nearest", 0)).out
    assert "\x1b[97;48;5;25m" in coloured
    assert "\x1b[31m" not in coloured
    assert plain.splitlines()[4:] == coloured.splitlines()[4:]


@pytest.mark.parametrize(
    ("set_to", "shown"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_who_wants_no_colours_gets_none(set_to: dict[str, str], shown: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WT_SESSION", "1")
    for name, value in set_to.items():
        monkeypatch.setenv(name, value)
    assert not output.shows_colours()  # of tests, the output is no terminal
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert output.shows_colours() is shown


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--explain"], "--explain: belongs to --predict; expected --predict beside it"),
        (["--nearest", "2", "--predict", "x"], "--nearest: belongs to --explain; expected --explain beside it"),
        (["--nearest", "-1", "--explain", "--predict", "x"], "--nearest -1: must be at least 0"),
        (
            ["--explain", "--output", "a.csv", "--predict", "x"],
            "--output a.csv: not a file for reasons; expected a name that ends in .html, .json or .jsonl, such as a.html",
        ),
        (
            ["--explain", "--output", "there", "--predict", "x"],
            "--output there: a folder; expected the name of a file in it, such as reasons.html",
        ),
    ],
)
def test_flags_that_make_no_sense(run: Run, flags: list[str], message: str) -> None:
    Path("there").mkdir()
    assert error_of(run(*flags)) == message

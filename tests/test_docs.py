"""What the READMEs and docs/ tell people to type and to write does work: each page is followed from top to bottom."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.commands import run_in
from tests.factories import WORDS, small_rows, write_rows, write_small_corpus, write_small_dataset
from tests.pages import FOLLOWED, PAGES, ROOT, Block, all_flags, blocks_of, name_of, spans_of
from tests.serve.page_commands import ServerOfPage
from tests.static_models import write_static_model
from tests.tasks.memory import test_problems
from textrnn.cli import TASKS, build_parser, command_line_of, find_task, main
from textrnn.cli.flags import parse
from textrnn.config import DataConfig
from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.errors import TextRNNError
from textrnn.models import registry
from textrnn.report.notes import words
from textrnn.tasks.memory.registry import all_problems

# Commands are run as they are printed, with these flags after them, so that each takes a second or so.
SHORTER = {"classify": "--epochs 1", "lm": "--epochs 1 --hidden-size 8 --embedding-size 6", "memory": "--epochs 1"}
SHORTER_EXPERIMENTS = {
    "lengths": "--lengths 4 --seeds 1 --hidden-size 4",
    "learning-rates": "--lengths 4 --seeds 1 --hidden-size 4",
    "explosion": "--lengths 4 --hidden-size 4",
    "gates": "--hidden-size 4",
    "normalisation": "--lengths 24",
    "suite": "--problems majority --cells SRN --lengths 8 --variants 1 --processes 1",
}
NEVER_SHORT = ["--experiment", "speed"]  # it takes what it takes: its flags are checked, and tests/cli runs it in small
# Python is executed as it is printed, but for these settings.
SHORTER_SETTINGS = {
    "budget=60": "epochs=1, hidden_size=8",
    '"epochs": 3': '"epochs": 1',
    "epochs=5": "epochs=1, embedding_size=8, hidden_size=8",
    "n_jobs=2": "n_jobs=1",  # tests/estimators has two processes
}
SHELLS = ("sh", "powershell")
already_run: set[tuple[str, ...]] = set()  # what several pages have is run once: what it left is still there
PRINTS_AS_SHOWN = {"how-it-works.md"}  # here, a block of text under one of Python is what that prints
# Files that are the reader's own, or there only with a folder of Model2Vec or while a training is unfinished.
THEIRS = {
    "checkpoint.safetensors",
    "static.safetensors",
    "static_tokenizer.json",
    "class.txt",
    "vocab.json",
    "vocab.txt",
    "vocab.pkl",
    "thucnews/train.txt",
    "NAME.txt",
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages speak of, small ones. All pages are followed here, as a reader would."""
    place = tmp_path_factory.mktemp("workplace")
    rows = small_rows(120)
    for name, header in (("reviews.csv", "text,label"), ("survey.csv", "comment,stars")):
        (place / name).write_text(f"{header}\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")
    tickets = [
        (text, label if at % 4 else f"{label}|{list(WORDS)[(at + 1) % 3]}") for at, (text, label) in enumerate(rows)
    ]
    (place / "tickets.csv").write_text("text,tags\n" + "".join(f"{a},{b}\n" for a, b in tickets), encoding="utf-8")
    few = "".join(f"{a},{b}\n" for a, b in rows[:30])
    (place / "labelled.csv").write_text(f"text,label\n{few}", encoding="utf-8")
    (place / "texts.txt").write_text("\n".join(text for text, _ in small_rows(90, 5)), encoding="utf-8")
    write_rows(place / "reviews" / "train.txt", rows)
    for name in ("headlines", "thucnews"):
        folder = write_small_dataset(place / "data" / name)
        (folder / "class.txt").write_text("\n".join(WORDS), encoding="utf-8")
    (place / "novels").mkdir()
    texts = (
        "my_text.txt",
        "other_text.txt",
        "part_one.txt",
        "part_two.txt",
        "novels/chapter 1.txt",
        "data/timemachine.txt",
    )
    for name in texts:
        write_small_corpus(place / name)
    shutil.make_archive(str(place / "novels"), "zip", place / "novels")
    (place / "titles.txt").write_text("央行下调存款准备金率\n国足客场两球告负\n", encoding="utf-8")
    (place / "vectors.vec").write_text("猫 0.1 0.2 0.3\n山水 0.3 0.1 0.2\n一 0.2 0.2 0.1\n", encoding="utf-8")
    write_static_model(place / "potion")
    # Of the file and the folder of that name, the file has the folder of models, whichever page is followed first.
    assert run_in(place, "--dataset", "reviews.csv", "--epochs", 1, "--no-baseline", "--quiet").status == 0
    return place


@pytest.fixture
def server() -> Iterator[ServerOfPage]:
    """Runs from the line of a page that starts it to the page's end."""
    server = ServerOfPage(Path("saved_dict"))
    yield server
    server.stop()


@pytest.fixture
def at_work(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same as the working folder; what a page drops into the package is forgotten afterwards, with its trainings."""
    monkeypatch.chdir(workplace)
    yield workplace
    monkeypatch.undo()
    registry.all_models.cache_clear()
    all_problems.cache_clear()
    for config in workplace.glob("saved_dict/*/*/config.json"):
        kept = json.loads(config.read_text(encoding="utf-8"))
        if kept["model"] not in registry.all_models(kept["task"]):
            shutil.rmtree(config.parent)


@pytest.mark.parametrize("page", FOLLOWED, ids=name_of)
def test_everything_on_a_page_works(
    page: Path, at_work: Path, server: ServerOfPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, Any] = {}
    printed = None
    for block in blocks_of(page):
        place = f"{page.name}:{block.line}"
        if block.language in SHELLS:
            for line in block.code.splitlines():
                for command in line.split(" && "):
                    if server.follows(command):
                        continue
                    follow(command, block.language, f"{place}: {command}")
        elif block.language == "python":
            printed = follow_python(block, names, monkeypatch)
        elif block.language == "json":
            json.loads(block.code)
        else:
            assert block.language == "text", f"{place}: no rule for a block of {block.language or 'no language'}"
            assert not (page.name in PRINTS_AS_SHOWN and printed) or printed == block.code, place
            printed = None
    for span in spans_of(page):
        follow_span(span, at_work, f"{page.name}: {span}")


def follow(command: str, language: str, place: str) -> None:
    """A line of a shell: run, or where that is impossible checked."""
    if command in (r".venv\Scripts\Activate.ps1", "source .venv/bin/activate"):
        assert list(Path(".venv").glob("*/activate")), f"{place}: no such environment was made"
        return
    variable = re.fullmatch(r'(?:export |\$env:)(\w+) ?= ?("[^"]+"|\S+)', command)
    if variable:
        sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "textrnn").rglob("*.py"))
        constant = re.search(rf'^([A-Z_]+) = "{variable[1]}"$', sources, re.MULTILINE)
        readers = [f'environ.get("{variable[1]}"', *([f"environ.get({constant[1]}"] if constant else [])]
        assert any(reader in sources for reader in readers), f"{place}: nothing reads it"
        return
    assert "\\" not in command, f"{place}: no rule for this"
    program, _, file = command.partition(" < ")
    first, *arguments = shlex.split(program)
    if first == "pip":
        check_pip(arguments[1:], place)
        return
    assert first in ({"python", "python3"} if language == "sh" else {"python", "py"}), f"{place}: no rule for this"
    if arguments[0] == "run.py":
        follow_run(arguments[1:], Path(file).read_text(encoding="utf-8") if file else "", place)
    elif arguments[0].endswith("onnx/example.py"):
        done = subprocess.run([sys.executable, *arguments], capture_output=True, env={**os.environ, "PYTHONUTF8": "1"})
        assert done.stdout, f"{place}: {done.stderr.decode(errors='replace')}"
        assert not done.stderr, f"{place}: {done.stderr.decode(errors='replace')}"
    elif arguments[:2] == ["-m", "venv"]:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", *arguments[2:]], check=True)
    elif arguments[:2] == ["-m", "pytest"]:
        folders = [path for path in arguments[2:] if path not in ("-n", "auto")]
        assert all((ROOT / path).exists() for path in folders), f"{place}: no such tests"
    elif arguments[0] == "-m" and arguments[1].startswith("benchmarks."):
        check_benchmark(arguments[1], arguments[2:], place)
    elif re.fullmatch(r"(docs|examples)/[\w/]+\.py", arguments[0]):  # that make what is here; tested elsewhere
        assert (ROOT / arguments[0]).is_file(), f"{place}: no such program"
    else:
        pytest.fail(f"{place}: no rule for this")


def check_pip(arguments: list[str], place: str) -> None:
    """What pip is told to install is what the project asks for."""
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    parser.add_argument("-r", type=lambda name: (ROOT / name).read_text(encoding="utf-8"))
    parser.add_argument("-e", type=lambda name: (ROOT / name / "pyproject.toml").read_text(encoding="utf-8"))
    parser.add_argument("--no-deps", action="store_true")
    parser.add_argument("--index-url", choices=["https://download.pytorch.org/whl/cpu"])
    parser.add_argument("packages", nargs="*")
    asked = parser.parse_args(arguments).packages
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    with open(ROOT / "pyproject.toml", "rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    optional = {re.split(r"[>=]", package)[0] for extra in extras.values() for package in extra}
    oracle = re.findall(r"d2l==\S+", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    known = {*pinned, *optional, *oracle, "notebook"}
    assert set(asked) <= known, f"{place}: another version than the project's"


def check_benchmark(name: str, arguments: list[str], place: str) -> None:
    """A benchmark takes minutes and real data: its own parser reads the flags, and no more."""

    class Parsed(Exception):
        pass

    parse_args = argparse.ArgumentParser.parse_args

    def parse_only(parser: argparse.ArgumentParser) -> None:
        parse_args(parser, arguments)
        raise Parsed

    run = importlib.import_module(name).main
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
        with pytest.raises(Parsed):
            run()


def follow_run(arguments: list[str], stdin: str, place: str) -> None:
    """A command of the program, shortened."""
    task = find_task(arguments)
    flags = SHORTER[task].split()
    if task == "memory":
        flags += SHORTER_EXPERIMENTS.get(parse(build_parser(task), arguments).experiment, "").split()
    if arguments[-2:] == NEVER_SHORT:
        assert checked(arguments), f"{place}: the program would not take this"
        return
    if tuple(arguments) in already_run:
        return
    already_run.add(tuple(arguments))
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        status = main([*arguments, *flags])
    assert status == 0, f"{place}: {err.getvalue()}"
    assert out.getvalue(), f"{place}: nothing is printed"


def follow_python(block: Block, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """Python is executed; what begins with the name of a file is dropped in under that name. What it prints."""
    file = re.match(r"# (textrnn/\S+)/(\w+\.py)\n", block.code)
    if file is None:
        code = block.code
        for long, short in SHORTER_SETTINGS.items():
            code = code.replace(long, short)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, names)
        return out.getvalue()
    package = importlib.import_module(file[1].replace("/", "."))
    folder = Path("dropped") / Path(file[1]).name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file[2]).write_text(block.code, encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder.resolve())])
    registry.all_models.cache_clear()
    all_problems.cache_clear()
    return ""


def follow_span(span: str, folder: Path, place: str) -> None:
    """A piece of code in the text: a command, flags, a file, or a name of the package's."""
    if span.startswith("python "):
        program, *arguments = shlex.split(span)[1:]
        if program == "run.py":
            assert checked(arguments), f"{place}: the program would not take this"
        else:
            follow(span, "sh", place)
    elif span.startswith("--"):
        assert checked(shlex.split(span)), f"{place}: no task would take this"
    elif re.fullmatch(r"textrnn(\.\w+)+", span):
        module, _, name = span.rpartition(".")
        assert hasattr(importlib.import_module(module), name), f"{place}: there is none"
    elif re.fullmatch(
        r"\S+\.(py|md|txt|json|csv|png|svg|html|safetensors|pkl|vec)|[\w./<>]+/([\w.<>]+/?)*", span.strip()
    ):
        pattern = re.sub("<[^>]+>", "*", span).strip("/")
        anywhere = [root.glob(f"**/{pattern}") for root in (folder, ROOT / "textrnn")]
        found = span in THEIRS or any(map(any, [ROOT.glob(pattern), *anywhere]))
        assert found, f"{place}: no such file, neither in the project nor where these commands were run"


def checked(arguments: list[str]) -> bool:
    """Whether a task takes these flags and values; a flag whose value is left out must be there, no more."""
    if len(arguments) == 1:
        return arguments[0] in all_flags()
    tasks = [find_task(arguments)] if "--task" in arguments else list(TASKS)
    for task in tasks:
        named = arguments if task == "classify" or "--task" in arguments else ["--task", task, *arguments]
        module = command_line_of(task)
        settle = {"classify": "to_runs", "lm": "to_run", "memory": "to_request"}[task]
        try:
            getattr(module, settle)(parse(build_parser(task), named))
        except TextRNNError:
            continue
        except SystemExit:  # --help
            return True
        return True
    return False


def block_with(line: str) -> str:
    """The block of Python in docs/ that has a line."""
    blocks = [block for page in FOLLOWED for block in blocks_of(page) if block.language == "python"]
    (code,) = [block.code for block in blocks if line in block.code]
    return code


def test_settings_that_are_shortened_are_there() -> None:
    for long in SHORTER_SETTINGS:
        assert any(long in block.code for page in PAGES for block in blocks_of(page)), long


def test_the_example_classifier(at_work: Path) -> None:
    names: dict[str, Any] = {}
    follow_python(Block(0, "python", block_with("settings = settle(run")), names, pytest.MonkeyPatch())
    assert names["learnt"].classifier.predict_probabilities(["央行下调存款准备金率"]).shape == (1, len(WORDS))


def test_the_example_check(small_dataset: Path, at_work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_python(Block(0, "python", block_with("def texts_of_one")), {}, monkeypatch)
    write_rows(small_dataset / "test.txt", [("山", "山水"), ("猫狗", "猫狗")])
    notes = load_dataset(find_dataset(str(small_dataset)), DataConfig()).notes
    assert "test: 1 texts of one character; they say little" in map(words, notes)


def test_the_example_model(at_work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_python(Block(0, "python", block_with('NAME = "BiGRU"')), {}, monkeypatch)
    entry = registry.find_model("bigru")
    model = entry.build(entry.config_class(hidden_size=7), vocabulary_size=20, class_count=3)
    assert model(torch.randint(2, 20, (4, 5)), torch.tensor([5, 1, 3, 5])).shape == (4, 3)


def test_the_example_problem(at_work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_python(Block(0, "python", block_with('NAME = "first-digit"')), {}, monkeypatch)
    problem = all_problems()["first-digit"]
    contract = test_problems.TestEveryProblem()
    contract.test_samples_are_answered_rightly(problem, 3)
    contract.test_variants_follow_from_the_generator(problem)
    contract.test_the_best_constant_answer(problem)
    contract.test_examples(problem)


def test_a_command_that_no_rule_covers_is_noticed(at_work: Path) -> None:
    for command in ("make install", "python other.py", "export TEXTRNN_COLOUR=1", r"dir C:\texts"):
        with pytest.raises((AssertionError, pytest.fail.Exception), match=r"no rule|nothing reads"):
            follow(command, "sh", "here")

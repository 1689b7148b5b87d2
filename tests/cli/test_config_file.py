"""Flags in a file: what is taken, what wins, what is told of mistakes, and the file that a run leaves."""

from __future__ import annotations

import dataclasses
import shlex
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands import SMALL_MEMORY, Result, error_of
from textrnn.cli import build_parser, find_task, main
from textrnn.cli.classify import to_runs
from textrnn.cli.config_file import ConfigFile
from textrnn.cli.flags import named_settings, parse
from textrnn.cli.memory import to_request
from textrnn.config import TASK_CONFIGS, Run
from textrnn.errors import ConfigError
from textrnn.models.registry import all_models
from textrnn.report.repeat import request_file, run_file, toml_value
from textrnn.tasks.compare import comparison_file
from textrnn.tasks.memory.registry import all_experiments
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.settings import combine

Command = Callable[..., Result]

WRONG = [
    ('hidden_size = "64"', '1: hidden_size = "64": expected a whole number'),
    ("\nhidden_size = 6.0", "2: hidden_size = 6.0: expected a whole number"),
    ("seed = true", "1: seed = true: expected a whole number"),
    ("hidden-size = 0", "1: hidden-size 0: must be at least 1"),
    ("# a\ndropout = 1", "2: dropout 1.0: must be below 1.0"),
    ("dropout = nan", "1: dropout nan: expected a finite number"),
    ("learning_rate = '0.1'", '1: learning_rate = "0.1": expected a number'),
    ("budget = 2020-01-01", "1: budget = 2020-01-01: expected a number"),
    ("model = 3", "1: model = 3: expected a text in quotation marks"),
    ("dataset = ['a', 'b']", '1: dataset = ["a", "b"]: expected a text in quotation marks'),
    ("lowercase = 1", "1: lowercase = 1: expected true or false"),
    ("resume = 'yes'", '1: resume = "yes": expected true or false'),
    ("text_column = 3", "1: text_column = 3: expected a text in quotation marks, or a list of such"),
    ("text_column = []", "1: text_column = []: expected a text in quotation marks, or a list of such"),
    ("predict = ['a', 1]", '1: predict = ["a", 1]: expected a text in quotation marks, or a list of such'),
    ("pooling = 'maxx'", "1: pooling maxx: expected one of max, mean, last; did you mean max?"),
    ("optimizer = 'ad'", "1: optimizer ad: expected one of adam, adamw, sgd; did you mean adam?"),
    ("hiden_size = 3", "1: hiden_size: no such setting of the task classify; did you mean hidden_size?"),
    ("lengths = [3]", "1: lengths: no such setting of the task classify; did you mean learning_rate?"),
    ("config = 'other.toml'", "1: config: no such setting of the task classify; did you mean encoding?"),
    ("batch_size = 1\nbatch-size = 2", "2: batch-size: named twice, with underscores and with dashes"),
    ("seed = 1\n\n[training]", "3: training: a table; expected keys without tables, as in seed = 0"),
    ("training.seed = 1", "1: training: a table; expected keys without tables, as in seed = 0"),
    ("task = 'lmm'", '1: task "lmm": expected one of classify, lm, memory; did you mean lm?'),
    ("task = 1", "1: task 1: expected one of classify, lm, memory"),
    ("task = 'memory'\nlengths = [3.5]", "2: lengths = [3.5]: expected a whole number, or a list of such"),
    ("task = 'lm'\nhidden_size = 0", "2: hidden_size 0: must be at least 1"),
    ("\n\nmodel = LSTM", "3: not TOML (Invalid value, column 9); expected lines such as hidden_size = 64 or model = 'LSTM': texts stand in quotation marks, in single ones where they have backslashes"),
    ("seed = 1\nseed = 2", "2: not TOML (Cannot overwrite a value, column 9); expected lines such as hidden_size = 64 or model = 'LSTM': texts stand in quotation marks, in single ones where they have backslashes"),
    ("predict = ['a',", "1: not TOML (Invalid value); expected lines such as hidden_size = 64 or model = 'LSTM': texts stand in quotation marks, in single ones where they have backslashes"),
    ('dataset = """\nhiden_size = 1\n"""\nhiden_size = 1', "4: hiden_size: no such setting of the task classify; did you mean hidden_size?"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text for text, _ in WRONG])
def test_what_is_wrong_with_a_file(text: str, message: str, run: Command) -> None:
    Path("run.toml").write_text(text + "\n", encoding="utf-8")
    told = error_of(run("--config", "run.toml"))
    expected = f"run.toml:{message}"
    assert told == expected or ("not TOML" in expected and told.split(", column")[0] == expected.split(", column")[0])


def test_what_is_no_file_of_flags(run: Command) -> None:
    remedy = "expected a file of flags, such as the run.toml of a model folder"
    assert error_of(run("--config", "a.toml")) == f"a.toml: cannot be read (No such file or directory); {remedy}"
    Path("folder").mkdir()
    assert error_of(run("--config", "folder")).startswith("folder: cannot be read (")
    Path("a.toml").write_bytes("seed = 1\n# 央行".encode("gb18030"))
    assert error_of(run("--config", "a.toml")) == "a.toml:2: not UTF-8; expected TOML: save it as UTF-8"
    assert error_of(run("--config")) == "argument --config: expected one argument; see --help"


def parsed(*arguments: str) -> dict[str, Any]:
    task = find_task(arguments)
    return vars(parse(build_parser(task), arguments))


def test_the_command_line_comes_first(in_folder: Callable[[], Path]) -> None:
    in_folder()
    Path("a.toml").write_text(
        "\ufefftask = 'lm'\r\nhidden-size = 5\r\nlearning_rate = 1\r\nletters = false\r\ncorpus = ['b', 'c']\r\nquiet = true\r\n"
        "predict = '-'\r\n",
        encoding="utf-8",
    )
    found = parsed("--config", "a.toml", "--hidden-size", "6")
    assert found["task"] == "lm"
    assert (found["hidden_size"], found["learning_rate"], found["letters"]) == (6, 1.0, False)
    assert (found["corpus"], found["quiet"], found["predict"]) == (("b", "c"), True, ["-"])
    found = parsed("--config=a.toml", "--letters", "--corpus", "d", "--predict", "e", "f")
    assert (found["letters"], found["corpus"], found["predict"]) == (True, ("d",), ["e", "f"])
    with pytest.raises(ConfigError, match=r"^a\.toml:4: letters: no such setting of the task classify"):
        parsed("--config", "a.toml", "--task", "classify")


def test_limits_are_those_of_the_model(in_folder: Callable[[], Path]) -> None:
    in_folder()
    Path("a.toml").write_text("hidden_size = 1\nmodel = 'lstm'\n", encoding="utf-8")
    assert parsed("--config", "a.toml")["hidden_size"] == 1
    with pytest.raises(ConfigError, match=r"a\.toml:1: hidden_size 1: must be at least 2"):
        parsed("--config", "a.toml", "--model", "Transformer")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def values_of(field: dataclasses.Field[Any], kind: Any) -> st.SearchStrategy[Any]:
    """Whatever a field may be named as."""
    limits = field.metadata
    if "choices" in limits:
        return st.sampled_from([choice for choice in limits["choices"] if choice != field.default] or limits["choices"])
    kinds = [part for part in typing.get_args(kind) or (kind,) if part is not type(None)]
    if typing.get_origin(kind) is tuple or typing.get_origin(kinds[0]) is tuple:
        return st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
    if kinds[0] is bool:
        return st.booleans()
    if kinds[0] is str:
        return TEXTS
    low, high = limits.get("at_least", limits.get("above", 0)), limits.get("at_most", limits.get("below", 2**63))
    if kinds[0] is int:
        return st.integers(int(low), int(high) - ("below" in limits))
    return st.floats(low, high, exclude_min="above" in limits, exclude_max="below" in limits or high == 2**63)


@st.composite
def named_of(draw: st.DrawFn, task: str) -> tuple[str, dict[str, Any]]:
    entry = draw(st.sampled_from(list(all_models(task).values())))
    groups = [entry.config_class, TASK_CONFIGS[task].data, TASK_CONFIGS[task].training]
    named = {}
    for group in groups:
        hints = typing.get_type_hints(group)
        for field in dataclasses.fields(group):
            if draw(st.booleans()):
                named[field.name] = draw(values_of(field, hints[field.name]))
    return entry.name, named


@pytest.mark.parametrize("task", TASK_CONFIGS)
def test_what_was_named_comes_back(task: str, tmp_path: Path) -> None:
    """From settings to run.toml and back, whatever the texts and numbers are; ``request_file`` writes it, too."""

    @settings(deadline=None, max_examples=25)
    @given(named_of(task))
    def check(drawn: tuple[str, dict[str, Any]]) -> None:
        model, named = drawn
        path = tmp_path / "run.toml"
        path.write_bytes(request_file({"task": task, "model": model, **named}, Path("saved_dict/a/b")))
        arguments = ["--config", str(path)]
        assert find_task(arguments) == task
        found = named_settings(task, parse(build_parser(task), arguments))
        assert {**found, "seed": None} == {**named, "seed": None}
        assert found.get("seed") == named.get("seed")

    check()


@pytest.mark.parametrize("task", ["classify", "lm"])
def test_what_a_model_was_trained_with_comes_back(task: str, tmp_path: Path) -> None:
    """From a run through its settings: also what was not named stands there, as comments that can be made lines."""
    named: dict[str, Any] = {"epochs": 3, "seed": 2**63 - 1, "learning_rate": 1e-05, "encoding": 'a"\\\n\x7f\u2028猫'}
    settled = combine(Run(task, "GRU", named))
    content = run_file(settled, named, tmp_path / "a" / "b").decode("utf-8")
    path = tmp_path / "run.toml"
    path.write_text(content, encoding="utf-8")
    options = parse(build_parser(task), ["--config", str(path)])
    assert named_settings(task, options) == named
    assert (options.task, options.model, options.save_dir) == (task, "GRU", tmp_path.as_posix())
    held = "\n".join(line.removeprefix("# ") if " = " in line else line for line in content.split("\n"))
    path.write_text(held, encoding="utf-8")
    all_named = named_settings(task, parse(build_parser(task), ["--config", str(path)]))
    assert combine(Run(task, "GRU", all_named)).to_flat() == settled.to_flat()
    assert len(all_named) > 20


@settings(deadline=None, max_examples=40)
@given(st.recursive(TEXTS | st.booleans() | st.integers() | st.floats(allow_nan=False), lambda part: st.lists(part)))
def test_values_are_toml(value: Any) -> None:
    import tomllib

    assert tomllib.loads(f"a = {toml_value(value)}") == {"a": value}


def repeated(folder: Path) -> list[str]:
    """The flags on top of a run's file."""
    comment = (folder / "run.toml").read_text(encoding="utf-8").splitlines()[1]
    program, script, *arguments = shlex.split(comment.removeprefix("#"))
    assert (program, script) == ("python", "run.py")
    return arguments


def test_a_classifier_again(trained_classifier: Path, run: Command) -> None:
    before = (trained_classifier / "model.safetensors").read_bytes()
    folder = trained_classifier.relative_to(Path.cwd())
    lines = (folder / "run.toml").read_text(encoding="utf-8").splitlines()
    assert lines[3:12] == [
        'task = "classify"', 'model = "LSTM"', "embedding_size = 8", "hidden_size = 12", 'dataset = "./小数据"', "epochs = 20",
        "learning_rate = 0.01", "seed = 0", "baseline = false",
    ]  # fmt: skip
    written = (folder / "run.toml").read_bytes()
    (run_again,) = to_runs(parse(build_parser("classify"), repeated(folder)))
    assert run_again.folder == folder
    assert run(*repeated(folder), "--quiet").status == 0
    assert (folder / "model.safetensors").read_bytes() == before
    assert (folder / "run.toml").read_bytes() == written


def test_a_language_model_again(trained_language_model: Path, run: Command) -> None:
    before = (trained_language_model / "model.safetensors").read_bytes()
    folder = trained_language_model.relative_to(Path.cwd())
    assert run(*repeated(folder), "--quiet").status == 0
    assert (folder / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(("epochs", "budget"), [(14, None), (None, 60.0)])
def test_a_machine_that_is_slower_does_as_much(epochs: int | None, budget: float | None) -> None:
    """Nobody named epochs or a budget: what the speed of the machine chose is held."""
    settled = combine(Run("lm")).replaced(
        {"epochs": epochs, "budget": budget, "dropout": 0.3, "embedding_dropout": 0.1}
    )
    lines = run_file(settled, {"hidden_size": 512}, Path("saved_dict/a/lm_LSTM")).decode("utf-8").splitlines()
    held = ["epochs = 14"] if epochs else ["budget = 60.0", "dropout = 0.3", "embedding_dropout = 0.1"]
    always = ['task = "lm"', 'model = "LSTM"', "hidden_size = 512", "seed = 0"]
    assert {line for line in lines if line and not line.startswith("#")} == {*held, *always}
    assert any("differs a little each time" in line for line in lines) == (budget is not None)


def test_an_experiment_again(run: Command) -> None:
    assert run("--task", "memory", "--lengths", "4", "--model", "SRN", "--seed", "3", *SMALL_MEMORY).status == 0
    folder = Path("saved_dict/memory/lengths_SRN")
    assert set((folder / "run.toml").read_text(encoding="utf-8").splitlines()[3:]) == {
        'task = "memory"', 'experiment = "lengths"', 'model = ["SRN"]', "lengths = [4]", "hidden_size = 5", "epochs = 2",
        "evaluate_every = 5", "seed = 3",
    }  # fmt: skip
    assert to_request(parse(build_parser("memory"), repeated(folder))).flags(["SRN"]) == {
        "task": "memory", "experiment": "lengths", "model": ["SRN"], "lengths": (4,), "problem": None, "seeds": None,
        "hidden_size": 5, "epochs": 2, "evaluate_every": 5, "seed": 3,
    }  # fmt: skip


@pytest.mark.parametrize("experiment", all_experiments())
def test_every_experiment_takes_its_own_file(experiment: str, tmp_path: Path) -> None:
    request = MemoryRequest(experiment, seeds=2 if experiment == "lengths" else None, named={"seed": 3})
    path = tmp_path / "run.toml"
    path.write_bytes(request_file(request.flags(request.models), request.folder))
    again = to_request(parse(build_parser("memory"), ["--config", str(path)]))
    assert again == request
    assert again.folders == request.folders


def test_a_comparison_again(in_folder: Callable[[], Path]) -> None:
    in_folder()
    flags = ["--dataset", "a b.csv", "--num-filters", "9", "--dropout", "0.1", "--compare", "TextCNN", "FastText"]
    runs, folder = to_runs(parse(build_parser("classify"), flags)), Path("saved_dict/a b/comparison")
    folder.mkdir(parents=True)
    (folder / "run.toml").write_bytes(comparison_file(runs, folder))
    again = to_runs(parse(build_parser("classify"), repeated(folder)))
    assert again == [dataclasses.replace(run, named={**run.named, "seed": 0}) for run in runs]


def test_a_run_that_went_on_keeps_what_was_named_first(small_dataset: Path, run: Command) -> None:
    from tests.factories import StopAt
    from textrnn.errors import Interrupted
    from textrnn.tasks.classify import train

    folder = Path("saved_dict") / small_dataset.name / "LSTM"
    named = {"dataset": small_dataset.name, "epochs": 2, "hidden_size": 8}
    with pytest.raises(Interrupted):
        train(Run("classify", "LSTM", named, folder), StopAt(3), baseline=False)
    assert run("--dataset", small_dataset.name, "--resume", "--quiet", "--no-baseline").status == 0
    text = (folder / "run.toml").read_text(encoding="utf-8")
    assert "\nhidden_size = 8\n" in text
    assert "\nepochs = 2\n" in text


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    for seed in (1, 2):
        path.write_text(f"seed = {seed}", encoding="utf-8")
        assert ConfigFile.read(str(path)).values == {"seed": seed}


def test_help_of_a_file_for_another_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.toml"
    path.write_text("task = 'memory'", encoding="utf-8")
    assert main(["--config", str(path), "--help"]) == 0
    assert "--experiment" in capsys.readouterr().out


def test_a_flag_of_two_values_is_a_list_of_two(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('predict_file = "a.csv"\nbelow = [0.6, "unsure.csv"]\n', encoding="utf-8")
    assert parse(build_parser("classify"), ["--config", str(path)]).below == ["0.6", "unsure.csv"]


@pytest.mark.parametrize("value", ['"b.csv"', "[0.6]", "0.6", '[0.6, "a", "b"]', '[true, "a"]'])
def test_a_flag_of_two_values_takes_nothing_else(value: str, run: Command) -> None:
    Path("run.toml").write_text(f"predict_file = 'a.csv'\nbelow = {value}\n", encoding="utf-8")
    assert error_of(run("--config", "run.toml")) == f"run.toml:2: below = {value}: expected a list of 2 values"

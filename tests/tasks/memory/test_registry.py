"""Experiments and problems are found by their files, without anything heavy."""

from __future__ import annotations

import dataclasses
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from textrnn.errors import ConfigError
from textrnn.tasks import memory
from textrnn.tasks.memory import problems
from textrnn.tasks.memory.experiments import run
from textrnn.tasks.memory.registry import Experiment, all_experiments, all_problems
from textrnn.tasks.memory.request import MemoryRequest

EXPERIMENT_FILE = """from pathlib import Path

from textrnn.tasks.memory.registry import Experiment

EXPERIMENT = Experiment(name="dropped", meaning="nothing", models=("SRN",), lengths=(4,), accepts=("model",))


def run(request, bench):
    Path("found.txt").write_text(f"{request.models} {bench.digest(4, 0)[:4]}")
"""
PROBLEM_FILE = '''"""A problem."""

NAME = "dropped"
VOCABULARY_SIZE = 3
CLASS_COUNT = 3
SHORTEST = 1
SHORTEST_MEANS = "one"
ANSWER_MEANS = "the same"
BEST_CONSTANT = 0
CHANCE = 0.5
EXAMPLES = ((1,), (2,))
'''


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[object, str], Path]]:
    """Puts a file into a package."""

    def forget() -> None:
        all_experiments.cache_clear()
        all_problems.cache_clear()

    def write(package: object, content: str) -> Path:
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])  # type: ignore[attr-defined]
        (tmp_path / "dropped.py").write_text(content, encoding="utf-8")
        forget()
        return tmp_path / "dropped.py"

    yield write
    forget()


def test_the_order_of_the_help() -> None:
    assert list(all_experiments()) == [
        "lengths", "learning-rates", "explosion", "gates", "speed", "normalisation", "suite"
    ]  # fmt: skip


@pytest.mark.parametrize("experiment", all_experiments().values(), ids=lambda experiment: experiment.name)
def test_what_is_read_is_what_is_there(experiment: Experiment) -> None:
    module = importlib.import_module(experiment.module)
    assert dataclasses.replace(module.EXPERIMENT, module=experiment.module) == experiment
    assert callable(module.run)


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from textrnn.tasks.memory.registry import all_experiments, all_problems; "
        "from textrnn.tasks.memory.request import MemoryRequest; assert all_experiments(), all_problems(); "
        "MemoryRequest('gates'); assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[3])


def test_an_experiment_that_is_dropped_in(
    drop_in: Callable[[object, str], Path], in_folder: Callable[[], Path]
) -> None:
    in_folder()
    drop_in(memory, EXPERIMENT_FILE)
    assert list(all_experiments())[-1] == "dropped"
    run(MemoryRequest("dropped"))
    assert Path("found.txt").read_text(encoding="ascii").startswith("('SRN',) ")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('name="dropped"', "name=__name__", "malformed node or string"),
        ('name="dropped", ', "", "missing 1 required positional argument: 'name'"),
        ("accepts=", "takes=", "unexpected keyword argument 'takes'"),
        ("Experiment(name=", 'Experiment("x", name=', "it is no call with named arguments"),
    ],
)
def test_an_experiment_that_cannot_be_read(
    drop_in: Callable[[object, str], Path], old: str, new: str, why: str
) -> None:
    path = drop_in(memory, EXPERIMENT_FILE.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        all_experiments()
    assert str(caught.value).startswith(f"{path}: EXPERIMENT cannot be read (")
    assert why in str(caught.value)
    assert str(caught.value).endswith("); expected Experiment(name=..., meaning=..., ...), every value a literal")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SHORTEST = 1\n", "", "SHORTEST is missing or no literal; expected SHORTEST = a int"),
        ("CHANCE = 0.5", 'CHANCE = 0.5\nASKS = "twice"', "ASKS 'twice'; expected one of once, several, running"),
        ("CHANCE = 0.5", "CHANCE = 1 / 2", "CHANCE is missing or no literal; expected CHANCE = a float"),
        (
            '"dropped"',
            '"../dropped"',
            "NAME '../dropped'; expected small letters and digits, with hyphens between words",
        ),
    ],
)
def test_a_problem_that_cannot_be_read(
    drop_in: Callable[[object, str], Path], old: str, new: str, message: str
) -> None:
    path = drop_in(problems, PROBLEM_FILE.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        all_problems()
    assert str(caught.value) == f"{path}: {message}"

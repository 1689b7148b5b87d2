from __future__ import annotations

import dataclasses
import importlib
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from textrnn.config import TrainConfig
from textrnn.errors import ConfigError
from textrnn.models import classifiers
from textrnn.models.registry import MODEL_FOLDERS, ModelEntry, all_models, find_model

EVERY_MODEL = [entry for task in MODEL_FOLDERS for entry in all_models(task).values()]
MODEL_FILE = '''"""A model that is dropped in."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from textrnn.config import ModelConfig, option

NAME = "Dropped"
WIDEST = 7
PASSES = 3


@dataclass(frozen=True)
class Config(ModelConfig):
    """Hyper-parameters."""

    width: int | None = option(WIDEST - 2, "how " + "wide", at_least=1, at_most=WIDEST)
    embedding_size: int = option(3, "numbers")

    def doubled(self) -> Config:
        return self


class Model(torch.nn.Module):
    pass
'''


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Puts a file among the classifiers."""
    monkeypatch.setattr(classifiers, "__path__", [*classifiers.__path__, str(tmp_path)])

    def write(content: str) -> Path:
        (tmp_path / "dropped.py").write_text(content, encoding="utf-8")
        all_models.cache_clear()
        return tmp_path / "dropped.py"

    yield write
    all_models.cache_clear()


def test_the_models_are_found() -> None:
    assert {"RNN", "LSTM", "BiLSTM_LN"} <= set(all_models())


def test_case_does_not_matter() -> None:
    assert find_model("bilstm_ln").name == "BiLSTM_LN"


@pytest.mark.parametrize(
    ("name", "ending"),
    [("LTSM", "; did you mean LSTM?"), ("bilstm_l", "; did you mean BiLSTM_LN?"), ("xyzzy", "")],
)
def test_wrong_name(name: str, ending: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_model(name)
    assert str(caught.value) == f"`model` {name}: no such model; expected one of {', '.join(all_models())}{ending}"


@pytest.mark.parametrize("entry", EVERY_MODEL, ids=lambda entry: f"{entry.task}-{entry.name}")
def test_the_config_executed_alone_is_the_modules_own(entry: ModelEntry) -> None:
    own = importlib.import_module(entry.module).Config

    def shown(config: type) -> list[tuple[object, ...]]:
        hints = typing.get_type_hints(config)
        return [(f.name, hints[f.name], f.default, {**f.metadata}) for f in dataclasses.fields(config)]

    assert shown(entry.config_class) == shown(own)
    assert entry.config_class.__mro__[1:] == own.__mro__[1:]
    assert entry.config_class().to_dict() == own().to_dict()
    assert entry.summary


def test_what_models_ask_for_is_what_the_help_says() -> None:
    (entry,) = [field for field in dataclasses.fields(TrainConfig) if field.name == "learning_rate"]
    asked = [f"{model.name} {model.learning_rate:g}" for model in all_models().values() if model.learning_rate]
    assert entry.metadata["help"] == f"peak learning rate (default: {entry.default:g}; {', '.join(asked)})"
    assert {model.name for model in all_models().values() if model.pad_size != 512} == {
        "BiLSTM_Ngram",
        "FastText",
        "Linear",
    }


def test_a_file_that_is_dropped_in(drop_in: Callable[[str], Path]) -> None:
    drop_in(MODEL_FILE)
    entry = find_model("dropped")
    assert (entry.summary, entry.passes) == ("A model that is dropped in.", 3)
    assert [(field.name, field.default) for field in entry.fields] == [("embedding_size", 3), ("width", 5)]
    assert entry.config_class.from_dict({"width": 6}).to_dict() == {"embedding_size": 3, "width": 6}
    with pytest.raises(ConfigError, match=r"^`width` 8: must be at most 7$"):
        entry.config_class.from_dict({"width": 8})


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("WIDEST - 2", "torch.tensor(5).item()", "NameError: name 'torch' is not defined"),
        ("        return self", "        return self\n\n    def __post_init__(self) -> None:\n        torch.ones(1)",
         "NameError: name 'torch' is not defined"),
        ("class Config(", "class Settings(", "AttributeError: module 'textrnn.models.classifiers.dropped (Config)' has no "
         "attribute 'Config'"),
        ("option(3, ", "option(0.5, ", "ConfigError: `embedding_size` 0.5: expected int"),
    ],
)  # fmt: skip
def test_a_config_that_cannot_be_executed_alone(drop_in: Callable[[str], Path], old: str, new: str, why: str) -> None:
    path = drop_in(MODEL_FILE.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        all_models()
    assert str(caught.value) == (
        f"{path}: its Config cannot be executed alone ({why}); expected one that needs nothing but the standard library, "
        "textrnn.config and literal constants of the file: move what else it uses into Model"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(ModelConfig)", "", "its Config is not a settings class; expected a subclass of one in textrnn.config, its fields "
         "written as option(default, help)"),
        ('option(3, "numbers")', "3", "its Config is not a settings class; expected a subclass of one in textrnn.config, its "
         "fields written as option(default, help)"),
        ('NAME = "Dropped"', 'NAME = "Drop" + str(1)', "NAME is missing or no literal; expected NAME = a str"),
        ("class Model(", "class Model((", "cannot be read as Python (invalid syntax (dropped.py, line 27)); correct it, or "
         "move it out of the folder"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_model(drop_in: Callable[[str], Path], old: str, new: str, message: str) -> None:
    path = drop_in(MODEL_FILE.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        all_models()
    assert str(caught.value) == f"{path}: {message}"


def test_models_are_listed_without_torch() -> None:
    code = (
        "import sys; from textrnn.models.registry import MODEL_FOLDERS, all_models; assert all(map(all_models, MODEL_FOLDERS)); "
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2])

from __future__ import annotations

import dataclasses

import pytest

from textrnn.config import TrainConfig
from textrnn.errors import ConfigError
from textrnn.models.registry import ModelEntry, all_models, find_model


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
    assert str(caught.value) == f"--model {name}: no such model; expected one of {', '.join(all_models())}{ending}"


@pytest.mark.parametrize("entry", all_models().values(), ids=lambda entry: entry.name)
def test_what_is_read_without_importing_is_what_is_there(entry: ModelEntry) -> None:
    """The registry reads syntax trees; the class that Python builds must have the same fields."""
    real = [(f.name, f.default, {**f.metadata}) for f in dataclasses.fields(entry.config_class)]
    read = [(f.name, f.default, {"help": f.help, **f.limits}) for f in entry.fields]
    assert sorted(map(repr, read)) == sorted(map(repr, real))
    assert entry.summary


def test_what_models_ask_for_is_what_the_help_says() -> None:
    (entry,) = [field for field in dataclasses.fields(TrainConfig) if field.name == "learning_rate"]
    asked = [f"{model.name} {model.learning_rate:g}" for model in all_models().values() if model.learning_rate]
    assert entry.metadata["help"] == f"peak learning rate (default: {entry.default:g}; {', '.join(asked)})"
    assert {model.name for model in all_models().values() if model.pad_size != 512} == {"BiLSTM_Ngram", "FastText"}

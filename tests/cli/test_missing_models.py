"""`--predict` where no model is: trained first, or a mistake that is answered with the models that there are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import SMALL, TINY, Result, error_of

NONE_YET = "expected a folder that holds a model; none is saved yet: leave --predict out to train one"
THERE_ARE = "expected one of the models that there are, each named with --save-dir: "
CLASSIFIER = "saved_dict/小数据/LSTM (LSTM of ./小数据)"
LANGUAGE_MODEL = "saved_dict/我的/lm_LSTM (LSTM of 我的.txt)"


def test_a_mistyped_folder_where_nothing_is_saved(run: Callable[..., Result]) -> None:
    for task in ([], ["--task", "lm"]):
        assert error_of(run(*task, "--save-dir", "saved", "--predict", "x")) == (
            f"--save-dir saved: no such folder; {NONE_YET}"
        )
        assert not Path("saved").exists()


@pytest.mark.usefixtures("trained_classifier")
def test_a_mistyped_folder_or_model(run: Callable[..., Result], small_dataset: Path) -> None:
    listed = THERE_ARE + CLASSIFIER
    assert error_of(run("--save-dir", "saved", "--predict", "x")) == f"--save-dir saved: no such folder; {listed}"
    assert error_of(run("--save-dir", "saved", "--dataset", small_dataset, "--predict", "x")) == (
        f"--save-dir saved: no such folder; {listed}"
    )
    Path("empty").mkdir()
    assert error_of(run("--save-dir", "empty", "--predict", "x")) == f"--save-dir empty: no model in it; {listed}"
    assert list(Path("empty").iterdir()) == []
    # Saved, but of other data.
    assert error_of(run("--model", "lstm", "--predict", "x")) == (
        f"saved_dict/headlines/LSTM: no LSTM of headlines there; {listed}"
    )
    shutil.move("saved_dict", "other")
    assert error_of(run("--save-dir", "other", "--predict", "x")) == (
        f"other/headlines/LSTM: no LSTM of headlines there; {listed.replace('saved_dict', 'other')}"
    )
    assert not Path("saved_dict").exists()


@pytest.mark.usefixtures("trained_classifier")
def test_what_is_listed_can_be_named_so(run: Callable[..., Result]) -> None:
    message = error_of(run("--save-dir", "saved", "--predict", "x"))
    folder = message.removeprefix(f"--save-dir saved: no such folder; {THERE_ARE}").partition(" (")[0]
    assert run("--save-dir", folder, "--predict", "猫狗").status == 0


@pytest.mark.usefixtures("trained_classifier")
def test_data_that_is_named_is_learnt_first(run: Callable[..., Result], small_dataset: Path) -> None:
    shutil.copytree(small_dataset, "another")
    result = run("--dataset", "./another", "--model", "LSTM", "--epochs", "1", *SMALL, "--quiet", "--predict", "猫")
    assert result.status == 0
    assert result.err.startswith("no saved model in saved_dict/another/LSTM: training it first\n")


@pytest.mark.usefixtures("trained_classifier")
def test_a_model_that_is_saved_nowhere_is_trained_first(run: Callable[..., Result]) -> None:
    result = run("--model", "RNN", "--epochs", "1", *SMALL, "--quiet", "--predict", "猫")
    assert result.err.startswith("no saved model in saved_dict/headlines/RNN: training it first\n")


@pytest.mark.usefixtures("trained_language_model")
@pytest.mark.parametrize("what", [["--predict", "x"], ["--score", "我的.txt"]])
def test_language_models(run: Callable[..., Result], what: list[str]) -> None:
    lm = ["--task", "lm"]
    assert error_of(run(*lm, "--save-dir", "saved", *what)) == (
        f"--save-dir saved: no such folder; {THERE_ARE}{LANGUAGE_MODEL}"
    )
    assert error_of(run(*lm, "--model", "LSTM", *what)) == (
        f"saved_dict/timemachine/lm_LSTM: no LSTM of timemachine there; {THERE_ARE}{LANGUAGE_MODEL}"
    )
    assert not Path("saved_dict/timemachine").exists()
    trained = run(*TINY, "--corpus", "我的.txt", "--model", "GRU", "--epochs", "1", *what)
    assert trained.status == 0
    assert trained.err.startswith("no saved model in saved_dict/我的/lm_GRU: training it first\n")

"""Shared fixtures: small data sets written on the spot, and the real ones where the machine has them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.commands import SMALL, TINY, Result, run_in
from tests.factories import write_small_corpus, write_small_dataset, write_small_label_dataset
from textrnn.cli import main

torch.set_num_threads(1)  # the tensors of the tests are too small for two


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in what a script starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def small_dataset(tmp_path: Path) -> Path:
    """A folder with three splits of a three-class data set and no class.txt."""
    return write_small_dataset(tmp_path / "小数据")


@pytest.fixture(scope="session")
def classifier_training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The one training of a classifier for all tests that only need its folder: where it ran, and what it said."""
    place = tmp_path_factory.mktemp("classifier")
    dataset = write_small_dataset(place / "小数据")
    return place, run_in(place, "--dataset", f"./{dataset.name}", "--model", "lstm", "--epochs", "20", *SMALL)


@pytest.fixture
def trained_classifier(classifier_training: tuple[Path, Result], small_dataset: Path) -> Path:
    """A copy of its model folder, beside a copy of its data."""
    shutil.copytree(classifier_training[0] / "saved_dict", small_dataset.parent / "saved_dict")
    return small_dataset.parent / "saved_dict" / small_dataset.name / "LSTM"


@pytest.fixture(scope="session")
def label_training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The same for a classifier that gives several labels."""
    place = tmp_path_factory.mktemp("several_labels")
    data = write_small_label_dataset(place / "多标签")
    flags = ["--model", "FastText", "--embedding-size", "8", "--ngram-rows", "500", "--learning-rate", "0.05"]
    return place, run_in(place, "--dataset", f"./{data.name}", *flags, "--epochs", "12", "--no-baseline")


@pytest.fixture
def trained_label_classifier(label_training: tuple[Path, Result], tmp_path: Path) -> Path:
    """A copy of its model folder, beside a copy of its data."""
    shutil.copytree(label_training[0], tmp_path, dirs_exist_ok=True)
    return tmp_path / "saved_dict" / "多标签" / "FastText"


@pytest.fixture
def small_corpus(tmp_path: Path) -> Path:
    """A text of a few sentences over and over."""
    return write_small_corpus(tmp_path / "我的.txt")


@pytest.fixture(scope="session")
def language_model_training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The same for a language model."""
    place = tmp_path_factory.mktemp("language_model")
    corpus = write_small_corpus(place / "我的.txt")
    return place, run_in(place, *TINY, "--corpus", corpus.name, "--epochs", "3")


@pytest.fixture
def trained_language_model(language_model_training: tuple[Path, Result], small_corpus: Path) -> Path:
    """A copy of its model folder, beside a copy of its text."""
    shutil.copytree(language_model_training[0] / "saved_dict", small_corpus.parent / "saved_dict")
    return small_corpus.parent / "saved_dict" / small_corpus.stem / "lm_LSTM"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets."""
    for folder in os.environ.get("TEXTRNN_DATA", "").split(os.pathsep):
        if folder and (Path(folder) / "thucnews" / "train.txt").is_file():
            return Path(folder)
    pytest.skip("the real data is not here: set TEXTRNN_DATA to the folder that holds thucnews/")


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Work in an empty folder, so that nothing of the project's data/ or saved_dict/ is touched."""

    def enter() -> Path:
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return enter


@pytest.fixture
def run(in_folder: Callable[[], Path], capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    in_folder()

    def call(*arguments: object) -> Result:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return call

"""Shared fixtures: small data sets written on the spot, and the real ones where the machine has them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.commands import Result
from tests.factories import write_small_dataset
from textrnn.cli import main

torch.set_num_threads(1)  # the tensors of the tests are too small for two


@pytest.fixture
def small_dataset(tmp_path: Path) -> Path:
    """A folder with three splits of a three-class data set and no class.txt."""
    return write_small_dataset(tmp_path / "小数据")


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

"""Shared fixtures: small data sets written on the spot, and the real ones where the machine has them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.commands import Result
from textrnn.cli import main

torch.set_num_threads(1)  # the tensors of the tests are too small for two

WORDS = {"猫狗": "猫狗鸟鱼兔", "山水": "山水河湖海", "数字": "一二三四五"}
FILLER = "的了是在有和不人这中大来上个国"


def small_rows(count: int, seed: int = 0, classes: int = 3) -> list[tuple[str, str]]:
    """Texts whose class shows in two of their characters: quickly learnt, not trivially."""
    generator = random.Random(seed)
    rows = []
    for index in range(count):
        name = list(WORDS)[index % classes]
        characters = [generator.choice(FILLER) for _ in range(generator.randint(2, 10))]
        for _ in range(2):
            characters.insert(generator.randint(0, len(characters)), generator.choice(WORDS[name]))
        rows.append(("".join(characters), name))
    return rows


def write_rows(path: Path, rows: list[tuple[str, str]]) -> Path:
    """``text<TAB>label`` lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{text}\t{label}\n" for text, label in rows), encoding="utf-8")
    return path


@pytest.fixture
def small_dataset(tmp_path: Path) -> Path:
    """A folder with three splits of a three-class data set and no class.txt."""
    folder = tmp_path / "小数据"
    for split, count, seed in (("train", 120, 1), ("dev", 30, 2), ("test", 30, 3)):
        write_rows(folder / f"{split}.txt", small_rows(count, seed))
    return folder


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

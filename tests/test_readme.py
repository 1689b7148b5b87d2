"""What the README tells people to type and to write does work."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.factories import write_rows
from textrnn.config import DataConfig
from textrnn.corpus import check
from textrnn.corpus.catalog import find_dataset
from textrnn.corpus.dataset import load_dataset
from textrnn.models import classifiers, registry
from textrnn.report.notes import words

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block_with(line: str) -> str:
    """The code in the README that has a line."""
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", README, flags=re.MULTILINE)
    (code,) = [textwrap.dedent(block).strip() + "\n" for block in blocks if line in block]
    return code


def test_learning_from_python(in_folder: Callable[[], Path], capsys: pytest.CaptureFixture[str]) -> None:
    in_folder()
    names: dict[str, Any] = {}
    exec(block_with("settings = settle(run"), names)
    assert "true \\ predicted" in capsys.readouterr().out
    assert names["learnt"].classifier.predict_probabilities(["央行下调存款准备金率"]).shape == (1, 10)


def test_the_example_check(tmp_path: Path, small_dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dropped").mkdir()
    (tmp_path / "dropped" / "short_texts.py").write_text(block_with("def texts_of_one"), encoding="utf-8")
    monkeypatch.setattr(check, "__path__", [*check.__path__, str(tmp_path / "dropped")])
    write_rows(small_dataset / "test.txt", [("山", "山水"), ("猫狗", "猫狗")])
    notes = load_dataset(find_dataset(str(small_dataset)), DataConfig()).notes
    assert "test: 1 texts of one character; they say little" in map(words, notes)


def test_the_example_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bigru.py"
    path.write_text(block_with('NAME = "BiGRU"'), encoding="utf-8")
    monkeypatch.setattr(classifiers, "__path__", [*classifiers.__path__, str(tmp_path)])  # a file dropped in
    registry.all_models.cache_clear()
    try:
        entry = registry.find_model("bigru")
        model = entry.build(entry.config_class(hidden_size=7), vocabulary_size=20, class_count=3)
        assert model(torch.randint(2, 20, (4, 5)), torch.tensor([5, 1, 3, 5])).shape == (4, 3)
    finally:
        registry.all_models.cache_clear()


def test_every_flag_that_is_named_exists() -> None:
    from textrnn.cli import TASKS, build_parser

    known = {text for task in TASKS for action in build_parser(task)._actions for text in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert named - known - {"--help", "--data"} == set()  # the last one belongs to the benchmarks

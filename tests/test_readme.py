"""What the README tells people to type and to write does work."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import torch

from textrnn.models import classifiers, registry

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = [
        textwrap.dedent(block)
        for block in re.findall(r"(?:^(?:    .*)?\n)+", README, flags=re.MULTILINE)
        if 'NAME = "BiGRU"' in block
    ]
    path = tmp_path / "bigru.py"
    path.write_text(code.strip() + "\n", encoding="utf-8")
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

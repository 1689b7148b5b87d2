"""The pages that list everything: each option, each file of a model folder, and the same in both languages."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.commands import MEMORY, Result, run_in
from tests.pages import CHINESE_README, README, ROOT, blocks_of, images_of, links_of, prose_of

FOLDER_PAGE = ROOT / "docs" / "model-folder.md"
# Not without the linear model; while a run is unfinished; with vectors of whole texts.
NOT_ALWAYS = {"suspects.csv", "checkpoint.safetensors", "static.safetensors", "static_tokenizer.json"}


def program(path: Path) -> ModuleType:
    """A program of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_options_are_those_of_the_flags() -> None:
    made = program(ROOT / "docs" / "make_options.py").page()
    written = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    assert written == made, "python docs/make_options.py writes the page anew"


def section(heading: str) -> str:
    """What stands under a heading of the page on model folders."""
    content = FOLDER_PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", content, flags=re.MULTILINE | re.DOTALL)
    return str(found)


def first_column(table: str) -> list[str]:
    """The names in backticks in the first column."""
    cells = re.findall(r"^\| (`[^|]*) \|", table, flags=re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != ".lock"}


def test_the_files_of_a_classifier(trained_classifier: Path) -> None:
    named = first_column(section("The files of a classifier"))
    assert len(named) == len(set(named))
    assert set(named) - NOT_ALWAYS == files_in(trained_classifier) - NOT_ALWAYS


def test_the_files_of_a_language_model(trained_language_model: Path) -> None:
    named = first_column(section("The files of a language model"))
    assert set(named) - NOT_ALWAYS == files_in(trained_language_model)


def test_the_files_of_a_memory_experiment(tmp_path: Path) -> None:
    result = run_in(tmp_path, *MEMORY, "--experiment", "gates", "--epochs", "1", "--hidden-size", "4", "--quiet")
    assert result.status == 0, result.err
    named = first_column(section("The files of a memory experiment"))
    assert set(named) == files_in(tmp_path / "saved_dict" / "memory" / "gates_LSTM")


def test_the_four_that_are_said_to_be_enough_are_enough(trained_classifier: Path, tmp_path: Path) -> None:
    enough = first_column(section("The files of a classifier"))[:4]
    for path in trained_classifier.iterdir():
        if path.name not in enough:
            path.unlink()
    result = run_in(tmp_path, "--save-dir", trained_classifier, "--predict", "猫狗鸟鱼")
    assert result.status == 0, result.err
    (trained_classifier / enough[-1]).unlink()
    assert run_in(tmp_path, "--save-dir", trained_classifier, "--predict", "猫狗鸟鱼").status == 2


def assert_within(example: Any, real: Any, where: str) -> None:
    """Each key of an example is there, with a value of the same type; lists by their first elements."""
    if isinstance(example, dict):
        assert isinstance(real, dict), where
        for key, value in example.items():
            by_class = where.endswith("per_class")  # its keys are the classes of the data
            assert by_class or key in real, f"{where}.{key}: the file has no such key"
            assert_within(value, next(iter(real.values())) if by_class else real[key], f"{where}.{key}")
    elif isinstance(example, list):
        assert isinstance(real, list), where
        if example and real:
            assert_within(example[0], real[0], f"{where}[0]")
    else:
        numbers = isinstance(example, int | float) and isinstance(real, int | float)
        assert numbers or type(example) is type(real), where


def test_the_examples_have_the_shape_of_the_files(
    classifier_training: tuple[Path, Result], language_model_training: tuple[Path, Result]
) -> None:
    of_classifier, of_text = (
        config.parent
        for place, _ in (classifier_training, language_model_training)
        for config in (place / "saved_dict").glob("*/*/config.json")
    )
    checked = set()
    for block in blocks_of(FOLDER_PAGE):
        if block.language == "json":
            above = FOLDER_PAGE.read_text(encoding="utf-8").splitlines()[: block.line]
            name = re.findall(r"^## `(.*)`$", "\n".join(above), flags=re.MULTILINE)[-1]
            example = json.loads(block.code)
            is_of_text = isinstance(example, dict) and example.get("task") == "lm"
            folder = of_text if is_of_text else of_classifier
            real = json.loads((folder / name).read_text(encoding="utf-8"))
            if "baseline" in example:  # that model was trained without
                example.pop("baseline")
            assert_within(example, real, name)
            checked.add((name, is_of_text))
    assert len(checked) == 5


def test_every_key_of_the_config_is_explained(trained_classifier: Path) -> None:
    config = json.loads((trained_classifier / "config.json").read_text(encoding="utf-8"))
    of_others = {"thresholds", "began_from"}  # of several labels a text, and of a beginning
    assert set(first_column(section("`config.json`"))) == set(config) | of_others


def without_comments(code: str) -> str:
    return re.sub(r" *#.*", "", code)


def headings_of(page: Path) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", prose_of(page), flags=re.MULTILINE)]


def numbers_of(page: Path) -> set[str]:
    """The figures in the text, without marks of thousands; not those of links, code and names."""
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|<[^>]*>", " ", prose_of(page))
    return {number.replace(",", "").rstrip(".") for number in re.findall(r"(?<![A-Za-z\d-])\d[\d,.]*", prose)}


class TestBothReadmes:
    def test_have_the_same_headings(self) -> None:
        assert headings_of(README) == headings_of(CHINESE_README)

    def test_have_the_same_commands_and_outputs(self) -> None:
        english, chinese = (
            [(block.language, without_comments(block.code)) for block in blocks_of(page)]
            for page in (README, CHINESE_README)
        )
        assert chinese == english

    def test_name_the_same_figures(self) -> None:
        assert numbers_of(README) == numbers_of(CHINESE_README)

    def test_lead_to_the_same_pages_and_pictures(self) -> None:
        english, chinese = (
            {target.resolve() for target, _ in links_of(page)} - {README, CHINESE_README}
            for page in (README, CHINESE_README)
        )
        assert chinese == english
        assert images_of(README) == images_of(CHINESE_README)

    @pytest.mark.parametrize(("page", "other"), [(README, CHINESE_README), (CHINESE_README, README)])
    def test_lead_to_each_other(self, page: Path, other: Path) -> None:
        assert other in [target.resolve() for target, _ in links_of(page)]

"""The package as it is installed: in a folder of its own, with the data that travels in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT, SLOWED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import textrnn from, with a space and Chinese in its path."""
    pytest.importorskip("setuptools", minversion="77")
    place = tmp_path_factory.mktemp("wheel")
    clone = place / "克隆 1"
    for name in ("textrnn", "data/headlines"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "data/story.txt"):
        shutil.copy(ROOT / name, clone / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    site = place / "安装 1"
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", place, clone], check=True)
    (wheel,) = place.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", site, wheel], check=True)
    return site


@pytest.mark.parametrize(
    ("arguments", "folder", "out"),
    [
        (["--model", "LSTM", "--embedding", "random", "--epochs", "1"], "headlines/LSTM", "财经"),
        (["--task", "lm", "--predict", "time ", "--epochs", "1", "--hidden-size", "16"], "story/lm_LSTM", "time "),
    ],
)
def test_the_two_commands_in_an_empty_folder(
    installed: Path, tmp_path: Path, arguments: list[str], folder: str, out: str
) -> None:
    environment = {name: value for name, value in SLOWED.items() if name != "TEXTRNN_DATA"}
    environment |= {"PYTHONPATH": os.fspath(installed), "TEXTRNN_MIRROR": "http://127.0.0.1:9", "PYTHONUTF8": "1"}
    place = tmp_path / "空 文件夹"
    place.mkdir()
    command = [sys.executable, "-m", "textrnn", *arguments, "--quiet"]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert out in done.stdout
    assert (place / "saved_dict" / folder / "config.json").is_file()

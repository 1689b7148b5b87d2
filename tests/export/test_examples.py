"""The examples beside exported models answer as the models do, without textrnn and without PyTorch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.export.test_documents import classifier
from tests.factories import RAW_MODEL
from textrnn.corpus.tokenizers import Tokenizer
from textrnn.models.parts.layers import set_precision
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.export import export_classifier, export_language_model

# Run by every Python that is started with this folder on its path: what the examples must do without is not there.
BLOCKED = """\
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(name + " is not to be imported")

sys.meta_path.insert(0, Blocked())
"""
NEITHER = {"torch", "textrnn", "onnx"}
TEXTS = ["猫的山水", "", "zz", "鸟" * 700, " 河湖\r\n\x00海 "]


@pytest.fixture
def python(tmp_path: Path) -> Any:
    """Runs a program that stands in `folder`."""

    def call(folder: Path, *arguments: str, blocked: set[str] = NEITHER) -> str:
        (tmp_path / "sitecustomize.py").write_text(BLOCKED.format(blocked=blocked), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return call


def test_the_blocked_modules_are_blocked(python: Any, tmp_path: Path) -> None:
    code = "for name in 'torch', 'textrnn':\n try: __import__(name)\n except ImportError as error: print(error)"
    assert python(tmp_path, "-c", code) == "torch is not to be imported\ntextrnn is not to be imported\n"


def test_texts_are_classified(python: Any, trained_classifier: Path, tmp_path: Path) -> None:
    made = load_classifier(trained_classifier)
    set_precision(made.network, torch.float32)  # a graph computes in it, whatever this machine is quickest in
    folder = tmp_path / "new" / "onnx"
    export_classifier(made, folder)
    code = f"import json, example; print(json.dumps(example.probabilities({TEXTS!r}).tolist()))"
    found, expected = np.array(json.loads(python(folder, "-c", code))), made.predict_probabilities(TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    lines = python(tmp_path, str(folder / "example.py"), TEXTS[0], TEXTS[2]).splitlines()
    for line, row, text in zip(lines, expected[[0, 2]], (TEXTS[0], TEXTS[2]), strict=True):
        shown, label, probability = line.split("\t")
        assert (shown, label) == (text, made.class_names[row.argmax()])
        assert float(probability) == pytest.approx(row.max(), abs=2e-4)


def test_words_are_cut_by_jieba(python: Any, tmp_path: Path) -> None:
    made: Classifier = classifier(Tokenizer("word"))
    export_classifier(made, tmp_path / "onnx")
    source = (tmp_path / "onnx" / "example.py").read_text(encoding="utf-8")
    assert "(pip install onnxruntime numpy jieba)" in source
    code = "import jieba; jieba.setLogLevel(60); import json, example; print(json.dumps(example.probabilities(['中文的 cat']).tolist()))"
    found = json.loads(python(tmp_path / "onnx", "-W", "ignore", "-c", code))
    np.testing.assert_allclose(found, made.predict_probabilities(["中文的 cat"]), atol=1e-4)


@pytest.mark.parametrize("trained", [True, False], ids=["trained", "mixed with an n-gram"])
def test_a_text_is_continued(python: Any, trained_language_model: Path, tmp_path: Path, trained: bool) -> None:
    model = CharacterModel.load(trained_language_model) if trained else RAW_MODEL
    export_language_model(model, tmp_path / "onnx")
    code = "import example; print(repr(example.continued('the time', 40)))"
    (found,) = python(tmp_path / "onnx", "-c", code).splitlines()
    assert "the time" + eval(found) == model.generate("the time", 40)
    assert python(tmp_path, "onnx/example.py", "the time", "3") == model.generate("the time", 3) + "\n"
    drawn = "import example; print(example.continued('the time', 30, 1.5) == example.continued('the time', 30, 1.5) != example.continued('the time', 30, 1.5, 1))"
    assert python(tmp_path / "onnx", "-c", drawn) == "True\n"


def test_an_example_is_short() -> None:
    """Some twenty lines, without blank ones and what is imported."""
    from textrnn.export.examples import classifying_example, continuing_example

    for source in (classifying_example(words=False), classifying_example(words=True), continuing_example()):
        lines = [line for line in source.splitlines() if line and "import " not in line]
        assert len(lines) <= 30
        assert max(map(len, lines)) <= 120

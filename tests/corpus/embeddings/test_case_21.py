"""The best-known Chinese vectors as they come: tests/cases/21-vector-file-names, each command."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import ROOT, Result, error_of

COMMON = ["--model", "LSTM", "--hidden-size", "16", "--epochs", "2", "--quiet", "--save-dir", "out"]


@pytest.fixture
def train_with(run: Callable[..., Result]) -> Callable[[str], Result]:
    shutil.copytree(ROOT / "tests" / "cases" / "21-vector-file-names", Path(), dirs_exist_ok=True)
    return lambda embedding: run("--dataset", "titles.txt", "--embedding", embedding, *COMMON)


def test_by_any_name_and_packed(train_with: Callable[[str], Result]) -> None:
    models = []
    for name in ("good.vec", "sgns.demo.bigram-char", "sgns.demo.bigram-char.bz2"):
        result = train_with(name)
        assert result.status == 0
        assert (
            f"\nembedding: {name} (word2vec text), size 8; has 173 of 173 tokens (100.00%), 100.00% of their occurrences\n"
        ) in result.out
        models.append(Path("out", "titles", "LSTM", "model.safetensors").read_bytes()[-1000:])
    assert models == [models[0]] * 3


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        ("ppmi.demo.txt", "ppmi.demo.txt:1: sparse vectors (一 2:0.169829 18:0.726029 24:0.409962 25…), which name the places "
         "of a few numbers among very many; expected dense ones, with the same count of numbers in every row (of "
         "Chinese-Word-Vectors, a sgns file instead of a ppmi one)"),
        ("cut_short.vec", "cut_short.vec:174: 1 number; expected 8 as in the header: the file breaks off here, copy or "
         "download it once more"),
        ("pretrained", "--embedding pretrained: cut_short.vec, good.vec, sgns.demo.bigram-char, sgns.demo.bigram-char.bz2 "
         "are all in .; expected one: choose it with --embedding PATH"),
        ("sgns.demo.bigram-chr", "--embedding sgns.demo.bigram-chr: no such file; expected random, pretrained, or the path "
         "of a file of vectors (vectors in .: cut_short.vec, good.vec, sgns.demo.bigram-char, sgns.demo.bigram-char.bz2); "
         "did you mean sgns.demo.bigram-char?"),
    ],
)  # fmt: skip
def test_errors(train_with: Callable[[str], Result], embedding: str, message: str) -> None:
    assert error_of(train_with(embedding)) == message

"""Vectors of whole texts are those that Model2Vec itself gives."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.static_models import CHARACTERS, SIZE, static_model, write_static_model
from textrnn.corpus.embeddings import StaticVectors, read_static_vectors
from textrnn.errors import ArtifactError, ConfigError, DataError

EXPECTED = "expected a folder of Model2Vec, with config.json, model.safetensors and tokenizer.json"
TEXTS = st.lists(st.text(st.sampled_from([*CHARACTERS, " ", "Ａ", "é", "ÿ", "\U0001f600"]), max_size=40), max_size=5)
HOW: dict[str, dict[str, Any]] = {
    "plain": {},
    "of length one": {"normalize": True},
    "words": {"kind": "words"},
    "unigram": {"kind": "unigram", "normalize": True},
    "short": {"max_length": 5},
    "endless": {"max_length": None},
    "half precision": {"dtype": np.float16},
    "whole numbers": {"dtype": np.int8},
}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_vectors_are_those_of_model2vec(how: dict[str, Any], tmp_path: Path) -> None:
    own = read_static_vectors(str(write_static_model(tmp_path / "m", **how)))
    oracle = static_model(**how)
    exact = how.get("dtype") is not np.float16  # its own means are rounded to half precision

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(TEXTS)
    def same(texts: list[str]) -> None:
        texts = [*texts, "猫狗 水水河 ab", ""]
        expected = oracle.encode(texts).astype(np.float32)
        np.testing.assert_allclose(own.of(texts), expected, atol=1e-5 if exact else 4e-3)

    same()


def clustered(folder: Path) -> Path:
    """A vocabulary whose tokens share rows, each with a weight of its own."""
    tokens = len(static_model().tokens)
    generator = np.random.default_rng(1)
    mapping, weights = generator.integers(0, 7, tokens), generator.random(tokens)
    model = static_model(token_mapping=mapping, weights=weights)
    model.embedding = model.embedding[:7]
    model.save_pretrained(folder)
    return folder


def test_tokens_that_share_rows(tmp_path: Path) -> None:
    folder = clustered(tmp_path / "m")
    oracle = importlib.import_module("model2vec").StaticModel.from_pretrained(folder)
    own, texts = read_static_vectors(str(folder)), ["猫狗 水水河 ab", "x", "一二三"]
    np.testing.assert_allclose(own.of(texts), oracle.encode(texts), atol=1e-6)
    assert own.table.shape == (7, SIZE)
    for name, content in own.to_files().items():
        (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(StaticVectors.kept(tmp_path).of(texts), own.of(texts))


@pytest.mark.parametrize("nested", ["", "0_StaticEmbedding"])
def test_folders_of_sentence_transformers(nested: str, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder, texts = write_static_model(tmp_path / "m"), ["猫狗 水水河 ab"]
    expected = read_static_vectors(str(folder)).of(texts)
    (folder / nested).mkdir(exist_ok=True)
    table = load_file(folder / "model.safetensors")["embeddings"]
    (folder / "model.safetensors").unlink()
    save_file({"embedding.weight": table}, folder / nested / "model.safetensors")
    shutil.move(folder / "tokenizer.json", folder / nested / "tokenizer.json")
    (folder / "config.json").rename(folder / "config_sentence_transformers.json")
    np.testing.assert_array_equal(read_static_vectors(str(folder)).of(texts), expected)


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from([*CHARACTERS, " ", "é"]), max_size=30), st.booleans())
def test_what_tokens_add_is_the_product(text: str, normalize: bool) -> None:
    model = static_model(normalize=normalize)
    own = StaticVectors(*_parts(model))
    direction = np.linspace(-1, 1, SIZE)
    added = own.added_by_tokens(text, direction)
    np.testing.assert_allclose(sum(value for _, _, value in added), own.of([text])[0] @ direction, atol=1e-5)
    ids = model.tokenize([text])[0]
    assert [text[start:end].lower() for start, end, _ in added] == [model.tokens[i].removeprefix("##") for i in ids]


def _parts(model: Any) -> tuple[Any, ...]:
    import torch

    return torch.from_numpy(model.embedding), None, None, model.tokenizer.to_str(), model.normalize, 512, Path("m")


def _without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no tensors": (_without("model.safetensors"), "no model.safetensors there; {expected}"),
    "no tokenizer": (_without("tokenizer.json"), "no tokenizer.json there; {expected}"),
    "no config": (_without("config.json"), "no config.json there; {expected}"),
    "torn tensors": (
        lambda folder: (folder / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{"),
        "cannot be read ({any}); {expected}: copy it once more",
    ),
    "torn tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text("{", encoding="utf-8"),
        "cannot be read (its tokenizer cannot be read ({any})); {expected}: copy it once more",
    ),
    "other tokenizer": (
        lambda folder: _add_a_token(folder / "tokenizer.json"),
        "cannot be read (71 vectors for 72 tokens); {expected}: copy it once more",
    ),
    "no length": (
        lambda folder: (folder / "config.json").write_text('{"max_length": "many"}', encoding="utf-8"),
        "cannot be read (its max_length is many); {expected}: copy it once more",
    ),
}


def _add_a_token(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    document["model"]["vocab"]["new"] = len(document["model"]["vocab"])
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_what_is_no_such_folder(damage: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    folder = write_static_model(tmp_path / "m")
    damage(folder)
    with pytest.raises(DataError) as raised:
        read_static_vectors(str(folder))
    expected = re.escape(f"`embedding` model2vec:{folder}: {message}").replace(r"\{any\}", ".+")
    assert re.fullmatch(expected.replace(r"\{expected\}", re.escape(EXPECTED)), str(raised.value)), raised.value


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        read_static_vectors(str(tmp_path / "none"))
    assert str(raised.value) == f"`embedding` model2vec:{tmp_path / 'none'}: no such folder; {EXPECTED}"


def test_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_static_model(tmp_path / "m")
    monkeypatch.setitem(importlib.import_module("sys").modules, "tokenizers", None)
    with pytest.raises(ConfigError) as raised:
        read_static_vectors(str(folder))
    assert str(raised.value) == (
        "`embedding=model2vec`: takes the package tokenizers; expected it installed: `pip install tokenizers`"
    )


def test_kept_files_that_are_damaged(tmp_path: Path) -> None:
    own = read_static_vectors(str(write_static_model(tmp_path / "m")))
    for name, content in own.to_files().items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "static_tokenizer.json").unlink()
    with pytest.raises(ArtifactError, match=r"its static vectors cannot be read .*: train again$"):
        StaticVectors.kept(tmp_path)

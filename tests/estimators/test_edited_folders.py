"""A saved folder whose config.json was edited by hand: it loads, or one line says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from textrnn import TextClassifier
from textrnn.errors import ArtifactError, TextRNNError

TEXTS = [f"{text}{number}" for number in range(8) for text in ("股市大涨", "足球比赛", "股票下跌", "篮球冠军")]
QUICK: dict[str, Any] = {"model": "FastText", "embedding_size": 6, "ngram_rows": 50, "epochs": 1, "threads": 1}
WRONG = (None, "x", 5, 2**70, 1.5, True, [], ["a"], {}, {"a": 1}, [None])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("edited")
    TextClassifier(**QUICK).fit(TEXTS, [["财经"], ["体育", "球"], [], ["球"]] * 8).save(found)
    return found


def edits(kept: Any, document: Any) -> Iterator[tuple[str, Any]]:
    """Each way in which a value or a key of an object is not what was written, with the document as it is then."""
    for key, value in list(kept.items()):
        for wrong in WRONG:
            kept[key] = wrong
            yield f"{key} = {wrong!r}", document
        del kept[key]
        yield f"no {key}", document
        kept[key] = value
        if isinstance(value, dict):
            yield from edits(value, document)
    kept["unknown"] = 1
    yield "unknown", document
    del kept["unknown"]


def test_every_key_of_the_estimator(folder: Path) -> None:
    path = folder / "config.json"
    written = path.read_text(encoding="utf-8")
    document = json.loads(written)
    loaded, problems = 0, []
    for what, edited in edits(document["estimator"], document):
        path.write_text(json.dumps(edited), encoding="utf-8")
        try:
            TextClassifier.load(folder).predict(TEXTS[:2])
            loaded += 1
        except TextRNNError as error:
            problems.append(f"{what}: {error}")
    path.write_text(written, encoding="utf-8")
    assert loaded
    assert len(problems) > 20
    assert all(str(folder) in problem and "\n" not in problem for problem in problems)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        (None, "the estimator's parameters are None, no settings by name"),
        (["epochs"], "the estimator's parameters are ['epochs'], no settings by name"),
        ({"epochs": "many"}, "the estimator's `epochs` 'many': expected int"),
        ({"epochs": True}, "the estimator's `epochs` True: expected int"),
    ],
)
def test_parameters_that_are_none(folder: Path, tmp_path: Path, parameters: Any, problem: str) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    document["estimator"]["parameters"] = parameters
    (tmp_path / "config.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ArtifactError) as caught:
        TextClassifier.load(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: its files do not belong together ({problem}); expected those of one training: train again"
    )


def test_parameters_of_another_version(folder: Path, tmp_path: Path) -> None:
    """What this version does not know is left out, and what is missing stays at its default."""
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    document["estimator"]["parameters"] = {"epochs": 3, "of_tomorrow": [1], "batch_size": None}
    (tmp_path / "config.json").write_text(json.dumps(document), encoding="utf-8")
    loaded = TextClassifier.load(tmp_path)
    assert (loaded.epochs, loaded.batch_size, loaded.embedding_size) == (3, None, None)

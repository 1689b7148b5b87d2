"""Models that come, change, break and go on the disk while they are served."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.serve.conftest import CLASSIFIER, LANGUAGE_MODEL
from tests.serve.running import copied, running, until
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.serve.http import RequestError
from textrnn.serve.limits import DEFAULT
from textrnn.serve.shelf import Shelf

TEXT = ["猫的狗"]


@pytest.fixture
def folder(models_folder: Path, tmp_path: Path) -> Path:
    """A copy of the models, to do with as one likes."""
    shutil.copytree(models_folder, tmp_path / "models")
    return tmp_path / "models"


def retrained(folder: Path) -> Classifier:
    """Another model in the place of the one there, as a second training leaves it."""
    classifier = load_classifier(folder)
    with torch.no_grad():
        classifier.network.classifier.weight.neg_()
    classifier.save(folder)
    return classifier


def answer(shelf: Shelf, name: str = CLASSIFIER) -> np.ndarray:
    model = shelf.loaded[name].model
    assert isinstance(model, Classifier)
    return model.predict_probabilities(TEXT)


def test_a_model_is_read_again_when_it_has_changed(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    shelf = Shelf(folder, DEFAULT)
    shelf.scan()
    shelf.load(shelf.entries[CLASSIFIER])
    before = answer(shelf)
    expected = retrained(folder / CLASSIFIER).predict_probabilities(TEXT)
    assert not np.allclose(before, expected)
    shelf.scan()
    np.testing.assert_allclose(answer(shelf), expected)
    assert f"{CLASSIFIER}: read again, its files have changed" in caplog.messages
    shelf.close()


def test_while_a_model_is_written_the_old_one_answers(folder: Path) -> None:
    shelf = Shelf(folder, DEFAULT)
    shelf.scan()
    shelf.load(shelf.entries[CLASSIFIER])
    before = answer(shelf)
    config = folder / CLASSIFIER / "config.json"
    content = config.read_bytes()
    config.unlink()
    (folder / CLASSIFIER / "model.safetensors").write_bytes(b"half")
    shelf.scan()
    assert shelf.named(None, "classify").id == CLASSIFIER
    np.testing.assert_array_equal(answer(shelf), before)
    config.write_bytes(content)
    shelf.scan()  # damaged
    np.testing.assert_array_equal(answer(shelf), before)
    shelf.close()


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "vocab.json", "labels.json"])
@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"{}", b"[[1]]"])
def test_a_damaged_folder_harms_nothing(
    folder: Path, file: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(folder, DEFAULT)
    shelf.scan()
    shelf.load(shelf.entries[CLASSIFIER])
    before = answer(shelf)
    (folder / CLASSIFIER / file).write_bytes(content)
    shelf.scan()
    shelf.scan()
    np.testing.assert_array_equal(answer(shelf), before)
    assert set(shelf.entries) == {CLASSIFIER, LANGUAGE_MODEL}
    (line,) = [message for message in caplog.messages if file in message or "do not belong together" in message]
    assert line.endswith("; the model that was read before keeps answering")
    new = Shelf(folder, DEFAULT)
    new.scan()
    if CLASSIFIER in new.entries:
        with pytest.raises(Exception, match=r"expected|damaged"):
            new.load(new.entries[CLASSIFIER])
    assert LANGUAGE_MODEL in new.entries
    expected = retrained_from(folder).predict_probabilities(TEXT)
    shelf.scan()
    np.testing.assert_allclose(answer(shelf), expected)
    shelf.close()
    new.close()


def retrained_from(folder: Path) -> Classifier:
    """A whole model in the place of a damaged one."""
    copied(folder / "kept", folder / CLASSIFIER)
    return load_classifier(folder / CLASSIFIER)


@pytest.fixture(autouse=True)
def _kept(folder: Path) -> None:
    shutil.copytree(folder / CLASSIFIER, folder / "kept")


def test_models_come_and_go(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    shelf = Shelf(folder, DEFAULT)
    shelf.scan()
    shelf.load(shelf.entries[CLASSIFIER])
    copied(folder / CLASSIFIER, folder / "other/GRU")
    shelf.scan()
    assert set(shelf.entries) == {CLASSIFIER, LANGUAGE_MODEL, "other/GRU"}
    os.utime(folder / "other/GRU/config.json", (2e9, 2e9))
    shelf.scan()
    assert shelf.named(None, "classify").id == "other/GRU", "the newest"
    shutil.rmtree(folder / CLASSIFIER)
    shelf.scan()
    assert set(shelf.entries) == {LANGUAGE_MODEL, "other/GRU"}
    assert shelf.loaded == {}
    assert f"{CLASSIFIER}: gone" in caplog.messages
    with pytest.raises(RequestError, match="no such model"):
        shelf.named(CLASSIFIER, "classify")
    shutil.rmtree(folder)
    shelf.scan()
    assert shelf.entries == {}
    with pytest.raises(RequestError, match="there is no classifier here; train one"):
        shelf.named(None, "classify")
    shelf.close()


def test_a_model_folder_itself(folder: Path) -> None:
    shelf = Shelf(folder / CLASSIFIER, DEFAULT)
    shelf.scan()
    assert set(shelf.entries) == {CLASSIFIER}
    shelf.close()


def test_only_so_much_stays_in_memory(folder: Path) -> None:
    copied(folder / CLASSIFIER, folder / "other/GRU")
    size = (folder / CLASSIFIER / "model.safetensors").stat().st_size
    shelf = Shelf(folder, replace(DEFAULT, model_bytes=int(1.5 * size)))
    shelf.scan()
    shelf.load(shelf.entries[CLASSIFIER])
    shelf.load(shelf.entries["other/GRU"])
    assert set(shelf.loaded) == {"other/GRU"}
    shelf.close()


def test_folders_that_are_no_models(folder: Path) -> None:
    for name, content in (("memory/x", {"task": "memory"}), ("a/b", []), ("a/c", {"task": "lm", "format_version": 99})):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "file").write_bytes(b"")
    shelf = Shelf(folder, DEFAULT)
    shelf.scan()
    assert set(shelf.entries) == {CLASSIFIER, LANGUAGE_MODEL}
    shelf.close()


def test_over_http(folder: Path) -> None:
    with running(folder, limits=replace(DEFAULT, scan_seconds=0.05)) as served:

        def probability() -> float:
            (found,) = served.client.post("/v1/classify", json={"text": TEXT[0], "top_k": 1}).json()["answers"]
            return float(found["probability"])

        expected = float(retrained(folder / CLASSIFIER).predict_probabilities(TEXT).max())
        until(lambda: abs(probability() - expected) < 1e-6)
        (folder / CLASSIFIER / "config.json").write_bytes(b"damaged")
        copied(folder / "kept", folder / "other/LSTM")
        until(lambda: len(served.client.get("/v1/models").json()["models"]) == 3)
        found = served.client.post("/v1/classify", json={"text": TEXT[0], "model": CLASSIFIER})
        assert found.json()["answers"][0]["probability"] == pytest.approx(expected, abs=1e-6)
        (folder / "other/LSTM/vocab.json").write_bytes(b"{}")
        found = served.client.post("/v1/classify", json={"text": TEXT[0], "model": "other/LSTM"})
        assert found.status_code == 503
        assert found.json()["error"] == {
            "status": 503,
            "code": "model_unreadable",
            "message": "`model` other/LSTM: it cannot be read just now",
        }
        for name in (CLASSIFIER, LANGUAGE_MODEL, "other/LSTM"):
            shutil.rmtree(folder / name)
        until(lambda: served.client.get("/healthz").status_code == 503)
        assert served.client.get("/healthz").json() == {"status": "no_models", "models": 0}

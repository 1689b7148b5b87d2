"""A server with a classifier and a language model, for all tests that leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.commands import Result
from tests.serve.running import Running, copied, running
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import Classifier, load_classifier

CLASSIFIER, LANGUAGE_MODEL = "小数据/LSTM", "我的/lm_LSTM"


@pytest.fixture(scope="session")
def models_folder(
    tmp_path_factory: pytest.TempPathFactory,
    classifier_training: tuple[Path, Result],
    language_model_training: tuple[Path, Result],
) -> Path:
    """A folder with both models."""
    folder = tmp_path_factory.mktemp("models")
    for (place, _), name in ((classifier_training, CLASSIFIER), (language_model_training, LANGUAGE_MODEL)):
        copied(place / "saved_dict" / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def served(models_folder: Path) -> Iterator[Running]:
    with running(models_folder) as server:
        yield server


@pytest.fixture(scope="session")
def client(served: Running) -> httpx.Client:
    return served.client


@pytest.fixture(scope="session")
def classifier(models_folder: Path) -> Classifier:
    """What the server's must agree with."""
    return load_classifier(models_folder / CLASSIFIER)


@pytest.fixture(scope="session")
def language_model(models_folder: Path) -> CharacterModel:
    return CharacterModel.load(models_folder / LANGUAGE_MODEL)

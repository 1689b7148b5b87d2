"""LanguageModel with an estimator's manners: settings, copies, pickles, texts in memory, Ctrl-C."""

from __future__ import annotations

import copy
import inspect
import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tests.commands import Result
from textrnn import LanguageModel
from textrnn.errors import ConfigError, DataError
from textrnn.estimators import interrupts, language_model
from textrnn.estimators.settings import SettingError
from textrnn.training.events import Listener, ListenerGroup

QUICK: dict[str, Any] = {
    "epochs": 1,
    "hidden_size": 12,
    "embedding_size": 6,
    "ngram_order": 3,
    "num_steps": 20,
    "threads": 1,
}


@pytest.fixture
def text(small_corpus: Path) -> str:
    return small_corpus.read_text(encoding="utf-8")


def assert_alike(one: LanguageModel, other: LanguageModel) -> None:
    assert one.score("the time").losses.tolist() == other.score("the time").losses.tolist()


def test_a_text_in_memory_teaches_what_its_file_teaches(small_corpus: Path, text: str) -> None:
    of_file = LanguageModel(**QUICK).fit(small_corpus)
    for given in (text, pd.Series(text.splitlines())):
        assert_alike(of_file, LanguageModel(**QUICK).fit(given))
    trained = LanguageModel.train(small_corpus, **QUICK)
    assert_alike(of_file, trained)
    assert_alike(of_file, LanguageModel(**QUICK, corpus=str(small_corpus)).fit())
    assert of_file.get_params()["hidden_size"] == 12
    assert trained.get_params() == LanguageModel(**QUICK).get_params()


def test_a_name_is_no_text() -> None:
    with pytest.raises(DataError, match=r"^`corpus` no such text: no such text; expected one of"):
        LanguageModel(**QUICK).fit("no such text")
    with pytest.raises(DataError, match=r"^texts in memory: 5 characters to learn from"):
        LanguageModel(**QUICK).fit(["abc", "d"])


def test_copies_pickles_and_folders(text: str, tmp_path: Path, run: Callable[..., Result]) -> None:
    model = LanguageModel(model="gru", **QUICK).fit(text)
    model.save(tmp_path / "m")
    loaded = LanguageModel.load(tmp_path / "m")
    assert (loaded.model, loaded.hidden_size, loaded.epochs) == ("GRU", 12, None)
    content = pickle.dumps(model)
    assert b"torch" not in content.replace(b'"torch": "', b"")
    for other in (loaded, pickle.loads(content), copy.deepcopy(model)):
        assert_alike(model, other)
        assert other.generate("the ", 9) == model.generate("the ", 9)
    assert pickle.loads(content).get_params() == model.get_params()
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        copied.score("the time")
    result = run("--task", "lm", "--save-dir", tmp_path / "m", "--predict", "the ")
    assert result.status == 0, result.err


def test_what_the_saved_model_has_is_had(text: str) -> None:
    model = LanguageModel(**QUICK).fit(text)
    assert model.network is model.trained_.network
    assert isinstance(model.start_id, int)
    assert model.result_.to_metrics()["valid"]["perplexity"] > 1
    with pytest.raises(
        AttributeError, match=r"^'LanguageModel' object has no attribute 'network' \(before it is trained\)$"
    ):
        LanguageModel().network  # noqa: B018
    with pytest.warns(UserWarning, match="the model never saw '猫'"):
        model.generate("猫", 1)


def test_settings() -> None:
    assert {"model", "verbose", "hidden_size", "ngram_order", "budget", "recipe", "corpus"} <= set(
        inspect.signature(LanguageModel).parameters
    )
    with pytest.raises(SettingError, match=r"^`hidden_sise`: no such setting; did you mean hidden_size\?$"):
        LanguageModel(hidden_sise=3)


class CtrlC(Listener):
    """Sends Ctrl-C to this process after an evaluation."""

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.evaluated = True

    def on_step(self, step: int, loss: float) -> None:
        if getattr(self, "evaluated", False):
            self.evaluated = False
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_the_best_weights(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_latest", -100.0)
    by = CtrlC()
    monkeypatch.setattr(language_model, "ListenerGroup", lambda listeners: ListenerGroup([*listeners, by]))
    with pytest.warns(UserWarning, match=r"^interrupted after \d+ steps; the best weights so far are kept"):
        model = LanguageModel(**{**QUICK, "epochs": 500, "evaluate_every": 5}).fit(text)
    assert len(model.result_.history.evaluations) < 10
    assert torch.isfinite(torch.tensor(model.score("the time").losses)).all()


def test_shows_what_is_known_where_it_is_asked_to(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    LanguageModel(**QUICK, verbose=True).fit(text)
    assert "dev perplexity" in capfd.readouterr().out


def test_scores_are_compared_and_numbers_are_of_any_kind(small_corpus: Path) -> None:
    model = LanguageModel(**QUICK).fit(small_corpus)
    assert model.score("the time") == model.score("the time")
    assert model.score("the time") != model.score("the tame")
    assert len({model.score("the time"), model.score("the time")}) == 1
    drawn = model.generate("the", np.int64(9), temperature=np.float32(0.5), top_k=np.int64(3), seed=np.int64(4))
    assert drawn == model.generate("the", 9, temperature=0.5, top_k=3, seed=4)
    for given in (["the time"], None):
        with pytest.raises(
            ConfigError, match=rf"^score: of type {type(given).__name__}; expected a text: score several"
        ):
            model.score(given)  # type: ignore[arg-type]

"""One learning for the command line and for Python: what is in memory gives the weights of the command, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.commands import SMALL, Result
from tests.factories import small_rows
from textrnn import LanguageModel
from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.texts import Corpus, prepare_text
from textrnn.errors import Note
from textrnn.models.registry import all_models
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import load_classifier
from textrnn.tasks import classify, language_model
from textrnn.tasks.settings import CorpusFacts, settle
from textrnn.training.events import Listener


def in_memory() -> Dataset:
    names = ["山水", "数字", "猫狗"]

    def split(count: int, seed: int) -> Split:
        rows = small_rows(count, seed)
        return Split([text for text, _ in rows], [names.index(label) for _, label in rows])

    return Dataset("lists", names, split(120, 1), split(30, 2), split(30, 3))


def assert_equal_weights(one: torch.nn.Module, other: torch.nn.Module) -> None:
    weights = other.state_dict()
    assert one.state_dict().keys() == weights.keys()
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor.cpu(), weights[name].cpu()), name


@pytest.mark.parametrize("model", ["LSTM", "BiLSTM_Ngram"])
def test_classifier(run: Callable[..., Result], small_dataset: Path, model: str) -> None:
    assert run("--dataset", small_dataset, "--model", model, "--epochs", "3", *SMALL, "--quiet").status == 0
    saved = load_classifier(Path("saved_dict/小数据") / model)
    dataset = in_memory()
    named = {"epochs": 3, "embedding_size": 8, "hidden_size": 12, "learning_rate": 0.01}
    settings = settle(Run("classify", model, named), None, classify.DatasetFacts(dataset))
    learnt = classify.learn(dataset, settings)
    assert_equal_weights(learnt.classifier.network, saved.network)
    assert learnt.classifier.temperature == saved.temperature
    assert learnt.classifier.vocabulary.tokens == saved.vocabulary.tokens


TEXT = "The time machine stood there. 'It is against reason,' said Filby.\n" * 30


def test_language_model(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text(TEXT, encoding="utf-8")
    flags = ["--epochs", "2", "--hidden-size", "8", "--num-steps", "20", "--quiet"]
    assert run("--task", "lm", "--corpus", path, *flags).status == 0
    saved = CharacterModel.load(Path("saved_dict/t/lm_LSTM"))
    whole = prepare_text(TEXT, letters=False)
    cut = int(len(whole) * 0.9)
    corpus = Corpus("list", Path("nowhere"), whole[:cut], whole[cut:], whole[cut - 1024 : cut], False, "0" * 64)
    named = {"epochs": 2, "hidden_size": 8, "num_steps": 20}
    settings = settle(Run("lm", "LSTM", named), None, CorpusFacts(len(corpus.train), letters=False))
    model = language_model.learn(corpus, settings).model
    assert_equal_weights(model.network, saved.network)
    assert model.weights == saved.weights
    assert model.generate("time ") == saved.generate("time ")


def test_the_estimator_takes_the_same_way(tmp_path: Path, in_folder: Callable[[], Path]) -> None:
    in_folder()
    path = tmp_path / "t.txt"
    path.write_text(TEXT, encoding="utf-8")
    settings = {"epochs": 1, "hidden_size": 8, "num_steps": 20}
    nowhere, kept = LanguageModel.train(path, **settings), LanguageModel.train(path, save_dir="s", **settings)
    assert_equal_weights(nowhere.network, LanguageModel.load("s/t/lm_LSTM").network)
    assert_equal_weights(nowhere.network, kept.network)
    assert [file.name for file in tmp_path.iterdir() if file.name != "s"] == ["t.txt"]  # no trace of the one not kept


def test_notes_are_typed_and_nobody_prints(capsys: pytest.CaptureFixture[str]) -> None:
    class Ears(Listener):
        def __init__(self) -> None:
            self.kinds: list[str] = []

        def on_note(self, note: Note) -> None:
            self.kinds.append(note.kind)

    ears = Ears()
    result = classify.train_on(in_memory(), Run("classify", "RNN", {"epochs": 1, "hidden_size": 4}), ears)
    assert ears.kinds[:4] == ["data_set", "vocabulary", "network", "trained"]
    assert "judged" in ears.kinds
    assert result.figures.confusion.sum() == 30
    assert capsys.readouterr() == ("", "")


mkl = pytest.mark.skipif(not torch.backends.mkl.is_available(), reason="only MKL can cut its sums in the same places")


@mkl
@pytest.mark.parametrize("model", all_models("classify"))
def test_a_classifier_does_not_depend_on_the_number_of_threads(model: str) -> None:
    dataset = in_memory()
    learnt = []
    for threads in (1, 2):
        named = {"epochs": 2, "batch_size": 64, "learning_rate": 1e-3, "threads": threads}
        settings = settle(Run("classify", model, named), None, classify.DatasetFacts(dataset))
        learnt.append(classify.learn(dataset, settings))
        assert learnt[-1].history.threads == {threads: len(learnt[-1].history.train_loss)}
    one, two = learnt
    assert_equal_weights(one.classifier.network, two.classifier.network)
    assert one.history.train_loss == two.history.train_loss
    assert one.classifier.temperature == two.classifier.temperature
    texts = dataset.test.texts
    assert (one.classifier.predict_probabilities(texts) == two.classifier.predict_probabilities(texts)).all()


@mkl
@pytest.mark.parametrize("model", ["LSTM", "GRU", "RNN", "gru-scratch", "rnn-scratch"])
def test_a_language_model_does_not_depend_on_the_number_of_threads(model: str) -> None:
    corpus = Corpus("list", Path("nowhere"), TEXT * 4, TEXT, TEXT, False, "0" * 64)
    learnt = []
    for threads in (1, 2):
        named = {"epochs": 1, "batch_size": 16, "num_steps": 50, "hidden_size": 256, "threads": threads}
        settings = settle(Run("lm", model, named), None, CorpusFacts(len(corpus.train), letters=False))
        learnt.append(language_model.learn(corpus, settings))
    one, two = (each.model for each in learnt)
    assert_equal_weights(one.network, two.network)
    assert one.weights == two.weights
    assert learnt[0].history.evaluations[-1]["dev_loss"] == learnt[1].history.evaluations[-1]["dev_loss"]
    assert (one.score(TEXT).losses == two.score(TEXT).losses).all()

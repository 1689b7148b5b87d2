"""Classifiers that begin from a language model, or learn one first from their own texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.commands import SMALL, Result, error_of
from tests.factories import StopAt, character_model, kept, small_rows, write_small_dataset
from tests.tasks.test_learn import assert_equal_weights, in_memory
from textrnn import TextClassifier
from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split
from textrnn.errors import Interrupted, Note
from textrnn.models.registry import all_models
from textrnn.saved.beginning import Beginning
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import load_classifier
from textrnn.tasks import classify
from textrnn.tasks.pretraining import FirstWeights, pretrain
from textrnn.tasks.search import _Classifying
from textrnn.tasks.settings import settle
from textrnn.training.events import Listener
from textrnn.training.objectives.next_token import NextTokenObjective

SMALL_SETTINGS = {"epochs": 2, "embedding_size": 8, "hidden_size": 12, "learning_rate": 0.01}
NAMED = {"epochs": 2, "learning_rate": 0.01}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved language model of English characters, 8 numbers a vector, 16 units."""
    model = character_model(mixed=False)
    with torch.no_grad():
        for weights in model.network.parameters():
            weights.add_(0.1 * torch.randn(weights.shape, generator=torch.Generator().manual_seed(3)))
    model.save(tmp_path / "lm")
    return tmp_path / "lm"


def english() -> Dataset:
    """Texts of which the language model knows most characters, but for q and z."""

    def split(count: int) -> Split:
        texts = [f"the {'room' if i % 2 else 'time'} {'q' * (i % 3)}z{i % 5}" for i in range(count)]
        return Split(texts, [i % 2 for i in range(count)])

    return Dataset("lists", ["a", "b"], split(40), split(20), split(20))


class Notes(Listener):
    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.facts: dict[str, Note] = {}

    def on_note(self, note: Note) -> None:
        self.kinds.append(note.kind)
        self.facts[note.kind] = note


def settled(dataset: Dataset, model: str = "LSTM", **named: Any) -> tuple[Any, Beginning | None]:
    facts = classify.DatasetFacts(dataset)
    settings = settle(Run("classify", model, named), None, facts)
    return settings, facts.beginning(settings)


def test_what_the_language_model_has_arrives(folder: Path) -> None:
    dataset, listener = english(), Notes()
    settings, beginning = settled(dataset, "BiLSTM_Ngram", init_from=str(folder), tokenizer="char", **NAMED)
    assert beginning is not None
    model = CharacterModel.load(folder)
    config = settings.model_config
    assert (config.embedding_size, config.hidden_size, config.num_layers) == (8, 16, 1)
    classify.introduce(dataset, settings, None, listener, beginning)
    vocabulary = dataset.encoded(settings.data).vocabulary
    assert set(model.vocabulary.tokens) <= set(vocabulary.tokens)  # those that the training texts lack join them
    seen = {c for text in dataset.train.texts for c in text}
    note = listener.facts["begins"]
    assert note["tokens"] == len(seen)
    assert note["found"] == len(seen & set(model.vocabulary.tokens))
    assert note["more"] == len(set(model.vocabulary.tokens[2:]) - seen)
    network = classify.build_classifier(settings, dataset.encoded(settings.data), 2, None, torch.device("cpu"))
    drawn = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    beginning.carry_into(network, vocabulary.tokens)
    assert model.network.embedding is not None
    table = network.embedding.table.weight
    for row, token in enumerate(vocabulary.tokens):
        own = model.vocabulary.tokens.index(token) if row > 1 and token in model.vocabulary.tokens else None
        wanted = drawn["embedding.table.weight"][row] if own is None else model.network.embedding.weight[own]
        assert torch.equal(table[row], wanted), token
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, drawn[name])}
    assert changed == {"embedding.table.weight"} | {
        f"encoder.layers.0.0.{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }


def test_the_folder_remembers_and_needs_no_path(run: Callable[..., Result], folder: Path, small_dataset: Path) -> None:
    flags = ["--dataset", small_dataset, "--model", "LSTM", "--no-baseline", "--epochs", "1", "--init-from", folder]
    done = run(*flags)
    assert done.status == 0, done.err
    assert f"begins from {folder} (LSTM, 1 layer of 16, vectors of 8); has " in done.out
    saved = Path("saved_dict/小数据/LSTM")
    digest = Beginning.load(str(folder)).digest
    kept = json.loads((saved / "config.json").read_text(encoding="utf-8"))
    assert kept["began_from"] == {"model": "LSTM", "corpus": ["timemachine"], "digest": digest}
    before = load_classifier(saved).predict_probabilities(["猫狗"])
    assert f'init_from = "{folder.as_posix()}"' in (saved / "run.toml").read_text(encoding="utf-8")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    loaded = load_classifier(saved)
    assert np.array_equal(loaded.predict_probabilities(["猫狗"]), before)
    assert loaded.began_from == kept["began_from"]
    assert error_of(run(*flags)) == (
        f"--init-from {folder}: no saved model there; expected the folder of a language model, such as "
        "saved_dict/timemachine/lm_LSTM: --task lm trains one"
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--hidden-size", "12"],
            "--hidden-size 12: the language model in LM has 16; expected --hidden-size 16, or none",
        ),
        (
            ["--embedding-size", "9"],
            "--embedding-size 9: the language model in LM has 8; expected --embedding-size 8, or none",
        ),
        (
            ["--model", "GRU"],
            "--init-from LM: a language model of LSTM layers, and GRU is made of GRU layers; expected one of BiLSTM_Att, "
            "BiLSTM_LN, BiLSTM_Ngram, LSTM, TextRCNN with it",
        ),
        (
            ["--model", "TextCNN"],
            "--init-from LM: a language model of LSTM layers, and TextCNN has no recurrent layers; expected one of "
            "BiLSTM_Att, BiLSTM_LN, BiLSTM_Ngram, LSTM, TextRCNN with it",
        ),
        (
            ["--embedding", "pretrained"],
            "--init-from: brings its own vectors, as --embedding does; expected one of the two",
        ),
        (
            ["--model", "FastText", "--pretrain"],
            "--pretrain: FastText has no recurrent layers, which alone can learn this first; expected one of "
            "BiLSTM_Att, BiLSTM_LN, BiLSTM_Ngram, GRU, LSTM, RNN, TextRCNN with it",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    run: Callable[..., Result], folder: Path, small_dataset: Path, flags: list[str], message: str
) -> None:
    begins = [] if "--pretrain" in flags else ["--init-from", folder]
    found = error_of(run("--dataset", small_dataset, "--no-baseline", "--quiet", *begins, *flags))
    assert found == message.replace("LM", str(folder)).replace(f"BiLSTM_{folder}", "BiLSTM_LM")


def test_what_is_no_language_model_with_vectors_is_refused(run: Callable[..., Result], small_dataset: Path) -> None:
    assert run("--dataset", small_dataset, "--epochs", "1", *SMALL, "--quiet").status == 0
    flags = ["--dataset", small_dataset, "--no-baseline", "--quiet", "--init-from"]
    classifier = Path("saved_dict/小数据/LSTM")
    assert error_of(run(*flags, classifier)) == (
        f"--init-from {classifier}: a model for the task classify; expected the folder of a language model: --task lm "
        "trains one"
    )
    model = character_model(mixed=False)
    one_hot = model.settings.replaced({"embedding_size": 0})
    entry = all_models("lm")["LSTM"]
    network = entry.build(one_hot.model_config, vocabulary_size=len(model.vocabulary))
    CharacterModel(one_hot, network, model.vocabulary, "0" * 64).save("one_hot")
    assert error_of(run(*flags, "one_hot")) == (
        "--init-from one_hot: a language model that reads one-hot vectors, so that it has no character vectors to "
        "begin with; expected one with --embedding-size above 0"
    )


class Dying(Listener):
    """Dies when all is learnt and nothing is saved."""

    def on_note(self, note: Note) -> None:
        if note.kind == "trained":
            raise KeyboardInterrupt


def test_killed_and_resumed_gives_the_same_model(run: Callable[..., Result], folder: Path, tmp_path: Path) -> None:
    dataset = write_small_dataset(tmp_path / "d")
    named = {"dataset": str(dataset), "init_from": str(folder), "pretrain": True, "epochs": 2, "learning_rate": 0.01}
    whole = Run("classify", "LSTM", named, tmp_path / "whole" / "d" / "LSTM")
    cut = Run("classify", "LSTM", named, tmp_path / "cut" / "d" / "LSTM")
    classify.train(whole, baseline=False)
    with pytest.raises(KeyboardInterrupt):
        classify.train(cut, Dying(), baseline=False)
    for path in folder.iterdir():  # it is in the checkpoint by now
        path.unlink()
    resumed = run("--dataset", dataset, "--save-dir", tmp_path / "cut", "--resume", "--no-baseline", "--quiet")
    assert resumed.status == 0, resumed.err
    assert cut.folder is not None
    assert whole.folder is not None
    one, other = load_classifier(whole.folder), load_classifier(cut.folder)
    assert_equal_weights(one.network, other.network)
    assert one.vocabulary.tokens == other.vocabulary.tokens
    assert one.began_from == other.began_from is not None


def test_stopped_while_it_is_pretrained(tmp_path: Path) -> None:
    """What was learnt by then is kept, and the rest is made up for."""
    dataset = in_memory()
    settings, _ = settled(dataset, pretrain=True, **SMALL_SETTINGS)
    undisturbed = classify.learn(dataset, settings).classifier.network
    with pytest.raises(Interrupted, match="stopped at step 7"):
        classify.learn(dataset, settings, StopAt(7), checkpoint=kept(tmp_path / "c"))
    resumed = classify.learn(dataset, settings, checkpoint=kept(tmp_path / "c", resume=True))
    assert_equal_weights(undisturbed, resumed.classifier.network)


def test_pretraining_learns_and_is_told() -> None:
    dataset, listener = english(), Notes()
    settings, _ = settled(dataset, "BiLSTM_LN", pretrain=True, pretrain_epochs=8, **SMALL_SETTINGS)
    classify.learn(dataset, settings, listener)
    assert listener.kinds == ["network", "pretraining", "pretrained", "trained"]
    history = listener.facts["pretrained"]["history"]
    assert len(history.epoch) > 0
    assert history.best["dev_perplexity"] < 0.9 * history.evaluations[0]["dev_perplexity"]


def test_unlabelled_texts_give_first_weights() -> None:
    dataset = in_memory()
    settings, _ = settled(dataset, "BiLSTM_LN", pretrain_epochs=1, **SMALL_SETTINGS)
    texts = [text for text, _ in small_rows(60, 5)]
    vocabulary = dataset.encoded(settings.data).vocabulary
    weights = pretrain(texts, vocabulary, settings)
    again = pretrain(texts, vocabulary, settings)
    assert all(torch.equal(again[name], tensor) for name, tensor in weights.items())
    network = classify.build_classifier(settings, dataset.encoded(settings.data), 3, None, torch.device("cpu"))
    FirstWeights(weights).carry_into(network, vocabulary.tokens)
    found = network.state_dict()
    of_tokens = {name for name in found if name.startswith(("embedding.", "encoder.")) and ".pairs." not in name}
    assert of_tokens == set(weights)
    assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())


def test_the_time_of_pretraining_is_part_of_the_budget() -> None:
    from textrnn.tasks.pretraining import loop_settings, pretrained_first

    dataset = in_memory()
    settings, _ = settled(dataset, pretrain=True, **{**SMALL_SETTINGS, "budget": 50.0})
    assert loop_settings(settings.training, 100).budget == 20.0
    encoded = dataset.encoded(settings.data)
    checkpoint = kept(Path("c"))
    checkpoint.settings["pretrained"] = {"seconds": 12.5, "perplexity": 3.0}
    network = classify.build_classifier(settings, encoded, 3, None, torch.device("cpu"))
    training, _ = pretrained_first(network, encoded.train, encoded.dev, settings.training, checkpoint, Listener())
    assert training.budget == 37.5


def test_from_python(folder: Path) -> None:
    rows = [(f"the {'room' if i % 2 else 'time'} {i}", "a" if i % 2 else "b") for i in range(40)]
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    classifier = TextClassifier(init_from=str(folder), pretrain=True, epochs=1, tokenizer="char").fit(texts, labels)
    assert classifier.classifier_.settings.model_config.hidden_size == 16
    assert classifier.classifier_.began_from is not None
    classifier.partial_fit(texts, labels)
    assert classifier.classifier_.settings.model_config.hidden_size == 16


def test_search_leaves_the_sizes_alone(folder: Path, tmp_path: Path) -> None:
    dataset = write_small_dataset(tmp_path / "d")
    run = Run("classify", "LSTM", {"dataset": str(dataset), "init_from": str(folder)})
    searched = _Classifying(run, None, baseline=False)
    assert searched.fixed(searched.settle(run, Listener())) == {"embedding_size", "hidden_size", "num_layers"}


def test_texts_of_one_token_have_no_next_one_to_tell() -> None:
    texts = [chr(0x4E00 + number) for number in range(24)]
    model = TextClassifier("GRU", pretrain=True, epochs=1, hidden_size=4, embedding_size=4).fit(texts, [0, 1] * 12)
    assert np.isfinite(model.predict_proba(texts)).all()


def test_the_texts_that_judge_are_not_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = settled(in_memory(), "LSTM", pretrain_epochs=1, **SMALL_SETTINGS)
    vocabulary = in_memory().encoded(settings.data).vocabulary
    found: list[NextTokenObjective] = []

    def caught(_: Any, objective: NextTokenObjective, *__: Any, **___: Any) -> None:
        found.append(objective)
        raise Interrupted("seen")

    monkeypatch.setattr("textrnn.tasks.pretraining.fit", caught)
    texts = list(dict.fromkeys(text for text, _ in small_rows(60, 5)))
    with pytest.raises(Interrupted, match="seen"):
        pretrain(texts, vocabulary, settings)
    learnt, judged = (
        {tuple(rows.batch(torch.tensor([at])).token_ids[0].tolist()) for at in range(len(rows))}
        for rows in (found[0].train, found[0].held_out)
    )
    assert (len(learnt), len(judged)) == (len(texts) - len(texts) // 20, len(texts) // 20)
    assert not learnt & judged

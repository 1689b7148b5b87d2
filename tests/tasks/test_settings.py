"""From what was named to settings that leave nothing open."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.config import TASK_CONFIGS, DataConfig, Run, RunSettings
from textrnn.errors import ConfigError
from textrnn.models.registry import all_models, find_model
from textrnn.tasks.settings import CorpusFacts, SequenceFacts, combine, saved_settings, settle


@dataclasses.dataclass
class Texts:
    """Facts of texts that nobody has to write."""

    words_are_spaced: bool = False
    is_chinese: bool = True
    multi_label: bool = False
    training_rows: int = 1000
    dev_rows: int = 100
    length: float = 20.0
    size: int | None = None

    def usual_length(self, data: DataConfig) -> float:
        return self.length

    def mean_length(self, data: DataConfig, most: int) -> float:
        assert not any(map(data.is_open, data.to_dict())), "the length is asked for when the tokens are known"
        return self.length

    def vectors(self, settings: Any) -> Any:
        return None if self.size is None else SimpleNamespace(vectors=np.zeros((5, self.size)), path="v.npz")

    def beginning(self, settings: Any) -> Any:
        return None


FACTS = {"classify": Texts(), "lm": CorpusFacts(50_000, letters=True), "memory": SequenceFacts(300, 10)}


def open_names(settings: RunSettings[Any, Any, Any]) -> set[str]:
    left = {name for group in settings.groups for name in group.to_dict() if group.is_open(name)}
    return left - {"epochs"} if settings.training.budget else left


@pytest.mark.parametrize("task", TASK_CONFIGS)
@pytest.mark.parametrize("budget", [None, 5.0])
def test_nothing_is_left_open(task: str, budget: float | None) -> None:
    for name in all_models(task):
        run = Run(task, name, {} if budget is None else {"budget": budget})
        assert open_names(combine(run)) or task == "memory"
        settled = settle(run, None, FACTS[task])
        assert open_names(settled) == set()
        assert (settled.training.epochs is None) == (budget is not None)


@pytest.mark.parametrize("task", TASK_CONFIGS)
def test_what_is_kept_comes_back(task: str) -> None:
    for name in all_models(task):
        settled = settle(Run(task, name), None, FACTS[task])
        assert saved_settings(task, settled.to_kept()) == settled
        assert settled.changes(settled.to_flat()) == []


@pytest.mark.parametrize("task", TASK_CONFIGS)
def test_no_two_groups_share_a_name(task: str) -> None:
    for model in all_models(task).values():
        groups = (model.config_class, TASK_CONFIGS[task].data, TASK_CONFIGS[task].training)
        names = [field.name for group in groups for field in dataclasses.fields(group)]
        assert len(names) == len(set(names))


@given(st.integers(1, 50), st.integers(1, 300))
def test_what_was_named_stands(epochs: int, hidden_size: int) -> None:
    settled = settle(
        Run("lm", "GRU", {"epochs": epochs, "hidden_size": hidden_size, "recipe": "d2l"}), None, FACTS["lm"]
    )
    assert (settled.training.epochs, settled.model_config.hidden_size) == (epochs, hidden_size)  # over the recipe
    assert (settled.recipe, settled.training.num_steps, settled.model_config.embedding_size) == ("d2l", 35, 0)


def test_what_the_model_asks_for_stands_over_the_defaults() -> None:
    assert combine(Run("classify", "Transformer")).training.learning_rate == find_model("Transformer").learning_rate
    assert combine(Run("classify", "Transformer", {"learning_rate": 0.5})).training.learning_rate == 0.5


def test_a_run_that_goes_on_has_its_own_settings() -> None:
    kept = settle(Run("classify", named={"epochs": 3, "seed": 4, "dataset": "a"}), None, Texts()).to_kept()
    again = settle(Run("classify", named={"device": "cpu", "dataset": "b"}), kept, Texts(training_rows=9))
    assert (again.training.epochs, again.training.seed) == (3, 4)
    assert (again.training.device, again.data.dataset) == ("cpu", "b")


def test_what_may_differ_and_what_may_not() -> None:
    settled = settle(Run("classify", named={"epochs": 3}), None, Texts())
    assert settled.changes({"tokenizer": "auto", "device": "cuda", "dataset": "x", "epochs": 3}) == []
    assert settled.changes({"tokenizer": "word", "hidden_size": 7}) == [
        "`tokenizer` was char, now word",
        "`hidden_size` was 192, now 7",
    ]


def test_runs_of_versions_without_a_setting() -> None:
    kept = settle(Run("classify"), None, Texts()).to_kept()
    del kept["training"]["precision"], kept["training"]["class_weight"]
    settings = saved_settings("classify", kept)
    assert (settings.training.precision, settings.training.class_weight) == ("fp32", "none")


@pytest.mark.parametrize(
    ("run", "facts", "message"),
    [
        (Run("classify", named={"hiden_size": 3}), Texts(), "`hiden_size`: no such setting; did you mean hidden_size?"),
        (Run("classify", "TextCNN", {"hidden_size": 3}), Texts(),
         "`hidden_size`: not a setting of TextCNN; expected one of " + ", ".join(f"`{f.name}`" for f in find_model("TextCNN").fields)),
        (Run("classify", named={"hidden_size": 0, "dropout": 2.0}), Texts(),
         "`dropout` 2.0: must be below 1.0; `hidden_size` 0: must be at least 1"),
        (Run("classify", named={"batch_size": 2000}), Texts(),
         "`batch_size` 2000: the training split has 1000 rows, fewer than one batch; expected `batch_size` 1000 or less, or more data"),
        (Run("classify", named={"embedding_size": 9, "embedding": "v.npz"}), Texts(size=300),
         "`embedding_size` 9: the vectors in v.npz have 300 numbers; expected `embedding_size=300`, or none"),
        (Run("classify", named={"freeze_embedding": True}), Texts(),
         "`freeze_embedding`: random vectors that are never trained teach nothing; expected `embedding=pretrained` or PATH with it"),
        (Run("lm", named={"recipe": "d3l"}), FACTS["lm"], "`recipe` d3l: no such recipe; expected one of default, d2l; did you mean d2l?"),
        (Run("classify", named={"recipe": "d2l"}), Texts(), "`recipe` d2l: no such recipe; expected none"),
    ],
)  # fmt: skip
def test_mistakes(run: Run, facts: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settle(run, None, facts)
    assert str(caught.value) == message


@pytest.mark.parametrize(("task", "name"), [("classify", "dataset"), ("lm", "corpus")])
def test_paths_are_kept_as_every_system_reads_them(task: str, name: str) -> None:
    settings = combine(Run(task, named={name: ".\\我的 数据\\a.txt"}))
    assert settings.to_kept(separator="\\")["data"][name] == "./我的 数据/a.txt"


@pytest.mark.parametrize(
    ("length", "named", "expected"),
    [
        (20.0, {}, (512, "attention", False, 16)),
        (256.0, {}, (512, "attention", False, 16)),
        (257.0, {}, (16, "votes", False, 64)),
        (3000.0, {"window": 100, "max_windows": 7}, (100, "votes", False, 7)),
        (3000.0, {"window_pooling": "attention"}, (32, "attention", True, 16)),
        (3000.0, {"window": 0, "normalise_windows": False}, (0, "votes", False, 64)),
        (20.0, {"window": 7, "normalise_windows": True}, (7, "attention", True, 16)),
        (20.0, {"window_pooling": "votes"}, (512, "votes", False, 16)),
    ],
)
def test_windows_by_the_length_of_the_texts(
    length: float, named: dict[str, Any], expected: tuple[int, str, bool, int]
) -> None:
    settled = settle(Run("classify", "LSTM", named), None, Texts(length=length))
    config = settled.model_config
    assert (config.window, config.window_pooling, config.normalise_windows, config.max_windows) == expected
    assert settled.data.pad_size == 0


def test_windows_do_not_vote_for_several_labels() -> None:
    settled = settle(Run("classify", "LSTM"), None, Texts(length=3000.0, multi_label=True))
    assert (settled.model_config.window, settled.model_config.window_pooling) == (32, "attention")
    with pytest.raises(ConfigError) as error:
        settle(Run("classify", "LSTM", {"window_pooling": "votes"}), None, Texts(length=3000.0, multi_label=True))
    assert str(error.value) == (
        "`window_pooling` votes: a window votes for one class, and a row may have several labels; expected "
        "`window_pooling=attention`"
    )


def test_what_older_versions_kept_is_read_whole() -> None:
    kept = settle(Run("classify", "BiLSTM_Ngram"), None, Texts()).to_kept()
    for name in ("window", "window_pooling", "normalise_windows", "max_windows"):
        del kept["hyper_parameters"][name]
    kept["hyper_parameters"]["max_steps"] = 512
    config = saved_settings("classify", kept).model_config
    assert (config.window, config.window_pooling, config.normalise_windows, config.max_steps) == (
        0, "attention", False, 512
    )  # fmt: skip


def test_long_texts_get_more_passes_in_windows_than_whole() -> None:
    texts = Texts(training_rows=4800, length=512.0)
    of_pooling = ({"window_pooling": "attention"}, {"window_pooling": "votes"}, {"window": 0})
    epochs = [settle(Run("classify", "LSTM", named), None, texts).training.epochs for named in of_pooling]
    assert epochs == [12, 6, 2]


def test_windows_that_vote_learn_faster_through_less_noise() -> None:
    for named, expected in (
        ({}, (5e-3, 0.1, 0.2, 0.2)),
        ({"dropout": 0.4}, (5e-3, 0.1, 0.4, 0.2)),
    ):
        settled = settle(Run("classify", "LSTM", named), None, Texts(length=3000.0))
        training, config = settled.training, settled.model_config
        found = (training.learning_rate, training.label_smoothing, config.dropout, config.embedding_dropout)
        assert found == expected
    untouched = settle(Run("classify", "LSTM"), None, Texts(length=20.0))
    assert (untouched.training.learning_rate, untouched.model_config.dropout) == (3e-3, 0.4)


@pytest.mark.parametrize(("named", "expected"), [({}, 100_000), ({"tokenizer": "word"}, 0), ({"max_pairs": 7}, 7)])
def test_characters_are_read_in_pairs_and_words_are_not(named: dict[str, Any], expected: int) -> None:
    settled = settle(Run("classify", "LSTM", {"dataset": "a", **named}), None, Texts())
    assert settled.model_config.max_pairs == expected

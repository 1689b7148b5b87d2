"""Where a search looks."""

from __future__ import annotations

import dataclasses
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.config import Choices, DataConfig, Run, Span, find_problem
from textrnn.config.space import rounded, space_of
from textrnn.models.registry import all_models
from textrnn.tasks.settings import CorpusFacts, combine, fit_to_data

MODELS = [(task, model) for task in ("classify", "lm") for model in all_models(task)]
EVERYWHERE = {"learning_rate", "batch_size", "weight_decay", "dropout", "embedding_dropout", "embedding_size"}


class Facts:
    """Of a made-up data set."""

    multi_label = False
    words_are_spaced, is_chinese, training_rows, dev_rows = True, False, 30_000, 3000

    def mean_length(self, data: DataConfig, most: int) -> float:
        return 20.0

    def usual_length(self, data: DataConfig) -> float:
        return 20.0

    def vectors(self, settings: object) -> None:
        return None

    def beginning(self, settings: object) -> None:
        return None


def defaults_of(task: str, model: str) -> typing.Any:
    return fit_to_data(combine(Run(task, model)), CorpusFacts(10_000, False) if task == "lm" else Facts(), {})


@pytest.mark.parametrize(("task", "model"), MODELS)
def test_every_model_can_be_built_wherever_is_looked(task: str, model: str) -> None:
    defaults = defaults_of(task, model)
    space, flat = space_of(defaults, {"max_vocab"}), defaults.to_flat()
    if model != "Linear":  # which is solved
        assert space.keys() >= EVERYWHERE
        assert space.keys() & {"hidden_size", "num_filters", "ngram_size"}
    declared = {field.name: (group, field) for group in defaults.groups for field in dataclasses.fields(group)}
    for name, place in space.items():
        group, field = declared[name]
        kind = typing.get_type_hints(type(group))[name]
        values = list(place.values) if isinstance(place, Choices) else [place.low, place.high]
        assert len(values) > 1
        for value in values:
            assert find_problem(name, value, kind, field.metadata) is None
            defaults.replaced({name: value})
        if isinstance(place, Choices):
            assert flat[name] in values
        else:
            assert place.low <= flat[name] <= place.high
            assert not place.log or place.low > 0


@pytest.mark.parametrize("model", all_models("classify"))
def test_no_two_choices_contradict_each_other(model: str) -> None:
    defaults = defaults_of("classify", model)
    space = space_of(defaults, ())

    @settings(deadline=None, max_examples=10)
    @given(st.fixed_dictionaries({name: _values(place) for name, place in space.items()}))
    def check(values: dict[str, typing.Any]) -> None:
        changed = defaults.replaced(values).to_flat()
        assert {name: changed[name] for name in values} == values

    check()


def _values(place: Span | Choices) -> st.SearchStrategy[typing.Any]:
    if isinstance(place, Choices):
        return st.sampled_from(place.values)
    return st.floats(place.low, place.high).map(lambda value: rounded(value, place))


def test_what_is_fixed_and_what_was_named() -> None:
    named = combine(Run("classify", "LSTM", {"hidden_size": 7, "learning_rate": 0.5, "batch_size": 3, "dropout": 0.9}))
    space = space_of(named, {"pooling", "dropout"})
    assert space["hidden_size"] == Choices((4, 7, 10, 14))
    assert space["batch_size"] == Choices((2, 3, 6))
    assert space["learning_rate"] == Span(0.167, 1.5, log=True)
    assert not {"pooling", "dropout"} & space.keys()
    above = space_of(combine(Run("classify", "LSTM", {"dropout": 0.9, "pooling": "last"})), {"batch_size"})
    assert above["dropout"] == Span(0.1, 0.9)
    assert above["pooling"] == Choices(("last", "max", "mean"))


def test_few_digits() -> None:
    assert rounded(0.00123456, Span(1e-4, 1, log=True)) == 0.00123
    assert rounded(2.86e-05, Span(0, 1)) == 0.0
    assert rounded(0.45678, Span(0, 1)) == 0.457
    assert rounded("max", Choices(("max",))) == "max"

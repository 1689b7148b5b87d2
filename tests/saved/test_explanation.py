"""Explanations of saved classifiers: sums, places, classes that are named, and what is unusual."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from torch import nn

from tests.saved.test_classifier import classifier
from textrnn.errors import ConfigError
from textrnn.models.parts.ngram_bag import HashedNgrams, NgramBag
from textrnn.models.registry import all_models, find_model
from textrnn.saved import explanation
from textrnn.saved.classifier import Classifier
from textrnn.saved.explanation import explain

TEXTS = ["股市ABC", "", "涨" * 25, "😀😀", " 大\0涨\r\n", "涨", "a股市大涨 abc"]
every_model = pytest.mark.parametrize("name", all_models())


def with_ngrams(name: str) -> Classifier:
    """A classifier whose n-grams say something."""
    model = classifier(name)
    encoded = model.encode(["股市大涨", "股市abc", "大涨大涨"])
    model.network.learn_statistics(torch.from_numpy(encoded.token_ids), torch.from_numpy(encoded.offsets))
    for module in model.network.modules():
        if isinstance(module, NgramBag | HashedNgrams):
            nn.init.normal_((module.table if isinstance(module, NgramBag) else module).weight)
    return model


@every_model
def test_the_contributions_have_the_sum(name: str) -> None:
    model = with_ngrams(name)
    for text, told in zip(TEXTS, explain(model, TEXTS), strict=True):
        assert told.text == text
        added = sum(each.contribution for each in told.tokens)
        assert added == pytest.approx(told.logit_difference - told.baseline, abs=1e-9)
        assert abs(told.gap) < 0.05
        probabilities = model.predict_probabilities([text])[0]
        assert told.probability == pytest.approx(probabilities.max())
        assert told.label == model.class_names[probabilities.argmax()]
        assert {told.label, told.against} == set(model.class_names)
        assert json.loads(json.dumps(told.to_dict())) == told.to_dict()


@every_model
def test_how_it_was_found_is_said(name: str) -> None:
    (told,) = explain(with_ngrams(name), ["a股市大涨 abc"])
    if name in ("FastText", "Linear"):
        assert (told.method, told.steps) == ("exact", 0)
    elif name == "BiLSTM_Ngram":
        assert told.method == "integrated gradients, n-grams exact"
    else:
        assert told.method == "integrated gradients"
        assert told.steps >= 16


def test_as_json() -> None:
    (told,) = explain(classifier(), ["股A"])
    document = told.to_dict()
    assert list(document) == [
        "text", "label", "against", "probability", "logit_difference", "baseline", "method", "tokens", "steps", "gap",
        "unread_from", "windows", "window_count", "other_windows",
    ]  # fmt: skip
    assert [{**each, "contribution": 0} for each in document["tokens"]] == [
        {"token": "股", "start": 0, "end": 1, "contribution": 0},
        {"token": "a", "start": 1, "end": 2, "contribution": 0},
    ]


@pytest.mark.parametrize("name", ["LSTM", "BiLSTM_Ngram"])
@pytest.mark.parametrize("pooling", ["attention", "votes"])
def test_a_text_of_several_windows(name: str, pooling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = in_windows(name, pooling)
    monkeypatch.setattr(explanation, "EXPLAINED_TOKENS", 8)
    monkeypatch.setattr(explanation, "WINDOWS_TOLD", 4)
    text = " a股市大涨 abc大涨股市ab涨股"  # windows of 4 tokens
    told, short = explain(model, [text, "股市"])
    assert (told.window_count, len(told.windows), short.windows, short.window_count) == (5, 4, (), 1)
    sizes = [abs(each.contribution) for each in told.windows]
    assert sizes == sorted(sizes, reverse=True)
    of_windows = sum(each.contribution for each in told.windows) + told.other_windows
    assert of_windows == pytest.approx(told.logit_difference - told.baseline)
    token_ids = torch.from_numpy(model.encode([text]).token_ids)[None].long()
    logits = model.network(token_ids, torch.tensor([token_ids.shape[1]]))[0]
    names = model.class_names
    assert told.logit_difference == pytest.approx(
        float((logits[names.index(told.label)] - logits[names.index(told.against)]).detach()), abs=1e-4
    )
    for each in told.windows:
        assert text[each.start : each.end].strip() == each.text.strip()
    for each in told.windows[:2]:  # the two strongest are explained token by token
        inside = [token for token in told.tokens if each.start <= token.start < each.end]
        assert sum(token.contribution for token in inside) == pytest.approx(each.contribution, abs=1e-6)
    assert len(told.tokens) <= 8
    assert json.loads(json.dumps(told.to_dict())) == {**told.to_dict()}


def in_windows(name: str, pooling: str = "attention") -> Classifier:
    """With windows of four tokens."""
    model = with_ngrams(name)
    entry, settings = find_model(name), model.settings
    config = dataclasses.replace(settings.model_config, window=4, normalise_windows=True, window_pooling=pooling)
    model.settings = dataclasses.replace(settings, model_config=config)
    sizes = {"vocabulary_size": len(model.vocabulary), "class_count": len(model.class_names)}
    network = entry.build(config, **sizes)
    weights = model.network.state_dict()
    if pooling == "votes":  # their last layer has other sizes
        weights = {key: value for key, value in weights.items() if not key.startswith("classifier.")}
    network.load_state_dict(weights, strict=False)
    if pooling == "attention":
        nn.init.normal_(network.window_attention.weight)
    else:
        nn.init.normal_(network.window_votes.classes.weight)
    model.network = network.eval()
    return model


@every_model
def test_the_other_way_round_is_the_opposite(name: str) -> None:
    model = classifier(name)
    (one,) = explain(model, ["股市abc"], label="体育", against="财经")
    (other,) = explain(model, ["股市abc"], label="财经", against="体育")
    assert (one.label, one.against) == ("体育", "财经")
    assert one.logit_difference == pytest.approx(-other.logit_difference, abs=1e-6)
    for token, opposite in zip(one.tokens, other.tokens, strict=True):
        assert token.contribution == pytest.approx(-opposite.contribution, abs=1e-5)


def test_one_class_named_is_compared_with_the_most_probable_other() -> None:
    model = classifier()
    (told,) = explain(model, ["股市"])
    (same,) = explain(model, ["股市"], label=told.label)
    (swapped,) = explain(model, ["股市"], against=told.label)
    assert same == told
    assert (swapped.label, swapped.against) == (told.against, told.label)


def test_unusual_texts() -> None:
    empty, unknown, long, strange = explain(classifier(), ["", "😀😀", "涨" * 25, " 大\0涨\r\n"])
    assert [(each.token, each.start, each.end, each.known) for each in empty.tokens] == [("", 0, 0, False)]
    assert not any(each.known for each in unknown.tokens)
    assert [each.contribution for each in unknown.tokens] == [0.0, 0.0]  # as far from the baseline as can be seen
    assert (len(long.tokens), long.unread_from) == (20, 20)
    assert [(each.token, each.start, each.end) for each in strange.tokens] == [("大", 1, 2), ("涨", 3, 4)]
    assert strange.unread_from is None


def test_the_strongest_come_first() -> None:
    (told,) = explain(classifier(), ["a股市大涨 abc"])
    for against, sign in ((False, 1), (True, -1)):
        found = [sign * each.contribution for each in told.strongest(3, against=against)]
        assert found == sorted(found, reverse=True)
        assert all(value > 0 for value in found)
        assert len(found) == min(3, sum(sign * each.contribution > 0 for each in told.tokens))


def test_fewer_rounds_take_fewer_steps() -> None:
    model = classifier()
    assert {told.steps for told in explain(model, TEXTS, rounds=1)} <= {0, 16}
    for quick, whole in zip(explain(model, TEXTS, rounds=1), explain(model, TEXTS), strict=True):
        assert [each.contribution for each in quick.tokens] == pytest.approx(
            [each.contribution for each in whole.tokens], abs=0.02
        )


def test_no_texts() -> None:
    assert explain(classifier(), []) == []


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"label": "体肓"}, "`label` 体肓: no class of the model; expected one of 财经, 体育; did you mean 体育?"),
        ({"against": "x"}, "`against` x: no class of the model; expected one of 财经, 体育"),
        (
            {"label": "体育", "against": "体育"},
            "`against` 体育: the class that is to be explained; expected another one",
        ),
    ],
)
def test_classes_that_make_no_sense(named: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        explain(classifier(), ["股"], **named)
    assert str(caught.value) == message


def test_a_single_class() -> None:
    model = classifier()
    model.class_names = ["财经"]
    with pytest.raises(ConfigError) as caught:
        explain(model, ["股"])
    assert str(caught.value) == (
        "the model knows one class only, 财经: expected at least two, of which one is explained against another"
    )

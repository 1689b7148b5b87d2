"""The page of a language model, computed in the browser and compared with Python."""

from __future__ import annotations

import dataclasses
import json
import string
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect

from tests.report.inside.conftest import Open, fits, serious
from tests.report.inside.reading import document_of, tensors_of
from textrnn.config import UNKNOWN_ID
from textrnn.corpus.tokenizers import Tokenizer
from textrnn.corpus.vocab import PAD, UNKNOWN, Vocabulary
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.registry import find_model
from textrnn.report.inside import language_model
from textrnn.report.inside.language_model import language_model_page
from textrnn.report.inside.page import MOST_BYTES
from textrnn.saved.character_model import CharacterModel

TEXT = "the time machine of 1895,\na story"
SIZES: dict[str, dict[str, Any]] = {
    "LSTM": {},
    "GRU": {"num_layers": 2},
    "RNN": {"embedding_size": 0},
    "lstm-scratch": {"tied": True, "num_layers": 2},
    "gru-scratch": {"tied": True, "hidden_size": 5},
    "rnn-scratch": {},
}


def model_of(folder: Path, name: str = "LSTM", characters: str = string.printable, **sizes: Any) -> CharacterModel:
    torch.manual_seed(0)
    entry = find_model(name, "lm")
    config = entry.config_class.from_dict({"embedding_size": 5, "hidden_size": 8, "dropout": 0.0, **sizes})
    vocabulary = Vocabulary([PAD, UNKNOWN, *characters], Tokenizer())
    network: RecurrentLanguageModel = entry.build(config, vocabulary_size=len(vocabulary))
    for parameter in network.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.5)
    return dataclasses.replace(CharacterModel.load(folder), network=network.eval(), vocabulary=vocabulary, ngram=None)


def content_of(model: CharacterModel, text: str = TEXT) -> bytes:
    return language_model_page(model, text, title="LSTM on a text")["inside.html"]


def chances(page: Page, texts: list[str]) -> list[torch.Tensor]:
    """Of each text the probabilities after its start and after each character, computed by the page."""
    script = """(texts) => JSON.stringify(texts.map((text) => {
      const found = statesAfter(model, encode(Array.from(asRead(text))), data.start);
      return found.states.map((states) => Array.from(softmax(logitsAfter(model, states))));
    }))"""
    return [torch.tensor(found) for found in json.loads(page.evaluate(script, texts))]


def expected_chances(model: CharacterModel, text: str) -> torch.Tensor:
    ids = torch.cat([torch.tensor([model.start_id]), model.encode(model.read_prefix(text)[0])])
    with torch.inference_mode():
        found: torch.Tensor = model.network(ids[None])[0][0].softmax(dim=1)
    return found


@pytest.mark.parametrize("name", list(SIZES))
def test_texts_give_what_python_computes(name: str, trained_language_model: Path, open_page: Open) -> None:
    """A hundred sequences of all models together: seventeen of each."""
    model = model_of(trained_language_model, name, **SIZES[name])
    page = open_page(content_of(model))
    torch.manual_seed(2)
    letters = string.printable + "é猫"
    texts = ["".join(letters[at] for at in torch.randint(len(letters), (12,)).tolist()) for _ in range(17)]
    texts = [text.replace("\r", "") for text in texts]
    for text, found in zip(texts, chances(page, texts), strict=True):
        torch.testing.assert_close(found, expected_chances(model, text), atol=1e-4, rtol=0)


def test_what_does_not_fit_is_rounded_or_left_out(
    trained_language_model: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python computes the same with the weights as they stand on the page."""
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + 500)))
    model = model_of(trained_language_model, characters=characters)
    for room, bits, known in ((25_000, 8, 502), (16_000, 5, None)):
        monkeypatch.setattr(language_model, "ROOM", room)
        content = content_of(model, "一丁七")
        document, tensors = document_of(content), tensors_of(content)
        count = len(document["tokens"])
        assert document["bits"] == bits
        assert count + document["left_out"] == 502
        assert count == known or (known is None and 202 <= count < 502)
        assert sum(len(json.dumps(one)) for one in document["tensors"].values()) <= room
        pruned = model_of(trained_language_model, characters=characters[: count - 2])
        weights = pruned.network.state_dict()
        names = {"embedding.weight": "embedding", "output_weight": "output.weight", "output_bias": "output.bias"}
        names |= {"layers.0.weight_ih": "layer0.input", "layers.0.weight_hh": "layer0.recurrent"}
        weights |= {name: tensors[own] for name, own in names.items()}
        weights |= {"layers.0.bias_ih": tensors["layer0.bias"], "layers.0.bias_hh": torch.zeros(32)}
        pruned.network.load_state_dict(weights)
        page = open_page(content)
        assert (page.locator("#about").text_content() or "").count("left out") == bool(document["left_out"])
        text = "一丁" + characters[-1] + "七"
        (found,) = chances(page, [text])
        assert (pruned.encode(text) == UNKNOWN_ID).any() == bool(document["left_out"])
        torch.testing.assert_close(found, expected_chances(pruned, text), atol=1e-4, rtol=0)
    monkeypatch.setattr(language_model, "ROOM", 2000)
    assert language_model_page(model, "", title="none") == {}


def test_a_text_is_typed_coloured_and_pointed_at(trained_language_model: Path, open_page: Open) -> None:
    model = model_of(trained_language_model)
    page = open_page(content_of(model))
    expect(page.locator("#coloured span")).to_have_count(len(TEXT))
    page.locator("#text").fill("the cat sat")
    expect(page.locator("#coloured")).to_have_text("the cat sat")
    page.locator("#coloured span").nth(4).hover()
    expected = expected_chances(model, "the cat sat")[5]
    best = int(expected.argmax())
    expect(page.locator("#bars li").first.locator(".value")).to_have_text(f"{100 * float(expected[best]):.1f} %")
    follows = float(expected[model.vocabulary.tokens.index("a")])
    expect(page.locator("#real")).to_contain_text(f"What follows here is a: {100 * follows:.1f} %")
    expect(page.locator("#depends[data-done='5']")).to_be_attached()
    spans = page.locator("#depends span")
    falls = [float((spans.nth(at).get_attribute("title") or "").replace("−", "-")) for at in range(5)]
    assert falls == pytest.approx(falls_by_hand(model, "the c", "a"), abs=0.006)
    page.locator("#coloured").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#after")).to_contain_text("the␣ca")
    colour = page.locator("#coloured span").first.get_attribute("style")
    page.locator("#unit-after").click()
    expect(page.locator("#unit")).to_have_value("2")
    assert page.locator("#coloured span").first.get_attribute("style") != colour
    page.locator("#colour").select_option("surprise, nats")
    expect(page.locator("#unit")).to_be_hidden()
    nats = page.evaluate("Array.from(characters, (_, place) => surpriseOf(place))")
    chances = expected_chances(model, "the cat sat")
    ids = model.encode("the cat sat")
    assert nats == pytest.approx((-chances[torch.arange(11), ids].log()).tolist(), abs=1e-4)
    page.locator("#write").click()
    expect(page.locator("#coloured span")).to_have_count(51)
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#after")).to_contain_text("之后")
    page.locator("#text").fill("")
    expect(page.locator("#after")).to_have_text("在开头")


def falls_by_hand(model: CharacterModel, text: str, follows: str) -> list[float]:
    """ln p of a character less that with each earlier one replaced by the mean of all vectors."""
    network, target = model.network, model.vocabulary.tokens.index(follows)
    assert network.embedding is not None
    ids = torch.cat([torch.tensor([model.start_id]), model.encode(text)])
    table = network.embedding.weight.data
    mean = table.mean(dim=0)
    found = []
    with torch.inference_mode():
        whole = network(ids[None])[0][0, -1].log_softmax(0)[target]
        for place in range(1, len(ids)):
            network.embedding = torch.nn.Embedding.from_pretrained(torch.cat([table, mean[None]]))
            changed = ids.clone()
            changed[place] = len(table)
            found.append(float(whole - network(changed[None])[0][0, -1].log_softmax(0)[target]))
            network.embedding = torch.nn.Embedding.from_pretrained(table)
    return found


@pytest.mark.parametrize(("width", "language", "theme"), [(1280, "zh-CN", "light"), (390, "en-GB", "dark")])
def test_everybody_can_read_it(
    trained_language_model: Path, open_page: Open, width: int, language: str, theme: str
) -> None:
    page = open_page(content_of(model_of(trained_language_model)), width=width, language=language, theme=theme)
    expect(page.locator("#depends[data-done]")).to_be_attached()
    assert fits(page)
    assert serious(page) == []


def test_a_training_writes_it(trained_language_model: Path) -> None:
    """Of the network alone, and it says so."""
    content = (trained_language_model / "inside.html").read_bytes()
    document = document_of(content)
    assert len(content) < MOST_BYTES
    assert document["bits"] == 32
    assert document["mixed"] is (CharacterModel.load(trained_language_model).ngram is not None)
    assert document["tokens"] == CharacterModel.load(trained_language_model).vocabulary.tokens

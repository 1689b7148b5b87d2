"""The page of a classifier, computed in the browser and compared with Python."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.report.inside.conftest import Open, fits, serious
from tests.report.inside.reading import document_of, tensors_of
from textrnn.config import UNKNOWN_ID, Run
from textrnn.corpus.tokenizers import Tokenizer
from textrnn.corpus.vocab import PAD, UNKNOWN, Vocabulary
from textrnn.models.parts.token_pairs import PairedEmbedding
from textrnn.models.registry import find_model
from textrnn.report.inside import classifier as inside
from textrnn.report.inside.classifier import classifier_page
from textrnn.report.inside.page import MOST_BYTES
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.common import keep
from textrnn.training.events import Listener

CHARACTERS = "央行下调存款准备金率国足客场两球告负幼童独坐窗台abcdef ,.!"
NAMES = ["财经", "体育", "社会", "<b>&"]
SIZES: dict[str, dict[str, Any]] = {
    "LSTM": {},
    "GRU": {"num_layers": 2, "pooling": "mean", "bidirectional": True},
    "RNN": {"pooling": "last", "bidirectional": True, "normalise_windows": True, "window": 60},
    "BiLSTM_LN": {"pooling": "last", "max_pairs": 0},
    "BiLSTM_Att": {"num_layers": 2},
}


def classifier_of(
    folder: Path, name: str = "LSTM", *, tokens: str | list[str] = CHARACTERS, tokenizer: str = "char", **sizes: Any
) -> Classifier:
    torch.manual_seed(0)
    entry = find_model(name)
    values = {"embedding_size": 6, "hidden_size": 7, "window": 0, "max_pairs": 5000, **sizes}
    known = {field.name for field in dataclasses.fields(entry.config_class)}
    config = entry.config_class.from_dict({key: value for key, value in values.items() if key in known})
    vocabulary = Vocabulary([PAD, UNKNOWN, *tokens], Tokenizer(tokenizer, lowercase=tokenizer == "mixed"))
    network = entry.build(config, vocabulary_size=len(vocabulary), class_count=len(NAMES))
    ids = torch.randint(2, len(vocabulary), (300,))
    network.learn_statistics(ids, torch.tensor([0, 100, 300]))
    if isinstance(network.embedding, PairedEmbedding) and network.embedding.pairs is not None:
        network.embedding.pairs.table.weight.data[:-1].normal_()
    for parameter in network.parameters():
        if parameter.dim() == 2 and parameter.shape[0] == len(NAMES):
            parameter.data.mul_(3)
    return dataclasses.replace(
        load_classifier(folder), network=network.eval(), vocabulary=vocabulary, class_names=NAMES, temperature=1.3
    )


def content_of(classifier: Classifier, texts: list[str] | None = None) -> bytes:
    return classifier_page(classifier, texts or ["央行下调存款", "abc def"], title="LSTM on texts")["inside.html"]


def texts_of(count: int, letters: str = CHARACTERS) -> list[str]:
    torch.manual_seed(3)
    lengths = torch.randint(1, 14, (count,))
    return ["".join(letters[at] for at in torch.randint(len(letters), (int(n),)).tolist()) for n in lengths]


def probabilities(page: Page, texts: list[str]) -> np.ndarray[Any, Any]:
    script = "(texts) => JSON.stringify(texts.map((text) => Array.from(probabilitiesOf(logitsOf(encode(tokensOf(text).tokens))))))"
    return np.array(json.loads(page.evaluate(script, texts)))


@pytest.mark.parametrize("name", list(SIZES))
def test_texts_give_what_python_computes(name: str, trained_classifier: Path, open_page: Open) -> None:
    """A hundred texts of all models together."""
    classifier = classifier_of(trained_classifier, name, **SIZES[name])
    page = open_page(content_of(classifier))
    texts = texts_of(20, CHARACTERS + "猫 ")
    np.testing.assert_allclose(probabilities(page, texts), classifier.predict_probabilities(texts), atol=1e-4)


def test_words_and_marks_are_cut_as_python_cuts_them(trained_classifier: Path, open_page: Open) -> None:
    words = ["don't", "café", "it", "’", "3", "_", "猫", "狗", "!", "naïve", "สวัสดี", "x"]
    for tokenizer in ("mixed", "space"):
        classifier = classifier_of(trained_classifier, tokens=words, tokenizer=tokenizer)
        page = open_page(content_of(classifier))
        texts = ["Don't it! café, naïve’s 3_x", "猫狗 cats\n\tit’s l’été", " x  ", "", "ศีลธรรม 3½ a_b é", "हिन्दी में it"]
        found = page.evaluate("(texts) => texts.map((text) => tokensOf(text).tokens.map((token) => token.text))", texts)
        assert found == [list(classifier.vocabulary.tokenizer(text.strip())) for text in texts]
        np.testing.assert_allclose(probabilities(page, texts), classifier.predict_probabilities(texts), atol=1e-4)


def test_several_labels_have_probabilities_of_their_own(trained_classifier: Path, open_page: Open) -> None:
    classifier = dataclasses.replace(
        classifier_of(trained_classifier), thresholds=np.array([0.5, 0.0, 0.9, 1.0]), biases=np.array([0.2, 0.1, -1, 0])
    )
    page = open_page(content_of(classifier))
    texts = texts_of(6)
    expected = classifier.predict_probabilities(texts)
    np.testing.assert_allclose(probabilities(page, texts), expected, atol=1e-4)
    page.locator("#text").fill(texts[0])
    given = [name for name, p, least in zip(NAMES, expected[0], (0.5, 0.0, 0.9, 1.0), strict=True) if p >= least]
    for name in NAMES:
        assert (name in (page.locator("#answer").text_content() or "")) == (name in given)


def test_rows_that_do_not_fit_are_read_as_unknown(
    trained_classifier: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python computes the same with the weights as they stand on the page."""
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + 900)))
    classifier = classifier_of(trained_classifier, tokens=characters)
    monkeypatch.setattr(inside, "ROOM", 17_000)
    content = content_of(classifier, ["一丁"])
    document, tensors = document_of(content), tensors_of(content)
    count = len(document["tokens"])
    assert document["bits"] == 6
    assert count + document["left_out"][0] == 902
    assert all(document["left_out"])
    shown = classifier_of(trained_classifier, tokens=characters[: count - 2])
    numbers, embedding = np.cumsum(document["pairs"]), shown.network.embedding
    assert isinstance(embedding, PairedEmbedding)
    assert embedding.pairs is not None
    known = (numbers // count + 1) * (count + 1) + numbers % count + 1
    layer = {
        f"encoder.layers.0.0.{own}_l0": tensors[f"layer0.0.{part}"]
        for own, part in (("weight_ih", "input"), ("weight_hh", "recurrent"), ("bias_ih", "bias"))
    }
    others = {name: tensors[name] for name in ("classifier.weight", "classifier.bias")}
    others["encoder.layers.0.0.bias_hh_l0"] = torch.zeros(28)
    shown.network.load_state_dict({**layer, **others}, strict=False)
    embedding.table.weight.data = tensors["embedding"]
    embedding.pairs.known = torch.from_numpy(known)
    embedding.pairs.table.weight = torch.nn.Parameter(torch.cat([tensors["pairs"], torch.zeros(1, 6)]))
    page = open_page(content)
    expect(page.locator("#about")).to_contain_text("rare tokens are read as unknown")
    first, second = known // (count + 1) - 1, known % (count + 1) - 1
    pairs = [document["tokens"][a] + document["tokens"][b] for a, b in zip(first, second, strict=True)]
    texts = ["".join(pairs[:5]), pairs[-1] + characters[-1] + pairs[0], *texts_of(4, characters)]
    assert (shown.encode(texts).token_ids == UNKNOWN_ID).any()
    np.testing.assert_allclose(probabilities(page, texts), shown.predict_probabilities(texts), atol=1e-4)
    monkeypatch.setattr(inside, "ROOM", 5000)
    assert classifier_page(classifier, [], title="none") == {}


def test_a_text_is_typed_and_explained(trained_classifier: Path, open_page: Open) -> None:
    classifier = classifier_of(trained_classifier)
    page = open_page(content_of(classifier))
    page.locator("#text").fill("国足 b猫")
    (expected,) = classifier.predict_probabilities(["国足 b猫"])
    order = np.argsort(-expected)
    expect(page.locator("#answer")).to_have_text(f"{NAMES[order[0]]} ({100 * expected[order[0]]:.1f} %)")
    expect(page.locator("#coloured[data-done]")).to_be_attached()
    expect(page.locator("#coloured .unknown")).to_have_text("猫")
    (ids,) = torch.from_numpy(classifier.vocabulary.encode(["国足 b猫"]).token_ids).long()[None]
    with torch.inference_mode():
        texts = ids.repeat(6, 1)
        for at in range(5):
            texts[at, at] = UNKNOWN_ID
        logits = classifier.network(texts, torch.full((6,), 5))
    gaps = (logits[:, order[0]] - logits[:, order[1]]).double().numpy()
    falls = page.evaluate("falls")
    np.testing.assert_allclose(falls, gaps[5] - gaps[:5], atol=1e-4)
    page.locator("#coloured [data-at='1']").hover()
    expect(page.locator("#pointed")).to_have_text(f"足: {falls[1]:.2f}".replace("-", "−"))
    page.locator("#coloured").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#pointed")).to_contain_text("␣: ")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#pointed")).to_contain_text("␣：")
    page.get_by_role("button", name="abc def").click()
    expect(page.locator("#coloured")).to_have_text("abc def")
    page.locator("#text").fill("a" * 201)
    expect(page.locator("#unread")).to_have_text("只读了前 200 个词元，其余为灰色。")
    page.locator("#text").fill("")
    expect(page.locator("#answer")).to_have_text("还没有读入内容")


@pytest.mark.parametrize(("width", "language", "theme"), [(1280, "zh-CN", "dark"), (390, "en-GB", "light")])
def test_everybody_can_read_it(
    trained_classifier: Path, open_page: Open, width: int, language: str, theme: str
) -> None:
    page = open_page(content_of(classifier_of(trained_classifier)), width=width, language=language, theme=theme)
    expect(page.locator("#coloured[data-done]")).to_be_attached()
    assert fits(page)
    assert serious(page) == []


def test_a_training_writes_it(trained_classifier: Path) -> None:
    content = (trained_classifier / "inside.html").read_bytes()
    assert len(content) < MOST_BYTES
    assert document_of(content)["classes"] == load_classifier(trained_classifier).class_names
    assert document_of(content)["examples"]


@pytest.mark.parametrize("name", ["FastText", "TextCNN"])
def test_networks_that_are_not_shown_have_no_page(name: str, trained_classifier: Path) -> None:
    assert classifier_page(classifier_of(trained_classifier, name), [], title=name) == {}


def test_a_page_that_would_be_too_large_all_the_same_is_none(trained_classifier: Path) -> None:
    classifier = dataclasses.replace(
        classifier_of(trained_classifier), class_names=[str(at) * 700_000 for at in range(4)]
    )
    assert classifier_page(classifier, [], title="large") == {}


def test_one_of_a_model_that_stood_there_before_is_removed(trained_classifier: Path) -> None:
    run = Run("classify", "LSTM", {}, folder=trained_classifier)
    classifier = load_classifier(trained_classifier)
    keep(run, classifier, {"inside.html": b"new"}, [], Listener())
    assert (trained_classifier / "inside.html").read_bytes() == b"new"
    keep(run, classifier, {}, [], Listener())
    assert not (trained_classifier / "inside.html").exists()

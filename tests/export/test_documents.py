"""A program that knows nothing but the JSON files reads texts as the model does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import RAW_MODEL, character_model, new_classifier
from textrnn.config import ClassifierSettings, DataConfig, RunSettings, TrainConfig
from textrnn.corpus.tokenizers import TOKENIZERS, Tokenizer
from textrnn.corpus.vocab import Vocabulary
from textrnn.export.documents import classifier_documents, language_model_documents
from textrnn.export.graph import Graph, Port
from textrnn.models.registry import find_model
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import Classifier

NETWORK = new_classifier()
GRAPH = Graph(b"", (Port("token_ids", "int64", ("batch", "time")), Port("state_0", "float32", ("batch", 7), 0.0)), ())
# What may go wrong: control characters, escapes of terminals, half characters, every kind of white space, marks.
ODD = "a'bC_-\x00\x1b[31m\r\n\t\ufeff\ud800\u3000\u2028\x1c\x85 中文的ñé\u0301ß𠀀ไทย।"
some_text = st.text(st.sampled_from(ODD), max_size=20) | st.text(max_size=20)
LANGUAGE_MODELS = {"characters": RAW_MODEL, "letters": character_model(letters=True)}


def classifier(tokenizer: Tokenizer, *, temperature: float | None = 0.5) -> Classifier:
    vocabulary = Vocabulary.build(["the cat 的 中 文 a'b ñ"], tokenizer)
    data = DataConfig("./my/小数据.csv", tokenizer=tokenizer.name, lowercase=tokenizer.lowercase, pad_size=9)
    every: ClassifierSettings = RunSettings(
        "classify", "LSTM", find_model("LSTM").config_class(), data, TrainConfig(label_smoothing=0.2)
    )
    return Classifier(every, NETWORK, vocabulary, ["猫", "狗", "鸟"], temperature)


def read(files: dict[str, bytes]) -> dict[str, Any]:
    return {name: json.loads(content) for name, content in files.items() if name.endswith(".json")}


CLASSIFIERS = {
    (name, lowercase): classifier(Tokenizer(name, lowercase)) for name in TOKENIZERS for lowercase in (False, True)
}
OF_CLASSIFIERS = {which: read(classifier_documents(made, GRAPH)) for which, made in CLASSIFIERS.items()}
OF_LANGUAGE_MODELS = {which: read(language_model_documents(made, GRAPH)) for which, made in LANGUAGE_MODELS.items()}


def ids_of(text: str, documents: dict[str, Any], *, strip: bool) -> list[int]:
    """Token ids, as the examples find them."""
    config, tokens = documents["config.json"], documents["vocabulary.json"]["tokens"]
    known = {token: index for index, token in enumerate(tokens) if index > 1}
    for pattern, by in config["substitutions"]:
        text = re.sub(pattern, by, text)
    text = text.strip() if strip else text
    return [
        known.get(token, 1)
        for token in re.findall(config["token_pattern"], text.lower() if config["lowercase"] else text)
    ]


@pytest.mark.parametrize("which", [which for which in CLASSIFIERS if which[0] != "word"], ids=str)
@settings(max_examples=50)
@given(text=some_text)
def test_a_text_is_read_as_by_the_classifier(which: tuple[str, bool], text: str) -> None:
    expected = CLASSIFIERS[which].encode([text]).token_ids.tolist()
    found = ids_of(text, OF_CLASSIFIERS[which], strip=True)
    assert (found[: OF_CLASSIFIERS[which]["config.json"]["pad_size"]] or [1]) == expected


@pytest.mark.parametrize("which", LANGUAGE_MODELS)
@settings(max_examples=50)
@given(text=some_text)
def test_a_beginning_is_read_as_by_the_language_model(which: str, text: str) -> None:
    model: CharacterModel = LANGUAGE_MODELS[which]
    expected = model.encode(model.read_prefix(text)[0]).tolist()
    assert ids_of(text, OF_LANGUAGE_MODELS[which], strip=False) == expected


def test_what_a_classifier_tells() -> None:
    documents = OF_CLASSIFIERS["mixed", True]
    assert {document["format_version"] for document in documents.values()} == {1}
    assert documents["labels.json"] == {"format_version": 1, "labels": ["猫", "狗", "鸟"]}
    vocabulary, config = documents["vocabulary.json"], documents["config.json"]
    assert (vocabulary["pad_id"], vocabulary["unknown_id"], vocabulary["tokens"][:2]) == (0, 1, ["<pad>", "<unk>"])
    told = {"task": "classify", "model": "LSTM", "learnt": "小数据", "pad_size": 9, "tokenizer": "mixed", "opset": 18}
    assert told.items() <= config.items()  # the data by its name: a path is nobody's business elsewhere
    assert config["calibration"] == {"temperature": 0.5, "label_smoothing": 0.2, "smallest_probability": 1e-4}
    assert config["inputs"][1] == {"name": "state_0", "type": "float32", "shape": ["batch", 7], "initial": 0.0}
    assert {"textrnn", "torch", "onnx", "onnxruntime"} <= config["versions"].keys()


def test_words_have_no_pattern() -> None:
    assert OF_CLASSIFIERS["word", False]["config.json"]["token_pattern"] is None


def test_without_a_temperature() -> None:
    documents = read(classifier_documents(classifier(Tokenizer(), temperature=None), GRAPH))
    assert documents["config.json"]["calibration"] is None


def test_what_a_language_model_tells() -> None:
    model, config = RAW_MODEL, OF_LANGUAGE_MODELS["characters"]["config.json"]
    assert config["mixture"] == {"network": 0.4, "ngram": 0.7}
    assert OF_LANGUAGE_MODELS["characters"]["vocabulary.json"]["tokens"][config["start_id"]] == "\n"
    assert config["start_id"] == model.start_id
    assert "labels.json" not in OF_LANGUAGE_MODELS["characters"]

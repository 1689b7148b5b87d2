from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from textrnn.config import DataConfig, RunSettings, TrainConfig
from textrnn.corpus.tokenizers import Tokenizer
from textrnn.corpus.vocab import Vocabulary
from textrnn.errors import ArtifactError
from textrnn.models.registry import all_models, find_model
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.folder import is_saved


def classifier(name: str = "LSTM") -> Classifier:
    entry = find_model(name)
    vocabulary = Vocabulary.build(["股市大涨 abc"], Tokenizer("char", lowercase=True))
    sizes = {"embedding_size": 6, "hidden_size": 8, "num_filters": 5, "ngram_rows": 50}
    own = {field.name for field in entry.fields}
    config = entry.config_class.from_dict({name: size for name, size in sizes.items() if name in own})
    torch.manual_seed(3)
    model = entry.build(config, vocabulary_size=len(vocabulary), class_count=2)
    training = TrainConfig(epochs=1, batch_size=2, precision="fp32", label_smoothing=0.0)
    run = RunSettings("classify", entry.name, config, DataConfig(pad_size=20), training)
    return Classifier(run, model, vocabulary, ["财经", "体育"], temperature=1.25)


@pytest.mark.parametrize("name", all_models())
def test_the_folder_alone_predicts(tmp_path: Path, name: str) -> None:
    saved = classifier(name)
    saved.save(tmp_path / "m")
    assert is_saved(tmp_path / "m")
    loaded = load_classifier(tmp_path / "m")
    texts = ["股市ABC", "", "😀", "涨" * 100_000]
    np.testing.assert_array_equal(loaded.predict_probabilities(texts), saved.predict_probabilities(texts))
    np.testing.assert_allclose(loaded.predict_probabilities(texts).sum(axis=1), 1.0)
    assert loaded.class_names == ["财经", "体育"]
    assert loaded.settings == saved.settings
    assert sorted(file.name for file in (tmp_path / "m").iterdir()) == [
        "config.json",
        "labels.json",
        "model.safetensors",
        "vocab.json",
    ]


def changed(folder: Path, **values: object) -> Path:
    classifier().save(folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return path


def message_of(folder: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        load_classifier(folder)
    return str(caught.value)


def test_newer_format(tmp_path: Path) -> None:
    path = changed(tmp_path, format_version=3, versions={"textrnn": "9.0"})
    assert message_of(tmp_path) == (
        f"{path}: format version 3; expected 2 or older: a newer textrnn (9.0) wrote it, upgrade this one (0.1.0)"
    )


def test_model_for_another_task(tmp_path: Path) -> None:
    path = changed(tmp_path, task="lm")
    assert message_of(tmp_path) == (
        f"{path}: a model for the task lm; expected one for classify: name its folder with `save_dir`, or train one"
    )


def test_no_texts_have_no_probabilities() -> None:
    assert classifier().predict_probabilities([]).shape == (0, 2)


def test_vocabulary_of_another_tokenizer(tmp_path: Path) -> None:
    changed(tmp_path, tokenizer={"name": "word", "lowercase": False})
    assert message_of(tmp_path) == (
        f"{tmp_path}: its files do not belong together (vocab.json is of another tokenizer, char); expected those of one "
        "training: train again"
    )


def test_weights_of_another_size(tmp_path: Path) -> None:
    changed(tmp_path, hyper_parameters={"hidden_size": 9})
    assert message_of(tmp_path).startswith(
        f"{tmp_path}: its files do not belong together (Error(s) in loading state_dict"
    )
    assert "\n" not in message_of(tmp_path)


def test_unknown_model(tmp_path: Path) -> None:
    changed(tmp_path, model="LSTMX")
    assert "`model` LSTMX: no such model" in message_of(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    assert not is_saved(tmp_path)
    assert message_of(tmp_path) == (
        f"{tmp_path / 'config.json'}: no such file; expected a folder that training wrote: see `save_dir`"
    )


@pytest.mark.parametrize("name", ["labels.json", "vocab.json", "model.safetensors"])
def test_missing_and_damaged_parts(tmp_path: Path, name: str) -> None:
    classifier().save(tmp_path)
    (tmp_path / name).write_bytes(b"{")
    assert name in message_of(tmp_path)
    (tmp_path / name).unlink()
    assert f"{name}: no such file" in message_of(tmp_path)


@pytest.mark.parametrize("labels", ['{"a": 1}', '"ab"', "[1, 2]", "[]"])
def test_labels_that_are_none(tmp_path: Path, labels: str) -> None:
    classifier().save(tmp_path)
    (tmp_path / "labels.json").write_text(labels)
    assert "train again" in message_of(tmp_path)
    assert "\n" not in message_of(tmp_path)


@pytest.mark.parametrize("values", [{"model": 5}, {"versions": [1], "format_version": 7}, {"data": 3}])
def test_config_of_other_types(tmp_path: Path, values: dict[str, object]) -> None:
    changed(tmp_path, **values)
    assert str(tmp_path) in message_of(tmp_path)


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    broken = classifier()
    with torch.no_grad():
        broken.network.embedding.table.weight[2] = torch.nan
    broken.save(tmp_path)
    assert message_of(tmp_path) == (
        f"{tmp_path / 'model.safetensors'}: embedding.table.weight holds what are no finite real numbers; expected what "
        "training wrote: train again"
    )


def test_texts_are_cleaned_as_in_training() -> None:
    model = classifier()
    plain, *others = model.predict_probabilities(["股市", "  股市 ", "股市\n"])
    assert all((other == plain).all() for other in others)
    assert np.isfinite(model.predict_probabilities(["\ud800", "\x00"])).all()


@pytest.mark.parametrize("name", all_models())
def test_one_text_is_answered_as_among_others(name: str) -> None:
    model = classifier(name)
    texts = ["股市abc", "", "涨" * 40]
    together = model.predict_probabilities(texts)
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_allclose(model.predict_probabilities([text])[0], row, atol=1e-5)


def test_the_temperature_divides_the_logits(tmp_path: Path) -> None:
    model = classifier()
    model.save(tmp_path)
    scaled = load_classifier(tmp_path)
    assert scaled.temperature == 1.25
    path = changed(tmp_path)
    document = json.loads(path.read_text())
    del document["calibration"]  # as written before there was one
    path.write_text(json.dumps(document))
    plain = load_classifier(tmp_path)
    assert plain.temperature is None
    of_plain, of_scaled = (np.diff(np.log(m.predict_probabilities(["股市"])[0])) for m in (plain, scaled))
    np.testing.assert_allclose(of_plain, 1.25 * of_scaled)


def test_smoothing_is_undone(tmp_path: Path) -> None:
    """What a network says of smoothed labels, 0.9 p + 0.05, becomes p again."""
    model = classifier()
    exact = model.predict_probabilities(["股市"])
    model.settings = model.settings.replaced({"label_smoothing": 0.1})
    model.temperature = 1.0
    undone = model._calibrated(np.log(0.9 * exact + 0.05).astype(np.float32))
    np.testing.assert_allclose(undone, exact, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.0, -1.0, "hot", float("nan"), None])
def test_a_temperature_that_is_none(tmp_path: Path, temperature: object) -> None:
    changed(tmp_path, calibration={"temperature": temperature})
    assert f"the temperature is {temperature!r}, not a number above 0" in message_of(tmp_path)


@pytest.mark.parametrize("content", ["[]", "{}", "3", "{"])
def test_config_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    assert "train again" in message_of(tmp_path)


def test_the_smoothing_that_logits_have_is_kept(tmp_path: Path) -> None:
    """Earlier versions kept none, and undid what the network had learnt with."""
    model = classifier()
    model.settings = model.settings.replaced({"label_smoothing": 0.1})
    model.smoothing = 0.0
    expected = model.predict_probabilities(["股市"])
    model.save(tmp_path)
    assert load_classifier(tmp_path).smoothing_undone == 0.0
    np.testing.assert_array_equal(load_classifier(tmp_path).predict_probabilities(["股市"]), expected)
    model.smoothing = 0.1  # what it has learnt with: nothing to say
    model.save(tmp_path)
    kept = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert kept["calibration"] == {"temperature": 1.25}
    assert load_classifier(tmp_path).smoothing_undone == 0.1
    for wrong in (1.0, -0.1, "0", True, 0):
        kept["calibration"]["label_smoothing"] = wrong
        (tmp_path / "config.json").write_text(json.dumps(kept), encoding="utf-8")
        assert f"the label smoothing of its logits is {wrong!r}, not a number from 0" in message_of(tmp_path)

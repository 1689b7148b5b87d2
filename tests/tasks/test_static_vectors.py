"""A classifier that reads the static vector of a whole text beside what its network makes of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.commands import Result
from tests.factories import WORDS, small_rows
from tests.static_models import static_model, write_static_model
from textrnn.corpus.batches import LabelledTexts
from textrnn.errors import ArtifactError
from textrnn.estimators.text_classifier import TextClassifier
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.explanation import explain
from textrnn.tasks.export import export_classifier

MODELS: dict[str, dict[str, Any]] = {"LSTM": {}, "BiLSTM_Ngram": {"ngram_size": 8, "max_ngrams": 200}}
TEXTS = ["猫狗 在鸟的\t\x07了。", "", "水河的 山", "xyz", "  一二三的"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By name of the model, its folder; that of Model2Vec is gone."""
    place, found = tmp_path_factory.mktemp("static"), {}
    write_static_model(place / "m2v", normalize=True)
    how: dict[str, Any] = {"embedding": f"model2vec:{place / 'm2v'}", "embedding_size": 8, "hidden_size": 8}
    texts, labels = zip(*small_rows(120, 1), strict=True)
    for name, own in MODELS.items():
        classifier = TextClassifier(model=name, epochs=2, batch_size=32, threads=1, **how, **own)
        classifier.fit(texts, labels).save(place / name)
        found[name] = place / name
    shutil.rmtree(place / "m2v")
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_vectors_count_in_the_answer(name: str, folders: dict[str, Path]) -> None:
    """What the answer has more than that of the network alone is a linear layer over Model2Vec's own vectors."""
    classifier = load_classifier(folders[name])
    network, branch = classifier.network, classifier.network.sentences
    assert branch is not None
    if name == "BiLSTM_Ngram":
        network.share.fill_(0.5)  # of so few rows, dev leaves the answer to the linear model
    vectors = torch.from_numpy(static_model(normalize=True).encode(["猫狗水"]))
    ids = torch.from_numpy(classifier.encode(["猫狗水"]).token_ids)[None].long()
    alone, both = network(ids, torch.tensor([3])), network(ids, torch.tensor([3]), sentence_vectors=vectors)
    expected = (vectors - branch.mean) * branch.scale @ branch.classes.weight.T
    torch.testing.assert_close(both - alone, network.share_of_sentences * expected)
    assert (both - alone).abs().max() > 1e-3
    own = torch.from_numpy(classifier.encode(["猫狗水"]).sentence_vectors)
    torch.testing.assert_close(own, vectors)


@pytest.mark.parametrize("name", MODELS)
def test_one_text_and_many_are_answered_alike(name: str, folders: dict[str, Path]) -> None:
    classifier = load_classifier(folders[name])
    together = classifier.predict_probabilities(TEXTS)
    one_by_one = [classifier.predict_probabilities([text])[0] for text in TEXTS]
    np.testing.assert_allclose(together, np.stack(one_by_one), atol=2e-3)  # bf16, where the processor has it


def in_full_precision(folder: Path) -> Classifier:
    from textrnn.models.parts.layers import set_precision

    classifier = load_classifier(folder)
    set_precision(classifier.network, torch.float32)
    return classifier


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("windows", [False, True])
def test_explanations_are_complete(name: str, windows: bool, folders: dict[str, Path]) -> None:
    """The difference of the logits is that of the whole answer, and the tokens have the sum that is told."""
    classifier = in_full_precision(folders[name])
    texts = ["的猫是狗水" * 300] if windows else TEXTS
    encoded = classifier.encode(texts)
    for text, told in zip(texts, explain(classifier, texts), strict=True):
        row = texts.index(text)
        label, against = (classifier.class_names.index(str(each)) for each in (told.label, told.against))
        batch = LabelledTexts.from_encoded(encoded, [0] * len(texts)).batch(torch.tensor([row]))
        assert batch.beside
        with torch.no_grad():
            logits = classifier.network(*batch.inputs, **batch.beside)[0]
        assert told.logit_difference == pytest.approx(float(logits[label] - logits[against]), abs=1e-4)
        if windows:
            of_windows = sum(window.contribution for window in told.windows)
            assert of_windows == pytest.approx(told.logit_difference - told.baseline, abs=1e-3)
        else:
            of_tokens = sum(token.contribution for token in told.tokens)
            assert of_tokens == pytest.approx(told.logit_difference - told.baseline, abs=1e-5)


def test_what_the_vector_adds_stands_at_its_tokens(folders: dict[str, Path]) -> None:
    """Where nothing else counts, a token adds what Model2Vec's vectors of its characters do."""
    classifier = in_full_precision(folders["LSTM"])
    classifier.network.classifier.weight.data.zero_()
    branch = classifier.network.sentences
    assert branch is not None
    (told,) = explain(classifier, ["  鸟 猫狗一 é"], label="猫狗", against="山水")
    model, (one, other) = static_model(normalize=True), map(classifier.class_names.index, ("猫狗", "山水"))
    vectors = np.stack([model.embedding[model.tokens.index(token)] for token in ("鸟", "猫狗", "##一")])
    rows = branch.classes.weight.detach().numpy()
    added = vectors @ (rows[one] - rows[other]) * float(branch.scale) / np.linalg.norm(vectors.sum(axis=0))
    found = {token.token: token.contribution for token in told.tokens}
    expected = {"鸟": added[0], "猫": added[1] / 2, "狗": added[1] / 2, "一": added[2], "é": 0.0}
    assert {token: found[token] for token in expected} == pytest.approx(expected, abs=1e-5)


def test_a_model_without_vectors_leaves_no_table_behind(folders: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(folders["LSTM"], tmp_path / "m")
    assert {"static.safetensors", "static_tokenizer.json"} < {path.name for path in (tmp_path / "m").iterdir()}
    texts, labels = zip(*small_rows(30, 1), strict=True)
    TextClassifier(hidden_size=4, embedding_size=4, epochs=1, threads=1).fit(texts, labels).save(tmp_path / "m")
    assert not list((tmp_path / "m").glob("static*"))
    assert TextClassifier.load(tmp_path / "m").predict(["猫狗"]).shape == (1,)


def test_a_server_answers_and_counts_the_table(folders: dict[str, Path], tmp_path: Path) -> None:
    from textrnn.serve.limits import Limits
    from textrnn.serve.shelf import Shelf

    shutil.copytree(folders["LSTM"], tmp_path / "data" / "LSTM")
    shelf = Shelf(tmp_path, Limits())
    shelf.scan()
    shelf.close()
    (entry,) = shelf.entries.values()
    table = (tmp_path / "data" / "LSTM" / "static.safetensors").stat().st_size
    assert entry.size == table + (tmp_path / "data" / "LSTM" / "model.safetensors").stat().st_size


def test_no_graph(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ArtifactError) as raised:
        export_classifier(load_classifier(folders["LSTM"]), tmp_path / "onnx")
    assert re.fullmatch(
        r"LSTM: reads vectors of whole texts \(`embedding` model2vec:.+\), which an ONNX graph cannot make of a text; "
        r"expected a model without them: train it with `embedding=random`",
        str(raised.value),
    )


def test_commands(run: Callable[..., Result], small_dataset: Path) -> None:
    """Trained with the folder, answered without it."""
    write_static_model(Path("m2v"))
    flags = ["--dataset", f"./{small_dataset.name}", "--model", "FastText", "--ngram-rows", "500", "--no-baseline"]
    flags += ["--embedding-size", "8", "--epochs", "1"]
    result = run(*flags, "--embedding", "model2vec:m2v")
    assert result.status == 0, result.err
    assert "embedding: m2v (Model2Vec), a vector of 16 numbers for each text\n" in result.out
    shutil.rmtree("m2v")
    assert run("--model", "FastText", "--dataset", f"./{small_dataset.name}", "--predict", "猫狗").status == 0
    result = run(*flags, "--embedding", "model2vec:m2v")
    assert (result.status, result.err) == (
        2,
        "error: --embedding model2vec:m2v: no such folder; expected a folder of Model2Vec, with config.json, "
        "model.safetensors and tokenizer.json\n",
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--model", "Linear"],
            "--embedding model2vec:m: Linear reads no vectors; expected a network with it, such as --model BiLSTM_Ngram, "
            "or --embedding random",
        ),
        (
            ["--freeze-embedding"],
            "--freeze-embedding: random vectors that are never trained teach nothing; expected --embedding pretrained or "
            "PATH with it",
        ),
    ],
)
def test_what_makes_no_sense_with_it(
    flags: list[str], message: str, run: Callable[..., Result], small_dataset: Path
) -> None:
    write_static_model(Path("m"))
    result = run("--dataset", f"./{small_dataset.name}", "--embedding", "model2vec:m", *flags)
    assert (result.status, result.err) == (2, f"error: {message}\n")


def test_all_models_that_read_vectors_are_compared() -> None:
    from textrnn.cli import build_parser
    from textrnn.cli.classify import to_runs
    from textrnn.cli.flags import parse

    every, reading = (
        {run.model_name for run in to_runs(parse(build_parser("classify"), ["--compare", *flags]))}
        for flags in ([], ["--embedding", "model2vec:m"])
    )
    assert every - reading == {"Linear"}


def test_python(tmp_path: Path) -> None:
    """Several labels, `auto`, learning on without the folder, a copy that is loaded."""
    folder = write_static_model(tmp_path / "m", normalize=True)
    texts, labels = zip(*small_rows(60, 1), strict=True)
    how: dict[str, Any] = {"embedding": f"model2vec:{folder}", "embedding_size": 8, "threads": 1, "batch_size": 20}
    several = TextClassifier(model="LSTM", hidden_size=8, epochs=1, **how).fit(texts, [{label} for label in labels])
    assert several.predict(["猫狗"]) is not None
    auto = TextClassifier(model="auto", hidden_size=8, epochs=1, ngram_size=8, **how).fit(texts, labels)
    auto.save(tmp_path / "auto")
    again = TextClassifier.load(tmp_path / "auto")
    np.testing.assert_allclose(again.predict_proba(texts[:5]), auto.predict_proba(texts[:5]), atol=1e-6)
    on = TextClassifier(model="LSTM", hidden_size=8, **how)
    on.partial_fit(texts[:30], labels[:30], classes=sorted(WORDS))
    shutil.rmtree(folder)
    on.partial_fit(texts[30:], labels[30:])
    assert on.classifier_.network.sentences is not None
    assert on.predict_proba(["猫狗", ""]).shape == (2, 3)

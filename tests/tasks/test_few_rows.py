"""Few rows: all are learnt, by both doors, and what is said of them is by models that have not learnt them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.commands import run_in
from tests.factories import small_rows, write_rows
from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.in_memory import dataset_in_memory
from textrnn.errors import TextRNNError
from textrnn.estimators.text_classifier import TextClassifier
from textrnn.models.classifiers import bilstm_ngram
from textrnn.report.notes import words
from textrnn.saved.classifier import load_classifier
from textrnn.tasks.classify import DatasetFacts, introduce, learn
from textrnn.tasks.few_rows import all_learnt, has_few_rows, is_linear_enough, without_dev
from textrnn.tasks.mixed import learn_dev
from textrnn.tasks.settings import settle
from textrnn.training.events import Listener

ALL_LEARNT = (
    "36 rows of 3 classes are few: all are learnt, none is held out for dev; how good and how sure the model is, "
    "cross-validation says"
)


class Heard(Listener):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.evaluations = 0

    def on_note(self, note: object) -> None:
        self.said.append(words(note))  # type: ignore[arg-type]

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.evaluations += 1


def rows_of(count: int, seed: int = 1) -> tuple[list[str], list[str]]:
    texts, names = zip(*small_rows(count, seed), strict=True)
    return list(texts), list(names)


def chance(rows: int, copies: int = 1) -> tuple[list[str], list[str]]:
    """Labels that have nothing to do with the texts."""
    generator = np.random.default_rng(3)
    texts = ["".join(generator.choice(list("天地玄黄宇宙洪荒日月盈昃辰宿列张"), 8)) for _ in range(rows)]
    labels = generator.permutation(["a", "b"] * (rows // 2)).tolist()
    return texts * copies, labels * copies


@pytest.mark.parametrize("model", ["Linear", "auto"])
def test_all_rows_are_learnt_by_both_doors(tmp_path: Path, model: str) -> None:
    rows = small_rows(36, 1)
    write_rows(tmp_path / "few" / "train.txt", rows)
    write_rows(tmp_path / "few" / "test.txt", small_rows(30, 2))
    result = run_in(tmp_path, "--dataset", "./few", "--model", model)
    assert result.status == 0, result.err
    assert f"note: {ALL_LEARNT}\n" in result.out
    assert "3 classes; 36 training, 0 dev, 30 test texts" in result.out
    assert "of the tokens of dev" not in result.out
    assert "dev accuracy" not in result.out + result.err
    folder = tmp_path / "saved_dict" / "few" / model
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["train"]["examples"] == 36
    assert metrics["dev"]["cross_validated"]
    told = f"; cross-validated: loss {metrics['dev']['loss']:.4f}, accuracy {metrics['dev']['accuracy']:.4f}\n"
    assert told in result.out
    assert (
        (folder / "history.csv")
        .read_text(encoding="utf-8")
        .startswith(
            "step,epoch,learning_rate,train_loss,cross_validated_loss,cross_validated_calibrated_loss,"
            "cross_validated_accuracy,seconds\n"
        )
    )
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "cross-validated accuracy" in page
    assert "texts in memory" not in page
    made = TextClassifier(model=model).fit([text for text, _ in rows], [label for _, label in rows])
    texts = rows_of(30, 2)[0]
    np.testing.assert_allclose(
        made.predict_proba(texts), load_classifier(folder).predict_probabilities(texts), atol=1e-6
    )
    assert made.history_ is not None
    assert made.history_.best["dev_accuracy"] == metrics["dev"]["accuracy"]


@pytest.mark.parametrize("copies", [1, 2])
def test_figures_are_not_of_rows_that_were_learnt(copies: int) -> None:
    texts, labels = chance(60, copies)
    made = TextClassifier(model="Linear").fit(texts, labels)
    assert made.score(texts, labels) > 0.95  # knows them by heart
    assert made.history_ is not None
    assert made.history_.cross_validated
    assert made.history_.best["dev_accuracy"] < 0.7
    assert made.history_.best["dev_loss"] == pytest.approx(np.log(2), abs=0.05)
    shares = made.predict_proba(chance(600)[0][60:]).max(axis=1)
    assert shares.mean() < 0.68  # and is as sure of itself as that allows


def test_nobody_is_told_of_an_evaluation_and_the_data_says_what_was_done() -> None:
    dataset = all_learnt(dataset_in_memory(rows_of(36)), "Linear")
    heard = Heard()
    settings = settle(Run("classify", "Linear", {}), None, DatasetFacts(dataset))
    introduce(dataset, settings, None, heard)
    learn(dataset, settings, heard)
    assert heard.evaluations == 0
    assert ALL_LEARNT in heard.said
    assert not any("split at random" in said for said in heard.said)


def test_rows_come_back_in_their_order_with_their_weights() -> None:
    texts, names = rows_of(60)
    weights = np.linspace(0.5, 2.0, 60)
    split = dataset_in_memory((texts, names), weights=weights)
    assert len(split.dev) == 6
    whole = without_dev(split)
    assert whole.train.texts == texts
    assert [whole.class_names[label] for label in whole.train.labels] == names
    assert whole.train.weights is not None
    np.testing.assert_array_equal(whole.train.weights, weights)
    assert not len(whole.dev)
    assert whole.notes == []


def test_rows_of_dev_that_were_given_are_never_learnt() -> None:
    given = dataset_in_memory(rows_of(36), rows_of(6, 2))
    assert all_learnt(given, "Linear") is given
    made = TextClassifier(model="Linear").fit(*rows_of(36), X_val=rows_of(6, 2)[0], y_val=rows_of(6, 2)[1])
    assert made.history_ is not None
    assert not made.history_.cross_validated


def test_a_network_holds_rows_out_as_ever_and_many_rows_are_not_few() -> None:
    split = dataset_in_memory(rows_of(36))
    assert all_learnt(split, "LSTM") is split
    many = dataset_in_memory(rows_of(1200))
    assert not has_few_rows(many)
    assert all_learnt(many, "Linear") is many
    assert all_learnt(many, "auto") is many
    assert is_linear_enough(split)
    medium = dataset_in_memory(rows_of(300))
    assert has_few_rows(medium)
    assert not is_linear_enough(medium)  # its dev split was not given back
    assert is_linear_enough(all_learnt(medium, "auto"))


def test_texts_that_all_say_the_same_cannot_be_cross_validated() -> None:
    alike = dataset_in_memory((["好", "坏"] * 10, ["a", "b"] * 10))
    assert not has_few_rows(alike)
    with pytest.warns(UserWarning, match=r"^20 texts \(2 different\) are too few to hold any out"):
        TextClassifier(model="Linear").fit(["好", "坏"] * 10, ["a", "b"] * 10)


def test_there_is_no_report_on_what_was_held_out() -> None:
    made = TextClassifier(model="Linear").fit(*rows_of(36))
    told = r"^report: nothing was held out, for labels are few and all are learnt; expected texts with labels: "
    with pytest.raises(TextRNNError, match=told):
        made.report()
    assert made.report(*rows_of(30, 2), baseline=False).verdict.figures.texts == 30


def test_classes_of_a_single_row_and_weights_are_no_hindrance() -> None:
    texts, names = rows_of(36)
    made = TextClassifier(model="Linear", class_weight="balanced").fit(
        [*texts, "孤零零"], [*names, "单"], sample_weight=[1.0] * 30 + [2.0] * 7
    )
    assert made.predict("孤零零") == "单"
    assert made.history_ is not None
    assert made.history_.cross_validated
    assert made.history_.best["dev_accuracy"] > 0.8


def mixed() -> TextClassifier:
    return TextClassifier("BiLSTM_Ngram", epochs=1, hidden_size=4, embedding_size=4, ngram_size=4, threads=1)


def test_the_linear_model_of_a_mixture_learns_the_rows_of_dev_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, names = rows_of(36)
    told = []

    def noted(network: bilstm_ngram.Model, objective: object, *others: object) -> None:
        before = network.intercepts.clone()
        network.share.fill_(1.0)
        learn_dev(network, objective, *others)  # type: ignore[arg-type]
        told.append((before, network.intercepts.clone()))

    monkeypatch.setattr("textrnn.tasks.classify.learn_dev", noted)
    made = mixed().fit(texts, names)
    ((before, after),) = told
    assert before.shape == after.shape == (3,)
    assert not np.allclose(before, after)
    assert made.history_ is not None
    assert not made.history_.cross_validated
    # Its n-grams are those of all rows, and its weights those of a linear model that has learnt them all.
    alone = TextClassifier("Linear").fit(texts, names)
    assert made.classifier_.network.sparse_size == alone.classifier_.network.sparse_size
    others = rows_of(60, 2)[0]
    assert (made.predict(others) == alone.predict(others)).mean() > 0.95


def test_a_mixture_of_dev_rows_that_were_given_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*others: object) -> None:
        raise AssertionError

    monkeypatch.setattr("textrnn.tasks.classify.learn_dev", never)
    mixed().fit(*rows_of(36), X_val=rows_of(6, 2)[0], y_val=rows_of(6, 2)[1])


def test_an_empty_test_split_is_no_hindrance() -> None:
    texts, names = rows_of(36)
    index = sorted(set(names))
    train = Split(texts, [index.index(name) for name in names])
    dataset = Dataset("few", index, train, Split([], []), Split([], []))
    learnt = learn(dataset, settle(Run("classify", "auto", {}), None, DatasetFacts(dataset)))
    assert learnt.classifier.settings.model_name == "Linear"
    assert learnt.classifier.temperature == 1.0

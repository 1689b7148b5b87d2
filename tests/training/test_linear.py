"""The linear model, solved: the answers of scikit-learn's own pipeline, through every door."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import LinearSVC

from tests.factories import small_rows
from textrnn import TextClassifier
from textrnn.config import Run
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.tokenizers import Tokenizer, words_beside_characters
from textrnn.errors import Note
from textrnn.evaluation import combining
from textrnn.evaluation.calibration import penalised_loss, softmax, without_smoothing
from textrnn.evaluation.linear.few_rows import Columns, reweighted
from textrnn.evaluation.linear.solver import calibrated
from textrnn.models.classifiers import bilstm_ngram
from textrnn.models.classifiers.linear import Model as LinearNetwork
from textrnn.models.registry import find_model
from textrnn.report.notes import words
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.explanation import explain
from textrnn.tasks.classify import DatasetFacts, Learnt, build_classifier, learn, scored
from textrnn.tasks.export import export_classifier
from textrnn.tasks.settings import settle
from textrnn.training import linear, linear_beside
from textrnn.training.events import Listener
from textrnn.training.linear import sparse_features
from textrnn.training.linear_beside import PRIOR_OF_FEW, JudgeOfClasses, best_share
from textrnn.training.objectives.classification import predict_logits

ANIMALS = ["cat", "kitten", "dog", "puppy", "horse", "goat", "sheep"]
NUMBERS = ["one", "two", "three", "four", "seven", "eleven", "twelve"]
UNSEEN = ["Cats and dogs!", "seventeen, two; ELEVEN", "", "qqq zzz", "it isn't a puppy  \t but three"]


def english(rows: int, seed: int) -> Split:
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for row in range(rows):
        words = generator.choice([*(ANIMALS if row % 2 else NUMBERS), "the", "a", "Of", "is,", "it's"], 6)
        texts.append(" ".join(words) + f" {'xyz'[row % 3]}{row}.")
        labels.append(row % 2)
    return Split(texts, labels)


def chinese(rows: int, seed: int) -> Split:
    names = ["山水", "数字", "猫狗"]
    texts, labels = zip(*small_rows(rows, seed), strict=True)
    return Split([f"{text}GDP" for text in texts], [names.index(label) for label in labels])


@cache
def solved(language: str, model: str = "Linear") -> tuple[Learnt, Dataset]:
    make, names = (english, ["numbers", "animals"]) if language == "english" else (chinese, ["山水", "数字", "猫狗"])
    dataset = Dataset(language, names, make(200, 1), make(40, 2), make(60, 3))
    settings = settle(
        Run(
            "classify",
            model,
            {"epochs": 2, "inverse_penalty": 0.5} if model == "Linear" else {"epochs": 2, "hidden_size": 8},
        ),
        None,
        DatasetFacts(dataset),
    )
    return learn(dataset, settings), dataset


def logits(classifier: Classifier, texts: list[str]) -> np.ndarray:
    rows = LabelledTexts.from_encoded(classifier.encode(texts), [0] * len(texts))
    found = predict_logits(classifier.network, rows).numpy()
    return found - found.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("language", ["english", "chinese"])
def test_it_scores_as_a_pipeline_of_scikit_learn_does(language: str) -> None:
    learnt, dataset = solved(language)
    if language == "english":
        words = Tokenizer("mixed", lowercase=True)
        spaced = TfidfVectorizer(tokenizer=words, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)
        pieces = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, preprocessor=lambda text: " ".join(words(text))
        )
        vectorizer = FeatureUnion([("words", spaced), ("pieces", pieces)])
    else:
        characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
        beside = TfidfVectorizer(
            tokenizer=words_beside_characters, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True
        )
        vectorizer = FeatureUnion([("characters", characters), ("words", beside)], transformer_weights={"words": 0.7})
    pipeline = make_pipeline(vectorizer, LinearSVC(C=0.5, random_state=0)).fit(
        dataset.train.texts, dataset.train.labels
    )
    texts = [*dataset.test.texts, *(UNSEEN if language == "english" else ["猫GDP gdp", "的"])]
    scores = pipeline.decision_function(texts)
    scores = np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores
    scores -= scores.mean(axis=1, keepdims=True)
    ours = logits(learnt.classifier, texts)
    scale = np.abs(ours).sum() / np.abs(scores).sum()  # the temperature that was found out of fold
    np.testing.assert_allclose(ours / scale, scores, atol=1e-5)


def test_it_is_calibrated_and_its_history_is_one_step() -> None:
    learnt, dataset = solved("chinese")
    assert learnt.history.best["dev_accuracy"] > 0.95
    assert learnt.history.stopped_by == "solved with C=0.5"
    assert len(learnt.history.train_loss) == 1
    shares = learnt.classifier.predict_probabilities(dataset.test.texts)
    assert penalised_loss(np.log(shares), dataset.test.labels, 1.0) < 0.2


@pytest.mark.parametrize(
    ("language", "model"), [("english", "Linear"), ("english", "BiLSTM_Ngram"), ("chinese", "BiLSTM_Ngram")]
)
def test_saved_exported_and_explained(language: str, model: str, tmp_path: Path) -> None:
    learnt, dataset = solved(language, model)
    made = learnt.classifier
    for name, content in made.to_files().items():
        (tmp_path / name).write_bytes(content)
    again = load_classifier(tmp_path)
    texts = [*UNSEEN, *dataset.test.texts[:3]]
    expected = made.predict_probabilities(texts)
    np.testing.assert_allclose(again.predict_probabilities(texts), expected, atol=2e-2 if model != "Linear" else 1e-6)
    one_by_one = np.concatenate([made.predict_probabilities([text]) for text in texts])
    np.testing.assert_allclose(one_by_one, expected, atol=2e-2 if model != "Linear" else 1e-6)
    told = explain(made, texts)
    for each in told:
        assert sum(t.contribution for t in each.tokens) == pytest.approx(
            each.logit_difference - each.baseline, abs=1e-4
        )
    if model == "Linear":
        assert {each.method for each in told} == {"exact"}
        (puppy,) = (t.contribution for t in told[4].tokens if t.token == "puppy")
        assert puppy == max(t.contribution for t in explain(made, [texts[4]], label="animals")[0].tokens)
    export_classifier(again, tmp_path / "onnx")
    code = f"import json, example; print(json.dumps(example.probabilities({texts!r}).tolist()))"
    environment = {**os.environ, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "onnx",
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.stderr == "" or language == "chinese"  # jieba tells that it reads its dictionary
    np.testing.assert_allclose(json.loads(done.stdout), expected, atol=2e-2 if model != "Linear" else 1e-4)
    config = json.loads((tmp_path / "onnx" / "config.json").read_text(encoding="utf-8"))
    assert (config["spelling"], config["words"]) == (language == "english", language == "chinese")


def test_words_that_were_never_seen_are_known_by_their_pieces() -> None:
    made = solved("english")[0].classifier
    assert made.predict_probabilities(["kittens puppies horses"])[0, 1] > 0.8
    assert (made.encode(["kittens puppies horses"]).token_ids == 1).all()


def test_a_mixed_network_keeps_both_and_their_shares() -> None:
    made = solved("english", "BiLSTM_Ngram")[0].classifier
    network = made.network
    assert 0 <= float(network.share) <= 1
    assert network.intercepts.shape == (2,)
    batch = torch.tensor([[2, 3, 4]]), torch.tensor([3]), torch.tensor([[32, 97, 32]])
    network.share.fill_(0.0)
    alone = network.classifier(network.text_features(*batch))
    torch.testing.assert_close(network(*batch), alone)


def test_weights_of_both_for_each_class_go_into_the_layers() -> None:
    network = copy.deepcopy(solved("chinese", "BiLSTM_Ngram")[0].classifier.network)
    assert isinstance(network, bilstm_ngram.Model)
    torch.nn.init.normal_(network.read_sentences(5).eval().classes.weight)
    text = "山水GDP"
    batch = torch.tensor([[2, 3, 4, 5]]), torch.tensor([4]), torch.tensor([[32, *map(ord, text[:2]), 32]])
    logits = {}
    for share in (0.0, 1.0, 0.3):
        network.share.fill_(share)
        logits[share] = network(*batch, sentence_vectors=torch.ones(1, 5)).detach()
    of_network, of_linear, added = torch.randn(3, 3), torch.randn(3, 3), torch.randn(3)
    network.combine(of_network, of_linear, added)
    expected = 0.7 * logits[0.0] @ of_network + 0.3 * logits[1.0] @ of_linear + added
    torch.testing.assert_close(network(*batch, sentence_vectors=torch.ones(1, 5)), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("balanced", [False, True])
def test_many_rows_of_dev_weigh_both_for_each_class(
    balanced: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """But not where classes are weighted, which that would undo."""
    monkeypatch.setattr(combining, "TEXTS_A_WEIGHT", 1)
    monkeypatch.setattr(linear_beside, "best_share", lambda *_: 0.5)
    dataset = Dataset("chinese", ["山水", "数字", "猫狗"], chinese(100, 1), chinese(60, 2), chinese(30, 3))
    named = {"epochs": 1, "hidden_size": 8, "class_weight": "balanced" if balanced else "none"}
    heard = Heard()
    made = learn(dataset, settle(Run("classify", "BiLSTM_Ngram", named), None, DatasetFacts(dataset)), heard).classifier
    (said,) = (words(note) for note in heard.notes if note.kind == "mixed")
    assert said.endswith("kept are both, 50% linear" + ("" if balanced else ", with weights for each class"))
    assert np.isfinite(made.predict_probabilities(dataset.test.texts)).all()
    for name, content in made.to_files().items():
        (tmp_path / name).write_bytes(content)
    again = load_classifier(tmp_path).predict_probabilities(dataset.test.texts)
    np.testing.assert_allclose(again, made.predict_probabilities(dataset.test.texts), atol=2e-2)


def test_the_share_of_the_better_of_two() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 500)
    good = 4.0 * np.eye(3)[labels] + generator.normal(size=(500, 3))
    noise = generator.normal(size=(500, 3))
    assert best_share(good, noise, JudgeOfClasses(labels, 0.0)) < 0.2
    assert best_share(noise, good, JudgeOfClasses(labels, 0.0)) > 0.8
    other = 4.0 * np.eye(3)[labels] + generator.normal(size=(500, 3))
    assert 0.3 < best_share(good, other, JudgeOfClasses(labels, 0.1)) < 0.7
    assert best_share(good[:0], noise[:0], JudgeOfClasses(labels[:0], 0.0)) == 0.5


def test_where_rows_are_few_a_network_counts_only_if_dev_is_sure() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 500)
    good = 4.0 * np.eye(3)[labels] + generator.normal(size=(500, 3))
    noise = generator.normal(size=(500, 3))
    alike = good[:5], 0.9 * good[:5], JudgeOfClasses(labels[:5], 0.0)
    assert best_share(*alike, prior=PRIOR_OF_FEW) == 1.0
    assert best_share(*alike) < 0.8
    assert best_share(good, noise, JudgeOfClasses(labels, 0.0), prior=PRIOR_OF_FEW) < 0.3
    assert best_share(good[:0], noise[:0], JudgeOfClasses(labels[:0], 0.0), prior=PRIOR_OF_FEW) == 1.0


def test_the_prior_of_the_share_weighs_as_much_as_one_text() -> None:
    class Quadratic:
        measure = "accuracy"

        def penalised(self, logits: np.ndarray) -> float:
            return 8.0 * float(logits[0, 0] - 1) ** 2  # logits are the share; as steep as the prior of one text

        def shown(self, logits: np.ndarray) -> tuple[float, float]:
            raise NotImplementedError

    for texts, share in ((1, 0.75), (4, 0.9)):
        own, of_linear = np.zeros((texts, 1), np.float32), np.ones((texts, 1), np.float32)
        assert best_share(own, of_linear, Quadratic()) == pytest.approx(share)


def test_margins_become_probabilities_by_what_they_are_worth_out_of_fold() -> None:
    learnt, dataset = solved("english")
    network = learnt.classifier.network
    assert linear.is_solved(network)
    rows = LabelledTexts.from_encoded(learnt.classifier.encode(dataset.train.texts), dataset.train.labels)
    features = linear.sparse_features(network, rows)
    model = LinearSVC(C=0.5, random_state=0).fit(features, dataset.train.labels)
    temperature = calibrated(features, dataset.train.labels, 2, 0.5)[1]
    assert abs(temperature - 1) > 0.1
    bias = network.classifier.bias.detach().numpy()
    np.testing.assert_allclose(bias[1] - bias[0], 2 * model.intercept_[0] / temperature, rtol=1e-3)


class Heard(Listener):
    def __init__(self) -> None:
        self.notes: list[Note] = []

    def on_note(self, note: Note) -> None:
        self.notes.append(note)


@pytest.mark.parametrize(("share", "kind"), [(0.0, "BiLSTM_Ngram"), (0.4, "BiLSTM_Ngram"), (1.0, "Linear")])
def test_auto_keeps_what_dev_prefers(share: float, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_beside, "best_share", lambda *_: share)
    dataset = Dataset("english", ["numbers", "animals"], english(200, 1), english(40, 2), english(60, 3))
    settings = settle(Run("classify", "Auto", {"epochs": 2, "hidden_size": 8}), None, DatasetFacts(dataset))
    assert (settings.model_name, settings.training.budget) == ("auto", 120.0)
    heard = Heard()
    made = learn(dataset, settings, heard).classifier
    assert made.settings.model_name == kind
    assert isinstance(made.network, find_model(kind).model_class)
    (said,) = (words(note) for note in heard.notes if note.kind == "mixed")
    kept = {0.0: "is the network, without it", 0.4: "are both, 40% linear", 1.0: "is the linear model alone"}[share]
    assert said.endswith(f"); kept {kept}")
    if kind != "Linear":
        assert float(made.network.share) == pytest.approx(share)
    else:
        alone = solved("english")[0].classifier
        found, expected = (each.predict_probabilities(dataset.test.texts).argmax(axis=1) for each in (made, alone))
        assert (found == expected).all()


@pytest.mark.parametrize("labels", [["a", "b"] * 3, [{"a"}, {"b"}, set()] * 2])
def test_texts_in_which_nothing_stands_leave_all_as_likely(labels: list[object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of empty texts, which are too few to hold any out
        shares = TextClassifier(model="Linear").fit([""] * 6, labels).predict_proba(["", "x"])
    np.testing.assert_allclose(shares[0], shares[1])
    assert shares[0, 0] == pytest.approx(shares[0, 1], abs=1e-6)


@pytest.mark.parametrize("language", ["english", "chinese"])
def test_ngrams_weighed_by_classes_are_read_as_they_were_learnt(language: str, tmp_path: Path) -> None:
    make, names = (english, ["numbers", "animals"]) if language == "english" else (chinese, ["山水", "数字", "猫狗"])
    dataset = Dataset(language, names, make(40, 1), make(40, 2), make(30, 3))
    settings = settle(Run("classify", "Linear", {}), None, DatasetFacts(dataset))
    encoded = dataset.encoded(settings.data)
    network = build_classifier(settings, encoded, len(names), None, torch.device("cpu"))
    assert isinstance(network, LinearNetwork)
    rows = LabelledTexts.from_encoded(encoded.train, dataset.train.targets)
    columns = Columns(*(part.numpy() for part in network.columns_of_ngrams()))
    weights = np.linspace(0.1, 2.0, network.sparse_size)
    expected = reweighted(sparse_features(network, rows), columns, weights)
    network.reweigh(torch.from_numpy(weights))
    np.testing.assert_allclose(sparse_features(network, rows).toarray(), expected.toarray(), atol=1e-5)
    norms = int(network.ngrams.part_of_known.unique().numel())
    assert norms == (2 if language == "english" else 3)
    again = build_classifier(settings, encoded, len(names), None, torch.device("cpu"))
    again.load_state_dict(network.state_dict())
    np.testing.assert_array_equal(
        sparse_features(again, rows).toarray(),  # type: ignore[arg-type]  # is a linear model, too
        sparse_features(network, rows).toarray(),
    )


def test_names_of_classes_are_learnt_where_that_is_asked_for() -> None:
    dataset = Dataset("few", ["山水", "数字", "猫狗"], chinese(30, 1), chinese(40, 2), chinese(60, 3))
    settings = settle(Run("classify", "Linear", {"class_names": True}), None, DatasetFacts(dataset))
    learnt = learn(dataset, settings)
    assert learnt.history.stopped_by.endswith("the names of the classes learnt, too")
    assert (learnt.classifier.predict_probabilities(["山水", "数字", "猫狗"]).argmax(axis=1) == [0, 1, 2]).all()


def test_the_smoothing_of_a_network_alone_is_undone() -> None:
    """A linear model has learnt without, and a mixture with it has next to none: to undo it all the same would put
    probabilities of 0.93 to 1."""
    dataset = Dataset("chinese", ["山水", "数字", "猫狗"], chinese(200, 1), chinese(60, 2), chinese(60, 3))
    settings = settle(Run("classify", "BiLSTM_Ngram", {"epochs": 2, "hidden_size": 8}), None, DatasetFacts(dataset))
    assert settings.training.label_smoothing == 0.1
    for share, undone in ((0.0, 0.1), (0.4, 0.0)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(linear_beside, "best_share", lambda *_, share=share: share)
            made = learn(dataset, settings).classifier
        assert made.smoothing_undone == undone
        assert made.temperature is not None
        with torch.inference_mode():
            rows = LabelledTexts.from_encoded(made.encode(dataset.test.texts), dataset.test.labels)
            logits = predict_logits(made.network, rows).double().numpy()
        expected = softmax(without_smoothing(logits, undone), made.temperature)
        np.testing.assert_allclose(made.predict_probabilities(dataset.test.texts), expected, atol=1e-6)
        assert scored(made, dataset, made.encode(dataset.test.texts)).label_smoothing == undone


def test_the_network_alone_and_its_mixtures_are_judged_as_they_answer() -> None:
    class Judge:
        measure = "accuracy"

        def __init__(self, loss: float) -> None:
            self.loss = loss

        def penalised(self, _: np.ndarray) -> float:
            return self.loss

        def shown(self, _: np.ndarray) -> tuple[float, float]:
            return 0.0, self.loss

    logits = np.zeros((100, 2), np.float32)
    assert best_share(logits, logits, Judge(0.5), Judge(0.2)) == 0.0
    assert best_share(logits, logits, Judge(0.5), Judge(0.8)) == 0.5


def test_what_is_said_of_a_solved_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It has no epochs, no batches and no steps."""
    texts, labels = map(list, zip(*small_rows(60, 1), strict=True))
    model = TextClassifier(model="Linear", verbose=True).fit(texts, labels)
    said = "".join(capsys.readouterr())
    result = model.report(texts, labels, folder=tmp_path, baseline=False)
    assert result.history is not None
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"{result.history.seconds:.1f} s, solved with C=" in page
    for text in (said, str(result.to_text())):
        assert not any(word in text for word in ("epoch", "batch", "step"))
    notes = (Note("trained", history=result.history),)
    assert words(notes[0]).startswith(f"{result.history.seconds:.1f} s, solved with C=")
    assert "solved at once from all texts" in said

"""TextClassifier: the command line's training from Python, its answers, copies and folders."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import os
import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tests.commands import Result
from tests.factories import WORDS, small_rows
from textrnn import TextClassifier
from textrnn.cli import build_parser
from textrnn.config import TASK_CONFIGS
from textrnn.errors import ArtifactError, TextRNNError
from textrnn.estimators import interrupts, text_classifier
from textrnn.estimators.inputs import InputError
from textrnn.estimators.settings import SettingError
from textrnn.files import load_tensors
from textrnn.models.registry import all_models
from textrnn.training.events import Listener, ListenerGroup

TEXTS, LABELS = map(list, zip(*small_rows(90, 1), strict=True))
QUICK: dict[str, Any] = {"model": "FastText", "embedding_size": 8, "ngram_rows": 500, "threads": 1, "epochs": 2}
OF_COMMAND = {"embedding_size": 8, "hidden_size": 12, "learning_rate": 0.01}  # SMALL


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return TextClassifier(**{**QUICK, "epochs": 8, "learning_rate": 0.02}).fit(TEXTS, LABELS)


def rows_of(count: int, seed: int) -> tuple[list[str], list[str]]:
    texts, labels = zip(*small_rows(count, seed), strict=True)
    return list(texts), list(labels)


def assert_same_weights(model: TextClassifier, folder: Path) -> None:
    saved, _ = load_tensors(folder / "model.safetensors")
    own = model.classifier_.network.state_dict()
    assert saved.keys() == own.keys()
    assert all(torch.equal(saved[name], own[name]) for name in saved)


def test_learns_what_the_command_line_learns(trained_classifier: Path) -> None:
    texts, labels = rows_of(30, 2)
    model = TextClassifier(model="lstm", epochs=20, **OF_COMMAND)
    model.fit(*rows_of(120, 1), X_val=texts, y_val=labels)
    assert_same_weights(model, trained_classifier)
    loaded = TextClassifier.load(trained_classifier)
    np.testing.assert_array_equal(loaded.predict_proba(texts), model.predict_proba(texts))
    assert loaded.get_params() == {**model.get_params(), "model": "LSTM", "epochs": None}  # fitted to the data again
    metrics = json.loads((trained_classifier / "metrics.json").read_text(encoding="utf-8"))
    test = rows_of(30, 3)
    assert model.score(*test) == metrics["test"]["accuracy"]
    report = model.report(*test, baseline=False).to_metrics()
    for figure in ("accuracy", "macro_f1", "loss", "confusion_matrix", "per_class", "calibration"):
        assert report["test"][figure] == metrics["test"][figure], figure


def test_every_setting_is_named_in_the_signature() -> None:
    names = set(inspect.signature(TextClassifier).parameters)
    groups = [TASK_CONFIGS["classify"].data, TASK_CONFIGS["classify"].training]
    groups += [entry.config_class for entry in all_models("classify").values()]
    every = {field.name for group in groups for field in dataclasses.fields(group)}
    assert names == every - set(TextClassifier._left_out) | {"model", "verbose"}
    assert names <= {action.dest for action in build_parser("classify")._actions} | {"verbose"}
    assert all(f"        {name}: " in (TextClassifier.__doc__ or "") for name in names)
    assert repr(TextClassifier(hidden_size=3)) == "TextClassifier(hidden_size=3)"
    assert "hidden_size" in TextClassifier(hidden_size=3)._repr_html_()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hiden_size": 3}, "`hiden_size`: no such setting; did you mean hidden_size?"),
        ({"random_state": 1}, "`random_state`: here it is `seed`; expected a whole number by that name"),
        ({"dataset": "a"}, "`dataset`: a setting of files, and texts in memory are read as they are; expected none: leave it out"),
    ],
    ids=str,
)  # fmt: skip
def test_unknown_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    for build in (lambda: TextClassifier(**settings), lambda: TextClassifier().set_params(**settings)):
        with pytest.raises(SettingError) as caught:
            build()
        assert str(caught.value) == message
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "LTSM"}, "`model` LTSM: no such model; expected one of {models}; did you mean LSTM?"),
        ({"hidden_size": 0}, "`hidden_size` 0: must be at least 1"),
        ({"model": "FastText", "hidden_size": 3}, "`hidden_size`: not a setting of FastText; expected one of `embedding_size`, `dropout`, `embedding_dropout`, `token_dropout`, `ngram_rows`, `ngram_size`, `longest_ngram`"),
        ({"embedding": "pretrained"}, "`embedding=pretrained`: texts in memory have no file beside them; expected `embedding=PATH`"),
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused_in_fit(settings: dict[str, Any], message: str) -> None:
    with pytest.raises((SettingError, InputError)) as caught:
        TextClassifier(**settings).fit(TEXTS, LABELS)
    assert str(caught.value) == message.format(models=", ".join(all_models("classify")))
    assert isinstance(caught.value, TextRNNError)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "texts: none; expected texts of two classes or more"),
        ((["a", "b"], ["x", "x"]), "texts: all rows are of the one class 'x'; expected two classes or more: there is nothing to tell apart"),
        ((TEXTS, LABELS, None, TEXTS), "y_val: None, but X_val is there; expected both or neither"),
        ((TEXTS, LABELS, None, [], []), "X_val: none; expected texts with labels, or leave it out"),
        ((TEXTS, LABELS, None, ["a"], ["猫"]), "y_val[0]: '猫' is no class of the training texts; expected one of 山水, 数字, 猫狗"),
        ((TEXTS, LABELS, None, ["a"], [1]), "y_val: numbers or truth values; expected strings, as the labels that are learnt"),
        ((TEXTS, LABELS, None, ["a", None], ["山水"] * 2), "X_val[1]: nothing there (None); expected a text: leave the row out, or fill it with ''"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_data_that_makes_no_sense_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        TextClassifier(**QUICK).fit(*arguments)
    assert str(caught.value) == message


def test_answers_for_one_text_and_for_several(fitted: TextClassifier) -> None:
    text = TEXTS[0]
    assert fitted.predict(text) == LABELS[0]
    assert type(fitted.predict(text)) is str
    assert fitted.predict([text]).tolist() == [LABELS[0]]
    assert fitted.predict([]).shape == (0,)
    assert fitted.predict_proba([]).shape == (0, 3)
    np.testing.assert_array_equal(fitted.predict_proba(text), fitted.predict_proba([text])[0])
    np.testing.assert_allclose(fitted.decision_function(TEXTS), np.log(fitted.predict_proba(TEXTS)))
    assert fitted.score(TEXTS, LABELS) > 0.9
    assert fitted.classes_.tolist() == sorted(WORDS)


def test_answers_as_the_command_line_and_the_server_give_them(fitted: TextClassifier) -> None:
    answer, other = fitted.answers([TEXTS[0], "?"], top_k=2)
    assert answer.to_dict() == {
        "text": TEXTS[0],
        "label": LABELS[0],
        "probability": answer.probability,
        "classes": [{"label": label, "probability": probability} for label, probability in answer.classes],
        "note": None,
    }
    assert len(answer.classes) == 2
    assert answer.probability == fitted.predict_proba(TEXTS[0]).max()
    assert other.note == "the model knows none of these tokens; the answer is a guess"
    assert fitted.answers(TEXTS[0])[0].label == LABELS[0]
    json.dumps(answer.to_dict())


@pytest.mark.parametrize(
    "labels",
    [
        [["b", "a", "c"][i % 3] for i in range(90)],
        [[10, 9, -1][i % 3] for i in range(90)],
        [["10", "9", "x"][i % 3] for i in range(90)],
        np.array([i % 2 for i in range(90)], dtype=np.int16),
        [i % 2 == 0 for i in range(90)],
        pd.Series([["b", "a"][i % 2] for i in range(90)], dtype="category"),
    ],
    ids=["str", "int", "digits", "int16", "bool", "categories"],
)
def test_labels_keep_their_type_everywhere(labels: Any, tmp_path: Path, run: Callable[..., Result]) -> None:
    model = TextClassifier(**{**QUICK, "epochs": 1}).fit(TEXTS, labels)
    expected = np.unique(np.asarray(labels))
    assert model.classes_.tolist() == expected.tolist()
    model.save(tmp_path / "m")
    for other in (model, TextClassifier.load(tmp_path / "m"), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert other.classes_.dtype == model.classes_.dtype
        assert other.classes_.tolist() == expected.tolist()
        predicted = other.predict(TEXTS)
        assert predicted.dtype == model.classes_.dtype
        assert type(other.predict(TEXTS[0])) is type(expected.tolist()[0])
        np.testing.assert_array_equal(other.classes_[other.predict_proba(TEXTS).argmax(axis=1)], predicted)
        assert other.get_params() == model.get_params()
    result = run("--save-dir", tmp_path / "m", "--predict", TEXTS[0])
    assert result.status == 0, result.err
    assert str(model.predict(TEXTS[0])) in result.out


def test_a_folder_with_labels_of_a_newer_version_is_refused(fitted: TextClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config["estimator"]["labels"]["version"] = 2
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    message = r": labels of version 2; expected 1: a newer textrnn wrote the model, upgrade this one$"
    with pytest.raises(ArtifactError, match=message):
        TextClassifier.load(tmp_path)
    config["estimator"] = {"labels": {"version": 1, "dtype": "int64"}, "parameters": {"of_tomorrow": 1}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ArtifactError, match=r": its files do not belong together \(invalid literal for int"):
        TextClassifier.load(tmp_path)
    config["estimator"] = {"parameters": {"of_tomorrow": 1, "seed": 3}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert TextClassifier.load(tmp_path, device="cpu").get_params()["seed"] == 3


def test_a_pickle_holds_the_bytes_of_the_folder(fitted: TextClassifier) -> None:
    content = pickle.dumps(fitted)  # tests/estimators/test_scikit_learn.py sends one to another process
    assert b"torch" not in content.replace(b'"torch": "', b"")  # its version in config.json is all
    np.testing.assert_array_equal(pickle.loads(content).predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    assert pickle.loads(pickle.dumps(TextClassifier(epochs=3))).epochs == 3  # before it has learnt anything


def test_two_rows_are_enough_and_said_to_be_few() -> None:
    with pytest.warns(UserWarning, match=r"^2 texts are too few to hold any out; the weights are chosen"):
        model = TextClassifier(**QUICK).fit(["好", "坏"], [1, 0])
    assert model.predict("好") in (0, 1)
    with pytest.warns(UserWarning, match=r"^1 of 90 texts are empty; nothing can be learnt from them$"):
        TextClassifier(**{**QUICK, "epochs": 1}).fit(["", *TEXTS[1:]], LABELS)


def test_rows_of_no_weight_are_left_out() -> None:
    weights = np.array([0.0 if i % 4 == 0 else 1.0 + i % 2 for i in range(90)])
    kept = np.flatnonzero(weights)
    weighted = TextClassifier(**QUICK).fit(TEXTS, LABELS, sample_weight=weights)
    without = TextClassifier(**QUICK).fit([TEXTS[i] for i in kept], [LABELS[i] for i in kept], weights[kept])
    plain = TextClassifier(**QUICK).fit([TEXTS[i] for i in kept], [LABELS[i] for i in kept])
    np.testing.assert_array_equal(weighted.predict_proba(TEXTS), without.predict_proba(TEXTS))
    assert not np.array_equal(weighted.predict_proba(TEXTS), plain.predict_proba(TEXTS))


def test_weights_of_classes_are_weights_of_their_rows() -> None:
    by_class = TextClassifier(**QUICK, class_weight={"山水": 3}).fit(TEXTS, LABELS)
    by_row = TextClassifier(**QUICK).fit(TEXTS, LABELS, [3 if label == "山水" else 1 for label in LABELS])
    np.testing.assert_array_equal(by_class.predict_proba(TEXTS), by_row.predict_proba(TEXTS))
    assert pickle.loads(pickle.dumps(by_class)).class_weight == {"山水": 3}


def test_weights_may_teach_other_shares_than_the_data_has() -> None:
    """The same text with both labels, one of which counts nine times: its loss rises, and that is right."""
    model = TextClassifier(**{**QUICK, "epochs": 10, "learning_rate": 0.02, "batch_size": 8})
    with pytest.warns(UserWarning, match=r"^60 texts \(1 different\) are too few to hold any out"):
        model.fit(["山水"] * 60, ["a", "b"] * 30, sample_weight=[9, 1] * 30)
    assert model.predict("山水") == "a"


def test_learning_on_takes_labels_of_a_like_type() -> None:
    model = TextClassifier(**QUICK).partial_fit(TEXTS[:4], [1.0, 0.0, 1.0, 0.0], classes=[1, 0])
    model.partial_fit(TEXTS[:2], [True, False])
    assert model.classes_.tolist() == [0, 1]
    with pytest.raises(InputError, match=r"^labels: strings; expected numbers or truth values"):
        model.partial_fit(TEXTS[:2], ["1", "0"])


@pytest.mark.parametrize("top_k", [0, -1, "3", None])
def test_what_is_no_number_of_answers(fitted: TextClassifier, top_k: Any) -> None:
    with pytest.raises(InputError, match=rf"^`top_k` {top_k}: expected a whole number, 1 or above$"):
        fitted.answers("山水", top_k=top_k)


def test_learning_on_goes_on_with_the_same_network() -> None:
    model = TextClassifier(**{**QUICK, "epochs": None, "learning_rate": 0.02})
    with pytest.raises(InputError, match=r"^classes: only one class; expected all that there will be"):
        model.partial_fit(TEXTS[:1], LABELS[:1])
    model.partial_fit(TEXTS[:30], LABELS[:30], classes=sorted(WORDS))
    first, vocabulary = model.score(TEXTS, LABELS), model.classifier_.vocabulary
    for start in range(0, 90, 10):
        model.partial_fit(TEXTS[start : start + 10], LABELS[start : start + 10])
    assert model.score(TEXTS, LABELS) > first
    assert model.classifier_.vocabulary is vocabulary
    model = pickle.loads(pickle.dumps(model))
    model.partial_fit(TEXTS[:1], LABELS[:1])
    with pytest.raises(InputError, match=r"^classes: not those of the first call; expected the same, or none$"):
        model.partial_fit(TEXTS, LABELS, classes=["a", "b"])
    with pytest.raises(InputError, match=r"^labels\[0\]: 'x' is no class of the training texts; expected one of 山水"):
        model.partial_fit(TEXTS[:1], ["x"])
    model.set_params(embedding_size=16)
    with pytest.raises(SettingError, match=r"^partial_fit: `embedding_size` was 8, now 16; expected the same network"):
        model.partial_fit(TEXTS, LABELS)
    with pytest.raises(
        SettingError, match=r"^`model` BiLSTM_Ngram: chooses its n-grams from all texts before it learns"
    ):
        TextClassifier(model="BiLSTM_Ngram").partial_fit(TEXTS, LABELS)


def test_explanations_are_those_of_the_saved_model(fitted: TextClassifier) -> None:
    (of_answer,) = fitted.explain(TEXTS[0])
    assert of_answer.label == LABELS[0]
    assert sum(each.contribution for each in of_answer.tokens) == pytest.approx(
        of_answer.logit_difference - of_answer.baseline, abs=1e-4
    )
    named = fitted.explain(pd.Series(TEXTS[:2]), label="数字", against="山水")
    assert [(each.label, each.against) for each in named] == [("数字", "山水")] * 2
    json.dumps(named[0].to_dict())


def test_report(fitted: TextClassifier, tmp_path: Path) -> None:
    fitted.report(*rows_of(30, 3), folder=tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["test"]["accuracy"] == fitted.score(*rows_of(30, 3))
    assert metrics["baseline"]["name"]
    assert {"report.html", "errors.csv", "history.csv", "suspects.csv"} <= {path.name for path in tmp_path.iterdir()}
    held_out = fitted.report(baseline=False).to_metrics()
    assert held_out["test"]["accuracy"] == held_out["dev"]["accuracy"]
    copied, test = copy.copy(fitted), metrics["test"]
    assert copied.report(*rows_of(30, 3)).to_metrics()["test"]["confusion_matrix"] == test["confusion_matrix"]
    with pytest.raises(TextRNNError, match=r"^report: the texts that were held out are not here, only the model"):
        copied.report()
    with pytest.raises(InputError, match=r"^labels\[0\]: 'x' is none of the model's classes"):
        fitted.report(["a"], ["x"])


def test_quiet_unless_asked(capfd: pytest.CaptureFixture[str]) -> None:
    TextClassifier(**QUICK).fit(TEXTS, LABELS)
    assert capfd.readouterr() == ("", "")
    TextClassifier(**QUICK, verbose=True).fit(TEXTS, LABELS)
    out = capfd.readouterr().out
    assert "texts in memory: 3 classes; 81 training, 9 dev, 0 test texts" in out
    assert "dev accuracy" in out


class CtrlC(Listener):
    """Sends Ctrl-C to this process when there were so many evaluations."""

    def __init__(self, evaluations: int, times: int = 1):
        self.left, self.times = evaluations, times

    def on_step(self, step: int, loss: float) -> None:
        if self.left == 0:
            self.left = -1
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.left -= 1


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[CtrlC], None]:
    monkeypatch.setattr(interrupts, "_latest", -100.0)

    def arrange(by: CtrlC) -> None:
        monkeypatch.setattr(text_classifier, "ListenerGroup", lambda listeners: ListenerGroup([*listeners, by]))

    return arrange


def test_ctrl_c_keeps_the_best_weights(interrupted: Callable[[CtrlC], None]) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupted(CtrlC(2))
    model = TextClassifier(**{**QUICK, "epochs": 500, "evaluate_every": 3})
    with pytest.warns(
        UserWarning, match=r"^interrupted after 7 steps; the best weights so far are kept, those of step \d"
    ):
        model.fit(TEXTS, LABELS)
    assert model.history_.stopped_by == "a request to end"
    assert (
        model.history_.best_step == min(model.history_.evaluations, key=lambda row: row["dev_calibrated_loss"])["step"]
    )
    assert model.predict(TEXTS).shape == (90,)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("by", [CtrlC(0), CtrlC(1, times=2)], ids=["before the first evaluation", "twice"])
def test_ctrl_c_that_passes_on(interrupted: Callable[[CtrlC], None], by: CtrlC) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupted(by)
    model = TextClassifier(**{**QUICK, "epochs": 500, "evaluate_every": 5})
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS, LABELS)
    assert not hasattr(model, "classes_")
    assert signal.getsignal(signal.SIGINT) is before


def test_loading_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"config\.json: no such file; expected a folder that training wrote"):
        TextClassifier.load(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("folder", [None, 3, ["a"]])
def test_what_is_no_folder(folder: Any) -> None:
    with pytest.raises(SettingError) as caught:
        TextClassifier.load(folder)
    assert str(caught.value) == f"`folder` {folder!r}: no path; expected one, as a string or a `Path`"

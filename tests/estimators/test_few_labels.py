"""TextClassifier with texts without labels."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from tests.factories import small_rows
from textrnn import TextClassifier
from textrnn.errors import TextRNNError
from textrnn.estimators.inputs import InputError
from textrnn.estimators.settings import SettingError

TEXTS, LABELS = zip(*small_rows(18, 1), strict=True)
HEAP = [text for text, _ in small_rows(400, 3)]
TEST, TRUTH = zip(*small_rows(60, 2), strict=True)


def test_texts_without_labels_help(tmp_path: Path) -> None:
    alone = TextClassifier(model="Linear").fit(list(TEXTS), list(LABELS), X_val=list(TEXTS), y_val=list(LABELS))
    found = TextClassifier(model="Linear").fit(list(TEXTS), list(LABELS), unlabelled=HEAP)
    assert found.score(list(TEST), list(TRUTH)) > max(0.9, alone.score(list(TEST), list(TRUTH)))
    found.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert (loaded.predict(list(TEST)) == found.predict(list(TEST))).all()
    assert found.report(list(TEST), list(TRUTH), baseline=False).figures.confusion.sum() == 60
    with pytest.raises(TextRNNError, match="report: nothing was held out, for labels are few"):
        found.report()


def test_auto_is_no_model_that_was_named() -> None:
    found = TextClassifier(model="auto", budget=1, seed=1).fit(list(TEXTS), list(LABELS), unlabelled=HEAP)
    assert found.classifier_.settings.model_name == "Linear"  # in a second there is no time to judge a network
    assert found.score(list(TEST), list(TRUTH)) > 0.9


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"sample_weight": [1.0] * 18}, "sample_weight: cannot stand beside unlabelled; expected one of them"),
        ({"X_val": ["x"], "y_val": ["猫狗"]}, "X_val: cannot stand beside unlabelled; expected one of them"),
    ],
)
def test_what_cannot_stand_beside_them(more: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as error:
        TextClassifier().fit(list(TEXTS), list(LABELS), unlabelled=HEAP, **more)  # type: ignore[arg-type]
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"猫狗": 2.0}, "class_weight: cannot stand beside unlabelled; expected one of them"),
        (
            "balanced",
            "`class_weight` balanced: cannot stand beside `unlabelled`, which takes the classes to be as common as "
            "among the labelled rows; expected one of them",
        ),
    ],
)
def test_weights_of_classes_cannot_stand_beside_them(class_weight: object, message: str) -> None:
    with pytest.raises(ValueError, match="class_weight") as error:
        TextClassifier(model="Linear", class_weight=class_weight).fit(list(TEXTS), list(LABELS), unlabelled=HEAP)
    assert str(error.value) == message


@pytest.mark.parametrize("labels", [[{"猫狗"}] * 9 + [{"山水"}] * 9, [[0, 1]] * 9 + [[1, 1]] * 9])
def test_rows_of_several_labels_are_refused_beside_them(labels: list[object]) -> None:
    with pytest.raises(InputError) as error:
        TextClassifier(model="Linear").fit(list(TEXTS), labels, unlabelled=HEAP)
    assert str(error.value) == (
        "`unlabelled`: texts without labels are learnt from where each row has one label, and these have several; "
        "expected one: leave `unlabelled` out, or use `pretrain`"
    )


def test_rows_too_few_to_hold_any_out_are_learnt_once() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = TextClassifier(model="Linear").fit(["猫", "山"], ["猫狗", "山水"], unlabelled=HEAP)
    assert few._dataset is not None
    assert few._dataset.train.texts == ["猫", "山"]


def test_a_network_begins_as_it_was_told_to(tmp_path: Path, trained_language_model: Path) -> None:
    named = {"epochs": 1, "budget": 200, "pretrain": True}
    learnt = TextClassifier("LSTM", init_from=str(trained_language_model), **named)  # type: ignore[arg-type]
    learnt.fit(list(TEXTS[:6]), list(LABELS[:6]), unlabelled=HEAP[:30])
    assert learnt.classifier_.settings.training.pretrain
    began_from = learnt.classifier_.began_from
    assert began_from is not None
    assert began_from["model"] == "LSTM"
    with pytest.raises(SettingError, match=r"`init_from` .*: no saved model there"):
        learnt.set_params(init_from=str(tmp_path)).fit(list(TEXTS), list(LABELS), unlabelled=HEAP)

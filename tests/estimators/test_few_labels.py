"""TextClassifier with texts without labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import small_rows
from textrnn import TextClassifier
from textrnn.errors import TextRNNError
from textrnn.estimators.inputs import InputError

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
    with pytest.raises(TextRNNError, match="report: nothing was held out beside the texts without labels"):
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

"""Answers for raw texts from a saved model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textrnn.config import UNKNOWN_ID
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.request import ClassifyRequest, changed_settings
from textrnn.training.train_eval import choose_device


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of a text, best first, and what was unusual about the text."""

    text: str
    classes: list[tuple[str, float]]
    notice: str = ""


def predict(
    request: ClassifyRequest, folder: Path, texts: list[str], *, top_k: int, say: Callable[[str], None]
) -> list[Prediction]:
    """Answer for raw texts with the model in `folder`.

    Raises:
        ArtifactError: if there is no whole model in it.
    """
    classifier = load_classifier(folder, choose_device(str(request.train_settings.get("device", "cpu"))))
    _mention_ignored(request, classifier, say)
    encoded = classifier.encode(texts)
    probabilities = classifier.probabilities_of(encoded)
    answers = []
    for index, (text, row) in enumerate(zip(texts, probabilities, strict=True)):
        order = np.argsort(-row, kind="stable")[:top_k]
        classes = [(classifier.class_names[label], float(row[label])) for label in order]
        ids = encoded.token_ids[encoded.offsets[index] : encoded.offsets[index + 1]]
        notice = ""
        if not text.strip():
            notice = "the text is empty; the answer rests on nothing"
        elif (ids == UNKNOWN_ID).all():
            notice = "the model knows none of these tokens; the answer rests on nothing"
        elif encoded.truncated and len(ids) == (classifier.data.pad_size or 0) < len(text):
            notice = f"a long text: only the first {classifier.data.pad_size} tokens are read"
        answers.append(Prediction(text, classes, notice))
    return answers


def _mention_ignored(request: ClassifyRequest, classifier: Classifier, say: Callable[[str], None]) -> None:
    """Settings named beside ``--predict`` do not change a model that is already trained; say so where they differ."""
    if "dataset" in request.data_settings and not _same_dataset(request.dataset, classifier.data.dataset):
        say(f"note: the saved model was trained on {classifier.data.dataset}, which is not {request.dataset}")
    for difference in changed_settings(classifier.settings, request):
        say(f"note: of the saved model, {difference}; that takes effect when it is trained again (without --predict)")


def _same_dataset(one: str, other: str) -> bool:
    return one.casefold() == other.casefold() or Path(one).resolve() == Path(other).resolve()

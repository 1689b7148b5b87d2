"""Answers with their reasons: what each token adds, and the training texts that are most like the text."""

from __future__ import annotations

from collections.abc import Sequence

from textrnn.config import DataConfig
from textrnn.corpus.dataset import read_files, with_splits
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.content import STDIN
from textrnn.corpus.sources.identity import identify_dataset
from textrnn.errors import DataError, Note
from textrnn.report.explanation import ExplainedAnswer
from textrnn.report.notes import words
from textrnn.saved.classifier import Classifier
from textrnn.saved.explanation import explain, explain_labels
from textrnn.saved.neighbours import Neighbours
from textrnn.tasks.answers import predict
from textrnn.tasks.model_folders import is_as_learnt
from textrnn.training.events import Listener


def explain_answers(
    classifier: Classifier, texts: Sequence[str], listener: Listener, *, top_k: int, nearest: int
) -> list[ExplainedAnswer]:
    """Answer for raw texts, with reasons.

    Args:
        nearest: training texts for each.
    """
    answers = predict(classifier, texts, top_k=top_k)
    several = classifier.multi_label
    explanations = explain_labels(classifier, texts) if several else [[one] for one in explain(classifier, texts)]
    neighbours = training_neighbours(classifier, listener) if nearest and texts else None
    found = neighbours.nearest(texts, nearest) if neighbours is not None else [[] for _ in texts]
    return [
        ExplainedAnswer(
            answer.classes, None if answer.note is None else words(answer.note), own[0], near, answer.labels, own[1:]
        )
        for answer, own, near in zip(answers, explanations, found, strict=True)
    ]


def training_neighbours(classifier: Classifier, listener: Listener) -> Neighbours | None:
    """The training texts of a saved classifier, to be searched; None where they are not here any more.

    Nothing is downloaded. Data that was edited is taken as it is now, and that is told.
    """
    data = classifier.settings.data
    try:
        if data.dataset == STDIN:
            raise DataError("the data came from standard input")
        is_same = is_as_learnt(classifier, identify_dataset(data.dataset))
        neighbours = _read(classifier, data, listener)
    except DataError as error:
        listener.on_note(Note("no_training_texts", learnt=data.dataset, reason=str(error)))
        return None
    if not is_same:
        listener.on_note(Note("training_texts_edited", learnt=data.dataset))
    return neighbours


def _read(classifier: Classifier, data: DataConfig, listener: Listener) -> Neighbours:
    """The training split, read as it was then; what a check would find was told then, too."""
    read, _ = read_files(find_dataset(data.dataset, download=False), data)
    whole, _ = with_splits(read, data)
    rows, names = whole.rows["train"], read.class_names
    if "train" in whole.label_sets:
        labels = [", ".join(names[label] for label in each) for each in whole.label_sets["train"]]
    else:
        labels = [names[label] for label in whole.labels["train"]]
    listener.on_note(Note("comparing_texts", texts=len(rows), learnt=data.dataset))
    return Neighbours.of(classifier, rows.texts, labels, rows.where)

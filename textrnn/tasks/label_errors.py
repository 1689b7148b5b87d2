"""Rows of a data set whose label is probably wrong, found without training a network, or with one's answers beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import Dataset
from textrnn.evaluation.label_errors import Suspect, combine_probabilities, find_suspects
from textrnn.evaluation.out_of_fold import out_of_fold_probabilities
from textrnn.saved.classifier import Classifier

SPLITS = ("train", "dev", "test")


def suspects_of(
    dataset: Dataset, *, seed: int = 0, probabilities: Mapping[str, NDArray[np.float64]] | None = None
) -> list[Suspect]:
    """The rows of all splits whose label is probably wrong, the most suspicious first.

    A linear model judges every row after it has learnt from rows of all splits other than that one and its copies.

    Args:
        seed: of the division into folds.
        probabilities: by split, (rows, C) of a network for texts that it has not learnt from, such as those of the dev
            and test splits (:meth:`textrnn.saved.classifier.Classifier.predict_probabilities`); a network repeats the
            wrong labels it has learnt. Rows of NaN, and splits without, are judged by the linear model alone.
    """
    splits = {name: getattr(dataset, name) for name in SPLITS}
    texts = [text for split in splits.values() for text in split.texts]
    labels = np.array([label for split in splits.values() for label in split.labels], dtype=np.int64)
    class_count = len(dataset.class_names)
    judged = out_of_fold_probabilities(texts, labels, class_count, seed=seed)
    if probabilities:
        nobody = {name: np.full((len(split), class_count), np.nan) for name, split in splits.items()}
        network = np.concatenate([probabilities.get(name, nobody[name]) for name in SPLITS])
        judged = combine_probabilities(judged, network, labels)
    starts = np.cumsum([0, *map(len, splits.values())])
    return [_in_its_split(suspect, starts) for suspect in find_suspects(judged, labels)]


def suspects_beside(classifier: Classifier, dataset: Dataset) -> list[Suspect]:
    """The same with what a classifier answers on the splits that it has not learnt from."""
    encoded = dataset.encoded(classifier.settings.data)
    answers = {"dev": classifier.probabilities_of(encoded.dev), "test": classifier.probabilities_of(encoded.test)}
    return suspects_of(dataset, probabilities=answers)


def _in_its_split(suspect: Suspect, starts: NDArray[np.int64]) -> Suspect:
    """Of a row counted over all splits, one counted in its own."""
    split = int(np.searchsorted(starts, suspect.row_index, side="right")) - 1
    return replace(suspect, row_index=suspect.row_index - int(starts[split]), split=SPLITS[split])

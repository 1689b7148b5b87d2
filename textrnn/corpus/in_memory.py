"""Texts that a Python program has in memory, as the data sets and running texts that are made of files otherwise."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrnn.config import CorpusConfig
from textrnn.corpus.check import ReadFiles
from textrnn.corpus.dataset import Dataset, Split, refuse_errors_of_checks, sorted_names
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.readers import Rows, cleaned
from textrnn.corpus.splitting import make_splits
from textrnn.corpus.texts import Corpus, cut_corpus
from textrnn.corpus.vocab import Vocabulary
from textrnn.errors import DataError, Note, listed

NAME = "texts in memory"
Labelled = tuple[Sequence[str], Sequence[str]]  # texts, and the name of the class of each
LabelledSets = tuple[Sequence[str], Sequence[tuple[str, ...]]]  # the names of the classes of each, perhaps none


class RowsInMemory(Rows):
    """Rows of no file: they are named by their index."""

    def where(self, index: int) -> str:
        return f"{self.path}[{self.line_numbers[index]}]"


def dataset_in_memory(
    train: Labelled | LabelledSets,
    dev: Labelled | LabelledSets | None = None,
    *,
    weights: NDArray[np.float64] | None = None,
    split_seed: int = 0,
    class_names: Sequence[str] | None = None,
) -> Dataset:
    """A data set of texts, without a test split.

    Rows may have several labels, or none, where the labels of each are a tuple.

    Without `dev`, a tenth of the rows is held out, as where the command line finds no dev split; of rows too few for
    that, the training rows stand in their place.

    Args:
        weights: (training rows,): what each counts in the loss.
        class_names: in the order of their indices; None: those of the training rows, sorted.

    Raises:
        DataError: if the labels do not make classes to tell apart, or one of `dev` is no class.
    """
    rows: dict[str, Rows] = {"train": _rows("texts", train)}
    class_names = list(class_names or sorted_names(set(rows["train"].every_label)))
    notes = refuse_errors_of_checks(ReadFiles(rows, class_names, None))
    index_of = {name: index for index, name in enumerate(class_names)}
    if dev is not None:
        rows["dev"] = _rows("X_val", dev)
        _refuse_unknown(rows["dev"], class_names)
    elif _can_be_split(rows["train"]):
        rows = make_splits(rows, ["dev"], split_seed)
        counts = {split: len(part) for split, part in rows.items()}
        notes.append(Note("split_made", path=NAME, missing=["dev"], seed=split_seed, rows=counts))
    weighted = {"train"} if dev is not None else set(rows)
    splits = {name: _split(part, index_of, weights if name in weighted else None) for name, part in rows.items()}
    return Dataset(NAME, class_names, splits["train"], splits.get("dev", splits["train"]), Split([], []), notes)


def more_of_a_dataset(
    rows: Labelled | LabelledSets,
    class_names: Sequence[str],
    vocabulary: Vocabulary | None,
    weights: NDArray[np.float64] | None,
) -> Dataset:
    """Rows from which a model of these classes learns on; they are all learnt from, and it is judged by them.

    Args:
        vocabulary: of the model; None before it has learnt anything.
        weights: (rows,): what each counts in the loss.

    Raises:
        DataError: for a label that is no class.
    """
    part = _rows("texts", rows)
    _refuse_unknown(part, class_names)
    split = _split(part, {name: index for index, name in enumerate(class_names)}, weights)
    return Dataset(NAME, list(class_names), split, split, Split([], []), vocabulary=vocabulary)


def _rows(name: str, given: Labelled | LabelledSets) -> Rows:
    texts, labels = given
    single = [label for label in labels if isinstance(label, str)]
    sets = [tuple(dict.fromkeys(label)) for label in labels if not isinstance(label, str)]
    if len(single) != len(labels) and single:
        raise DataError(f"{name}: some rows have one label, others a tuple of them; expected one kind in all rows")
    lines, several = array("q", range(len(texts))), None if len(single) == len(texts) else sets
    return RowsInMemory(Path(name), list(map(cleaned, texts)), single, lines, label_sets=several)


def _split(rows: Rows, index_of: dict[str, int], weights: NDArray[np.float64] | None) -> Split:
    places = np.asarray(rows.line_numbers)
    of_rows = None if weights is None else weights[places]
    if rows.label_sets is None:
        return Split(rows.texts, [index_of[label] for label in rows.labels], weights=of_rows, places=places)
    sets = LabelSets.of([index_of[label] for label in labels] for labels in rows.label_sets)
    return Split(rows.texts, [], weights=of_rows, label_sets=sets)


def _can_be_split(rows: Rows) -> bool:
    """Whether a class has two texts that are of no other, so that one can be held out."""
    if rows.label_sets is not None:
        counts = Counter(rows.every_label)
        texts = Counter(rows.texts)
        pairs = zip(rows.texts, rows.label_sets, strict=True)
        return len(texts) > 1 and any(texts[text] == 1 and all(counts[x] > 1 for x in labels) for text, labels in pairs)
    labels_of: dict[str, set[str]] = {}
    for text, label in zip(rows.texts, rows.labels, strict=True):
        labels_of.setdefault(text, set()).add(label)
    seen: set[str] = set()
    for labels in labels_of.values():
        if len(labels) == 1:
            (label,) = labels
            if label in seen:
                return True
            seen.add(label)
    return False


def _refuse_unknown(rows: Rows, class_names: Sequence[str]) -> None:
    known = set(class_names)
    for index, label in (
        (i, label) for i, row in enumerate(rows.label_sets or ((x,) for x in rows.labels)) for label in row
    ):
        if label not in known:
            labels = "labels" if str(rows.path) == "texts" else "y_val"
            raise DataError(
                f"{labels}[{index}]: {label!r} is no class of the training texts; expected one of {listed(class_names)}"
            )


def corpus_in_memory(text: str, config: CorpusConfig) -> Corpus:
    """A running text, cut as one of a file is; every character of it is read, unless `letters` says otherwise.

    Raises:
        DataError: if there is nothing in it to learn from.
    """
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return cut_corpus(text, NAME, Path(NAME), config, letters=bool(config.letters), digest=digest)

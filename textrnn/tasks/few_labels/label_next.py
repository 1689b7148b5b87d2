"""The rows to label next, as a file for people that the readers take back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.formulas import starts_like_a_formula
from textrnn.corpus.heap import Heap, cleared, files_of_heap, read_heap
from textrnn.corpus.readers.left_out import PROPOSED
from textrnn.corpus.similar import comparison_key, near_duplicates
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.errors import ConfigError, Note
from textrnn.evaluation.linear.features import fit_vectorizer
from textrnn.evaluation.semi_supervised.next_rows import rows_to_label
from textrnn.files import write_together
from textrnn.saved.classifier import Classifier
from textrnn.tasks.few_rows import refuse_several_labels, without_dev
from textrnn.tasks.settings import combine
from textrnn.training.events import Listener

FILE = "label_next.csv"
COLUMNS = ("text", "label", PROPOSED, "probability")
MOST_TEXTS = 100_000  # looked at; of more, a sample
Proposal = tuple[str, str, float]  # text, the label that the model proposes, its probability


def write_next(classifier: Classifier, run: Run, unlabelled: str, count: int, path: Path, listener: Listener) -> int:
    """Choose texts of a file and write them below the labelled rows. Returns how many there are to label.

    Args:
        run: of the data set that the classifier has learnt from.
        unlabelled: the path of the texts, as it was typed.

    Raises:
        DataError: for what is wrong with the data set or the texts.
        ArtifactError: if the file cannot be written.
    """
    refuse_what_is_read(run, unlabelled, path)
    data = combine(run).data
    source = find_dataset(data.dataset)
    dataset = load_dataset(source, data)
    refuse_several_labels(dataset)
    labelled = rows_of_file(dataset)
    if source.dev is None:
        dataset = without_dev(dataset)
    heap = read_heap(unlabelled, data)
    proposals = rows_next(classifier, dataset, cleared(heap, dataset), count)
    if path.exists():
        listener.on_note(Note("file_replaced", path=path))
    write_together(path.parent, {path.name: to_label(labelled, proposals)})
    return len(proposals)


def refuse_what_is_read(run: Run, unlabelled: str, path: Path) -> None:
    """What the rows come from is not to be replaced by them.

    Raises:
        ConfigError: if it would be.
        DataError: if there is no such data.
    """
    source = find_dataset(combine(run).data.dataset)
    used = (source.train, source.dev, source.test, *files_of_heap(unlabelled))
    if any(path.resolve() == one.resolve() for one in used if one):
        raise ConfigError(f"`output` {path}: what is read is never written over; expected the name of another file")


def rows_next(classifier: Classifier, dataset: Dataset, heap: Heap, count: int, *, seed: int = 0) -> list[Proposal]:
    """Texts that the classifier is unsure of, each of another kind, none that says nearly the same as another.

    Args:
        count: at most.
        seed: of the sample and the clusters.
    """
    texts = heap.texts
    if len(texts) > MOST_TEXTS:
        sample = np.random.default_rng(seed).permutation(len(texts))[:MOST_TEXTS]
        texts = [texts[row] for row in np.sort(sample)]
    texts = _different(texts)
    probabilities = classifier.predict_probabilities(texts)
    _, features = fit_vectorizer(dataset.cut_into_words, texts)
    names = classifier.class_names
    return [
        (texts[row], names[int(probabilities[row].argmax())], float(probabilities[row].max()))
        for row in rows_to_label(features, probabilities, count, seed=seed).tolist()
    ]


def _different(texts: Sequence[str]) -> list[str]:
    """Of texts that are nearly the same, the first."""
    first: dict[str, int] = {}
    for index, text in enumerate(texts):
        first.setdefault(comparison_key(text), index)
    keys, rows = list(first), list(first.values())
    again = {later for _, later in near_duplicates(keys)}
    return [texts[row] for at, row in enumerate(rows) if at not in again]


def rows_of_file(dataset: Dataset) -> list[tuple[str, str]]:
    """Text and label of every row of the training file in its order, those too that were split off for dev and test:
    the file to label takes its place, and would lose them."""
    found: list[tuple[int, str, str]] = []
    for split in (dataset.train, dataset.dev, dataset.test):
        if split.rows is not None and dataset.train.rows is not None and split.rows.path == dataset.train.rows.path:
            names = (dataset.class_names[label] for label in split.labels)
            found += zip(split.rows.line_numbers, split.texts, names, strict=True)
    return [(text, name) for _, text, name in sorted(found, key=lambda row: row[0])]


def to_label(labelled: Iterable[tuple[str, str]], proposals: Iterable[Proposal]) -> bytes:
    """The labelled rows, and below them those to label; UTF-8 with a mark, for spreadsheets.

    Args:
        labelled: text and label of each.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for text, label_name in labelled:
        writer.writerow([_cell(text), label_name, "", ""])
    for text, label_name, probability in proposals:
        writer.writerow([_cell(text), "", label_name, f"{probability:.4f}"])
    return out.getvalue().encode("utf-8-sig", "replace")


def _cell(text: str) -> str:
    """The whole text; one that begins like a formula has an apostrophe before it, which the reader takes away."""
    return f"'{text}" if starts_like_a_formula(text) else text

"""Exporting a saved model: the graph and what belongs to it are made, checked, written, and in 8 bits measured.

model -> graph -> checked against the network -> 8 bits -> measured on texts that were not learnt -> files
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.content import STDIN
from textrnn.corpus.sources.identity import identify_dataset
from textrnn.corpus.texts import find_local, load_corpus, several
from textrnn.errors import ConfigError, DataError, TextRNNError
from textrnn.export.check import check_classifier, check_language_model
from textrnn.export.documents import (
    CONFIG_FILE,
    GRAPH_FILE,
    INT8_FILE,
    classifier_documents,
    language_model_documents,
)
from textrnn.export.graph import Graph, classifier_graph, language_model_graph
from textrnn.export.quantised import quantised
from textrnn.export.runtime import Session
from textrnn.files import remove_file, write_together
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import Classifier
from textrnn.saved.folder import MODEL_FILE, SavedModel
from textrnn.tasks.model_folders import identify_corpus

FOLDER = "onnx"  # in the model's
MOST_TEXTS, MOST_CHARACTERS = 10_000, 20_000  # measured


@dataclass(frozen=True)
class Measured:
    """How a graph does on texts that the model has not learnt from.

    Attributes:
        figure: accuracy of a classifier, nats a character of a language model
        speed: texts a second, or characters
    """

    figure: float
    speed: float


@dataclass(frozen=True)
class Comparison:
    """The graph of fp32 and that of 8 bits on the same texts.

    Attributes:
        count: of texts, or of characters
    """

    count: int
    fp32: Measured
    int8: Measured


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        sizes: bytes of each file
        difference: the largest between a logit of the graph and one of the network
        comparison: of a graph of 8 bits, where the texts are here
        not_measured: why there is none
    """

    folder: Path
    sizes: Mapping[str, int] = field(default_factory=dict)
    difference: float = 0.0
    comparison: Comparison | None = None
    not_measured: str | None = None


class Measure(Protocol):
    """Asks the graphs that are given, in order. Gives how many texts, and the figures of each graph."""

    def __call__(self, *graphs: bytes) -> tuple[int, list[Measured]]: ...


def export_classifier(classifier: Classifier, folder: Path, *, int8: bool = False) -> Exported:
    """Write a classifier as ONNX into a folder.

    Args:
        int8: write a graph of 8 bits, too, and measure what it costs.

    Raises:
        ArtifactError: if the model cannot be exported, its graph answers otherwise, or the folder cannot be written.
    """
    refuse_folder(folder)
    name = classifier.settings.model_name
    smoothing = classifier.settings.training.label_smoothing
    graph = classifier_graph(classifier.network, name, temperature=classifier.temperature, label_smoothing=smoothing)
    difference = check_classifier(graph, classifier.network, name)
    measure = partial(_test_split, classifier) if int8 else None
    return _write(folder, graph, classifier_documents(classifier, graph), difference, measure)


def export_language_model(model: CharacterModel, folder: Path, *, int8: bool = False) -> Exported:
    """The same for a language model, with the n-gram it is mixed with."""
    refuse_folder(folder)
    name = model.settings.model_name
    graph = language_model_graph(model.model, name)
    difference = check_language_model(graph, model.model, name)
    measure = partial(_held_out_text, model, graph) if int8 else None
    return _write(folder, graph, language_model_documents(model, graph), difference, measure)


def refuse_folder(folder: Path) -> None:
    """A folder that must not be written into.

    Raises:
        ConfigError: if it is a model's own, or no folder.
    """
    if (folder / MODEL_FILE).exists():
        raise ConfigError(
            f"`output` {folder}: a model stands there, whose {CONFIG_FILE} would be lost; expected another folder, "
            f"such as {folder / FOLDER}"
        )
    if folder.is_file():
        raise ConfigError(f"`output` {folder}: a file; expected a folder, which need not be there yet")


def _write(
    folder: Path,
    graph: Graph,
    documents: Mapping[str, bytes],
    difference: float,
    find_measure: Callable[[], Measure] | None,
) -> Exported:
    """Write all files, the configuration last; without 8 bits, a graph of an earlier export goes."""
    graphs = {GRAPH_FILE: graph.content}
    comparison = not_measured = None
    if find_measure is not None:
        graphs[INT8_FILE] = quantised(graph.content)
        try:
            count, (fp32, in_8_bits) = find_measure()(*graphs.values())
            comparison = Comparison(count, fp32, in_8_bits)
        except TextRNNError as error:
            not_measured = str(error)
    files = {**graphs, **documents}
    write_together(folder, files)
    if find_measure is None:
        remove_file(folder / INT8_FILE)
    sizes = {name: len(content) for name, content in files.items()}
    return Exported(folder, sizes, difference, comparison, not_measured)


def _test_split(classifier: Classifier) -> Measure:
    """Accuracy on the test split that the classifier was judged by, or on texts spread evenly over a large one.

    Raises:
        DataError: if it is not here, or not what it was.
    """
    named = classifier.settings.data.dataset
    if named == STDIN:
        raise DataError("the data came from standard input")
    find_dataset(named, download=False)  # says why there is none
    _refuse_other_data(classifier, identify_dataset(named), named)
    test = load_dataset(find_dataset(named, download=False), classifier.settings.data).test
    rows = np.unique(np.linspace(0, len(test) - 1, min(len(test), MOST_TEXTS)).astype(np.int64))
    encoded = classifier.encode([test.texts[row] for row in rows])
    labels = np.array(test.labels)[rows]

    def measure(*graphs: bytes) -> tuple[int, list[Measured]]:
        sessions = [Session(content) for content in graphs]
        found = [_timed(partial(session.logits_of, encoded)) for session in sessions]
        judged = [(float((logits.argmax(axis=1) == labels).mean()), seconds) for logits, seconds in found]
        return len(rows), [Measured(figure, len(rows) / seconds) for figure, seconds in judged]

    return measure


def _held_out_text(model: CharacterModel, graph: Graph) -> Measure:
    """Nats a character of the beginning of the text that was held out.

    Raises:
        DataError: if it is not here, or not what it was.
    """
    named = model.settings.data.corpus
    source = None if STDIN in several(named) else find_local(named)
    if source is None:
        raise DataError(f"{' '.join(several(named))}: the text is not here")
    _refuse_other_data(model, identify_corpus(named), " ".join(several(named)))
    token_ids = model.encode(load_corpus(source, model.settings.data).held_out[:MOST_CHARACTERS]).cpu().numpy()
    if len(token_ids) == 0:
        raise DataError("no text was held out")

    def measure(*graphs: bytes) -> tuple[int, list[Measured]]:
        sessions, states = [Session(content) for content in graphs], graph.inputs[1:]
        found = [_timed(partial(each.losses_of, token_ids, model.start_id, states)) for each in sessions]
        return len(token_ids), [Measured(float(losses.mean()), len(losses) / seconds) for losses, seconds in found]

    return measure


def _refuse_other_data(model: SavedModel, here: Any, named: str) -> None:
    kept = model.data_identity
    if kept is not None and (not here.is_the_data_of(kept) or here.has_changed_since(kept)):
        raise DataError(f"{named}: not what the model has learnt from any more")


def _timed(answer: Callable[[], NDArray[Any]]) -> tuple[NDArray[Any], float]:
    """What is answered, and the seconds that took."""
    started = time.perf_counter()
    found = answer()
    return found, time.perf_counter() - started

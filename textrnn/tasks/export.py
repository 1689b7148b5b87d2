"""Exporting a saved model: the graph and what belongs to it are made, checked, written, and in 8 bits measured.

model -> graph -> checked against the network -> 8 bits -> measured on texts that were not learnt -> files
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.content import STDIN
from textrnn.corpus.sources.identity import identify_dataset
from textrnn.corpus.texts import find_local, load_corpus, several
from textrnn.corpus.vocab import EncodedTexts
from textrnn.errors import ArtifactError, ConfigError, DataError, TextRNNError, one_line
from textrnn.export.check import check_classifier, check_language_model
from textrnn.export.documents import (
    CONFIG_FILE,
    GRAPH_FILE,
    INT8_FILE,
    classifier_documents,
    language_model_documents,
)
from textrnn.export.graph import Graph, classifier_graph, language_model_graph
from textrnn.export.measure import Comparison, Unlearnt, compare
from textrnn.export.quantised import quantised
from textrnn.export.runtime import Session
from textrnn.files import remove_file, write_together
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import Classifier
from textrnn.saved.folder import MODEL_FILE
from textrnn.tasks.labelling import label_sets
from textrnn.tasks.model_folders import identify_corpus, refuse_edited

FOLDER = "onnx"  # in the model's
MOST_TEXTS, MOST_CHARACTERS = 10_000, 20_000  # measured
MOST_CELLS = 10_000_000  # texts times classes, of which there may be many


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


def export_classifier(classifier: Classifier, folder: Path, *, int8: bool = False) -> Exported:
    """Write a classifier as ONNX into a folder.

    Args:
        int8: write a graph of 8 bits, too, and measure what it costs.

    Raises:
        ArtifactError: if the model cannot be exported, its graph answers otherwise, or the folder cannot be written.
    """
    refuse_folder(folder)
    name = classifier.settings.model_name
    if classifier.static is not None:
        raise ArtifactError(
            f"{name}: reads vectors of whole texts (`embedding` {classifier.settings.data.embedding}), which an ONNX "
            "graph cannot make of a text; expected a model without them: train it with `embedding=random`"
        )
    how: dict[str, Any] = {
        "temperature": classifier.temperature,
        "label_smoothing": classifier.smoothing_undone,
        "spelling": classifier.settings.data.is_spelt,
        "of_labels": classifier.label_calibration if classifier.multi_label else None,
    }
    graph = classifier_graph(classifier.network, name, **how)
    difference = check_classifier(graph, classifier.network, name)
    texts = partial(_test_texts, classifier) if int8 else None
    return _write(folder, graph, classifier_documents(classifier, graph), difference, texts)


def export_language_model(model: CharacterModel, folder: Path, *, int8: bool = False) -> Exported:
    """The same for a language model, with the n-gram it is mixed with."""
    refuse_folder(folder)
    name = model.settings.model_name
    graph = language_model_graph(model.model, name)
    difference = check_language_model(graph, model.model, name)
    texts = partial(_held_out_text, model, graph) if int8 else None
    return _write(folder, graph, language_model_documents(model, graph), difference, texts)


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
    find_texts: Callable[[], Unlearnt] | None,
) -> Exported:
    """Write all files, the configuration last; without 8 bits, a graph of an earlier export goes.

    Args:
        find_texts: what 8 bits are measured on; None: they are not asked for.
    """
    files, comparison, not_measured = {GRAPH_FILE: graph.content, **documents}, None, None
    if find_texts is not None:
        in_8_bits, session = _in_8_bits(graph)
        files = {INT8_FILE: in_8_bits, **files}
        try:
            comparison = compare(Session(graph.content), session, find_texts())
        except TextRNNError as error:
            not_measured = str(error)
    write_together(folder, files)
    if find_texts is None:
        remove_file(folder / INT8_FILE)
    sizes = {name: len(content) for name, content in files.items()}
    return Exported(folder, sizes, difference, comparison, not_measured)


def _in_8_bits(graph: Graph) -> tuple[bytes, Session]:
    """The graph of 8 bits, which onnxruntime has read."""
    try:
        content = quantised(graph.content)
        return content, Session(content)
    except Exception as error:  # onnxruntime's own, which have no common base
        raise ArtifactError(
            f"`int8`: onnxruntime makes no graph of 8 bits of this model ({one_line(error)}); expected one that it "
            "can: leave out `int8` to export it in fp32"
        ) from error


def _test_texts(classifier: Classifier) -> Unlearnt:
    """The test split that the classifier was judged by, or texts spread evenly over a large one.

    Raises:
        DataError: if it is not here, or not what it was.
    """
    named = classifier.settings.data.dataset
    if named == STDIN:
        raise DataError("the data came from standard input")
    source = find_dataset(named, download=False)
    refuse_edited(classifier, identify_dataset(named))
    test = load_dataset(source, classifier.settings.data).test
    most = max(1, min(MOST_TEXTS, MOST_CELLS // len(classifier.class_names)))
    rows = np.unique(np.linspace(0, len(test) - 1, min(len(test), most)).astype(np.int64))
    encoded = classifier.encode([test.texts[row] for row in rows])
    if classifier.thresholds is not None:
        return _with_several_labels(classifier, classifier.thresholds, encoded, label_sets(test).select(rows.tolist()))
    labels = np.array(test.labels)[rows]

    def answer(session: Session, most: int) -> NDArray[np.int64]:
        answers: NDArray[np.int64] = session.logits_of(encoded.first(most)).argmax(axis=1)
        return answers

    return Unlearnt(len(rows), answer, lambda answers: float((answers == labels).mean()))


def _with_several_labels(
    classifier: Classifier, thresholds: NDArray[np.float64], encoded: EncodedTexts, truth: LabelSets
) -> Unlearnt:
    """Texts with the labels of each; how good answers are is their micro F1."""
    expected = truth.dense(len(thresholds))

    def answer(session: Session, most: int) -> NDArray[np.bool_]:
        logits = session.logits_of(encoded.first(most))
        given: NDArray[np.bool_] = classifier.label_calibration.probabilities(logits) >= thresholds
        return given

    def figure(given: NDArray[np.bool_]) -> float:
        hits = int((given & expected).sum())
        return 2 * hits / max(1, int(given.sum()) + int(expected.sum()))

    return Unlearnt(len(truth), answer, figure)


def _held_out_text(model: CharacterModel, graph: Graph) -> Unlearnt:
    """The beginning of the text that was held out.

    Raises:
        DataError: if it is not here, or not what it was.
    """
    named = model.settings.data.corpus
    source = None if STDIN in several(named) else find_local(named)
    if source is None:
        raise DataError(f"{' '.join(several(named))}: the text is not here")
    refuse_edited(model, identify_corpus(named))
    token_ids = model.encode(load_corpus(source, model.settings.data).held_out[:MOST_CHARACTERS]).cpu().numpy()
    if len(token_ids) == 0:
        raise DataError("no text was held out")

    def answer(session: Session, most: int) -> NDArray[np.float64]:
        return session.losses_of(token_ids[:most], model.start_id, graph.inputs[1:])

    return Unlearnt(len(token_ids), answer, lambda losses: float(losses.mean()))

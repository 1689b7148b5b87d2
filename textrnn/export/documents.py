"""The JSON files beside a graph: all that a program needs to read a text as the model does, and to name its answers.

Their form is documented in docs/onnx.md; each has a ``format_version``, which grows when older readers would go wrong.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from textrnn.config import PAD_ID, UNKNOWN_ID
from textrnn.corpus import texts
from textrnn.corpus.readers import SUBSTITUTIONS
from textrnn.corpus.sources.catalog import dataset_name
from textrnn.corpus.tokenizers import token_pattern
from textrnn.corpus.vocab import Vocabulary
from textrnn.evaluation.calibration import SMALLEST_PROBABILITY
from textrnn.export.examples import classifying_example, continuing_example
from textrnn.export.graph import OPSET, Graph
from textrnn.export.packages import package
from textrnn.files import json_bytes
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import Classifier
from textrnn.version import __version__

FORMAT_VERSION = 1
SEVERAL_LABELS_VERSION = 2  # of config.json, where a text may have several: who takes the likeliest would go wrong
GRAPH_FILE, INT8_FILE = "model.onnx", "model.int8.onnx"
VOCABULARY_FILE, LABELS_FILE, CONFIG_FILE, EXAMPLE_FILE = "vocabulary.json", "labels.json", "config.json", "example.py"


def classifier_documents(classifier: Classifier, graph: Graph) -> dict[str, bytes]:
    """All files beside the graph of a classifier, ``config.json`` last."""
    settings, tokenizer = classifier.settings, classifier.vocabulary.tokenizer
    config = {
        "pad_size": settings.data.max_tokens,
        **_reading(SUBSTITUTIONS, tokenizer.name, lowercase=tokenizer.lowercase),
        "spelling": bool(settings.data.spelling),
        "words": bool(settings.data.words),
        **_answering(classifier),
    }
    learnt, several = dataset_name(settings.data.dataset), classifier.multi_label
    return {
        VOCABULARY_FILE: _vocabulary(classifier.vocabulary),
        LABELS_FILE: json_bytes({"format_version": FORMAT_VERSION, "labels": classifier.class_names}),
        EXAMPLE_FILE: classifying_example(
            words=tokenizer.name == "word",
            spelling=bool(settings.data.spelling),
            words_beside=bool(settings.data.words),
            several=several,
        ).encode("utf-8"),
        CONFIG_FILE: _config(
            settings.task, settings.model_name, learnt, config, graph, SEVERAL_LABELS_VERSION if several else 1
        ),
    }


def _answering(classifier: Classifier) -> dict[str, Any]:
    """What makes answers of logits: the graph has done the first, and who reads its probabilities does the second."""
    if classifier.thresholds is not None:
        of_labels = classifier.label_calibration
        calibration = {"temperature": of_labels.temperature, "biases": of_labels.biases.tolist()}
        return {"calibration": calibration, "thresholds": classifier.thresholds.tolist()}
    if classifier.temperature is None:
        return {"calibration": None}
    smoothing = classifier.smoothing_undone
    rest = {"label_smoothing": smoothing, "smallest_probability": SMALLEST_PROBABILITY}
    return {"calibration": {"temperature": classifier.temperature, **rest}}


def language_model_documents(model: CharacterModel, graph: Graph) -> dict[str, bytes]:
    """All files beside the graph of a language model, ``config.json`` last."""
    settings = model.settings
    letters, lowercase = bool(settings.data.letters), model.vocabulary.tokenizer.lowercase
    config = {
        **_reading(texts.substitutions(letters=letters), "char", lowercase=letters or lowercase),
        "start_id": model.start_id,
        "mixture": None if model.ngram is None else dict(zip(("network", "ngram"), model.weights, strict=True)),
    }
    learnt = texts.corpus_name(settings.data.corpus)
    return {
        VOCABULARY_FILE: _vocabulary(model.vocabulary),
        EXAMPLE_FILE: continuing_example().encode("utf-8"),
        CONFIG_FILE: _config(settings.task, settings.model_name, learnt, config, graph),
    }


def _reading(substitutions: Sequence[tuple[str, str]], tokenizer: str, *, lowercase: bool) -> dict[str, Any]:
    """How a text becomes tokens: what is replaced, whether it is made small, and what a token is."""
    return {
        "substitutions": [[_in_ascii(pattern), by] for pattern, by in substitutions],
        "tokenizer": tokenizer,
        "lowercase": lowercase,
        "token_pattern": None if (pattern := token_pattern(tokenizer)) is None else _in_ascii(pattern),
    }


def _in_ascii(pattern: str) -> str:
    """A regular expression with escapes in place of what is no ASCII, some of which no file in UTF-8 could hold."""
    return "".join(c if c.isascii() and c.isprintable() else _escaped(ord(c)) for c in pattern)


def _escaped(code_point: int) -> str:
    return f"\\u{code_point:04x}" if code_point < 0x10000 else f"\\U{code_point:08x}"


def _vocabulary(vocabulary: Vocabulary) -> bytes:
    ids = {"pad_id": PAD_ID, "unknown_id": UNKNOWN_ID}
    return json_bytes({"format_version": FORMAT_VERSION, **ids, "tokens": vocabulary.tokens})


def _config(
    task: str, model: str, learnt: str, own: dict[str, Any], graph: Graph, version: int = FORMAT_VERSION
) -> bytes:
    versions = {
        "textrnn": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "onnx": package("onnx").__version__,
        "onnxruntime": package("onnxruntime").__version__,
    }
    return json_bytes(
        {
            "format_version": version,
            "task": task,
            "model": model,
            "learnt": learnt,
            **own,
            "inputs": [port.to_dict() for port in graph.inputs],
            "outputs": [port.to_dict() for port in graph.outputs],
            "opset": OPSET,
            "versions": versions,
        }
    )

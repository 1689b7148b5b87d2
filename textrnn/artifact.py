"""The saved model: a folder that predicts on any machine with textrnn, and nothing else needed. No pickle in it.

``config.json`` is written last and read first: a folder without it is not a model yet.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import textrnn
from textrnn.checkpoint import json_bytes, load_tensors, tensor_bytes, write_together
from textrnn.config import DataConfig, ModelConfig, TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.readers import cleaned
from textrnn.corpus.vocab import EncodedTexts, Vocabulary
from textrnn.errors import ArtifactError, ConfigError, listed, one_line
from textrnn.models.base import TextClassifier
from textrnn.models.registry import find_model
from textrnn.objectives.classification import predict_logits

FORMAT_VERSION = 1
TASK = "classify"
MODEL_FILE, CONFIG_FILE, VOCAB_FILE, LABELS_FILE = "model.safetensors", "config.json", "vocab.json", "labels.json"


def describe_settings(
    model_name: str, model_config: ModelConfig, data: DataConfig, training: TrainConfig
) -> dict[str, Any]:
    """The settings of a run, as ``config.json`` and the checkpoint keep them."""
    return {
        "task": TASK,
        "model": model_name,
        "hyper_parameters": model_config.to_dict(),
        "data": data.to_dict(),
        "training": training.to_dict(),
    }


@dataclass
class Classifier:
    """A trained classifier with all that it needs to answer for raw text."""

    model_name: str
    model_config: ModelConfig
    model: TextClassifier
    vocabulary: Vocabulary
    class_names: list[str]
    data: DataConfig
    training: TrainConfig

    def predict_probabilities(self, texts: list[str]) -> NDArray[np.float64]:
        """Texts -> (texts, C) probabilities. An empty text is answered as one unknown token."""
        return self.probabilities_of(self.encode(texts))

    def encode(self, texts: list[str]) -> EncodedTexts:
        """Texts -> token ids, cleaned and cut as in training."""
        return self.vocabulary.encode(map(cleaned, texts), longest=self.data.pad_size)

    def probabilities_of(self, encoded: EncodedTexts) -> NDArray[np.float64]:
        """Encoded texts -> (texts, C) probabilities."""
        count = len(encoded.lengths)
        if count == 0:
            return np.empty((0, len(self.class_names)))
        device = next(self.model.parameters()).device
        rows = LabelledTexts.from_encoded(encoded, [0] * count, device)
        probabilities: NDArray[np.float64] = predict_logits(self.model, rows).double().softmax(dim=1).numpy()
        return probabilities

    @property
    def settings(self) -> dict[str, Any]:
        """How the model was made."""
        return describe_settings(self.model_name, self.model_config, self.data, self.training)

    def to_files(self) -> dict[str, bytes]:
        """The files of the model folder, ``config.json`` last."""
        config = {
            "format_version": FORMAT_VERSION,
            **self.settings,
            "tokenizer": self.vocabulary.tokenizer.to_dict(),
            "versions": {
                "textrnn": textrnn.__version__,
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": np.__version__,
            },
        }
        return {
            MODEL_FILE: tensor_bytes(self.model.state_dict()),
            VOCAB_FILE: self.vocabulary.to_json().encode("utf-8"),
            LABELS_FILE: json_bytes(self.class_names),
            CONFIG_FILE: json_bytes(config),
        }

    def save(self, folder: Path, others: Mapping[str, bytes] | None = None) -> None:
        """Write the model into `folder`, with `others` (the report) beside it.

        Raises:
            ArtifactError: if the folder cannot be written or the disk is full; a model that was there stays as it was.
        """
        write_together(folder, {**(others or {}), **self.to_files()})


def is_saved(folder: Path) -> bool:
    """Whether a whole model stands in `folder`."""
    return (folder / CONFIG_FILE).is_file()


def read_json(path: Path) -> Any:
    """A JSON file of a saved model.

    Raises:
        ArtifactError: if it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(f"{path}: no such file; expected a folder that training wrote: see --save-dir") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{path}: cannot be read ({one_line(error)}); expected what training wrote: train again"
        ) from error


def load_classifier(folder: Path, device: torch.device | str = "cpu") -> Classifier:
    """Read a saved model folder.

    Raises:
        ArtifactError: if it is of a newer format, incomplete, or its files do not belong together.
    """
    config_path = folder / CONFIG_FILE
    config = read_json(config_path)
    version = config.get("format_version") if isinstance(config, dict) else None
    if not isinstance(version, int):
        raise ArtifactError(f"{config_path}: no format version; expected what training wrote: train again")
    if version > FORMAT_VERSION:
        versions = config.get("versions")
        writer = versions.get("textrnn", "?") if isinstance(versions, dict) else "?"
        raise ArtifactError(
            f"{config_path}: format version {version}; expected {FORMAT_VERSION} or older: a newer textrnn "
            f"({one_line(writer, widest=20)}) wrote it, upgrade this one ({textrnn.__version__})"
        )
    if config.get("task") != TASK:
        raise ArtifactError(
            f"{config_path}: a model for the task {one_line(config.get('task'), widest=20)}; expected one for {TASK}: "
            "name its folder with --save-dir, or train one"
        )
    vocabulary = Vocabulary.load(folder / VOCAB_FILE)
    class_names = read_json(folder / LABELS_FILE)
    if not (isinstance(class_names, list) and class_names) or not all(isinstance(name, str) for name in class_names):
        raise ArtifactError(
            f"{folder / LABELS_FILE}: not a list of class names; expected what training wrote: train again"
        )
    weights, _ = load_tensors(folder / MODEL_FILE)
    unusable = [
        name for name, values in weights.items() if not (values.is_floating_point() and values.isfinite().all())
    ]
    if unusable:
        raise ArtifactError(
            f"{folder / MODEL_FILE}: {listed(unusable)} holds what are no finite real numbers; expected what training "
            "wrote: train again"
        )
    try:
        if config["tokenizer"] != vocabulary.tokenizer.to_dict():
            raise ValueError(f"vocab.json is of another tokenizer, {vocabulary.tokenizer.name}")
        entry = find_model(config["model"])
        model_config = entry.config_class.from_dict(config["hyper_parameters"])
        model = entry.build(model_config, vocabulary_size=len(vocabulary), class_count=len(class_names))
        model.load_state_dict(weights)
        data, training = DataConfig.from_dict(config["data"]), TrainConfig.from_dict(config["training"])
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError, ConfigError) as error:
        raise ArtifactError(
            f"{folder}: its files do not belong together ({one_line(error)}); expected those of one training: "
            "train again"
        ) from error
    model.to(device).eval()
    return Classifier(entry.name, model_config, model, vocabulary, class_names, data, training)

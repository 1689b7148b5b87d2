"""The saved classifier: a folder that predicts on any machine with textrnn, and nothing else needed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textrnn.config import DataConfig, ModelConfig, TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.readers import cleaned
from textrnn.corpus.vocab import EncodedTexts, Vocabulary
from textrnn.errors import ArtifactError
from textrnn.evaluation.calibration import softmax, without_smoothing
from textrnn.files import json_bytes, tensor_bytes, write_together
from textrnn.models.classifiers.base import TextClassifier
from textrnn.models.parts.layers import set_precision
from textrnn.models.registry import find_model
from textrnn.saved.folder import (
    CONFIG_FILE,
    MODEL_FILE,
    VOCAB_FILE,
    config_bytes,
    explain_mismatched_files,
    read_config,
    read_json,
    read_weights,
)
from textrnn.training.objectives.classification import predict_logits
from textrnn.training.train_eval import precision_for

TASK = "classify"
LABELS_FILE = "labels.json"


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
    temperature: float | None = None  # fitted on the dev split; None: probabilities as the network gives them

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
        if count == 1:  # nothing to sort and to pad
            return self._calibrated(self._logits_of_one(encoded.token_ids, device))
        rows = LabelledTexts.from_encoded(encoded, [0] * count, device)
        return self._calibrated(predict_logits(self.model, rows).numpy())

    def _calibrated(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        if self.temperature is None:
            return softmax(logits)
        return softmax(without_smoothing(logits, self.training.label_smoothing), self.temperature)

    @torch.inference_mode()
    def _logits_of_one(self, token_ids: NDArray[np.int32], device: torch.device) -> NDArray[np.float32]:
        """(T,) -> (1, C)."""
        if self.model.training:
            self.model.eval()
        ids = torch.from_numpy(token_ids).to(device, torch.int64)[None]
        logits: NDArray[np.float32] = (
            self.model(ids, torch.tensor([len(token_ids)], device=device)).float().cpu().numpy()
        )
        return logits

    @property
    def settings(self) -> dict[str, Any]:
        """How the model was made."""
        return describe_settings(self.model_name, self.model_config, self.data, self.training)

    def to_files(self) -> dict[str, bytes]:
        """The files of the model folder, ``config.json`` last."""
        return {
            MODEL_FILE: tensor_bytes(self.model.state_dict()),
            VOCAB_FILE: self.vocabulary.to_json().encode("utf-8"),
            LABELS_FILE: json_bytes(self.class_names),
            CONFIG_FILE: config_bytes(
                {
                    **self.settings,
                    "tokenizer": self.vocabulary.tokenizer.to_dict(),
                    **({} if self.temperature is None else {"calibration": {"temperature": self.temperature}}),
                }
            ),
        }

    def save(self, folder: Path, others: Mapping[str, bytes] | None = None) -> None:
        """Write the model into `folder`, with `others` (the report) beside it.

        Raises:
            ArtifactError: if the folder cannot be written or the disk is full; a model that was there stays as it was.
        """
        write_together(folder, {**(others or {}), **self.to_files()})


def load_classifier(folder: Path, device: torch.device | str = "cpu") -> Classifier:
    """Read a saved model folder.

    Raises:
        ArtifactError: if it is of a newer format, incomplete, or its files do not belong together.
    """
    config = read_config(folder, TASK)
    vocabulary = Vocabulary.load(folder / VOCAB_FILE)
    class_names = read_json(folder / LABELS_FILE)
    if not (isinstance(class_names, list) and class_names) or not all(isinstance(name, str) for name in class_names):
        raise ArtifactError(
            f"{folder / LABELS_FILE}: not a list of class names; expected what training wrote: train again"
        )
    weights = read_weights(folder)
    with explain_mismatched_files(folder):
        if config["tokenizer"] != vocabulary.tokenizer.to_dict():
            raise ValueError(f"vocab.json is of another tokenizer, {vocabulary.tokenizer.name}")
        entry = find_model(config["model"])
        model_config = entry.config_class.from_dict(config["hyper_parameters"])
        model = entry.build(model_config, vocabulary_size=len(vocabulary), class_count=len(class_names))
        model.load_state_dict(weights)
        data = DataConfig.from_dict(config["data"])
        training = TrainConfig.from_dict({"precision": "fp32", **config["training"]})  # earlier versions had no other
        temperature = config["calibration"]["temperature"] if "calibration" in config else None  # of earlier versions
        if "calibration" in config and not (isinstance(temperature, float) and 0 < temperature < math.inf):
            raise ValueError(f"the temperature is {temperature!r}, not a number above 0")
    model.to(device).eval()
    set_precision(model, precision_for(training.precision, torch.device(device)))
    return Classifier(entry.name, model_config, model, vocabulary, class_names, data, training, temperature)

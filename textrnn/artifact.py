"""The saved model: a folder that predicts on any machine with textrnn, and nothing else needed. No pickle in it.

``config.json`` is written last and read first: a folder without it is not a model yet.
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import textrnn
from textrnn.checkpoint import load_tensors, save_tensors, write_json_atomically
from textrnn.config import DataConfig, ModelConfig, TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.vocab import Vocabulary
from textrnn.errors import ArtifactError, ConfigError
from textrnn.models.base import TextClassifier
from textrnn.models.registry import find_model
from textrnn.train_eval import predict_logits

FORMAT_VERSION = 1
MODEL_FILE, CONFIG_FILE, VOCAB_FILE, LABELS_FILE = "model.safetensors", "config.json", "vocab.json", "labels.json"


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
        encoded = self.vocabulary.encode(texts, longest=self.data.pad_size)
        device = next(self.model.parameters()).device
        rows = LabelledTexts.from_encoded(encoded, [0] * len(texts), device)
        probabilities: NDArray[np.float64] = predict_logits(self.model, rows).double().softmax(dim=1).numpy()
        return probabilities

    def save(self, folder: Path) -> None:
        """Write the model into `folder`, each file whole or not at all.

        Raises:
            ArtifactError: if the folder cannot be written or the disk is full.
        """
        save_tensors(folder / MODEL_FILE, self.model.state_dict())
        self.vocabulary.save(folder / VOCAB_FILE)
        write_json_atomically(folder / LABELS_FILE, self.class_names)
        write_json_atomically(
            folder / CONFIG_FILE,
            {
                "format_version": FORMAT_VERSION,
                "task": "classify",
                "model": self.model_name,
                "hyper_parameters": self.model_config.to_dict(),
                "tokenizer": self.vocabulary.tokenizer.to_dict(),
                "data": self.data.to_dict(),
                "training": self.training.to_dict(),
                "versions": {
                    "textrnn": textrnn.__version__,
                    "python": platform.python_version(),
                    "torch": torch.__version__,
                    "numpy": np.__version__,
                },
            },
        )


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
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: cannot be read ({error}); expected what training wrote: train again") from error


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
        raise ArtifactError(
            f"{config_path}: format version {version}; expected {FORMAT_VERSION} or older: a newer textrnn "
            f"({config.get('versions', {}).get('textrnn', 'unknown')}) wrote it, "
            f"upgrade this one ({textrnn.__version__})"
        )
    vocabulary = Vocabulary.load(folder / VOCAB_FILE)
    class_names = read_json(folder / LABELS_FILE)
    weights, _ = load_tensors(folder / MODEL_FILE)
    try:
        if config["tokenizer"] != vocabulary.tokenizer.to_dict():
            raise ValueError(f"vocab.json is of another tokenizer, {vocabulary.tokenizer.name}")
        entry = find_model(config["model"])
        model_config = entry.config_class.from_dict(config["hyper_parameters"])
        model = entry.build(model_config, vocabulary_size=len(vocabulary), class_count=len(class_names))
        model.load_state_dict(weights)
        data, training = DataConfig.from_dict(config["data"]), TrainConfig.from_dict(config["training"])
    except (KeyError, TypeError, ValueError, RuntimeError, ConfigError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ArtifactError(
            f"{folder}: its files do not belong together ({reason}); expected those of one training: train again"
        ) from error
    model.to(device).eval()
    return Classifier(entry.name, model_config, model, vocabulary, class_names, data, training)

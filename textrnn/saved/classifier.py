"""The saved classifier: a folder that predicts on any machine with textrnn, and nothing else needed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textrnn.config import ClassifierSettings, DataIdentity, RunSettings
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.embeddings import TOKENIZER_FILE, VECTORS_FILE, StaticVectors
from textrnn.corpus.readers import all_cleaned
from textrnn.corpus.vocab import EncodedTexts, Vocabulary
from textrnn.errors import ArtifactError
from textrnn.evaluation.calibration import softmax, without_smoothing
from textrnn.evaluation.label_scores import LabelCalibration
from textrnn.files import json_bytes, remove_file, tensor_bytes
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import set_precision
from textrnn.models.registry import find_model
from textrnn.saved.folder import (
    CONFIG_FILE,
    IDENTITY,
    MODEL_FILE,
    VOCAB_FILE,
    SavedModel,
    config_bytes,
    explain_mismatched_files,
    kept_identity,
    read_config,
    read_json,
    read_weights,
)
from textrnn.training.objectives.classification import predict_logits
from textrnn.training.threads import Threads, thread_count
from textrnn.training.train_eval import precision_for

TASK = "classify"
LABELS_FILE = "labels.json"
SENTENCES = "sentences.mean"  # among the weights of a network that reads vectors of whole texts
SEVERAL_LABELS_VERSION = 2  # of the format, which earlier versions of textrnn refuse; one label a text is still 1


@dataclass
class Classifier(SavedModel):
    """A trained classifier with all that it needs to answer for raw text.

    Attributes:
        temperature: fitted on the dev split; None: probabilities as the network gives them
        smoothing: of labels, that the logits have in them; None: what the network has learnt with
        thresholds: (C,): where a text may have several labels or none, how probable each must be to be given (at least
            that); None: one label a text. The probability of each label is then its own, whatever the others are
        biases: (C,): of calibrated logits, with `thresholds`
        threads: that compute for many texts; a single one is done by one
        data_identity: of what it has learnt; None of texts in memory, and of earlier versions
        read: what was understood of each file that it has learnt from, see :meth:`Reading.to_dict`
        static: what makes vectors of whole texts, where the network reads them
        began_from: the language model that gave its first weights, see :meth:`Beginning.to_kept`; None of one that was
            drawn
        estimator: what Python's estimator keeps of itself, plain values; see :mod:`textrnn.estimators.labels`
    """

    settings: ClassifierSettings
    network: ClassifierNetwork
    vocabulary: Vocabulary
    class_names: list[str]
    temperature: float | None = None
    threads: Threads = field(default_factory=Threads, repr=False, compare=False)
    data_identity: DataIdentity | None = None
    read: list[dict[str, Any]] = field(default_factory=list, repr=False, compare=False)
    estimator: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    thresholds: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)
    biases: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)
    began_from: dict[str, Any] | None = field(default=None, repr=False, compare=False)
    static: StaticVectors | None = field(default=None, repr=False, compare=False)
    smoothing: float | None = field(default=None, repr=False, compare=False)

    @property
    def smoothing_undone(self) -> float:
        """The label smoothing that is undone in the logits of one label a text."""
        return self.settings.training.label_smoothing if self.smoothing is None else self.smoothing

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels, or none."""
        return self.thresholds is not None

    @property
    def label_calibration(self) -> LabelCalibration:
        """How logits of several labels become probabilities."""
        biases = np.zeros(len(self.class_names)) if self.biases is None else self.biases
        return LabelCalibration(self.temperature or 1.0, biases)

    def predict_probabilities(self, texts: list[str]) -> NDArray[np.float64]:
        """Texts -> (texts, C) probabilities. An empty text is answered as one unknown token."""
        return self.probabilities_of(self.encode(texts))

    def encode(self, texts: list[str]) -> EncodedTexts:
        """Texts -> token ids, cleaned and cut as in training."""
        data, read = self.settings.data, all_cleaned(texts)
        encoded = self.vocabulary.encode(read, max_tokens=data.max_tokens, spelling=data.is_spelt)
        return encoded if self.static is None else dataclasses.replace(encoded, sentence_vectors=self.static.of(read))

    def probabilities_of(self, encoded: EncodedTexts) -> NDArray[np.float64]:
        """Encoded texts -> (texts, C) probabilities."""
        count = len(encoded.lengths)
        if count == 0:
            return np.empty((0, len(self.class_names)))
        device = next(self.network.parameters()).device
        if count == 1:  # nothing to sort and to pad
            return self._calibrated(self._logits_of_one(encoded, device))
        rows = LabelledTexts.from_encoded(encoded, [0] * count, device)
        return self._calibrated(predict_logits(self.network, rows, self.threads).numpy())

    def _calibrated(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        if self.thresholds is not None:
            return self.label_calibration.probabilities(logits)
        if self.temperature is None:
            return softmax(logits)
        return softmax(without_smoothing(logits, self.smoothing_undone), self.temperature)

    @torch.inference_mode()
    def _logits_of_one(self, encoded: EncodedTexts, device: torch.device) -> NDArray[np.float32]:
        """One text -> (1, C)."""
        if self.network.training:
            self.network.eval()
        spelling = [] if encoded.spelling is None else [encoded.spelling.characters]
        ids, *spelt = (
            torch.tensor(part, dtype=torch.int64, device=device)[None] for part in (encoded.token_ids, *spelling)
        )
        vectors = encoded.sentence_vectors
        of_text = None if vectors is None else torch.from_numpy(vectors).to(device)
        with thread_count(1):  # to wake a second takes longer
            lengths = torch.tensor([ids.shape[1]], device=device)
            scored = self.network(ids, lengths, *spelt, sentence_vectors=of_text)
        logits: NDArray[np.float32] = scored.float().cpu().numpy()
        return logits

    def to_files(self) -> dict[str, bytes]:
        return {
            MODEL_FILE: tensor_bytes(self.network.state_dict()),
            VOCAB_FILE: self.vocabulary.to_json().encode("utf-8"),
            LABELS_FILE: json_bytes(self.class_names),
            **({} if self.static is None else self.static.to_files()),
            CONFIG_FILE: config_bytes(
                {
                    **self.settings.to_kept(),
                    **kept_identity(self.data_identity),
                    **({"read": self.read} if self.read else {}),
                    **({"estimator": self.estimator} if self.estimator else {}),
                    **({"began_from": self.began_from} if self.began_from else {}),
                    "tokenizer": self.vocabulary.tokenizer.to_dict(),
                    **self._kept_answering(),
                },
                version=SEVERAL_LABELS_VERSION if self.multi_label else 1,
            ),
        }

    def save(self, folder: Path | str, others: Mapping[str, bytes] | None = None) -> None:
        super().save(folder, others)
        if self.static is None:  # of a model that stood there before
            for name in (VECTORS_FILE, TOKENIZER_FILE):
                remove_file(Path(folder) / name)

    def _kept_answering(self) -> dict[str, Any]:
        """How logits become answers."""
        if self.thresholds is not None:
            calibration = self.label_calibration
            biases = calibration.biases.tolist()
            return {
                "calibration": {"temperature": calibration.temperature, "biases": biases},
                "thresholds": self.thresholds.tolist(),
            }
        if self.temperature is None:
            return {}
        other = self.smoothing_undone != self.settings.training.label_smoothing
        return {
            "calibration": {
                "temperature": self.temperature,
                **({"label_smoothing": self.smoothing_undone} if other else {}),
            }
        }


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
    static = StaticVectors.kept(folder) if SENTENCES in weights else None
    with explain_mismatched_files(folder):
        if config["tokenizer"] != vocabulary.tokenizer.to_dict():
            raise ValueError(f"vocab.json is of another tokenizer, {vocabulary.tokenizer.name}")
        entry = find_model(config["model"])
        settings: ClassifierSettings = RunSettings.from_kept(config, entry.config_class)
        sizes = {"vocabulary_size": len(vocabulary), "class_count": len(class_names)}
        network: ClassifierNetwork = entry.build(settings.model_config, **sizes)
        if static is not None:
            network.read_sentences(static.size)
        network.load_state_dict(weights)
        temperature = config["calibration"]["temperature"] if "calibration" in config else None  # of earlier versions
        if "calibration" in config and not (isinstance(temperature, float) and 0 < temperature < math.inf):
            raise ValueError(f"the temperature is {temperature!r}, not a number above 0")
        smoothing = _read_smoothing(config)
        thresholds, biases = _read_thresholds(config, len(class_names))
    network.to(device).eval()
    set_precision(network, precision_for(settings.training.precision, torch.device(device)))
    identity = DataIdentity.from_kept(config.get(IDENTITY))
    estimator = config.get("estimator")
    told = {
        "smoothing": smoothing,
        "began_from": config.get("began_from"),
        "read": config.get("read", []),
        "estimator": estimator if isinstance(estimator, dict) else {},
    }
    return Classifier(
        settings, network, vocabulary, class_names, temperature, data_identity=identity, thresholds=thresholds,
        biases=biases, static=static, **told,
    )  # fmt: skip


def _read_smoothing(config: dict[str, Any]) -> float | None:
    """The label smoothing that the logits have in them, where it is not what the network has learnt with.

    Raises:
        ValueError: if it is no share.
    """
    smoothing: float | None = config.get("calibration", {}).get("label_smoothing")
    if smoothing is not None and not (isinstance(smoothing, float) and 0 <= smoothing < 1):
        raise ValueError(f"the label smoothing of its logits is {smoothing!r}, not a number from 0 to below 1")
    return smoothing


def _read_thresholds(
    config: dict[str, Any], class_count: int
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Thresholds and biases of a model of several labels a text; of one label a text, there are none.

    Raises:
        ValueError: if they are not numbers, one for each class.
    """
    if "thresholds" not in config:
        return None, None
    found = [np.array(kept, dtype=np.float64) for kept in (config["thresholds"], config["calibration"]["biases"])]
    if any(values.shape != (class_count,) or not np.isfinite(values).all() for values in found):
        raise ValueError(f"its thresholds and biases are not numbers, one for each of the {class_count:,} labels")
    return found[0], found[1]

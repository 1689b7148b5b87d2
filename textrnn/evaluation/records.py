"""The results of a run as plain figures, without text or plots.

Shapes: N texts, C classes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.calibration import cross_entropy, expected_calibration_error, softmax, without_smoothing
from textrnn.evaluation.metrics import confused_pairs, confusion_matrix, wilson_interval

BLOCK_CHARACTERS = 256  # characters of the blocks that nanoGPT is measured on
CURVE_COLUMNS = ("step", "epoch", "seconds", "train_loss", "dev_loss", "dev_accuracy")  # of each evaluation on dev


@dataclass(frozen=True)
class ConfusedPair:
    """A class that was taken for another.

    Attributes:
        true, predicted: class indices
        count: texts that were confused so
        examples: indices of the first of them
    """

    true: int
    predicted: int
    count: int
    examples: list[int]


@dataclass(frozen=True)
class ClassifierFigures:
    """A classifier's answers on a split, and figures computed from them.

    Attributes:
        logits: (N, C)
        labels: (N,): class indices
        label_smoothing: that the network learnt with
        temperature: by which logits are divided after the smoothing is undone
    """

    logits: NDArray[np.float32]
    labels: Sequence[int]
    label_smoothing: float
    temperature: float

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """(N,): class indices."""
        predictions: NDArray[np.int64] = self.logits.argmax(axis=1)
        return predictions

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """(C, C) counts, true classes down."""
        return confusion_matrix(self.labels, self.predictions, self.logits.shape[1])

    @cached_property
    def _without_smoothing(self) -> NDArray[np.float64]:
        return without_smoothing(self.logits, self.label_smoothing)

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy, nats per text, of the calibrated probabilities."""
        return cross_entropy(self._without_smoothing, self.labels, self.temperature)

    @cached_property
    def uncalibrated_loss(self) -> float:
        """Mean cross-entropy, nats per text, of the network's own probabilities."""
        return cross_entropy(self.logits, self.labels)

    @cached_property
    def calibration_errors(self) -> tuple[float, float]:
        """Expected calibration error, before and after calibration."""
        before = expected_calibration_error(softmax(self.logits), self.labels)
        after = expected_calibration_error(softmax(self._without_smoothing, self.temperature), self.labels)
        return before, after

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(N,): which answers are right."""
        right: NDArray[np.bool_] = self.predictions == np.asarray(self.labels)
        return right

    @cached_property
    def confidences(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(N,) the probability of each answer, before and after calibration."""
        before = softmax(self.logits).max(axis=1)
        return before, softmax(self._without_smoothing, self.temperature).max(axis=1)

    @property
    def largest_share(self) -> float:
        """The share of the largest class: the best accuracy of a constant answer."""
        return float(self.confusion.sum(axis=1).max() / self.confusion.sum())

    def confused(self, count: int, examples: int) -> list[ConfusedPair]:
        """The worst confused pairs, worst first, `count` at most, each with `examples` texts at most."""
        truth = np.array(self.labels)
        found = []
        for true, predicted, rows in confused_pairs(self.confusion, count):
            at = np.flatnonzero((truth == true) & (self.predictions == predicted))
            found.append(ConfusedPair(true, predicted, rows, at[:examples].tolist()))
        return found


@dataclass(frozen=True)
class ComparisonEntry:
    """A row of a comparison of classifiers.

    Attributes:
        correct: test texts answered right, of `texts`
        seconds: of training
        size: bytes of the saved model
        texts_per_second: answered, from raw texts to classes
        right: bool, (at most `texts`,): which of the first test texts are answered right
        has_learnt: see :func:`textrnn.evaluation.metrics.has_learnt`
        micro_f1: where rows have several labels, of which all must be right to be counted in `correct`; else None
    """

    name: str
    correct: int
    texts: int
    macro_f1: float
    seconds: float
    parameters: int
    size: int
    texts_per_second: float
    right: NDArray[np.bool_]
    has_learnt: bool
    micro_f1: float | None = None

    @property
    def accuracy(self) -> float:
        """Share of test texts answered right."""
        return self.correct / self.texts

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on texts of this kind lies, with 95 % confidence."""
        return wilson_interval(self.correct, self.texts)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        of_rows, interval = ("accuracy", "accuracy_interval")
        if self.micro_f1 is not None:
            of_rows, interval = ("exact_match", "exact_match_interval")
        return {
            "model": self.name,
            of_rows: self.accuracy,
            interval: list(self.interval),
            "macro_f1": self.macro_f1,
            **({} if self.micro_f1 is None else {"micro_f1": self.micro_f1}),
            "seconds": self.seconds,
            "parameters": self.parameters,
            "bytes": self.size,
            "texts_per_second": self.texts_per_second,
        }


@dataclass(frozen=True)
class HeldOutScores:
    """Nats per held-out character of a language model.

    Attributes:
        model: as it is saved: the mixture, or the network where there is no n-gram; state passed on from end to end
        network: the network alone, likewise
        ngram: the n-gram alone
        blocks: the model in blocks of ``BLOCK_CHARACTERS`` characters, each begun without a state
        network_blocks: the network alone, likewise
        dynamic: the model, whose network learns from the text as it reads; where that was asked for
        network_dynamic: the network alone, likewise
    """

    model: float
    network: float
    ngram: float | None
    blocks: float
    network_blocks: float
    dynamic: float | None = None
    network_dynamic: float | None = None


@dataclass(frozen=True)
class Training:
    """A network that was trained on a problem of the laboratory.

    Attributes:
        dev, test: accuracies, shares of the answers, with the weights that did best on dev
        seconds: from the first step to the last evaluation
        curve: one dictionary for each evaluation on dev, with the keys of ``CURVE_COLUMNS``
        test_whole: share of the test sequences all of whose answers are right
        longer: accuracies on longer sequences, by their length
        longer_whole: as `test_whole`, of those
    """

    model: str
    length: int
    seed: int
    learning_rate: float
    dev: float
    test: float
    seconds: float
    steps: int
    best_step: int
    curve: list[dict[str, float]]
    test_whole: float | None = None
    longer: Mapping[str, float] = field(default_factory=dict)
    longer_whole: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    @property
    def key(self) -> str:
        """See :func:`training_key`."""
        return training_key(self.model, self.length, self.seed, self.learning_rate)

    def is_sound(self) -> bool:
        """Whether the figures, read from a file, are finite numbers."""
        figures = [self.dev, self.test, self.seconds, *(row[name] for row in self.curve for name in CURVE_COLUMNS)]
        figures += [*self.longer.values(), *self.longer_whole.values()]
        figures += [] if self.test_whole is None else [self.test_whole]
        return all(isinstance(value, int | float) and math.isfinite(value) for value in figures)


def longer_lengths(runs: Sequence[Training]) -> list[str]:
    """The longer lengths on which all of them were tested."""
    return [at for at in runs[0].longer if all(at in run.longer for run in runs)]


def training_key(model: str, length: int, seed: int, learning_rate: float) -> str:
    """The name of a training, unique within an experiment."""
    return f"{model}, length {length}, seed {seed}, learning rate {learning_rate:g}"


def standard_deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample; 0 of a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

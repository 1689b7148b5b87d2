"""One label a row or several: how each is learnt, answered and judged. Which it is, the data says, in one place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch

from textrnn.config import TrainConfig
from textrnn.corpus.batches import LabelledTexts, WindowSample
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.vocab import EncodedTexts
from textrnn.evaluation.baseline import Baseline, linear_baseline
from textrnn.evaluation.calibration import fit_temperature, without_smoothing
from textrnn.evaluation.label_baseline import LabelBaseline, LabelledRows, label_baseline
from textrnn.evaluation.multi_label import LabelFigures
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.report.classification import ClassificationResult
from textrnn.report.multi_label import MultiLabelResult
from textrnn.saved.classifier import Classifier
from textrnn.training.linear_beside import smoothing_to_undo
from textrnn.training.objectives.classification import ClassificationObjective, predict_logits
from textrnn.training.objectives.multi_label import MultiLabelObjective, fitted_figures, score_labels
from textrnn.training.threads import Threads
from textrnn.training.train_eval import explain_out_of_memory

AnyBaseline = Baseline | LabelBaseline
AnyResult = ClassificationResult | MultiLabelResult


@dataclass(frozen=True)
class Labelling(ABC):
    """What differs between one label a row and several."""

    dataset: Dataset

    @abstractmethod
    def prepare(self, network: ClassifierNetwork) -> None:
        """What a new network knows of the labels before it learns."""

    @abstractmethod
    def objective(
        self, train: LabelledTexts, dev: LabelledTexts, training: TrainConfig, sample: WindowSample | None
    ) -> ClassificationObjective:
        """What is minimised.

        Args:
            sample: what is read of long training texts; None: all.
        """

    @abstractmethod
    def fitted(
        self, network: ClassifierNetwork, dev: LabelledTexts, training: TrainConfig, threads: Threads
    ) -> dict[str, Any]:
        """How logits become answers, fitted on the dev split: fields of :class:`Classifier`."""

    @abstractmethod
    def scored(self, classifier: Classifier, test: EncodedTexts) -> AnyResult:
        """The figures of a classifier on the test split, whatever it has learnt from."""

    @abstractmethod
    def baseline(self, *, repeats: int = 1) -> AnyBaseline | None:
        """The linear model on the same splits; None where it would take too long."""


class OneLabel(Labelling):
    """Every row is of one class."""

    def prepare(self, network: ClassifierNetwork) -> None:
        """Nothing."""

    def objective(
        self, train: LabelledTexts, dev: LabelledTexts, training: TrainConfig, sample: WindowSample | None
    ) -> ClassificationObjective:
        return ClassificationObjective(train, dev, training, len(self.dataset.class_names), sample=sample)

    def fitted(
        self, network: ClassifierNetwork, dev: LabelledTexts, training: TrainConfig, threads: Threads
    ) -> dict[str, Any]:
        if not len(dev):  # of few rows, all are learnt, by a model that is calibrated out of fold
            return {"temperature": 1.0}
        logits = predict_logits(network, dev, threads).numpy()
        smoothing = smoothing_to_undo(network, training.label_smoothing)
        temperature = fit_temperature(without_smoothing(logits, smoothing), self.dataset.dev.labels)
        return {"temperature": temperature, "smoothing": smoothing}

    def scored(self, classifier: Classifier, test: EncodedTexts) -> ClassificationResult:
        rows = LabelledTexts.from_encoded(test, self.dataset.test.labels, _device(classifier))
        with explain_out_of_memory():
            logits = predict_logits(classifier.network, rows, classifier.threads).numpy()
        name, seed = classifier.settings.model_name, classifier.settings.training.seed
        smoothing, temperature = classifier.smoothing_undone, classifier.temperature or 1.0
        return ClassificationResult(name, seed, self.dataset, None, logits, smoothing, temperature, None)

    def baseline(self, *, repeats: int = 1) -> Baseline:
        train, test = self.dataset.train, self.dataset.test
        return linear_baseline(
            train.texts,
            train.labels,
            test.texts,
            test.labels,
            len(self.dataset.class_names),
            words=self.dataset.cut_into_words,
            class_names=self.dataset.class_names,
            repeats=repeats,
        )


class SeveralLabels(Labelling):
    """A row may have several labels, or none."""

    def prepare(self, network: ClassifierNetwork) -> None:
        """How frequent each label is: else, of thousands of rare ones, most of the training would be to learn that.

        Source: Lin et al. 2017, section 3.3.
        """
        counts = self.dataset.train.class_counts(len(self.dataset.class_names))
        shares = torch.from_numpy((counts + 0.5) / (len(self.dataset.train) + 1.0))
        with torch.no_grad():
            network.classifier.bias.copy_(shares.logit())

    def objective(
        self, train: LabelledTexts, dev: LabelledTexts, training: TrainConfig, sample: WindowSample | None
    ) -> ClassificationObjective:
        truth, class_count = label_sets(self.dataset.dev), len(self.dataset.class_names)
        return MultiLabelObjective(train, dev, truth, training, class_count, sample=sample)

    def fitted(
        self, network: ClassifierNetwork, dev: LabelledTexts, training: TrainConfig, threads: Threads
    ) -> dict[str, Any]:
        truth = label_sets(self.dataset.dev)
        figures = fitted_figures(score_labels(network, dev, truth, threads=threads), truth)
        calibration = figures.calibration
        return {
            "temperature": calibration.temperature,
            "biases": calibration.biases,
            "thresholds": figures.thresholds,
        }

    def scored(self, classifier: Classifier, test: EncodedTexts) -> MultiLabelResult:
        truth, calibration = label_sets(self.dataset.test), classifier.label_calibration
        assert classifier.thresholds is not None, "one label a text"
        rows = LabelledTexts.from_encoded(test, truth, _device(classifier))
        with explain_out_of_memory():
            scores = score_labels(classifier.network, rows, truth, calibration, threads=classifier.threads)
        figures = LabelFigures(scores, truth, calibration, classifier.thresholds)
        settings = classifier.settings
        return MultiLabelResult(settings.model_name, settings.training.seed, self.dataset, None, figures, None)

    def baseline(self, *, repeats: int = 1) -> LabelBaseline | None:
        of_dataset = (self.dataset.train, self.dataset.dev, self.dataset.test)
        train, dev, test = (LabelledRows(split.texts, label_sets(split)) for split in of_dataset)
        words = self.dataset.cut_into_words
        return label_baseline(train, dev, test, len(self.dataset.class_names), words=words, repeats=repeats)


def labelling_of(dataset: Dataset) -> Labelling:
    """How the rows of a data set are labelled."""
    return SeveralLabels(dataset) if dataset.multi_label else OneLabel(dataset)


def label_sets(split: Split) -> LabelSets:
    """The labels of each row of a split that may have several, or of one without rows."""
    return LabelSets.of([]) if split.label_sets is None else split.label_sets


def _device(classifier: Classifier) -> torch.device:
    return next(classifier.network.parameters()).device

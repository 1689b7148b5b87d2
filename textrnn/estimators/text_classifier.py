"""textrnn from Python: a text classifier that is an estimator of scikit-learn.

texts and labels in memory -> data set -> settle -> learn -> predict, by the same functions as the command line
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from textrnn.config import ClassifierSettings, Run
from textrnn.corpus.dataset import Dataset
from textrnn.corpus.in_memory import NAME, Labelled, dataset_in_memory, more_of_a_dataset
from textrnn.estimators.answers import Answer
from textrnn.estimators.few_labels import learn_beside, refuse_beside
from textrnn.estimators.inputs import InputError, count_of, texts_of, weights_of, weights_of_classes
from textrnn.estimators.interrupts import KeepingTheBest
from textrnn.estimators.labels import LabelType, classes_of, labels_of, names_like
from textrnn.estimators.progress import Progress
from textrnn.estimators.reports import report_on
from textrnn.estimators.settings import (
    OF_FILES,
    OTHER_NAMES,
    SettingError,
    SettingsEstimator,
    device_here,
    explained,
    folder_of,
    one_training,
)
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.registry import find_model
from textrnn.report.notes import words
from textrnn.report.verdict import bare
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.folder import SavedModel, explain_mismatched_files
from textrnn.tasks.answers import predict
from textrnn.tasks.classify import DatasetFacts, Learnt, introduce, learn
from textrnn.tasks.labelling import AnyResult
from textrnn.tasks.settings import combine, settle
from textrnn.training.events import ListenerGroup
from textrnn.training.history import History
from textrnn.training.threads import Threads

if TYPE_CHECKING:
    from textrnn.saved.explanation import Explanation

AT_THE_END = 10**9  # batches between two evaluations, so that there is one when all are done
SMALLEST = 1e-300  # a probability whose logarithm is finite


class TextClassifier(
    ClassifierMixin,  # type: ignore[misc]
    SettingsEstimator,
    task="classify",
    left_out={**OF_FILES, **OTHER_NAMES},
):
    """A recurrent network that classifies texts, as an estimator of scikit-learn.

    >>> classifier = TextClassifier(model="LSTM", epochs=5).fit(texts, labels)
    >>> classifier.predict(["央行下调存款准备金率"])
    >>> classifier.save("my_model")
    >>> TextClassifier.load("my_model").predict("央行下调存款准备金率")

    Args:
        model: the network, see ``python run.py --help``; upper and lower case are the same.
        verbose: show a progress bar, and what is to be known of data and training.

    Attributes:
        classes_: the labels, sorted, of the type that they were given in: the columns of ``predict_proba``
        classifier_: what the command line saves and loads, :class:`textrnn.saved.classifier.Classifier`
        history_: of the latest training, :class:`textrnn.training.history.History`; None of a model that was loaded
    """

    def __init__(self, model: str = "LSTM", *, verbose: bool = False, **settings: Any):
        super().__init__(model, verbose, settings)

    # --- learning

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None, unlabelled: Any = None
    ) -> Self:
        """Learn from texts and their labels; what was learnt before is forgotten.

        Args:
            X: texts: a list, an array, a column of pandas or polars.
            y: a label for each: strings, whole numbers or truth values.
            sample_weight: what each text counts; 0 leaves it out, 2 counts it twice.
            X_val: texts that are not learnt from: which weights are kept is decided by them, and how sure answers are.
                By default a tenth of the texts is held out for that.
            y_val: their labels.
            unlabelled: texts like those of `X`, without labels, to learn from where labels are few; `budget` is 300
                seconds then, unless it is set, and nothing is held out.

        Raises:
            InputError: for texts, labels or weights that are not what they should be.
            TextRNNError: for anything else the caller can mend.
        """
        texts, labels, weights = self._checked(X, y, sample_weight)
        label_type = LabelType.of(labels)
        if unlabelled is not None:
            refuse_beside(sample_weight=sample_weight, X_val=X_val, y_val=y_val)
            rows = (texts, label_type.names(labels))
            self._keep(*learn_beside(rows, unlabelled, self._run(), verbose=self.verbose), label_type)
            return self
        dev = None if X_val is None and y_val is None else self._labelled(X_val, y_val, labels.dtype, "X_val", "y_val")
        run = self._run()
        with explained():
            seed = combine(run).data.split_seed
            rows = (texts, label_type.names(labels))
            dataset = dataset_in_memory(rows, dev, weights=weights, split_seed=seed)
            facts = DatasetFacts(dataset)
            settings: ClassifierSettings = settle(run, None, facts)
        if dataset.dev is dataset.train:
            different = len(set(texts))
            alike = "" if different == len(texts) else f" ({different} different)"
            warnings.warn(
                f"{len(texts)} texts{alike} are too few to hold any out; the weights are chosen, and the probabilities "
                "calibrated, on those that are learnt from",
                stacklevel=2,
            )
        self._learn(dataset, settings, facts, label_type)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn on from more texts, with the same network and vocabulary; `epochs` passes over them, one by default.

        The vocabulary, and the pairs that have a vector, are those of the first call (or of ``fit``). Nothing is held
        out. The learning rate does not fall unless `schedule` says so.

        Args:
            X: texts, see :meth:`fit`.
            y: their labels.
            classes: all labels that there will be; needed in the first call, unless `y` has them all.
            sample_weight: what each text counts.

        Raises:
            SettingError: of a model for which this makes no sense, or for settings that make another network.
            InputError: for texts, labels or weights that are not what they should be.
        """
        self._refuse_to_learn_on()
        before: Classifier | None = getattr(self, "classifier_", None)
        known = classes_of(classes)
        texts, labels, weights = self._checked(X, y, sample_weight, known if before is None else self.classes_)
        if before is None:
            known = np.unique(labels) if known is None else known
            label_type, calls = LabelType.of(known), 0
            class_names, vocabulary = label_type.names(known), None
            if len(class_names) < 2:
                raise InputError("classes: only one class; expected all that there will be: name them in `classes`")
        else:
            label_type, calls = self._label_type, self._calls
            class_names, vocabulary = before.class_names, before.vocabulary
            if known is not None and not np.array_equal(known, self.classes_):
                raise InputError("classes: not those of the first call; expected the same, or none")
        with explained():
            rows = (texts, names_like(labels, np.dtype(label_type.dtype), "labels"))
            dataset = more_of_a_dataset(rows, class_names, vocabulary, weights)
            facts = DatasetFacts(dataset, vectors_are_kept=before is not None)
            settings = self._settings_to_learn_on(facts, before, calls)
        self._learn(dataset, settings, facts, label_type, start=None if before is None else before.network)
        self._calls: int = calls + 1
        return self

    def _run(self) -> Run:
        named = {name: value for name, value in self._named().items() if not isinstance(value, Mapping)}
        return Run("classify", self._model_name(), {**named, "dataset": NAME})

    def _checked(
        self, X: Any, y: Any, sample_weight: Any, classes: NDArray[Any] | None = None
    ) -> tuple[list[str], NDArray[Any], NDArray[np.float64] | None]:
        """Texts, labels and weights to learn from; those of no weight are left out."""
        texts = texts_of(X)
        labels = labels_of(y, len(texts))
        weights = weights_of(sample_weight, len(texts))
        if not texts:
            raise InputError("texts: none; expected texts of two classes or more")
        if isinstance(self.class_weight, Mapping):
            of_classes = weights_of_classes(
                self.class_weight, labels, np.unique(labels) if classes is None else classes
            )
            weights = weights_of(of_classes if weights is None else of_classes * weights, len(texts))
        if weights is not None and not weights.all():
            kept = np.flatnonzero(weights)
            texts, labels, weights = [texts[i] for i in kept], labels[kept], weights[kept]
        blank = sum(not text.strip() for text in texts)
        if blank:
            warnings.warn(f"{blank:,} of {len(texts):,} texts are empty; nothing can be learnt from them", stacklevel=3)
        return texts, labels, weights

    def _labelled(self, X: Any, y: Any, dtype: np.dtype[Any], texts: str, labels: str) -> Labelled:
        """Texts and the names of their labels, of which the model must have learnt."""
        if X is None or y is None:
            missing, there = (texts, labels) if X is None else (labels, texts)
            raise InputError(f"{missing}: None, but {there} is there; expected both or neither")
        read = texts_of(X, texts)
        if not read:
            raise InputError(f"{texts}: none; expected texts with labels, or leave it out")
        return read, names_like(labels_of(y, len(read), labels), dtype, labels)

    def _learn(
        self,
        dataset: Dataset,
        settings: ClassifierSettings,
        facts: DatasetFacts,
        label_type: LabelType,
        start: ClassifierNetwork | None = None,
    ) -> None:
        """Train, and answer as what was trained."""
        interrupts = KeepingTheBest()
        listener = ListenerGroup([interrupts, *([Progress()] if self.verbose else [])])
        vectors, beginning = facts.vectors(settings), facts.beginning(settings)
        with one_training:
            introduce(dataset, settings, vectors, listener, beginning)
            learnt = learn(dataset, settings, listener, vectors=vectors, beginning=beginning, start=start)
        interrupts.warn(learnt.history, stacklevel=4)
        self._keep(dataset, learnt, label_type)

    def _keep(self, dataset: Dataset, learnt: Learnt, label_type: LabelType) -> None:
        """Answer as what was learnt, and remember from what."""
        self._take(learnt.classifier, label_type)
        self.history_: History | None = learnt.history
        self._dataset: Dataset | None = dataset
        self._calls = 0

    def _take(self, classifier: Classifier, label_type: LabelType) -> None:
        """Answer as a classifier does."""
        classifier.network.eval()
        classifier.threads = Threads.on(next(classifier.network.parameters()).device, self._named().get("threads"))
        self.classifier_, self._label_type = classifier, label_type
        labels = label_type.labels(classifier.class_names)
        self.classes_: NDArray[Any] = np.sort(labels)
        self._order = np.argsort(labels, kind="stable")  # of the network's classes; the command line may have others

    def _refuse_to_learn_on(self) -> None:
        network = find_model(self._model_name()).model_class
        if network.needs_all_texts:
            raise SettingError(
                f"`model` {self._model_name()}: chooses its n-grams from all texts before it learns, so that "
                "`partial_fit` makes no sense; expected `fit` with all texts, or another model"
            )

    def _settings_to_learn_on(self, facts: DatasetFacts, before: Classifier | None, calls: int) -> ClassifierSettings:
        run = self._run()
        named = {"epochs": 1, "schedule": "constant", **run.named, "evaluate_every": AT_THE_END}
        named["seed"] = (int(named.get("seed", 0)) + calls) % 2**63  # other dropout in every call
        if "batch_size" in named:
            named["batch_size"] = min(named["batch_size"], facts.training_rows)
        settings: ClassifierSettings = settle(dataclasses.replace(run, named=named), None, facts)
        if before is None:
            return settings
        of_training = settings.training.__dataclass_fields__
        changes = before.settings.changes({n: v for n, v in run.named.items() if n not in of_training})
        if changes or settings.model_name != before.settings.model_name:
            changes = changes or [f"`model` was {before.settings.model_name}, now {settings.model_name}"]
            raise SettingError(f"partial_fit: {'; '.join(changes)}; expected the same network: `fit` starts another")
        return dataclasses.replace(settings, model_config=before.settings.model_config, data=before.settings.data)

    # --- answering

    def predict(self, X: Any) -> Any:
        """The label of each text, an array; of a single text, its label."""
        if isinstance(X, str):
            return self.predict([X]).tolist()[0]
        best = self._probabilities(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(texts, classes) probabilities, calibrated, in the order of ``classes_``; of a single text, (classes,)."""
        found = self._probabilities([X] if isinstance(X, str) else X)
        probabilities: NDArray[np.float64] = found[0] if isinstance(X, str) else found
        return probabilities

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """(texts, classes) logarithms of the probabilities; of two classes, (texts,) the difference, second less
        first."""
        logarithms = np.log(np.maximum(self._probabilities([X] if isinstance(X, str) else X), SMALLEST))
        if len(self.classes_) == 2:
            logarithms = logarithms[:, 1] - logarithms[:, 0]
        found: NDArray[np.float64] = logarithms[0] if isinstance(X, str) else logarithms
        return found

    def _probabilities(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        return self.classifier_.predict_probabilities(texts_of(X))[:, self._order]

    def answers(self, texts: Any, top_k: int = 3) -> list[Answer]:
        """For each text its most probable labels, and what was unusual about it; ``to_dict()`` gives plain values."""
        check_is_fitted(self)
        names = self.classifier_.class_names
        label_of = dict(zip(names, self._label_type.labels(names).tolist(), strict=True))
        given = [texts] if isinstance(texts, str) else texts_of(texts)
        return [
            Answer(
                found.text,
                [(label_of[name], probability) for name, probability in found.classes],
                None if found.note is None else bare(words(found.note)),
            )
            for found in predict(self.classifier_, given, top_k=count_of(top_k, "top_k"))
        ]

    def explain(self, texts: Any, *, label: Any = None, against: Any = None) -> list[Explanation]:
        """For each text what each token of it contributed to the answer, see :mod:`textrnn.saved.explanation`.

        Args:
            label: whose reasons are asked for; by default the answer's.
            against: another label that it is compared with; by default the runner-up.
        """
        from textrnn.saved.explanation import explain

        check_is_fitted(self)
        given = [texts] if isinstance(texts, str) else texts_of(texts)
        names = [None if each is None else str(each) for each in (label, against)]
        return explain(self.classifier_, given, label=names[0], against=names[1])

    def report(
        self, texts: Any = None, labels: Any = None, folder: str | Path | None = None, *, baseline: bool = True
    ) -> AnyResult:
        """The report of the command line, on texts with labels; without them, on what was held out in ``fit``, by which
        the weights were chosen, so that it looks a little better than new texts will.

        Args:
            folder: where ``report.html``, ``metrics.json``, plots and tables are written; by default nowhere.
            baseline: whether the linear model is trained to compare with, and to find labels in doubt.

        Returns:
            The figures; ``print(result.to_text())`` shows them, ``result.to_metrics()`` is what is in ``metrics.json``.

        Of a model that was loaded or copied, whose texts are gone, it is about the given texts alone, without a linear
        model and the curves of the training.

        Raises:
            TextRNNError: without texts, if those that were held out are gone, as after ``load``.
        """
        check_is_fitted(self)
        rows = None
        if texts is not None or labels is not None:
            rows = self._labelled(texts, labels, self.classes_.dtype, "texts", "labels")
        with one_training:
            return report_on(self.classifier_, self.history_, self._dataset, rows, folder, baseline=baseline)

    # --- keeping

    def save(self, folder: str | Path) -> None:
        """Write the model folder, which the command line reads, too.

        Raises:
            ArtifactError: if it cannot be written; a model that was there stays as it was.
        """
        check_is_fitted(self)
        SavedModel.save(self._kept(), folder_of(folder))

    @classmethod
    def load(cls, folder: str | Path, *, device: str | None = None) -> Self:
        """Read a model folder that :meth:`save` or the command line wrote.

        Args:
            device: where it answers: ``cpu``, ``cuda``; by default a GPU where there is one.

        Raises:
            ArtifactError: if it is of a newer format, incomplete, or its files do not belong together.
        """
        self = cls()
        self.device = device
        self._take_folder(folder_of(folder), device)
        settings = self.classifier_.settings
        kept = self.classifier_.estimator.get("parameters", self._settings_that_differ(settings))
        known = {name: value for name, value in kept.items() if name in cls._settings}
        return self.set_params(
            **{**known, "model": settings.model_name, **({} if device is None else {"device": device})}
        )

    def _kept(self) -> Classifier:
        """The classifier with what this estimator adds to its folder."""
        named = {name: value for name, value in self._named().items() if not isinstance(value, Mapping)}
        of_this = {"version": 1, "labels": self._label_type.to_kept(), "parameters": named}
        return dataclasses.replace(self.classifier_, estimator=of_this)

    def _to_files(self) -> dict[str, bytes] | None:
        return self._kept().to_files() if self.__sklearn_is_fitted__() else None

    def _take_folder(self, folder: Path, device: str | None) -> None:
        classifier = load_classifier(folder, device_here(self.device) if device is None else device)
        with explain_mismatched_files(folder):
            self._take(classifier, LabelType.from_kept(classifier.estimator.get("labels")))
        self.history_, self._dataset, self._calls = None, None, 0

    def _to_state(self) -> dict[str, Any]:
        return {"calls": getattr(self, "_calls", 0)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._calls = state["calls"]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classifier_")

    def __sklearn_tags__(self) -> Any:
        """Texts, one a row, no table of numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.one_d_array, tags.input_tags.two_d_array = True, True, False
        return tags

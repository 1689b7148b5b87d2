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
from sklearn.utils.validation import check_is_fitted

from textrnn.config import ClassifierSettings, Run
from textrnn.corpus.dataset import Dataset
from textrnn.corpus.in_memory import NAME, dataset_in_memory, more_of_a_dataset
from textrnn.errors import ArtifactError
from textrnn.estimators.answering import AnsweringEstimator
from textrnn.estimators.few_labels import learn_beside, refuse_beside
from textrnn.estimators.given import classes_in, labelled_rows, names_among, names_of, rows_to_learn
from textrnn.estimators.inputs import InputError
from textrnn.estimators.interrupts import KeepingTheBest
from textrnn.estimators.label_sets import LabelRows, RowForm
from textrnn.estimators.labels import LabelType, classes_of
from textrnn.estimators.learning_on import refuse_to_learn_on, settings_to_learn_on
from textrnn.estimators.progress import Progress
from textrnn.estimators.reports import report_on
from textrnn.estimators.settings import (
    OF_FILES,
    OTHER_NAMES,
    SettingsEstimator,
    device_here,
    explained,
    folder_of,
    one_training,
)
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.folder import explain_mismatched_files
from textrnn.tasks.classify import DatasetFacts, Learnt, introduce, learn
from textrnn.tasks.few_rows import all_learnt
from textrnn.tasks.labelling import AnyResult
from textrnn.tasks.settings import combine, settle
from textrnn.training.events import ListenerGroup
from textrnn.training.history import History

if TYPE_CHECKING:
    pass

OF_Y = "y says it by its type: a label, or a set of them for each text; expected none: leave it out"


class TextClassifier(
    AnsweringEstimator,
    SettingsEstimator,
    task="classify",
    left_out={**OF_FILES, **OTHER_NAMES, "multi_label": OF_Y},
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
        classes_: the labels, sorted, of the type that they were given in: the columns of ``predict_proba``; of a matrix
            what its columns stand for, in their order
        thresholds_: where texts may have several labels, how probable each must be to be given; else None
        classifier_: what the command line saves and loads, :class:`textrnn.saved.classifier.Classifier`
        history_: of the latest training, :class:`textrnn.training.history.History`; None of a model that was loaded
    """

    _calls: int  # of `partial_fit`, since the last `fit`

    def __init__(self, model: str = "LSTM", *, verbose: bool = False, **settings: Any):
        super().__init__(model, verbose, settings)

    # --- learning

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None, unlabelled: Any = None
    ) -> Self:
        """Learn from texts and their labels; what was learnt before is forgotten.

        Args:
            X: texts: a list, an array, a column of pandas or polars.
            y: a label for each: strings, whole numbers or truth values. Where texts may have several labels, or none:
                a set, list or tuple of labels for each; or a matrix of 0 and 1 with a column for each label, dense,
                sparse or a table.
            sample_weight: what each text counts; 0 leaves it out, 2 counts it twice.
            X_val: texts that are not learnt from: which weights are kept is decided by them, and how sure answers are.
                By default a tenth of the texts is held out for that; where there are few of each class and the model
                is ``Linear`` or ``auto``, none is: all are learnt, and cross-validation decides.
            y_val: their labels.
            unlabelled: texts like those of `X`, without labels, to learn from where labels are few; `budget` is 300
                seconds then, unless it is set, and nothing is held out.

        Raises:
            InputError: for texts, labels or weights that are not what they should be.
            TextRNNError: for anything else the caller can mend.
        """
        texts, labels, weights = rows_to_learn(X, y, sample_weight, self.class_weight)
        form = labels.form if isinstance(labels, LabelRows) else None
        classes = classes_in(labels)
        label_type, dev, run = LabelType.of(classes), None, self._run()
        if unlabelled is not None:
            by_class = self.class_weight if isinstance(self.class_weight, Mapping) else None
            refuse_beside(sample_weight=sample_weight, class_weight=by_class, X_val=X_val, y_val=y_val)
            few: Any = (texts, names_of(labels, label_type))
            self._keep(*learn_beside(few, unlabelled, run, verbose=self.verbose), label_type, form)
            return self
        if X_val is not None or y_val is not None:
            dev = labelled_rows(X_val, y_val, classes, "X_val", "y_val", several=form is not None)
        columns = label_type.names(classes) if form is not None and form.is_matrix else None
        with explained():
            seed = combine(run).data.split_seed
            rows: Any = (texts, names_of(labels, label_type))
            dataset = dataset_in_memory(rows, dev, weights=weights, split_seed=seed, class_names=columns)
            dataset = all_learnt(dataset, run.model_name)
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
        self._learn(dataset, settings, facts, label_type, form)
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
        refuse_to_learn_on(self._model_name())
        before: Classifier | None = getattr(self, "classifier_", None)
        known = classes_of(classes)
        to_weigh = known if before is None else self.classes_
        texts, labels, weights = rows_to_learn(X, y, sample_weight, self.class_weight, to_weigh)
        if before is None:
            form = labels.form if isinstance(labels, LabelRows) else None
            known = classes_in(labels) if known is None else known
            label_type, calls, vocabulary = LabelType.of(known), 0, None
            class_names = label_type.names(known)
            if len(class_names) < 2:
                raise InputError("classes: only one class; expected all that there will be: name them in `classes`")
        else:
            label_type, calls, form = self._label_type, self._calls, self._row_form
            class_names, vocabulary = before.class_names, before.vocabulary
            if known is not None and not np.array_equal(known, np.sort(self.classes_)):
                raise InputError("classes: not those of the first call; expected the same, or none")
            known = self.classes_
        with explained():
            rows: Any = (texts, names_among(labels, known, "labels", several=form is not None))
            dataset = more_of_a_dataset(rows, class_names, vocabulary, weights)
            dataset.static = None if before is None else before.static
            facts = DatasetFacts(dataset, vectors_are_kept=before is not None)
            settings = settings_to_learn_on(self._run(), facts, before, calls)
        self._learn(dataset, settings, facts, label_type, form, None if before is None else before.network)
        self._calls = calls + 1
        return self

    def _run(self) -> Run:
        named = {name: value for name, value in self._named().items() if not isinstance(value, Mapping)}
        return Run("classify", self._model_name(), {**named, "dataset": NAME})

    def _learn(
        self,
        dataset: Dataset,
        settings: ClassifierSettings,
        facts: DatasetFacts,
        label_type: LabelType,
        form: RowForm | None,
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
        self._keep(dataset, learnt, label_type, form)

    def _keep(self, dataset: Dataset, learnt: Learnt, label_type: LabelType, form: RowForm | None) -> None:
        """Answer as what was learnt, and remember from what."""
        self._answer_as(learnt.classifier, label_type, form, self._named().get("threads"))
        self.history_: History | None = learnt.history
        self._dataset: Dataset | None = dataset
        self._calls = 0

    # --- judging

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
            rows = labelled_rows(texts, labels, self.classes_, "texts", "labels", several=self._gives_several)
        with one_training:
            return report_on(self.classifier_, self.history_, self._dataset, rows, folder, baseline=baseline)

    # --- keeping

    def save(self, folder: str | Path) -> None:
        """Write the model folder, which the command line reads, too.

        Raises:
            ArtifactError: if it cannot be written; a model that was there stays as it was.
        """
        check_is_fitted(self)
        self._kept().save(folder_of(folder))

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
        with explain_mismatched_files(folder_of(folder)):
            known = cls._kept_parameters(self.classifier_.estimator, self._settings_that_differ(settings))
        return self.set_params(
            **{**known, "model": settings.model_name, **({} if device is None else {"device": device})}
        )

    def _kept(self) -> Classifier:
        """The classifier with what this estimator adds to its folder."""
        named = {name: value for name, value in self._named().items() if not isinstance(value, Mapping)}
        form = {} if self._row_form is None else {"rows": self._row_form.to_kept()}
        of_this = {"version": 1, "labels": self._label_type.to_kept(), **form, "parameters": named}
        return dataclasses.replace(self.classifier_, estimator=of_this)

    def _to_files(self) -> dict[str, bytes] | None:
        return self._kept().to_files() if self.__sklearn_is_fitted__() else None

    def _take_folder(self, folder: Path, device: str | None) -> None:
        classifier = load_classifier(folder, device_here(self.device) if device is None else device)
        with explain_mismatched_files(folder):
            try:
                form = RowForm.from_kept(classifier.estimator.get("rows")) if classifier.multi_label else None
                label_type = LabelType.from_kept(classifier.estimator.get("labels"))
            except ArtifactError as error:
                raise ArtifactError(f"{folder}: {error}") from error
            self._answer_as(classifier, label_type, form, self._named().get("threads"))
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
        tags.classifier_tags.multi_label = True
        return tags

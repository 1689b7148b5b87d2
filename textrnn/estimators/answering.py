"""How an estimator answers: labels of the caller's own type, probabilities, reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from textrnn.estimators.answers import Answer
from textrnn.estimators.given import labelled_rows, refuse_several
from textrnn.estimators.inputs import count_of, texts_of, weights_of
from textrnn.estimators.label_sets import RowForm, logits_of
from textrnn.estimators.labels import LabelType
from textrnn.estimators.reports import all_right
from textrnn.report.notes import words
from textrnn.report.verdict import bare
from textrnn.saved.answers import answer
from textrnn.saved.classifier import Classifier
from textrnn.tasks.answers import predict
from textrnn.training.threads import Threads

if TYPE_CHECKING:
    from textrnn.saved.explanation import Explanation

SMALLEST = 1e-300  # a probability whose logarithm is finite


class AnsweringEstimator(ClassifierMixin):  # type: ignore[misc]
    """A classifier that has learnt, behind the methods of scikit-learn."""

    classifier_: Classifier
    classes_: NDArray[Any]
    thresholds_: NDArray[np.float64] | None
    _label_type: LabelType
    _row_form: RowForm | None
    _order: NDArray[np.int64]  # of the network's classes

    def _answer_as(
        self, classifier: Classifier, label_type: LabelType, form: RowForm | None, threads: int | None
    ) -> None:
        """Take a classifier."""
        classifier.network.eval()
        classifier.threads = Threads.on(next(classifier.network.parameters()).device, threads)
        self.classifier_, self._label_type, self._row_form = classifier, label_type, form
        labels = label_type.labels(classifier.class_names)
        # Of the network's classes, which the command line may have in another order; columns keep theirs.
        is_matrix = form is not None and form.is_matrix
        self._order = np.arange(len(labels)) if is_matrix else np.argsort(labels, kind="stable")
        self.classes_ = labels[self._order]
        thresholds = classifier.thresholds
        self.thresholds_ = None if thresholds is None else thresholds[self._order]

    def predict(self, X: Any) -> Any:
        """The label of each text, an array; of a single text, its label.

        Where texts may have several, what was learnt from: a list of sets, lists or tuples in the order of
        ``classes_``, or a matrix; of a single text its set, or its row.
        """
        if isinstance(X, str):
            return self.predict([X])[0] if self._gives_several else self.predict([X]).tolist()[0]
        if not self._gives_several:
            return self.classes_[self._probabilities(X).argmax(axis=1)]
        taken = answer(self.classifier_, texts_of(X), top_k=1).taken
        assert self._row_form is not None
        assert taken is not None
        return self._row_form.rows(taken, np.argsort(self._order), self.classes_)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of texts whose label is right; where there may be several, of those that get all and no others."""
        if not self._gives_several:
            refuse_several(y, "y")
            return float(super().score(X, y, sample_weight))
        rows = labelled_rows(X, y, self.classes_, "X", "y", several=True)
        return float(np.average(all_right(self.classifier_, rows), weights=weights_of(sample_weight, len(rows[0]))))

    @property
    def _gives_several(self) -> bool:
        check_is_fitted(self)
        return self.classifier_.multi_label

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(texts, classes) probabilities, calibrated, in the order of ``classes_``; of a single text, (classes,).

        Where texts may have several labels, each probability is that of its label, whatever the others are."""
        found = self._probabilities([X] if isinstance(X, str) else X)
        probabilities: NDArray[np.float64] = found[0] if isinstance(X, str) else found
        return probabilities

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """(texts, classes) logarithms of the probabilities; of two classes, (texts,) the difference, second less
        first. Where texts may have several labels, the logit of each less that of its threshold: given from 0 on."""
        shares = self._probabilities([X] if isinstance(X, str) else X)
        if self.thresholds_ is not None:
            logarithms = logits_of(shares) - logits_of(self.thresholds_)
        else:
            logarithms = np.log(np.maximum(shares, SMALLEST))
            logarithms = logarithms[:, 1] - logarithms[:, 0] if len(self.classes_) == 2 else logarithms
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
                None if found.labels is None else [(label_of[name], share) for name, share in found.labels],
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

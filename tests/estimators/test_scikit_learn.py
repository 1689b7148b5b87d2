"""TextClassifier where scikit-learn's own code uses it: its estimator checks, searches, pipelines, calibration."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_classifiers_train, estimator_checks_generator, parametrize_with_checks

from tests.factories import WORDS, small_rows
from tests.pages import ROOT
from textrnn import TextClassifier

TEXTS, LABELS = map(list, zip(*small_rows(90, 1), strict=True))
QUICK: dict[str, Any] = {"model": "FastText", "embedding_size": 8, "ngram_rows": 500, "threads": 1}
CHECKED: dict[str, Any] = {**QUICK, "epochs": 4, "learning_rate": 0.02, "evaluate_every": 50}


def as_texts(X: Any) -> Any:
    """A table of numbers as texts, a character for each column and half unit; anything else as it is."""
    table = np.asarray(X)
    if table.ndim != 2 or table.dtype.kind not in "biuf" or not np.isfinite(table).all():
        return X
    steps = np.clip(np.round(2 * table) + 32, 0, 63).astype(int)
    return ["".join(chr(0x4E00 + 64 * column + step) for column, step in enumerate(row)) for row in steps]


class OfTables(TextClassifier):
    """The checks have tables of numbers. They are written down as texts, and that is all that is done for them."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> OfTables:  # type: ignore[override]
        return super().fit(as_texts(X), y, sample_weight)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> OfTables:
        return super().partial_fit(as_texts(X), y, classes, sample_weight)

    def predict(self, X: Any) -> Any:
        return super().predict(as_texts(X))

    def predict_proba(self, X: Any) -> Any:
        return super().predict_proba(as_texts(X))

    def decision_function(self, X: Any) -> Any:
        return super().decision_function(as_texts(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array, tags.input_tags.string = True, False, False
        return tags


class WithoutWidth(OfTables):
    """The same, not asked whether the number of columns is checked."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        return tags


NO_WIDTH = "texts have no number of features"
NOT_NUMBERS = "numbers are refused as such, whatever they are, in other words than those looked for"
EXPECTED_TO_FAIL = {
    "check_n_features_in": NO_WIDTH,
    "check_n_features_in_after_fitting": NO_WIDTH,
    "check_estimators_partial_fit_n_features": NO_WIDTH,
    "check_classifiers_train": f"{NO_WIDTH}; the rest of it is tested by itself",
    "check_estimators_empty_data_messages": f"{NO_WIDTH}: without any, a text is empty, which is allowed",
    "check_estimators_nan_inf": NOT_NUMBERS,
    "check_complex_data": NOT_NUMBERS,
    "check_dtype_object": "an array of objects holds texts, not numbers",
    "check_fit2d_predict1d": "a column of texts is one-dimensional",
    "check_sample_weight_equivalence_on_dense_data": "rows that are there twice make other batches and another held-out part; the loss is the same, which is tested",
}


@parametrize_with_checks(
    [OfTables(**CHECKED)],
    expected_failed_checks=lambda _: EXPECTED_TO_FAIL,
    xfail_strict=True,
)
@pytest.mark.filterwarnings("ignore")
def test_estimator_checks(estimator: BaseEstimator, check: Callable[[BaseEstimator], None]) -> None:
    check(estimator)


def test_the_checks_of_several_labels_are_among_them() -> None:
    """They run because of the estimator's tags; of sets, which scikit-learn does not check, see test_label_sets.py."""
    named = estimator_checks_generator(OfTables(**CHECKED))
    names = {getattr(check, "func", check).__name__ for _, check in named}
    assert {
        "check_classifiers_multilabel_representation_invariance",
        "check_classifiers_multilabel_output_format_predict",
        "check_classifiers_multilabel_output_format_predict_proba",
        "check_classifiers_multilabel_output_format_decision_function",
    } <= names - set(EXPECTED_TO_FAIL)


@pytest.mark.filterwarnings("ignore")
def test_what_is_left_of_the_check_of_training() -> None:
    estimator = WithoutWidth(**CHECKED)
    check_classifiers_train("WithoutWidth", estimator, readonly_memmap=True, X_dtype="float32")


def test_checks_that_fail_are_listed_with_their_reason() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(check_\w+)`", page)) == set(EXPECTED_TO_FAIL)


def test_the_estimator_is_honest_about_its_input() -> None:
    tags = TextClassifier().__sklearn_tags__()
    assert (tags.input_tags.string, tags.input_tags.two_d_array) == (True, False)
    assert not hasattr(TextClassifier(), "n_features_in_")


def test_search_in_two_processes_finds_what_one_finds() -> None:
    def search(jobs: int) -> GridSearchCV:
        grid = {"learning_rate": [1e-5, 0.02], "batch_size": np.array([16, 20])}
        return GridSearchCV(TextClassifier(**QUICK, epochs=2), grid, cv=2, n_jobs=jobs).fit(TEXTS, LABELS)

    one, two = search(1), search(2)
    assert one.best_params_ == two.best_params_
    assert one.best_params_["learning_rate"] == 0.02
    np.testing.assert_array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(one.predict_proba(TEXTS), two.predict_proba(TEXTS))
    share = int(os.environ.get("OMP_NUM_THREADS", max(1, joblib.cpu_count() // 2)))  # of the cores, which joblib sets
    processes = joblib.Parallel(n_jobs=2)(joblib.delayed(answered_there)(two.best_estimator_) for _ in range(2))
    for process, threads, probabilities in processes:
        assert process != os.getpid()
        assert threads <= share
        np.testing.assert_allclose(probabilities, one.predict_proba(TEXTS), rtol=1e-6)


def answered_there(model: TextClassifier) -> tuple[int, int, Any]:
    """A model is pickled on its way into the process."""
    return os.getpid(), torch.get_num_threads(), model.predict_proba(TEXTS)


def test_cross_validation_and_pipeline() -> None:
    upper = FunctionTransformer(lambda texts: [text.replace("的", "") for text in texts])
    pipeline = make_pipeline(upper, TextClassifier(**QUICK, epochs=6, learning_rate=0.02))
    scores = cross_val_score(pipeline, np.array(TEXTS), LABELS, cv=3)
    assert scores.shape == (3,)
    assert scores.min() > 0.6
    assert pipeline.set_params(textclassifier__epochs=1).get_params()["textclassifier__epochs"] == 1
    found = cross_val_predict(TextClassifier(**QUICK, epochs=1), pd.Series(TEXTS), pd.Series(LABELS), cv=2)
    assert set(found) <= set(WORDS)


def test_a_fit_in_a_thread_is_the_same() -> None:
    """Dropout comes from one generator of torch for all threads."""
    fit = joblib.delayed(
        lambda seed: TextClassifier(**QUICK, epochs=1, seed=seed).fit(TEXTS, LABELS).predict_proba(TEXTS)
    )
    alone = [joblib.Parallel(n_jobs=1)([fit(seed)])[0] for seed in (0, 1, 0)]
    together = joblib.Parallel(n_jobs=3, backend="threading")(fit(seed) for seed in (0, 1, 0))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration(method: str) -> None:
    model = CalibratedClassifierCV(TextClassifier(**QUICK, epochs=3), method=method, cv=2).fit(np.array(TEXTS), LABELS)
    np.testing.assert_allclose(model.predict_proba(np.array(TEXTS)).sum(axis=1), 1)
    assert model.score(np.array(TEXTS), LABELS) > 0.5


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_clean_learning_finds_what_was_labelled_wrong() -> None:
    from cleanlab.classification import CleanLearning

    texts, names = map(np.array, zip(*small_rows(150, 3), strict=True))
    labels = np.unique(names, return_inverse=True)[1]
    wrong = np.arange(0, 150, 15)
    given = labels.copy()
    given[wrong] = (given[wrong] + 1) % 3
    clean = CleanLearning(TextClassifier(**QUICK, epochs=8, learning_rate=0.02), cv_n_folds=3, seed=0)
    clean.fit(texts, given)
    found = np.flatnonzero(clean.get_label_issues()["is_label_issue"])
    assert len(set(found) & set(wrong)) >= 7
    assert clean.predict(texts[:5]).dtype.kind == "i"


def test_joblib_and_clone(tmp_path: Path) -> None:
    model = TextClassifier(**QUICK, epochs=1).fit(TEXTS, LABELS)
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), model.predict_proba(TEXTS))
    assert loaded.get_params() == model.get_params()
    copied = clone(loaded)
    assert copied.get_params() == model.get_params()
    assert not hasattr(copied, "classes_")

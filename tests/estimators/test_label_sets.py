"""TextClassifier where texts have several labels: what is given comes back, with scikit-learn's figures."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, label_ranking_average_precision_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.preprocessing import MultiLabelBinarizer

from tests.factories import WORDS, small_label_rows
from textrnn import TextClassifier
from textrnn.errors import ArtifactError
from textrnn.estimators.given import labels_given
from textrnn.estimators.inputs import InputError
from textrnn.estimators.label_sets import LabelRows, RowForm
from textrnn.estimators.settings import SettingError

QUICK: dict[str, Any] = {"model": "FastText", "embedding_size": 8, "ngram_rows": 500, "threads": 1}
LEARNS: dict[str, Any] = {**QUICK, "epochs": 8, "learning_rate": 0.05}
TEXTS, SETS = map(list, zip(*small_label_rows(150, 1), strict=True))
NEW, NEW_SETS = map(list, zip(*small_label_rows(60, 2), strict=True))
BINARIZER = MultiLabelBinarizer().fit(SETS)
MATRIX = BINARIZER.transform(SETS)
NEW_MATRIX = BINARIZER.transform(NEW_SETS)


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return TextClassifier(**LEARNS).fit(TEXTS, SETS)


def test_sets_are_given_back(fitted: TextClassifier) -> None:
    assert fitted.classes_.tolist() == sorted(WORDS)
    found = fitted.predict(NEW)
    assert {type(each) for each in found} == {set}
    shares = fitted.predict_proba(NEW)
    assert fitted.thresholds_ is not None
    expected = [
        {name for name, given in zip(sorted(WORDS), row, strict=True) if given} for row in shares >= fitted.thresholds_
    ]
    assert found == expected
    assert set() in found
    assert fitted.predict(NEW[0]) == found[0]
    np.testing.assert_array_equal(fitted.decision_function(NEW) >= 0, shares >= fitted.thresholds_)
    assert fitted.predict_proba(NEW[0]).shape == fitted.decision_function(NEW[0]).shape == (3,)
    np.testing.assert_allclose(fitted.predict_proba(NEW[0]), shares[0], rtol=1e-5)


def test_figures_are_those_of_scikit_learn(fitted: TextClassifier) -> None:
    predicted, shares = BINARIZER.transform(fitted.predict(NEW)), fitted.predict_proba(NEW)
    assert fitted.score(NEW, NEW_SETS) == accuracy_score(NEW_MATRIX, predicted) > 0.4
    weights = np.arange(60)
    assert fitted.score(NEW, NEW_SETS, weights) == pytest.approx(
        accuracy_score(NEW_MATRIX, predicted, sample_weight=weights)
    )
    report = fitted.report(NEW, NEW_SETS, baseline=False).to_metrics()["test"]
    assert report["macro_f1"] == pytest.approx(f1_score(NEW_MATRIX, predicted, average="macro"))
    assert report["micro_f1"] == pytest.approx(f1_score(NEW_MATRIX, predicted, average="micro"))
    assert report["exact_match"] == fitted.score(NEW, NEW_SETS)
    assert report["hamming_loss"] == pytest.approx(hamming_loss(NEW_MATRIX, predicted))
    ranking = label_ranking_average_precision_score(NEW_MATRIX, shares)
    assert report["ranking_average_precision"] == pytest.approx(ranking)


@pytest.mark.parametrize("make", [
    list, lambda rows: [tuple(sorted(row)) for row in rows], pd.Series, lambda rows: np.array(rows, dtype=object),
    lambda _: MATRIX, lambda _: MATRIX.tolist(), lambda _: list(MATRIX), lambda _: MATRIX.astype(bool),
    lambda _: scipy.sparse.csr_matrix(MATRIX), lambda _: scipy.sparse.coo_array(MATRIX.astype(float)),
    lambda _: pd.DataFrame(MATRIX, columns=sorted(WORDS)), lambda _: polars.DataFrame(MATRIX, schema=sorted(WORDS)),
    lambda rows: polars.Series([sorted(row) for row in rows]),
], ids=range(13))  # fmt: skip
def test_every_form_learns_the_same(make: Any, fitted: TextClassifier) -> None:
    given = make(SETS)
    model = TextClassifier(**LEARNS).fit(TEXTS, given)
    np.testing.assert_array_equal(model.predict_proba(NEW), fitted.predict_proba(NEW))
    found, expected = model.predict(NEW), BINARIZER.transform(fitted.predict(NEW))
    if scipy.sparse.issparse(given):
        assert type(found) is (
            scipy.sparse.csr_matrix if isinstance(given, scipy.sparse.spmatrix) else scipy.sparse.csr_array
        )
        assert found.dtype == given.dtype
        np.testing.assert_array_equal(found.toarray(), expected)
        assert f1_score(given.tocsr()[:60], found, average="micro") >= 0
    elif isinstance(found, np.ndarray):
        assert model.classes_.tolist() == ([0, 1, 2] if not hasattr(given, "columns") else sorted(WORDS))
        assert found.dtype == np.asarray(given).dtype
        np.testing.assert_array_equal(found, expected)
        assert model.predict(NEW[0]).tolist() == expected[0].tolist()
    else:
        np.testing.assert_array_equal(BINARIZER.transform(found), expected)
    assert model.score(NEW, NEW_MATRIX) == fitted.score(NEW, NEW_SETS)


def test_columns_keep_their_order(tmp_path: Path) -> None:
    backwards = sorted(WORDS, reverse=True)
    table = pd.DataFrame(MATRIX, columns=sorted(WORDS))[backwards]
    model = TextClassifier(**LEARNS).fit(TEXTS, table, X_val=NEW, y_val=NEW_MATRIX[:, ::-1])
    assert model.classes_.tolist() == backwards
    other = pd.DataFrame(NEW_MATRIX, columns=sorted(WORDS))  # its columns are known by their names
    assert model.score(NEW, other) == accuracy_score(NEW_MATRIX[:, ::-1], model.predict(NEW))
    model.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    for each in (loaded, pickle.loads(pickle.dumps(model))):
        assert each.classes_.tolist() == backwards
        np.testing.assert_array_equal(each.predict(NEW), model.predict(NEW))
        assert each.predict(NEW).dtype == model.predict(NEW).dtype


def test_a_column_without_any_text_stays(fitted: TextClassifier) -> None:
    model = TextClassifier(**QUICK, epochs=1).fit(TEXTS, np.hstack([MATRIX, np.zeros((150, 1), dtype=int)]))
    assert model.predict(NEW).shape == model.predict_proba(NEW).shape == (60, 4)


def test_searches_and_validation(fitted: TextClassifier) -> None:
    grid = {"learning_rate": [1e-5, 0.05]}
    search = GridSearchCV(TextClassifier(**LEARNS), grid, cv=2, scoring="f1_macro").fit(TEXTS, MATRIX)
    assert search.best_params_ == {"learning_rate": 0.05}
    assert search.best_score_ > 0.5
    by_sets = GridSearchCV(TextClassifier(**QUICK, epochs=1), {"learning_rate": [0.05]}, cv=2).fit(TEXTS, SETS)
    assert 0 <= by_sets.best_score_ <= 1
    found = cross_val_predict(TextClassifier(**QUICK, epochs=1), TEXTS, MATRIX, cv=2, method="predict_proba")
    assert found.shape == (150, 3)


def test_the_command_line_learns_the_same(trained_label_classifier: Path) -> None:
    loaded = TextClassifier.load(trained_label_classifier)
    settings = {**QUICK, "learning_rate": 0.05, "epochs": 12}
    dev_texts, dev_sets = map(list, zip(*small_label_rows(60, 2), strict=True))
    model = TextClassifier(**settings).fit(TEXTS, SETS, X_val=dev_texts, y_val=dev_sets)
    np.testing.assert_array_equal(loaded.predict_proba(NEW), model.predict_proba(NEW))
    assert loaded.predict(NEW) == model.predict(NEW)


def test_answers_name_the_labels(fitted: TextClassifier) -> None:
    text = next(text for text, found in zip(NEW, fitted.predict(NEW), strict=True) if len(found) == 2)
    (answer,) = fitted.answers(text, top_k=3)
    assert answer.labels is not None
    assert {label for label, _ in answer.labels} == fitted.predict(text)
    assert [share for _, share in answer.classes] == sorted(fitted.predict_proba(text), reverse=True)
    assert set(answer.to_dict()) == {"text", "labels", "classes", "note"}


def test_learns_on_with_sets() -> None:
    model, by_matrix = TextClassifier(**{**LEARNS, "epochs": 4}), TextClassifier(**{**LEARNS, "epochs": 4})
    for start in range(0, 150, 50):
        part = slice(start, start + 50)
        model.partial_fit(TEXTS[part], SETS[part], classes=sorted(WORDS))
        by_matrix.partial_fit(TEXTS[part], MATRIX[part])
    assert model.score(NEW, NEW_SETS) > 0.5
    np.testing.assert_array_equal(model.predict_proba(NEW), by_matrix.predict_proba(NEW))
    with pytest.raises(InputError, match=r"^labels\[0\]: '新' is no class of the training texts; expected one of "):
        model.partial_fit(["新"], [{"新"}])


def test_weights_count() -> None:
    weights = np.ones(150)
    weights[100:] = 0
    left_out = TextClassifier(**QUICK, epochs=2).fit(TEXTS, SETS, sample_weight=weights)
    fewer = TextClassifier(**QUICK, epochs=2).fit(TEXTS[:100], SETS[:100])
    np.testing.assert_array_equal(left_out.predict_proba(NEW), fewer.predict_proba(NEW))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"a"}], "labels: 1 rows for 2 texts; expected one for each"),
        ([{"a"}, None], "labels[1]: nothing there (None); expected a set of labels, empty where the text has none"),
        ([{"a"}, "b"], "labels[1]: 'b' among sets of labels; expected a set of labels, empty where the text has none"),
        ([{"a"}, {"b", None}], "labels[1]: nothing there (None); expected a label: leave the row out"),
        ([{"a"}, {1}], "labels[1]: int among labels of str; expected all of one type"),
        ([["a"], [["b"]]], "labels[1]: of type list; expected a string, a whole number or a truth value"),
        (np.array([[0, 2], [1, 0]]), "labels[0, 1]: 2 in an array of 2 x 2; expected 0 or 1, whether the text has the label of that column; else y should be a 1d array, one label for each text"),
        (np.array([["a", "b"], ["c", "d"]]), "labels: an array of 2 x 2 (<U1); y should be a 1d array, one label for each text, or a matrix of the numbers 0 and 1, a column for each label"),
        (np.zeros((2, 2, 2)), "labels: an array of 2 x 2 x 2 (float64); y should be a 1d array, one label for each text, or a matrix of the numbers 0 and 1, a column for each label"),
        (scipy.sparse.csr_array([[0, 1], [-1, 0]]), "labels[1, 0]: -1 in an array of 2 x 2; expected 0 or 1, whether the text has the label of that column; else y should be a 1d array, one label for each text"),
        (pd.DataFrame([[0, 1], [1, 0]], columns=["a", "a"]), "labels.columns: 'a' twice; expected a column for each label"),
        (pd.DataFrame([[0, 1], [1, 0]], columns=["a", 1]), "labels.columns[1]: int among labels of str; expected all of one type"),
        (pd.DataFrame([[0, 1], [1, pd.NA]], columns=["a", "b"]), "labels[1, 1]: nothing there (<NA>); expected 0 or 1: leave the row out, or fill it"),
        ([[["a"], ["b", "c"]]] * 2, "labels[0]: of type list; expected a string, a whole number or a truth value"),
        ([[np.array([0, 1])]] * 2, "labels[0]: of type ndarray; expected a string, a whole number or a truth value"),
        ([[0, 1, 1], [0, 1]], "labels[1]: 2 cells where the first row has 3; expected as many"),
        ([{1.0, 2.0}, {1.5}], "labels[1]: 1.5, a fraction; expected classes. Unknown label type: continuous. Numbers are predicted by regression, which this is not"),
        (scipy.sparse.coo_array([0, 1]), "labels: a sparse array of one dimension; expected a row for each text: toarray() of it"),
        ({frozenset("a"), frozenset("b")}, "labels: a set, which has no order; expected a list that has a label, or a set of labels, for each text"),
        ({"a", "b"}, "labels: a set, which has no order; expected a list that has a label, or a set of labels, for each text"),
        ({0: "a", 1: "b"}, "labels: a dictionary; expected a list that has a label, or a set of labels, for each text"),
    ],
)  # fmt: skip
def test_what_are_no_sets(given: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        labels_given(given, 2)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"labels": [{"a"}, {"a", "b"}]}),
        polars.DataFrame({"labels": [["a"], ["a", "b"]]}),
        (each for each in [{"a"}, {"a", "b"}]),
        {0: {"a"}, 1: {"a", "b"}}.values(),
        pd.DataFrame({"a": np.array([1, True], dtype=object), "b": [0, 1]}),
    ],
)
def test_other_forms_of_several_labels(given: Any) -> None:
    found = labels_given(given, 2)
    assert isinstance(found, LabelRows)
    assert [sorted(each) for each in found.split(found.flat.tolist())] == [["a"], ["a", "b"]]


def test_objects_that_are_0_and_1_are_a_matrix() -> None:
    found = labels_given(np.array([[0, 1], [1, 1]], dtype=object), 2)
    assert isinstance(found, LabelRows)
    assert found.split(["1", "0", "1"]) == [("1",), ("0", "1")]


@pytest.mark.parametrize("y", [[set()] * 3, np.zeros((3, 0)), [[], [], []]])
def test_rows_without_any_label_teach_nothing(y: Any) -> None:
    with pytest.raises(InputError) as caught:
        TextClassifier(**QUICK).fit(["a", "b", "c"], y)
    assert str(caught.value) == (
        "texts: no row has a label; expected two classes or more: there is nothing to tell apart"
    )


def test_lists_of_0_and_1_are_a_matrix_and_sets_of_them_are_not() -> None:
    lists, sets = (labels_given(given, 2) for given in ([[0, 1], [1, 1]], [{0, 1}, {1}]))
    assert isinstance(lists, LabelRows)
    assert isinstance(sets, LabelRows)
    assert (lists.form.kind, lists.split(["1", "0", "1"])) == ("matrix", [("1",), ("0", "1")])
    assert (sets.form.kind, len(sets), sets.classes.tolist()) == ("set", 2, [0, 1])


def test_what_does_not_go_together(fitted: TextClassifier) -> None:
    one = "labels: one label for each text; expected sets of labels, or a matrix of 0 and 1, as those that are learnt"
    for call, message in [
        (lambda: fitted.report(["a"], ["猫狗"]), one),
        (lambda: fitted.score(["a"], [[1, 0]]), "y: a matrix of 2 columns; expected 3, one for each label of the model"),
        (lambda: fitted.score(["a"], pd.DataFrame([[1, 0, 1]], columns=list("abc"))), "y: a table of other columns than the labels of the model; expected the same"),
        (lambda: TextClassifier(**QUICK, class_weight={"猫狗": 2}).fit(TEXTS, SETS), "class_weight: weights by label, but texts may have several; expected `balanced` or `none`, or a weight for each text: `sample_weight`"),
        (lambda: TextClassifier(**QUICK).fit(TEXTS, SETS, X_val=["a"], y_val=["猫狗"]), one.replace("labels:", "y_val:", 1)),
        (lambda: TextClassifier(**QUICK, epochs=1).fit(["a", "b", "aa", "bb"], ["x", "y"] * 2).score(["a"], [{"x"}]), "y: several labels for each text; expected one, as those that are learnt"),
        (lambda: TextClassifier(**QUICK).fit(["a", "b"], ["x", "y"], X_val=["a"], y_val=[{"x"}]), "y_val: several labels for each text; expected one, as those that are learnt"),
    ]:  # fmt: skip
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value) == message
    with pytest.raises(SettingError) as refused:
        TextClassifier(multi_label=True)
    assert (
        str(refused.value)
        == "`multi_label`: y says it by its type: a label, or a set of them for each text; expected none: leave it out"
    )
    with pytest.raises(ArtifactError, match=r"rows of labels of an unknown form"):
        RowForm.from_kept({"kind": "heap", "cells": ""})


def test_a_model_whose_classes_stand_in_another_order(fitted: TextClassifier) -> None:
    """As one of the command line, where a file names them: the labels are those of the network's outputs."""
    first, second, third = fitted.classifier_.class_names
    turned = dict(zip((first, second, third), (second, third, first), strict=True))
    other = TextClassifier()
    of_turned = dataclasses.replace(fitted.classifier_, class_names=[second, third, first])
    other._answer_as(of_turned, fitted._label_type, fitted._row_form, None)
    assert other.classes_.tolist() == sorted(WORDS)
    assert other.predict(NEW) == [{turned[label] for label in labels} for labels in fitted.predict(NEW)]
    assert (other.decision_function(NEW) >= 0).sum() == sum(map(len, other.predict(NEW)))


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (lambda labels: str(sorted(labels)), list),
        (lambda labels: str(tuple(sorted(labels))), tuple),
        (lambda labels: str(labels), set),
        (lambda labels: json.dumps(sorted(labels)), list),
    ],
)
@pytest.mark.parametrize("column", [list, np.array, pd.Series, lambda y: pd.DataFrame({"y": y})])
def test_lists_written_out_as_texts(write: Any, kind: type, column: Any) -> None:
    """As pandas reads them from a CSV file into which they were written."""
    given = labels_given(column([write(labels) for labels in SETS]), len(SETS))
    assert isinstance(given, LabelRows)
    assert given.form == RowForm(kind.__name__)
    assert list(map(set, given.split(given.flat.tolist()))) == SETS


def test_fitting_says_that_lists_were_read(fitted: TextClassifier) -> None:
    written = [str(sorted(labels)) for labels in SETS]
    with pytest.warns(UserWarning, match=r"^labels: lists written out as texts, such as \"\[.*\]\"; read as several"):
        found = TextClassifier(**LEARNS).fit(TEXTS, written)
    assert found.predict(NEW) == list(map(sorted, fitted.predict(NEW)))
    assert found.score(NEW, [str(sorted(labels)) for labels in NEW_SETS]) == fitted.score(NEW, NEW_SETS)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["['a']", "b", "['c', 'a']"], "labels[1]: 'b' is no list of labels, and 2 of 3 rows have one; expected a list in each row, such as ['b'], or in none"),
        (["a", "b", "['c', 'a']"], "labels[2]: \"['c', 'a']\" is a list of labels written out, and 1 of 3 rows have one; expected a list in each row, such as ['a'], or in none"),
        (["['a']", float("nan"), "['a']"], "labels[1]: nothing there (nan); expected a list, '[]' where there is no label"),
        (["['a']", "['a', 'b'", "['a']"], "labels[1]: \"['a', 'b'\" is no list of labels, and 2 of 3 rows have one; expected a list in each row, such as ['price', 'place'], or in none"),
    ],
)  # fmt: skip
def test_lists_written_out_in_some_rows_alone(y: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        labels_given(y, 3)
    assert str(caught.value) == message


def test_names_in_brackets_are_names() -> None:
    assert not isinstance(labels_given(["[0, 18]", "[19, 30]", "(a)", "[]"], 4), LabelRows)


def test_a_clone_learns_the_same_and_has_learnt_nothing(fitted: TextClassifier) -> None:
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "classes_")
    again = copy.fit(TEXTS, SETS)
    np.testing.assert_array_equal(again.classes_, fitted.classes_)
    assert again.predict_proba(NEW).shape == again.decision_function(NEW).shape == (len(NEW), len(again.classes_))
    np.testing.assert_allclose(again.predict_proba(NEW), fitted.predict_proba(NEW), rtol=1e-5)
    assert again.score(NEW, NEW_SETS) == fitted.score(NEW, NEW_SETS)
    sent = pickle.loads(pickle.dumps(again))
    assert sent.predict(NEW) == again.predict(NEW)

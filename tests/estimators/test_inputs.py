"""What may be given as texts, labels and weights, and what is said of everything else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from textrnn.errors import TextRNNError
from textrnn.estimators.inputs import InputError, texts_of, weights_of, weights_of_classes
from textrnn.estimators.labels import LabelType, classes_of, labels_of, names_like

THREE = ["一", "", "c\n"]


@pytest.mark.parametrize(
    "given",
    [
        THREE,
        tuple(THREE),
        np.array(THREE),
        np.array(THREE, dtype=object),
        np.array(THREE, dtype=object)[:, None],
        [np.str_(text) for text in THREE],
        pd.Series(THREE, index=[5, 1, 5]),
        pd.Series(THREE, dtype="category"),
        pd.DataFrame({"text": THREE}),
        pl.Series(THREE),
        pl.DataFrame({"text": THREE}),
        pd.Series(THREE).to_numpy(),
        pd.Index(THREE),
    ],
    ids=lambda given: type(given).__name__,
)
def test_columns_of_texts(given: Any) -> None:
    found = texts_of(given)
    assert found == THREE
    assert {type(text) for text in found} == {str}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("abc", "texts: a single text; expected several: a list of them, or a column of a table"),
        (None, "texts: None; expected a list of texts, or a column of a table"),
        (["a", None], "texts[1]: nothing there (None); expected a text: leave the row out, or fill it with ''"),
        (pd.Series(["a", np.nan]), "texts[1]: nothing there (nan); expected a text: leave the row out, or fill it with ''"),
        (pl.Series([None, "a"]), "texts[0]: nothing there (None); expected a text: leave the row out, or fill it with ''"),
        (["a", 3], "texts[1]: a number, 3 (int); expected a text"),
        ([b"a"], "texts[0]: bytes; expected a text: decode them, as in text.decode('utf-8')"),
        ([["a"]], "texts[0]: of type list; expected a text"),
        (np.zeros(2), "texts: numbers (float64); expected texts"),
        (np.array([["a", "b"]]), "texts: an array of 1 x 2; expected one column of texts"),
        (np.array("a"), "texts: an array of no dimension; expected one column of texts"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "texts: a table of 2 columns (a, b); expected one column of texts: choose it, as in table['a']"),
        (pl.DataFrame({"a": ["x"], "b": ["y"]}), "texts: a table of 2 columns (a, b); expected one column of texts: choose it, as in table['a']"),
        ({"a": 1}, "texts: a dict; expected a list of texts, or a column of a table: make a list of it, list(texts)"),
        ((text for text in "ab"), "texts: a generator; expected a list of texts, or a column of a table: make a list of it, list(texts)"),
        (5, "texts: a int; expected a list of texts, or a column of a table"),
        (scipy.sparse.eye(2), "texts: a sparse matrix; expected texts, not what was counted of them"),
    ],
)  # fmt: skip
def test_what_is_no_column_of_texts(given: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        texts_of(given)
    assert str(caught.value) == message
    assert isinstance(caught.value, TextRNNError)


@pytest.mark.parametrize(
    ("given", "dtype", "expected"),
    [
        (["b", "a"], "<U1", ["b", "a"]),
        (np.array(["b", "a"], dtype=object), "object", ["b", "a"]),
        (pd.Series(["b", "a"]), "object", ["b", "a"]),
        (pd.Series(["b", "a"], dtype="category"), "object", ["b", "a"]),
        (pd.Series([2, 1], dtype="category"), "int64", [2, 1]),
        (pd.Series([2, 1], dtype="Int64"), "int64", [2, 1]),
        (pl.Series(["b", "a"]), "object", ["b", "a"]),
        ([2, -1], "int64", [2, -1]),
        (np.array([2, 1], dtype=np.uint8), "uint8", [2, 1]),
        ([np.int32(2), np.int32(1)], "int32", [2, 1]),
        ([True, False], "bool", [True, False]),
        (pd.Series([True, False]), "bool", [True, False]),
        (np.array([True, False], dtype=object), "bool", [True, False]),
        ([1.0, 0.0], "float64", [1.0, 0.0]),
    ],
    ids=str,
)
def test_labels_keep_their_type(given: Any, dtype: str, expected: list[Any]) -> None:
    labels = labels_of(given, 2)
    assert labels.dtype == dtype
    assert labels.tolist() == expected
    kept = LabelType.from_kept(LabelType.of(labels).to_kept())
    restored = kept.labels(kept.names(labels))
    assert restored.tolist() == expected
    assert restored.dtype == labels.dtype


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "labels: None, but a classifier learns from them; y should be a 1d array, one for each text"),
        ("ab", "labels: a single text; expected several: a list of them, or a column of a table"),
        (["a"], "labels: 1 for 2 texts; expected one for each"),
        (["a", None], "labels[1]: nothing there (None); expected a label: leave the row out"),
        (pd.Series(["a", None]), "labels[1]: nothing there (nan); expected a label: leave the row out"),
        (pd.Series([1, None], dtype="Int64"), "labels[1]: nan; expected a label: leave the row out (y contains NaN or infinity)"),
        ([1.0, float("nan")], "labels[1]: nan; expected a label: leave the row out (y contains NaN or infinity)"),
        ([1, "a"], "labels[1]: str among labels of int; expected all of one type"),
        ([True, 1], "labels[1]: int among labels of bool; expected all of one type"),
        ([0.5, 1.0], "labels[0]: 0.5, a fraction; expected classes. Unknown label type: continuous. Numbers are predicted by regression, which this is not"),
        (np.zeros((2, 2)), "labels: an array of 2 x 2; y should be a 1d array, one label for each text"),
        ([["a"], ["b", "c"]], "labels[0]: of type list; expected a string, a whole number or a truth value"),
        ([2**63, -1], "labels: numbers of more than 64 bits; expected smaller ones, or strings"),
        ([10**20, 3], "labels: numbers of more than 64 bits; expected smaller ones, or strings"),
        (np.array([b"a", b"b"]), "labels: of type |S1; expected strings, whole numbers or truth values"),
    ],
    ids=str,
)  # fmt: skip
def test_what_are_no_labels(given: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        labels_of(given, 2)
    assert str(caught.value) == message


def test_weights() -> None:
    assert weights_of(None, 2) is None
    assert weights_of([3, 3], 2) is None  # all alike
    found = weights_of(pd.Series([1, 0.5]), 2)
    assert found is not None
    assert found.tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 2, 3], "sample_weight: an array of 3 for 2 texts; expected one weight for each"),
        ([[1], [2]], "sample_weight: an array of 2 x 1 for 2 texts; expected one weight for each"),
        ([1, -1], "sample_weight[1]: -1.0; expected a finite number, 0 or above"),
        ([float("nan"), 1], "sample_weight[0]: nan; expected a finite number, 0 or above"),
        ([0, 0], "sample_weight: all are zero; expected at least one non-zero number"),
        (["a", "b"], "sample_weight: no numbers (could not convert string to float: 'a'); expected one for each text"),
    ],
    ids=str,
)
def test_what_are_no_weights(given: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        weights_of(given, 2)
    assert str(caught.value) == message


def test_weights_of_classes() -> None:
    labels = np.array([2, 1, 2])
    assert weights_of_classes({np.int64(2): 3}, labels, np.unique(labels)).tolist() == [3, 1, 3]
    # A weight for every class there is, and one for a class that a part of a cross-validation lacks.
    assert weights_of_classes({1: 5, 2: 3, 7: 9}, labels, np.unique(labels)).tolist() == [3, 5, 3]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"2": 3}, "class_weight: '2' is no class of the training texts; expected one of 1, 2"),
        ({1: -1}, "class_weight[1]: -1; expected a finite number, 0 or above"),
        ({1: "much"}, "class_weight[1]: much; expected a finite number, 0 or above"),
        ({1: None}, "class_weight[1]: None; expected a finite number, 0 or above"),
    ],
    ids=str,
)
def test_what_are_no_weights_of_classes(given: Any, message: str) -> None:
    labels = np.array([2, 1, 2])
    with pytest.raises(InputError) as caught:
        weights_of_classes(given, labels, np.unique(labels))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "dtype", "expected"),
    [
        ([1.0, 2.0], "int64", ["1", "2"]),
        ([1, 0], "bool", ["True", "False"]),
        ([2, 0], "bool", ["2", "False"]),  # no class of the model, and said to be none
        ([257, 2], "uint8", ["257", "2"]),
        ([-1, 1], "uint8", ["-1", "1"]),
        ([True, False], "int64", ["1", "0"]),
        ([1, 2], "float64", ["1.0", "2.0"]),
    ],
    ids=str,
)
def test_names_of_labels_of_another_type(given: Any, dtype: str, expected: list[str]) -> None:
    assert names_like(np.array(given), np.dtype(dtype), "labels") == expected


def test_classes() -> None:
    assert classes_of(None) is None
    for given in (["b", "a", "b"], {"a", "b"}, pd.Series(["b", "a"])):
        found = classes_of(given)
        assert found is not None
        assert found.tolist() == ["a", "b"]
    with pytest.raises(InputError, match=r"^classes: of type int; expected a list of all labels that there will be$"):
        classes_of(3)

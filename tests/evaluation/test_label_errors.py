"""Confident learning against cleanlab, on probabilities drawn at random."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from textrnn.evaluation.label_errors import (
    combine_probabilities,
    confident_classes,
    confident_thresholds,
    expected_errors,
    find_suspects,
)

seeds = st.integers(0, 10**6)


def example(seed: int, rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that agree with most labels, and labels of which every class has one."""
    generator = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), generator.integers(0, classes, rows)])
    probabilities = generator.dirichlet(np.full(classes, 0.5), len(labels))
    sure = generator.uniform(0, 0.9, len(labels))[:, None]
    right = np.where(generator.uniform(size=len(labels)) < 0.8, labels, generator.integers(0, classes, len(labels)))
    return (1 - sure) * probabilities + sure * np.eye(classes)[right], labels


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(3, 80), st.integers(2, 6))
def test_thresholds_and_joint_are_those_of_cleanlab(seed: int, rows: int, classes: int) -> None:
    count = pytest.importorskip("cleanlab.count", reason="the oracle of confident learning")
    probabilities, labels = example(seed, rows, classes)
    expected = count.get_confident_thresholds(labels, probabilities)
    np.testing.assert_allclose(confident_thresholds(probabilities, labels), expected, rtol=1e-12)
    counted = confident_classes(probabilities, labels)
    joint = np.zeros((classes, classes), dtype=int)
    np.add.at(joint, (labels[counted >= 0], counted[counted >= 0]), 1)
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))  # cleanlab's guarantee of one right row a class
    np.testing.assert_array_equal(joint, count.compute_confident_joint(labels, probabilities, calibrate=False))


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(3, 80), st.integers(2, 6))
def test_suspects_are_those_with_the_lowest_quality_by_cleanlab(seed: int, rows: int, classes: int) -> None:
    count = pytest.importorskip("cleanlab.count", reason="the oracle of confident learning")
    rank = pytest.importorskip("cleanlab.rank", reason="the oracle of confident learning")
    probabilities, labels = example(seed, rows, classes)
    found = find_suspects(probabilities, labels)
    number = expected_errors(probabilities, labels)
    calibrated = count.num_label_issues(labels, probabilities, estimation_method="off_diagonal_calibrated")
    assert abs(number - calibrated) <= classes  # which rounds every cell of the joint
    likeliest = probabilities.argmax(axis=1)  # a label that is the likeliest of all is no suspect
    quality = rank.get_label_quality_scores(labels, probabilities, method="self_confidence", adjust_pred_probs=False)
    lowest = np.argsort(quality, kind="stable")[: round(number)]
    unlikely = quality < max(0.1, 1 / classes)
    assert [suspect.row_index for suspect in found] == [
        row for row in lowest if unlikely[row] and likeliest[row] != labels[row]
    ]
    for suspect in found:
        assert suspect.given == labels[suspect.row_index]
        assert suspect.suggested == likeliest[suspect.row_index]
        assert suspect.self_confidence == pytest.approx(quality[suspect.row_index])
        assert suspect.probability == probabilities[suspect.row_index].max()


def test_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.4, 0.6]])
    labels = [0, 0, 0, 1, 1]
    np.testing.assert_allclose(confident_thresholds(probabilities, labels), [0.6, 0.75])
    np.testing.assert_array_equal(confident_classes(probabilities, labels), [0, 0, 1, 1, -1])
    assert expected_errors(probabilities, labels) == pytest.approx(1.0)  # one of three of class 0, none of class 1
    (suspect,) = find_suspects(probabilities, labels)
    assert (suspect.row_index, suspect.given, suspect.suggested, suspect.probability) == (2, 0, 1, 0.8)
    assert suspect.self_confidence == pytest.approx(0.2)


def test_rows_that_nobody_can_judge_are_no_suspects_and_move_no_row_number() -> None:
    probabilities, labels = example(3, 60, 3)
    expected = find_suspects(probabilities, labels)
    assert expected
    unknown = np.full((2, 3), np.nan)
    found = find_suspects(np.concatenate([unknown, probabilities, unknown]), [0, 1, *labels, 2, 0])
    assert [suspect.row_index - 2 for suspect in found] == [suspect.row_index for suspect in expected]
    assert find_suspects(unknown, [0, 1]) == []
    assert find_suspects(np.empty((0, 3)), []) == []


def test_certain_and_right_models_suspect_nobody() -> None:
    labels = np.array([0, 1, 2] * 5)
    assert find_suspects(np.eye(3)[labels] * 0.9 + 0.1 / 3, labels) == []
    assert find_suspects(np.full((15, 3), 1 / 3), labels) == []  # nor do models that know nothing


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_two_models_together_make_the_labels_no_less_probable_than_either(seed: int) -> None:
    (linear, labels), (network, _) = example(seed, 100, 3), example(seed + 1, 100, 3)
    combined = combine_probabilities(linear, network, labels)
    np.testing.assert_allclose(combined.sum(axis=1), 1.0)

    def loss(probabilities: np.ndarray) -> float:
        return -float(np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-6)).mean())

    assert loss(combined) <= min(loss(linear), loss(network)) + 0.01  # of a penalised temperature


def test_a_network_is_weighed_by_how_well_it_knows_the_labels() -> None:
    linear, labels = example(0, 300, 4)
    guesses = np.random.default_rng(1).dirichlet(np.ones(4), len(labels))
    np.testing.assert_array_equal(combine_probabilities(linear, guesses, labels).argmax(axis=1), linear.argmax(axis=1))
    knows = 0.9 * np.eye(4)[labels] + 0.025
    assert (combine_probabilities(linear, knows, labels).argmax(axis=1) == labels).all()


def test_where_the_network_says_nothing_the_linear_model_stands() -> None:
    (linear, labels), (network, _) = example(0, 40, 3), example(1, 40, 3)
    network[4:] = np.nan
    np.testing.assert_array_equal(combine_probabilities(linear, network, labels)[4:], linear[4:])
    np.testing.assert_array_equal(combine_probabilities(linear, np.full_like(network, np.nan), labels), linear)

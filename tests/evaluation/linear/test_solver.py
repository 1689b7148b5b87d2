from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from textrnn.evaluation.calibration import fit_temperature
from textrnn.evaluation.linear import solver
from textrnn.evaluation.linear.solver import calibrated, divisions, fitted, inverse_penalty, weights_by_class


def noisy(rows: int, columns: int, seed: int = 0) -> tuple[csr_matrix, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, rows)
    features = generator.normal(size=(rows, columns))
    features[:, 0] += 2 * labels - 1
    return csr_matrix(features / np.linalg.norm(features, axis=1, keepdims=True)), labels


def test_few_texts_choose_their_penalty_and_many_do_not() -> None:
    features, labels = noisy(120, 60)
    assert inverse_penalty(features, labels) in (0.25, 0.5, 1.0)
    assert inverse_penalty(features, [0] * 119 + [1]) == 0.5  # a class of one text has no folds
    assert inverse_penalty(features, [1] * 120) == 0.5
    assert inverse_penalty(csr_matrix(np.sqrt(2) * features.toarray()), [1] * 120) == 0.25


@pytest.mark.parametrize("classes", [[0, 2], [0, 1, 3]])
def test_weights_of_each_class(classes: list[int]) -> None:
    features, _ = noisy(60, 8)
    labels = np.resize(classes, 60)
    model = fitted(features, labels, 0.5)
    weights, biases = weights_by_class(model, 5)
    scores = features @ weights.T + biases
    assert (scores.argmax(axis=1) == LinearSVC(C=0.5, random_state=0).fit(features, labels).predict(features)).all()
    assert set(scores.argmax(axis=1)) <= set(classes)


def test_weighted_texts_count_as_copies_do() -> None:
    features, labels = noisy(40, 5)
    twice = np.where(np.arange(40) % 2, 2, 1)
    weighted = fitted(features, labels, 0.5, weights=twice.astype(float))
    copied = fitted(csr_matrix(np.repeat(features.toarray(), twice, axis=0)), np.repeat(labels, twice), 0.5)
    np.testing.assert_allclose(weighted.coef_, copied.coef_, atol=1e-3)


@pytest.mark.parametrize(("rows", "classes", "rounds"), [(32, 2, 10), (500, 10, 6), (2000, 10, 1), (536, 67, 1)])
def test_few_texts_are_divided_several_times(rows: int, classes: int, rounds: int) -> None:
    labels = np.arange(rows) % classes
    found = divisions(labels, classes, 3)
    assert len(found) == rounds
    for parts in found:
        assert sorted(np.concatenate([held_out for _, held_out in parts]).tolist()) == list(range(rows))
    assert rounds == 1 or found[0][0][1].tolist() != found[1][0][1].tolist()


def test_weights_count_while_it_is_calibrated() -> None:
    features, labels = noisy(90, 5)
    weights = np.where(np.arange(90) % 3, 1.0, 1e-3)
    found = []
    for seed in range(10):  # of so few texts, ten divisions
        scores = np.zeros((90, 2))
        for learnt, held_out in StratifiedKFold(3, shuffle=True, random_state=seed).split(labels, labels):
            model = LinearSVC(C=0.5, random_state=0)
            model.fit(features[learnt], labels[learnt], sample_weight=weights[learnt])
            margins = model.decision_function(features[held_out])
            scores[held_out] = np.stack([-margins, margins], axis=1)
        found.append(fit_temperature(scores, labels))
    inverse, temperature = calibrated(features, labels, 2, 0.5, weights=weights)
    assert inverse == 0.5
    assert temperature == pytest.approx(np.exp(np.log(found).mean()), rel=1e-6)
    assert temperature != pytest.approx(calibrated(features, labels, 2, 0.5)[1], rel=1e-3)


def test_of_long_texts_some_are_drawn_to_choose_by(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = noisy(200, 20)
    weights = np.linspace(0.5, 2.0, 200)
    learnt: list[tuple[int, float, tuple[int, int]]] = []

    def noted(own: csr_matrix, given: np.ndarray, inverse: float, **how: object) -> object:
        assert isinstance(how["weights"], np.ndarray)
        assert len(how["weights"]) == own.shape[0]
        learnt.append((own.nnz, inverse, (int((given == 0).sum()), int((given == 1).sum()))))
        return fitted(own, given, inverse, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(solver, "fitted", noted)
    monkeypatch.setattr(solver, "MOST_ROUNDS", 1)
    calibrated(features, labels, 2, weights=weights)
    assert sum(nonzeros for nonzeros, _, _ in learnt) * 2 == 3 * solver.work_of_folds(features, 2) == 3 * 2 * 8000
    learnt.clear()
    monkeypatch.setattr(solver, "MOST_WORK", 12_000)  # a quarter of that
    inverse, temperature = calibrated(features, labels, 2, weights=weights, seed=3)
    assert sum(nonzeros for nonzeros, _, _ in learnt) * 2 == pytest.approx(12_000, rel=0.05)
    shares = [zeros / (zeros + ones) for _, _, (zeros, ones) in learnt]
    np.testing.assert_allclose(shares, (labels == 0).mean(), atol=0.05)  # classes are as common as they were
    assert (inverse, temperature) == calibrated(features, labels, 2, weights=weights, seed=3)
    monkeypatch.setattr(solver, "MOST_WORK", 100)  # one text: no folds
    assert calibrated(features, labels, 2) == (0.5, solver.USUAL_TEMPERATURE)
    monkeypatch.setattr(solver, "MOST_WORK", 1)  # none
    assert calibrated(features, labels, 2) == (0.5, solver.USUAL_TEMPERATURE)

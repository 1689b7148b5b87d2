"""The time of a linear model counts in the budget."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import WORDS, small_rows
from textrnn.config import Run, RunSettings
from textrnn.corpus.dataset import Dataset, Split
from textrnn.errors import Note
from textrnn.models.registry import find_model
from textrnn.report.notes import words
from textrnn.tasks import classify, mixed
from textrnn.tasks.classify import DatasetFacts, learn
from textrnn.tasks.settings import settle
from textrnn.training import linear_beside as linear
from textrnn.training.events import Listener


class Told(Listener):
    def __init__(self) -> None:
        self.notes: list[Note] = []

    def on_note(self, note: Note) -> None:
        self.notes.append(note)

    @property
    def kinds(self) -> list[str]:
        return [note.kind for note in self.notes]


def rows_of(count: int, seed: int) -> Split:
    texts, names = zip(*small_rows(count, seed), strict=True)
    return Split(list(texts), [list(WORDS).index(name) for name in names])


def settled(model: str, **named: object) -> tuple[Dataset, RunSettings[Any, Any, Any]]:
    dataset = Dataset("小", list(WORDS), rows_of(120, 1), rows_of(30, 2), rows_of(30, 3))
    own = {field.name for field in find_model(model).fields}
    small = {name: 4 for name in ("hidden_size", "embedding_size", "ngram_size") if name in own}
    run = Run("classify", model, {"threads": 1, "epochs": 1, **small, **named})
    return dataset, settle(run, None, DatasetFacts(dataset))


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Of the trainings, the linear model taken to last ten seconds."""
    found: list[float | None] = []
    fit, solved = classify.fit, linear.solve_beside

    def noted(network: Any, objective: Any, config: Any, **others: Any) -> Any:
        found.append(config.budget)
        return fit(network, objective, config, **others)

    def slow(*given: Any) -> Any:
        beside = solved(*given)
        return linear.Beside(beside.weights, beside.intercepts, 10.0) if beside is not None else None

    monkeypatch.setattr(classify, "fit", noted)
    monkeypatch.setattr(mixed, "solve_beside", slow)
    return found


@pytest.mark.parametrize(
    ("model", "named", "left", "late"),
    [
        ("BiLSTM_Ngram", {"budget": 40.0}, 30.0, False),
        ("BiLSTM_Ngram", {"budget": 4.0}, 1e-3, True),
        ("BiLSTM_Ngram", {}, None, False),
        ("BiLSTM_Ngram", {"budget": 40.0, "linear": False}, 40.0, False),
        ("auto", {"budget": 40.0}, 20.0, False),  # it may be solved once more, alone
        ("LSTM", {"budget": 40.0}, 40.0, False),
    ],
)
def test_a_network_has_what_is_left(
    model: str, named: dict[str, Any], left: float | None, late: bool, budgets: list[float | None]
) -> None:
    told = Told()
    dataset, settings = settled(model, **named)
    learnt = learn(dataset, settings, told)
    assert budgets == [left]
    assert learnt.classifier.settings.training.budget == settings.training.budget  # what was asked for is kept
    assert ("mixed" in told.kinds) == (model != "LSTM" and named.get("linear", True))
    assert ("linear_beyond_budget" in told.kinds) == late


def test_the_order_of_solving_and_training_changes_nothing() -> None:
    """Without the clock: a budget that all epochs fit into gives the same network as none."""
    dataset, settings = settled("BiLSTM_Ngram")
    _, within = settled(
        "BiLSTM_Ngram", budget=1000.0, learning_rate=settings.training.learning_rate, schedule="constant"
    )
    _, without = settled("BiLSTM_Ngram", learning_rate=settings.training.learning_rate, schedule="constant")
    texts = dataset.test.texts
    first, second = (learn(dataset, each).classifier.predict_probabilities(texts) for each in (within, without))
    assert first.tolist() == second.tolist()


def test_a_linear_model_alone_that_takes_too_long() -> None:
    told = Told()
    dataset, settings = settled("Linear", budget=1e-9)
    learn(dataset, settings, told)
    (note,) = [note for note in told.notes if note.kind == "linear_beyond_budget"]
    assert words(note).endswith(
        " s, beyond `budget` 1e-09, and cannot be had in part; fewer n-grams (`max_ngrams`) make it quicker"
    )

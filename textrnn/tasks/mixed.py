"""The linear model beside a network: what it takes of the budget, and which of both is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from textrnn.config import ClassifierSettings, TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.errors import Note
from textrnn.models.classifiers import bilstm_ngram
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.registry import AUTO, SOLVED
from textrnn.tasks.auto import settings_of_kind
from textrnn.tasks.pretraining import LEAST_BUDGET
from textrnn.training.events import Listener
from textrnn.training.linear import Beside, is_solved, solve
from textrnn.training.linear_beside import Mixing, mix_with_linear, reads_few, solve_again, solve_beside
from textrnn.training.objectives.classification import ClassificationObjective


def solved_before(
    network: ClassifierNetwork,
    objective: ClassificationObjective,
    settings: ClassifierSettings,
    training: TrainConfig,
    listener: Listener,
    names: LabelledTexts | None,
) -> tuple[Beside | None, TrainConfig]:
    """Where there is a budget, or rows are so few that n-grams may be weighed otherwise, the linear model that is to be
    mixed with a network, and the settings of its training with what is left of the budget; else it is solved when the
    network has learnt.

    Args:
        training: with the budget that is left so far.
        names: those of the classes, as texts.
    """
    if training.budget is None and not reads_few(objective):
        return None, training
    beside = solve_beside(network, objective, training, names)
    if beside is None or training.budget is None:
        return beside, training
    seconds = beside.seconds * (2 if settings.model_name == AUTO else 1)  # it may be solved once more, alone
    tell_if_late(settings, seconds, listener)
    return beside, dataclasses.replace(training, budget=max(LEAST_BUDGET, training.budget - seconds))


def tell_if_late(settings: ClassifierSettings, seconds: float, listener: Listener) -> None:
    """A linear model cannot be had in part."""
    budget = settings.training.budget
    if budget is not None and seconds > budget:
        listener.on_note(Note("linear_beyond_budget", seconds=seconds, budget=budget))


def decided(
    settings: ClassifierSettings,
    network: ClassifierNetwork,
    objective: ClassificationObjective,
    beside: Beside | None,
    listener: Listener,
    build: Callable[[ClassifierSettings], ClassifierNetwork],
    names: LabelledTexts | None,
) -> tuple[ClassifierSettings, ClassifierNetwork, Beside | None]:
    """A trained network, with a linear model mixed in where it wants one; of ``auto``, the kind that dev prefers. And
    that linear model, where it was mixed in.

    Args:
        beside: the linear model, where it is solved already.
        build: a new network by its settings.
        names: those of the classes, as texts.
    """
    mixing: Mixing | None = None
    if beside is None and settings.training.budget is None:
        beside = solve_beside(network, objective, settings.training, names)
    if beside is not None:
        assert isinstance(network, bilstm_ngram.Model)
        mixing = mix_with_linear(network, objective, beside)
        listener.on_note(Note("mixed", mixing=mixing, chosen=settings.model_name == AUTO))
    if settings.model_name == AUTO:
        settings = settings_of_kind(settings, mixing)
        network = network if settings.model_name != SOLVED else build(settings)
        if is_solved(network):
            solve(network, objective, settings.training, Listener(), names)
            beside = None
    return settings, network, beside


def learn_dev(
    network: ClassifierNetwork,
    objective: ClassificationObjective,
    beside: Beside,
    training: TrainConfig,
    names: LabelledTexts | None,
    listener: Listener,
) -> None:
    """Let the linear model that is mixed in learn the rows of dev, too, which have decided what they were to decide."""
    assert isinstance(network, bilstm_ngram.Model)
    solve_again(network, objective, training, beside, names)
    listener.on_note(Note("dev_learnt", rows=len(objective.train) + len(objective.dev), held_out=len(objective.dev)))

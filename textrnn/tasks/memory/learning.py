"""A network learns a problem, all in memory: no request, no files, no folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from textrnn.config import MemorySettings, MemoryTrainConfig, Run
from textrnn.corpus.sequences import LabelledSequences, make_longer, make_splits
from textrnn.models.memory.base import SequenceClassifier
from textrnn.tasks.common import build_network
from textrnn.tasks.memory.registry import Problem
from textrnn.tasks.settings import SequenceFacts, combine, fit_to_data
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.objectives.sequences import Score, SequenceBatch, SequenceObjective, score
from textrnn.training.threads import Threads
from textrnn.training.train_eval import choose_device, explain_out_of_memory, fit

SIZE_SETTINGS = "`lengths`, `variants`, `batch_size` or `hidden_size`"  # to reduce when out of memory
FOUR_TIMES = 4


@dataclass(frozen=True)
class Learnt:
    """A network that learnt a problem.

    Attributes:
        settings: as they were taken
        network: with the weights that did best on dev
        dev, test: on sequences of the lengths that were learnt from
        longer: on longer ones, by their length
        dev_longer: on those that the weights were chosen by, too, if any were
    """

    problem: Problem
    settings: MemorySettings
    length: int
    network: SequenceClassifier
    history: History
    dev: Score
    test: Score
    longer: Mapping[int, Score]
    dev_longer: Score | None = None


def as_batch(problem: Problem, name: str, split: LabelledSequences, device: torch.device) -> SequenceBatch:
    """A split on a device: of ``train``, all that is asked; of the others, what networks are judged by."""
    return SequenceBatch.from_split(split if name == "train" else problem.judged(split), device)


def build(problem: Problem, settings: MemorySettings, length: int, device: torch.device) -> SequenceClassifier:
    """A new network on its device.

    Args:
        length: of the longest sequences that it is meant for.
    """
    sizes = {"vocabulary_size": problem.vocabulary_size, "class_count": problem.class_count}
    network: SequenceClassifier = build_network(settings, **sizes, sequence_length=length)
    return network.to(device)


def score_longer(
    network: SequenceClassifier, problem: Problem, length: int, config: MemoryTrainConfig, longer: Sequence[int]
) -> dict[int, Score]:
    """How a network that learnt from sequences of `length` does on `longer` ones, length by length."""
    device = next(network.parameters()).device
    threads = Threads.on(device, config.threads)
    return {
        at: score(network, as_batch(problem, "test", make_longer(problem, length, at, config.seed), device), threads)
        for at in longer
    }


def learn(
    problem: Problem,
    model: str,
    length: int,
    named: Mapping[str, Any] | None = None,
    *,
    longer: Sequence[int] | None = None,
    dev_longer: LabelledSequences | None = None,
    meant_for: int | None = None,
    listener: Listener | None = None,
) -> Learnt:
    """Train one model on one problem.

    Args:
        length: of the sequences that it learns from; of a problem that mixes lengths, of the longest ones.
        named: settings by their names, the seed and the learning rate among them.
        longer: lengths on which it is tested, too; by default four times `length`.
        dev_longer: longer sequences by which its weights are chosen among those that answer nearly all of dev.
        meant_for: the length that the weights are to remember for from the start on; by default `length`.

    Raises:
        ConfigError: for a name that is not known, a value out of bounds or a device that is not here.
        DivergedError: if the loss is no longer a number.
        Interrupted: if the listener asked to stop.
    """
    settings: MemorySettings = combine(Run("memory", model, named or {}))
    device = choose_device(settings.training.device)
    splits = make_splits(problem, length, settings.training.seed, settings.data.variants)
    settings = fit_to_data(settings, SequenceFacts(len(splits["train"]), length), named or {})
    config = settings.training
    with explain_out_of_memory(SIZE_SETTINGS):
        train, dev, test = (as_batch(problem, name, split, device) for name, split in splits.items())
        network = build(problem, settings, meant_for or length, device)
        chosen_by = None if dev_longer is None else as_batch(problem, "dev", dev_longer, device)
        objective = SequenceObjective(train, dev, config, chosen_by)
        history = fit(network, objective, config, listener=listener or Listener())
        threads = Threads.on(device, config.threads)
        of_dev, of_test = (score(network, split, threads) for split in (dev, test))
        of_longer = None if chosen_by is None else score(network, chosen_by, threads)
        beyond = [FOUR_TIMES * length] if longer is None else longer
        further = score_longer(network, problem, length, config, beyond)
    return Learnt(problem, settings, length, network, history, of_dev, of_test, further, of_longer)

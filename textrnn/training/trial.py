"""How fast a network learns on this machine, found by a few steps that are not kept."""

from __future__ import annotations

import copy
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from torch import nn

from textrnn.config import FitConfig
from textrnn.randomness import seeded
from textrnn.training.objectives.base import Objective
from textrnn.training.optimizers import make_optimizer
from textrnn.training.threads import Threads
from textrnn.training.train_eval import explain_out_of_memory, flushing_denormals, train_step

SLOW_STEPS = 2  # the first ones, left out: torch prepares its kernels
LEAST_STEPS, MOST_STEPS = 3, 12
ENOUGH_SECONDS = 0.5


def seconds_a_step(
    network: nn.Module, objective: Objective[Any], config: FitConfig, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The median time of a few steps of a copy of the network, with as many threads as are quickest; the generators are
    left as they were.

    Args:
        network: on the device to train on.
        objective: to be thrown away, its state has moved on.
        config: with an open number of epochs or not.
        clock: returns the time in seconds.

    Raises:
        TrainingError: if it runs out of memory.
    """
    device = next(network.parameters()).device
    with seeded(config.seed, device), flushing_denormals(), explain_out_of_memory(objective.size_settings):
        learner = copy.deepcopy(network).train()
        optimizer, batches = make_optimizer(learner, config), objective.batches(1)
        for group in optimizer.param_groups:
            group["lr"] = 0.0
        threads = Threads.on(device, config.threads)
        took: defaultdict[int, list[float]] = defaultdict(list)  # by the number of threads
        for step in range(SLOW_STEPS + MOST_STEPS):
            if step == SLOW_STEPS:
                took.clear()
            with threads.piece() as piece:
                started = clock()
                train_step(learner, objective, batches[step % len(batches)], optimizer, config).reported.item()
                took[piece.count].append(clock() - started)
            if step + 1 >= SLOW_STEPS + LEAST_STEPS and sum(map(sum, took.values())) >= ENOUGH_SECONDS:
                break
    return min(map(statistics.median, took.values()))

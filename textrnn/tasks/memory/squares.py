"""One square of the suite: a cell learns a problem at several learning rates, and the best of them counts.

All of it is counted in steps, and every network learns on one thread, so that the same seed gives the same square on
any number of processes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from textrnn.corpus.sequences import LabelledSequences, make_longer, make_splits
from textrnn.errors import DivergedError
from textrnn.evaluation.suite import Square, Tried, key_of
from textrnn.models.parts.recurrent.stack import CellStack
from textrnn.models.registry import find_model
from textrnn.tasks.memory.learning import FOUR_TIMES, learn
from textrnn.tasks.memory.registry import Problem, all_problems
from textrnn.tasks.memory.request import layered
from textrnn.training.events import Listener
from textrnn.training.objectives.sequences import NEARLY_ALL

RATES = (0.02, 0.05, 0.01, 0.1, 0.003)  # the likeliest first: once one has solved the problem, no other is tried
STEPS = 1000  # of a training, in whole epochs
MORE_STEPS = {"selective-copy": 3000, "recall": 1500, "recall-overwriting": 1500}  # where cells part later
EVALUATIONS = 10  # of a training on dev
HALF_WAY = 0.5  # of the steps: by then the loss must have moved, and be no worse than that of the best rate before
MOVED = 0.97  # times what guessing by the frequencies of the answers costs
EQUAL_BYTES = ("recall", "recall-overwriting")  # problems on which all cells have states of as many bytes
APART = 1 << 40  # added to the seed of the longer sequences that the learning rate is chosen on


@dataclass(frozen=True)
class Asked:
    """What is to be learnt.

    Attributes:
        named: settings by their names; the seed among them, the learning rate not
    """

    problem: str
    cell: str
    length: int
    named: Mapping[str, Any]

    @property
    def key(self) -> str:
        """``parity, minGRU:3``."""
        return key_of(self.problem, self.cell)


def learn_square(asked: Asked, should_stop: Callable[[], bool] = lambda: False) -> Square:
    """Try one learning rate after the other until one has solved the problem.

    Raises:
        ConfigError: for a setting that makes no sense.
        Interrupted: if `should_stop` says so, which is asked at every step.
    """
    problem = all_problems()[asked.problem]
    model, layers = layered(asked.cell)
    hidden, numbers = sizes(asked)
    named = {**asked.named, "num_layers": layers, "hidden_size": hidden, "threads": 1}
    train = make_splits(problem, asked.length, int(named["seed"]), int(named["variants"]))["train"]
    of_an_epoch = math.ceil(len(train) / min(len(train), int(named["batch_size"])))
    named = {**_schedule(problem, of_an_epoch, named), **named}
    judge = _judge(problem, asked.length, train, of_an_epoch * int(named["epochs"]), int(named["seed"]))
    tried: list[Tried] = []
    least = math.inf  # dev loss half-way, of all rates before
    for rate in RATES:
        follower = _Follower(judge, should_stop, least)
        tried.append(_try(problem, model, asked.length, {**named, "learning_rate": rate}, follower))
        least = min(least, follower.half_way)
        if tried[-1].ended == "solved":
            break
    return Square(asked.problem, asked.cell, asked.length, FOUR_TIMES * asked.length, hidden, numbers, tried)


def sizes(asked: Asked) -> tuple[int, int]:
    """Units of a layer, and the numbers of the whole state.

    Where states are to have as many bytes, cells with a matrix have half of the units, and the others as many as give
    at least the numbers of the largest of those. All that passes from one step to the next counts, the inputs that a
    convolution keeps among it.
    """
    embedding, hidden = int(asked.named["embedding_size"]), int(asked.named["hidden_size"])
    if asked.problem in EQUAL_BYTES:
        half = max(1, hidden // 2)
        wanted = max(_numbers(name, embedding, half) for name in ("mLSTM", "GatedDeltaNet"))
        # A vector's numbers grow with its units.
        as_many = math.ceil(wanted / _numbers(asked.cell, embedding, 1))
        hidden = half if _has_matrix(asked.cell, embedding) else as_many
    return hidden, _numbers(asked.cell, embedding, hidden)


def _shapes(cell: str, embedding: int, hidden: int) -> Sequence[tuple[int, ...]]:
    model, layers = layered(cell)
    cell_type = find_model(model, "memory").model_class.cell_type
    with torch.device("meta"):  # sizes alone: no numbers are drawn
        stack = CellStack(cell_type, embedding, hidden, layers) if layers > 1 else cell_type(embedding, hidden)
    shapes: Sequence[tuple[int, ...]] = stack.state_shapes()
    return shapes


def _numbers(cell: str, embedding: int, hidden: int) -> int:
    return sum(map(math.prod, _shapes(cell, embedding, hidden)))


def _has_matrix(cell: str, embedding: int) -> bool:
    return any(len(shape) > 2 for shape in _shapes(cell, embedding, 4))


def _schedule(problem: Problem, of_an_epoch: int, named: Mapping[str, Any]) -> dict[str, int]:
    """Epochs that come to the steps of the problem, at least, `of_an_epoch` each, and when dev is answered."""
    epochs = int(named.get("epochs") or math.ceil(MORE_STEPS.get(problem.name, STEPS) / of_an_epoch))
    return {"epochs": epochs, "evaluate_every": max(1, epochs * of_an_epoch // EVALUATIONS)}


@dataclass(frozen=True)
class _Judge:
    """What decides while a network learns.

    Attributes:
        longer: sequences of four times the length, others than those of the test
        guessing: the loss of answering by the frequencies of the answers, nats
        steps: of a whole training
    """

    longer: LabelledSequences
    guessing: float
    steps: int


def _judge(problem: Problem, length: int, train: LabelledSequences, steps: int, seed: int) -> _Judge:
    longer = make_longer(problem, length, FOUR_TIMES * length, seed + APART)
    guessing = -sum(share * math.log(share) for share in train.frequencies if share)
    return _Judge(longer, guessing, steps)


class _Follower(Listener):
    """Ends a training that has solved the problem, does not get anywhere, or is behind another one.

    Args:
        least: the lowest loss on dev that another learning rate had half-way.
    """

    def __init__(self, judge: _Judge, should_stop: Callable[[], bool], least: float):
        self.judge, self.least, self.asked = judge, least, should_stop
        self.half_way = math.inf  # loss on dev
        self.steps, self.ended = 0, ""

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.steps = int(row["step"])
        if is_best and row.get("dev_longer", 0.0) >= NEARLY_ALL:
            self.ended = "solved"
        elif self.half_way == math.inf and self.steps >= HALF_WAY * self.judge.steps:
            self.half_way = row["dev_loss"]
            if row["train_loss"] > MOVED * self.judge.guessing:
                self.ended = "no progress"
            elif row["dev_accuracy"] < NEARLY_ALL and self.half_way > self.least:
                self.ended = "behind"

    def should_stop(self) -> bool:
        return self.asked()

    def should_end(self) -> bool:
        return bool(self.ended)


def _try(problem: Problem, model: str, length: int, named: Mapping[str, Any], follower: _Follower) -> Tried:
    """One training; one whose loss is no longer a number is a result, too."""
    started, rate, judge = time.process_time(), float(named["learning_rate"]), follower.judge
    times = FOUR_TIMES * length
    try:
        found = learn(problem, model, length, named, dev_longer=judge.longer, meant_for=times, listener=follower)
    except DivergedError:
        chance, seconds = problem.chance, time.process_time() - started
        return Tried(rate, follower.steps, "diverged", math.inf, chance, chance, chance, 0.0, chance, 0.0, seconds)
    assert found.dev_longer is not None
    longer, seconds = found.longer[times], time.process_time() - started
    return Tried(
        rate, len(found.history.train_loss), follower.ended or "all steps", found.dev.loss, found.dev.accuracy,
        found.dev_longer.accuracy, found.test.accuracy, found.test.whole, longer.accuracy, longer.whole, seconds,
    )  # fmt: skip

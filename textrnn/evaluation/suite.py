"""What cells make of problems: the squares of the suite, and which learning rate counts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

ENDS = ("all steps", "solved", "no progress", "behind", "diverged")


@dataclass(frozen=True)
class Tried:
    """What one learning rate came to.

    Attributes:
        steps: that were done
        ended: one of ``ENDS``
        dev_loss, dev: on sequences of the lengths that were learnt from, which the weights are chosen on
        dev_longer: accuracy on sequences of four times the length, others than those of the test
        test, test_whole: share of the answers that are right, and of the sequences all of whose answers are
        longer, longer_whole: the same at four times the length
        seconds: of processor time
    """

    learning_rate: float
    steps: int
    ended: str
    dev_loss: float
    dev: float
    dev_longer: float
    test: float
    test_whole: float
    longer: float
    longer_whole: float
    seconds: float


def best_of(tried: Sequence[Tried]) -> Tried:
    """The learning rate that counts: of the highest mean of both accuracies on dev, then of the lowest loss there.

    The test splits have no say in it.
    """
    return max(tried, key=lambda one: (round((one.dev + one.dev_longer) / 2, 6), -one.dev_loss))


def key_of(problem: str, cell: str) -> str:
    """What a square goes by: ``parity, minGRU:3``."""
    return f"{problem}, {cell}"


@dataclass(frozen=True)
class Square:
    """A cell on a problem.

    Attributes:
        cell: a model, or one with its number of layers, ``minGRU:3``
        length: of the sequences that it learns from, the most where a problem mixes lengths
        longer_length: four times that
        hidden_size: units of a layer
        state_numbers: numbers that pass from one step to the next
        tried: learning rates, in their order
    """

    problem: str
    cell: str
    length: int
    longer_length: int
    hidden_size: int
    state_numbers: int
    tried: Sequence[Tried]

    @property
    def key(self) -> str:
        """``parity, minGRU:3``."""
        return key_of(self.problem, self.cell)

    @property
    def best(self) -> Tried:
        """The learning rate that counts."""
        return best_of(self.tried)

    @property
    def seconds(self) -> float:
        """Processor time of all learning rates."""
        return sum(one.seconds for one in self.tried)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        tried = [{**dataclasses.asdict(one), "dev_loss": _finite(one.dev_loss)} for one in self.tried]
        return {**vars(self), "tried": tried}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From what :meth:`to_dict` gave.

        Raises:
            ValueError: for values that are none of a square.
        """
        try:
            tried = [Tried(**{**one, "dev_loss": _number(one["dev_loss"])}) for one in values["tried"]]
            found = cls(**{**values, "tried": tried})
            shares = [share for one in tried for share in (one.dev, one.dev_longer, one.test, one.longer)]
            is_sound = tried and all(0 <= share <= 1 for share in shares) and all(one.ended in ENDS for one in tried)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"no square: {error}") from error
        if not is_sound:
            raise ValueError("the figures of a square do not fit together")
        return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.inf if value is None else value

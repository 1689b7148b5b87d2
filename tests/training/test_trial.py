"""The speed that is found by a few steps."""

from __future__ import annotations

import pytest
import torch

from tests.factories import DEV, TRAIN, new_classifier, short
from textrnn.training.objectives.classification import ClassificationObjective
from textrnn.training.trial import LEAST_STEPS, MOST_STEPS, SLOW_STEPS, seconds_a_step


class _Clock:
    """Steps take the seconds given, the last of them for ever."""

    def __init__(self, *seconds: float):
        self.seconds, self.now, self.asked = list(seconds), 0.0, 0

    def __call__(self) -> float:
        self.asked += 1
        if self.asked % 2 == 0:
            self.now += self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]
        return self.now


@pytest.mark.parametrize(("seconds", "steps"), [(0.001, MOST_STEPS), (0.125, 4), (7.0, LEAST_STEPS)])
def test_a_few_steps_are_enough(seconds: float, steps: int) -> None:
    clock = _Clock(50.0, 20.0, seconds)  # the first ones do not count
    objective = ClassificationObjective(TRAIN, DEV, short(), 3)
    assert seconds_a_step(new_classifier(), objective, short(), clock) == pytest.approx(seconds)
    assert clock.asked == 2 * (SLOW_STEPS + steps)


def test_nothing_of_it_is_kept() -> None:
    network = new_classifier(dropout=0.3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    seconds_a_step(network, ClassificationObjective(TRAIN, DEV, short(), 3), short())
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())

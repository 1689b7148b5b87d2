"""The number of threads: chosen by the time of the work, and without influence on the numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle

import pytest
import torch

from textrnn.training.threads import Threads, counts_to_try, thread_count

ALONE = {1: 1.4, 2: 1.0}  # seconds a unit of work by the number of threads
BESIDE = {1: 1.4, 2: 22.0}
WORKS = (0.004, 0.012, 0.007, 0.005, 0.020, 0.009)


@dataclass
class Machine:
    """A clock that the work moves on; how long work takes depends on the threads and may change with the time."""

    speed: Callable[[float], dict[int, float]]
    now: float = 0.0
    done: float = 0.0
    by_count: dict[int, float] = field(default_factory=dict)

    def clock(self) -> float:
        return self.now

    def work_until(self, threads: Threads, until: float, works: Iterator[float]) -> None:
        while self.now < until:
            work = next(works)
            with threads.piece() as piece:
                assert torch.get_num_threads() == piece.count
                piece.work = 1e6 * work
                seconds = work * self.speed(self.now)[piece.count]
                self.now += seconds
                self.done += work
                self.by_count[piece.count] = self.by_count.get(piece.count, 0.0) + seconds


def machine_with(speed: Callable[[float], dict[int, float]]) -> tuple[Machine, Threads]:
    machine = Machine(speed)
    return machine, Threads(most=max(speed(0.0)), clock=machine.clock)


def test_alone_all_threads_work_and_trying_costs_little() -> None:
    machine, threads = machine_with(lambda now: ALONE)
    machine.work_until(threads, 60.0, cycle(WORKS))
    assert threads.count == 2
    assert machine.done * ALONE[2] >= 0.985 * machine.now


def test_beside_another_program_one_thread_works_from_the_first_steps_on() -> None:
    machine, threads = machine_with(lambda now: BESIDE)
    machine.work_until(threads, 60.0, cycle(WORKS))
    assert threads.count == 1
    assert machine.done * BESIDE[1] >= 0.96 * machine.now


def test_another_program_that_comes_and_goes() -> None:
    machine, threads = machine_with(lambda now: BESIDE if 10.0 <= now < 30.0 else ALONE)
    works = cycle(WORKS)
    machine.work_until(threads, 10.0, works)
    assert threads.count == 2
    machine.work_until(threads, 12.0, works)
    assert threads.count == 1
    machine.work_until(threads, 55.0, works)
    assert threads.count == 2


def test_long_pieces_are_tried_a_few_times_only() -> None:
    machine, threads = machine_with(lambda now: ALONE)
    machine.work_until(threads, 12.0, cycle((0.9, 1.1)))
    assert threads.count == 2
    assert machine.by_count[1] < 8.0


def test_work_that_slows_down_for_good_is_not_tried_for_ever() -> None:
    machine, threads = machine_with(lambda now: ALONE if now < 5.0 else {1: 2.8, 2: 2.0})
    machine.work_until(threads, 60.0, cycle(WORKS))
    assert machine.by_count[1] < 0.04 * machine.now


def test_with_many_cores_the_neighbours_are_tried() -> None:
    speeds = {8: 1.9, 7: 1.0, 4: 1.2, 2: 2.0, 1: 4.0}
    machine, threads = machine_with(lambda now: speeds)
    machine.work_until(threads, 30.0, cycle(WORKS))
    assert threads.count == 7


@pytest.mark.parametrize(
    ("most", "counts"), [(1, [1]), (2, [2, 1]), (3, [3, 2, 1]), (6, [6, 5, 4, 2, 1]), (8, [8, 7, 4, 2, 1])]
)
def test_what_is_tried(most: int, counts: list[int]) -> None:
    assert counts_to_try(most) == counts


def test_a_number_that_is_given_is_kept() -> None:
    machine = Machine(lambda now: {3: 1.0})
    machine.work_until(Threads(3, clock=machine.clock), 10.0, cycle(WORKS))
    assert list(machine.by_count) == [3]


def test_the_number_before_comes_back_even_after_an_error() -> None:
    def fail() -> None:
        with Threads(2).piece():
            assert torch.get_num_threads() == 2
            raise RuntimeError

    with thread_count(1):
        with pytest.raises(RuntimeError):
            fail()
        for item in Threads(2).over([1, 2, 3], float):
            assert torch.get_num_threads() == 2
            if item == 2:
                break
        assert torch.get_num_threads() == 1


def test_pieces_that_take_no_time() -> None:
    threads = Threads(most=2, clock=lambda: 0.0)
    for _ in range(50):
        with threads.piece(0.0):
            pass
    assert threads.count in (1, 2)

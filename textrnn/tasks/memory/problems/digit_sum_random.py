"""What is the sum of the first two digits, where all others are random digits?

As ``digit-sum``, but each digit after the first two is drawn at random, so that every one of them leads astray:

    6 7 5 0 3 9 1 1 4 8

The first two are 6 and 7; all others do not count. The answer is 6 + 7 = 13.

There are 100 pairs to begin with and 19 sums; the commonest is 9, of 10 pairs. Of every pair there are ten sequences to
test on and 30 to learn from (3,000 in all).

Source: Qiu, Neural Networks and Deep Learning, PyTorch edition, exercises of chapter 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "digit-sum-random"
TITLE = "DigitSum among random digits"
VOCABULARY_SIZE = 10
CLASS_COUNT = 19  # sums 0 to 18
SHORTEST = 3
SHORTEST_MEANS = "the two digits to add and one more"
ANSWER_MEANS = "the sum of the first two digits"
ANSWER_READS = "{0} + {1} = {answer}"
BEST_CONSTANT = 9
CHANCE = 0.1
ABOUT = (
    "Every pair of digits is in the training split, other digits following: what is tested is whether the first two "
    "are remembered while all that follow, which look just like them, are ignored."
)
THEORY = (
    "Two digits are to be held while others like them pass: the gate has to know that the beginning is over, "
    "which it sees in the state, or, where it sees the input alone, cannot see at all."
)
THEORY_CHINESE = "后面的数字与前两个看起来一样：门必须知道开头已经过去，这要从状态里看；只看输入的门看不到这一点。"
EXAMPLES = (
    (6, 7, 5, 0, 3, 9, 1, 1, 4, 8),
    (3, 4, 9, 0, 2, 7, 7, 1, 5, 8, 6, 0, 9, 3, 2, 4, 4, 1, 0, 5),
)
OF_EACH_PAIR = 10


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """All 100 pairs of digits, ten times `variants` sequences of each.

    Args:
        length: T, digits in a sequence.
    """
    first, second = np.divmod(np.repeat(np.arange(100), OF_EACH_PAIR * variants), 10)
    digits = generator.integers(0, 10, (len(first), length))
    digits[:, 0], digits[:, 1] = first, second
    return LabelledSequences(digits, first + second)


def answer(digits: Sequence[int]) -> int:
    """The right answer for one sequence."""
    return digits[0] + digits[1]

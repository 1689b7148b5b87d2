"""What is the sum of the first two digits of a long sequence?

A sequence is two digits, then zeros, one of which, anywhere, was replaced by another digit to lead astray:

    6 7 0 0 1 0 0 0 0 0

The first two are 6 and 7; the 1 does not count. The answer is 6 + 7 = 13.

There are 100 pairs to begin with and 19 sums; the commonest is 9, of 10 pairs. The longer the sequence, the longer a
network has to keep what it saw first.

Source: Qiu, Neural Networks and Deep Learning, exercises of chapter 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "digit-sum"
TITLE = "DigitSum"
VOCABULARY_SIZE = 10
CLASS_COUNT = 19  # sums 0 to 18
SHORTEST = 3
SHORTEST_MEANS = "the two digits to add and one more"
ANSWER_MEANS = "the sum of the first two digits"
ANSWER_READS = "{0} + {1} = {answer}"
LONGER = ()  # the textbook asks each network at its own length alone
KEEPS_SPLITS_APART = False  # what counts, the 100 pairs, is in all of them by design
BEST_CONSTANT = 9
CHANCE = 0.1
ABOUT = (
    "Every pair of digits is in the training split, other digits following: what is tested is whether the first two "
    "are remembered and the rest is ignored."
)
THEORY = (
    "Two digits are to be held while zeros pass: a gate that the input alone closes is enough, so every gated "
    "cell can, and one that mixes its whole state at each step must learn a transition that keeps it."
)
THEORY_CHINESE = (
    "要在许多零之间记住两个数字：只看输入的门关上即可，因此每种带门的单元都能做到；每步都把全部状态混合一遍的"
    "单元则必须学出保持状态的转移。"
)
EXAMPLES = (
    (6, 7, 0, 0, 1, 0, 0, 0, 0, 0),
    (3, 4, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
)


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """All 100 pairs of digits, `variants` sequences of each.

    Args:
        length: T, digits in a sequence.
        generator: draws the place and the value of the third digit.
    """
    first, second = np.divmod(np.repeat(np.arange(100), variants), 10)
    digits = np.zeros((len(first), length), dtype=np.int64)
    digits[:, 0], digits[:, 1] = first, second
    place = generator.integers(2, length, len(first))
    digits[np.arange(len(first)), place] = generator.integers(0, 10, len(first))
    return LabelledSequences(digits, first + second)


def answer(digits: Sequence[int]) -> int:
    """The right answer for one sequence."""
    return digits[0] + digits[1]

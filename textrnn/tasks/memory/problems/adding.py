"""What is the sum of the two digits that are marked?

A token is a digit with a mark or without: 0 to 9 are the digits themselves, 10 to 19 are the same with a mark. One
digit of the first half is marked, and one of the second:

    4 17 0 9 2 5 13 8

The marked ones are 17, a 7, and 13, a 3; all others do not count. The answer is 7 + 3 = 10.

In the problem as it was posed, numbers between 0 and 1 with a mark beside each are read and the sum is a real number,
judged by its squared error. Here all networks name one of several classes, so that numbers became digits, and the mark
a part of the token; what is hard, to pick two of many by their marks and hold the first for an unknown time, is the
same. There are 19 sums; the commonest is 9, one in ten.

Source: Hochreiter & Schmidhuber 1997 (Long short-term memory), experiment 4; numbers became digits here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "adding"
VOCABULARY_SIZE = 20
CLASS_COUNT = 19  # sums 0 to 18
SHORTEST = 2
SHORTEST_MEANS = "the two digits to add"
ANSWER_MEANS = "the sum of the marked digits"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 9
CHANCE = 0.1
ABOUT = "Two of many digits are marked: they are to be picked by their marks, held for an unknown time, and added."
THEORY = (
    "Two marked digits are to be picked and held, which gates that see the input do at any length; their sum is "
    "read off at the end, from a state that is added to."
)
THEORY_CHINESE = "要挑出并记住两个带标记的数字，看输入的门在任意长度上都能做到；和由不断累加的状态在最后读出。"
EXAMPLES = (
    (4, 17, 0, 9, 2, 5, 13, 8),
    (12, 0, 0, 6, 1, 3, 9, 9, 4, 18),
)
MARK = 10
ROWS = 32  # of each length, times the variants


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random digits, one in each half marked.

    Args:
        length: T; of an odd one, the middle belongs to the second half.
    """
    digits = generator.integers(0, 10, (ROWS * variants, length))
    rows, half = np.arange(len(digits)), length // 2
    first, second = (generator.integers(start, end, len(digits)) for start, end in ((0, half), (half, length)))
    sums = digits[rows, first] + digits[rows, second]
    digits[rows, first] += MARK
    digits[rows, second] += MARK
    return LabelledSequences(digits, sums)


def answer(tokens: Sequence[int]) -> int:
    """The right answer for one sequence; with more than two marks, or one, that of the first two."""
    return sum([token - MARK for token in tokens if token >= MARK][:2])

"""Which of 0 and 1 stands more often among the first three tokens of a long sequence?

    1 0 1 0 0 1 0 0 0 0

The first three are 1 0 1, so that 1 has it; what follows is random and does not count. The answer is 1.

The two answers are equally frequent, and so are the eight beginnings. The rest looks exactly like the beginning: a
network has to take note of three tokens and then hold one bit against noise, for 32 steps at the least length that it
is meant for, 35, and for 397 at length 400.

Source: the two-sequence problem of Bengio, Simard & Frasconi 1994 (Learning long-term dependencies with gradient
descent is difficult), section II: only the first tokens say which class a sequence is of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "start-signal"
VOCABULARY_SIZE = 2
CLASS_COUNT = 2
SHORTEST = 4
SHORTEST_MEANS = "the three of the signal and one more"
ANSWER_MEANS = "the majority of the first three"
ANSWER_READS = "{0} {1} {2}: {answer}"
BEST_CONSTANT = 0
CHANCE = 0.5
LENGTHS = (35, 45, 100)
ABOUT = "The first three tokens decide, what follows is noise of the same kind: one bit is to be held against it."
THEORY = (
    "The first three tokens look like all that follow, so a gate that sees the input alone (minGRU, one layer) "
    "cannot shut after them; one that sees the state can, and so does a second layer that sees what the first "
    "remembers."
)
THEORY_CHINESE = (
    "前三个符号与后面的噪声没有区别，只看输入的门（单层 minGRU）无法在其后关闭；看得到状态的门可以，看得到第"
    "一层记忆的第二层也可以。"
)
EXAMPLES = (
    (1, 0, 1, 0, 0, 1, 0, 0, 0, 0),
    (0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1),
)
OF_EACH_SIGNAL = 125


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """All eight beginnings, 125 times `variants` sequences of each.

    Args:
        length: T, tokens in a sequence.
    """
    signals = np.repeat(np.arange(8), OF_EACH_SIGNAL * variants)
    bits = generator.integers(0, 2, (len(signals), length))
    for place in range(3):
        bits[:, place] = signals >> place & 1
    return LabelledSequences(bits, (bits[:, :3].sum(axis=1) >= 2).astype(np.int64))


def answer(bits: Sequence[int]) -> int:
    """The right answer for one sequence."""
    return int(sum(bits[:3]) >= 2)

"""Are more than half of the bits ones?

    1 0 1 1 0 0 0 1 1

There are five ones among nine bits, which is more than half. The answer is 1.

A sequence of as many ones as zeros would be answered with 0, but none is drawn; so the two answers are equally
frequent. The difference of the two counts is often small: in one sequence of 40 bits out of four, it is 2. A network
has to count, further than it ever did while it learnt if it is to be right on longer ones.

Source: Merrill et al. 2020 (A formal hierarchy of RNN architectures), counter languages; Bhattamishra, Ahuja & Goyal
2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "majority"
VOCABULARY_SIZE = 2
CLASS_COUNT = 2
SHORTEST = 3
SHORTEST_MEANS = "three bits"
ANSWER_MEANS = "whether more than half are ones"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.5
ABOUT = "Zeros and ones are to be counted against each other: what is tested is whether a network counts without bound."
THEORY = (
    "A counter without a bound: cells that add do it at any length, even linear ones, while those whose states "
    "are squashed or averaged lose small differences as sequences grow (Merrill et al. 2020; Weiss et al. 2018)."
)
THEORY_CHINESE = (
    "需要没有上界的计数器：能累加的单元（哪怕是线性的）在任意长度上都行；状态被压缩或平均的单元在序列变长时会"
    "丢失微小的差别（Merrill 等，2020；Weiss 等，2018）。"
)
EXAMPLES = (
    (1, 0, 1, 1, 0, 0, 0, 1, 1),
    (0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0),
)
ROWS = 32  # of each length, times the variants


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random bits, no draws among them.

    Args:
        length: T, bits in a sequence.
    """
    bits = generator.integers(0, 2, (ROWS * variants, length))
    while (drawn := 2 * bits.sum(axis=1) == length).any():
        bits[drawn] = generator.integers(0, 2, (int(drawn.sum()), length))
    return LabelledSequences(bits, (2 * bits.sum(axis=1) > length).astype(np.int64))


def answer(bits: Sequence[int]) -> int:
    """The right answer for one sequence."""
    return int(2 * sum(bits) > len(bits))

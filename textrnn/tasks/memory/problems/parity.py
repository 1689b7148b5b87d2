"""Is the number of ones odd?

    1 0 1 1 0 0 0 0 1 1

There are five ones. The answer is 1, for odd.

The two answers are equally frequent. One bit of memory is enough, but every 1 must turn it over, however many there
are: a linear recurrence whose factors lie between 0 and 1 only ever fades, and cannot. Networks learn from the parity
of every beginning (here 1 1 0 1 1 1 1 1 0 1), because it teaches them in seconds, and are judged by the last.

Source: Deletang et al. 2023 (Neural networks and the Chomsky hierarchy), Parity Check, where only the last is asked;
lengths of training and test as in Beck et al. 2024 (xLSTM) and Grazzi et al. 2024 (Unlocking state-tracking in linear
RNNs through negative eigenvalues).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "parity"
VOCABULARY_SIZE = 2
CLASS_COUNT = 2
SHORTEST = 3
SHORTEST_MEANS = "three bits"
ANSWER_MEANS = "whether the ones so far are odd in number, after each bit"
ASKS = "running"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.5
ABOUT = (
    "One bit is to be turned over by every 1: what is tested is whether the state can change sign with what is read."
)
THEORY = (
    "A linear cell whose decay lies in [0, 1] can only fade or keep what it holds and never change its sign, so "
    "no finite precision lets it follow parity at every length; eigenvalues down to -1 or a nonlinear recurrence "
    "can (Grazzi et al. 2024; Merrill et al. 2024)."
)
THEORY_CHINESE = (
    "衰减在 [0, 1] 内的线性单元只能保持或减弱状态，永远不能变号，因此在有限精度下无法在任意长度上判断奇偶；特"
    "征值可到 -1 的单元或非线性循环可以（Grazzi 等，2024；Merrill 等，2024）。"
)
EXAMPLES = (
    (1, 0, 1, 1, 0, 0, 0, 0, 1, 1),
    (1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1),
)
ROWS = 32  # of each length, times the variants


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random bits.

    Args:
        length: T, bits in a sequence.
    """
    bits = generator.integers(0, 2, (ROWS * variants, length))
    return LabelledSequences(bits, bits.cumsum(axis=1) % 2)


def answer(bits: Sequence[int]) -> list[int]:
    """The right answer after each bit."""
    odd, answers = 0, []
    for bit in bits:
        odd ^= bit
        answers.append(odd)
    return answers

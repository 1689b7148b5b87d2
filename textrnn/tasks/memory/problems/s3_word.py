"""Where does a row of swaps and turns of three things end?

Tokens 0 to 5 are the six ways to put three things into another order:

    0: a b c, as they are    1: a c b    2: b a c    3: b c a    4: c a b    5: c b a

Each is applied to what those before it have left. The answer is the one that alone has the same effect:

    2 1 3

2 makes b a c of a b c. 1 swaps the last two of that: b c a. 3 puts the second first, the third second and the first
last: c a b. That is what 4 alone makes of a b c. The answer is 4.

All six answers are equally frequent. The group of these orders, S3, is not commutative: how often each token came says
nothing, their order counts. Networks learn from the answer after each token (here 2 3 4), and are judged by the last.

Source: the word problem of a group, Merrill, Petty & Sabharwal 2024 (The illusion of state in state-space models), and
Grazzi et al. 2024 (Unlocking state-tracking in linear RNNs through negative eigenvalues), section 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "s3-word"
VOCABULARY_SIZE = 6
CLASS_COUNT = 6
SHORTEST = 3
SHORTEST_MEANS = "three tokens"
ANSWER_MEANS = "the order that all so far amount to, after each token"
ASKS = "running"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.16667
ABOUT = "Swaps and turns of three things are to be followed: what is tested is whether a state can be tracked in order."
THEORY = (
    "The six orders of three things form a group that does not commute but is solvable: a nonlinear cell follows "
    "it in one layer, a linear one whose gates see the input alone needs negative eigenvalues and several layers "
    "or several writes a step (Merrill et al. 2024; Siems et al. 2025)."
)
THEORY_CHINESE = (
    "三样东西的六种排列构成不可交换但可解的群：非线性单元一层即可跟踪；只看输入的线性单元需要负特征值，并且要"
    "多层或每步多次写入（Merrill 等，2024；Siems 等，2025）。"
)
EXAMPLES = (
    (2, 1, 3),
    (5, 3, 0, 1, 1, 4, 2, 2, 5, 3),
)
ORDERS = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
ROWS = 32  # of each length, times the variants


def then(before: int, token: int) -> int:
    """What two tokens amount to, the first applied first."""
    return ORDERS.index(tuple(ORDERS[before][place] for place in ORDERS[token]))


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random tokens.

    Args:
        length: T, tokens in a sequence.
    """
    table = np.array([[then(before, token) for token in range(6)] for before in range(6)])
    tokens = generator.integers(0, 6, (ROWS * variants, length))
    labels = tokens.copy()
    for place in range(1, length):
        labels[:, place] = table[labels[:, place - 1], tokens[:, place]]
    return LabelledSequences(tokens, labels)


def answer(tokens: Sequence[int]) -> list[int]:
    """The right answer after each token."""
    so_far, answers = 0, []
    for token in tokens:
        so_far = then(so_far, token)
        answers.append(so_far)
    return answers

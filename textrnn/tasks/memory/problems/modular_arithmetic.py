"""What is the value of an expression, modulo 5?

Tokens 0 to 4 are numbers, 5 is plus, 6 minus and 7 times, which binds more tightly:

    3 5 4 7 2 6 1

This is 3 + 4 x 2 - 1 = 10, and 10 modulo 5 is 0. The answer is 0.

Of an even length, a sign stands first: 6 3 5 1 is -3 + 1 = -2, which is 3 modulo 5. All five answers are equally
frequent, because sequences are drawn until they have the one that was drawn first. There are no brackets, so that a
finite state is enough: the sum so far, and the product that is not finished. Networks learn from the value at every
number (here 3, then 7 = 2, then 11 = 1, then 10 = 0), and are judged by the last.

Source: Deletang et al. 2023 (Neural networks and the Chomsky hierarchy), Modular Arithmetic (Simple), where only the
last is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "modular-arithmetic"
VOCABULARY_SIZE = 8
CLASS_COUNT = 5
SHORTEST = 3
SHORTEST_MEANS = "two numbers and what is between them"
ANSWER_MEANS = "the value so far modulo 5, after each number"
ASKS = "running"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.2
ABOUT = "A sum and an unfinished product are to be kept modulo 5: what is tested is whether a state can be tracked."
THEORY = (
    "A sum of products modulo 5 is a walk through a finite automaton that reads signs and digits: a nonlinear "
    "state can be that automaton, while a linear one with eigenvalues in [0, 1] cannot even count modulo 2 "
    "(Deletang et al. 2023; Grazzi et al. 2024)."
)
THEORY_CHINESE = (
    "模 5 的乘积之和是读入符号与数字的有限自动机：非线性状态可以成为这个自动机，特征值在 [0, 1] 内的线性状态"
    "连模 2 计数都做不到（Deletang 等，2023；Grazzi 等，2024）。"
)
EXAMPLES = (
    (3, 5, 4, 7, 2, 6, 1),
    (6, 3, 5, 1, 7, 4, 7, 4, 6, 2),
)
MODULUS = 5
PLUS, MINUS, TIMES = 5, 6, 7
ROWS = 32  # of each length, times the variants


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random expressions, whose values are equally frequent.

    Args:
        length: T, tokens in an expression.
    """
    wanted = generator.integers(0, MODULUS, ROWS * variants)
    found = _draw(length, len(wanted), generator)
    while (other := found.labels[:, -1] != wanted).any():
        again = _draw(length, int(other.sum()), generator)
        found.tokens[other], found.labels[other] = again.tokens, again.labels
    return found


def _draw(length: int, rows: int, generator: np.random.Generator) -> LabelledSequences:
    """Random expressions."""
    signed = 1 - length % 2  # whether a sign stands first
    tokens = generator.integers(0, MODULUS, (rows, length))
    tokens[:, 1 - signed :: 2] = generator.integers(PLUS, TIMES + 1, (rows, length // 2))
    if signed:
        tokens[:, 0] = generator.integers(PLUS, TIMES, rows)
    labels = np.full_like(tokens, -1)
    finished = np.zeros(rows, dtype=np.int64)
    product = np.zeros(rows, dtype=np.int64)
    for place in range(signed, length, 2):
        number = tokens[:, place]
        operator = tokens[:, place - 1] if place else np.full(rows, PLUS)
        finished = np.where(operator == TIMES, finished, finished + product)
        factor = np.where(operator == TIMES, product, np.where(operator == MINUS, -1, 1))
        product = factor * number % MODULUS
        labels[:, place] = (finished + product) % MODULUS
    return LabelledSequences(tokens, labels)


def answer(tokens: Sequence[int]) -> list[int]:
    """The right answer after each token, -1 where nothing is asked; two numbers in a row are added."""
    finished, product, operator = 0, 0, PLUS
    answers = []
    for token in tokens:
        if token >= MODULUS:
            operator = token
            answers.append(-1)
            continue
        if operator == TIMES:
            product = product * token
        else:
            finished, product = finished + product, -token if operator == MINUS else token
        operator = PLUS
        answers.append((finished + product) % MODULUS)
    return answers

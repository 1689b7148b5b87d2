"""Give a sequence again from its end.

First come symbols 0 to 7, then as many 8, each of which asks for one of the symbols, from the last one on:

    3 1 7 8 8 8

The symbols are 3 1 7. After the first 8, 7 is asked, after the second 1, after the third 3. The answer is 7 1 3.

Of an odd length, there is one symbol more than there are questions, so that the first is not asked: 3 1 7 8 8 asks for
7 and 1. Each answer is one of 8 symbols, all equally frequent. A stack would do it at any length; a state of fixed size
cannot.

Source: Deletang et al. 2023 (Neural networks and the Chomsky hierarchy), Reverse String.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "reverse"
VOCABULARY_SIZE = 9
CLASS_COUNT = 8
SHORTEST = 2
SHORTEST_MEANS = "a symbol and the question for it"
ANSWER_MEANS = "the symbols from the last one on, one for each 8"
ASKS = "several"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.125
ABOUT = "All symbols are to be given again, the last one first: what is tested is how much fits into the state."
THEORY = (
    "The last symbol in is the first one out, as on a stack; a state of a fixed size holds a stack of a bounded "
    "depth only, which a longer sequence exceeds (Deletang et al. 2023)."
)
THEORY_CHINESE = (
    "最后读入的最先输出，相当于一个栈；固定大小的状态只能容纳有限深度的栈，更长的序列就会超出（Deletang 等，2023）。"
)
EXAMPLES = (
    (3, 1, 7, 8, 8, 8),
    (5, 5, 0, 2, 6, 8, 8, 8, 8, 8),
)
QUESTION = 8
ROWS = 32  # of each length, times the variants


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random symbols and their questions.

    Args:
        length: T; half of the tokens, rounded up, are symbols.
    """
    asked = length // 2
    tokens = np.full((ROWS * variants, length), QUESTION)
    tokens[:, : length - asked] = generator.integers(0, 8, (len(tokens), length - asked))
    labels = np.full_like(tokens, -1)
    labels[:, length - asked :] = tokens[:, length - 2 * asked : length - asked][:, ::-1]
    return LabelledSequences(tokens, labels)


def answer(tokens: Sequence[int]) -> list[int]:
    """The right answer after each token, -1 where nothing is asked."""
    symbols = [token for token in tokens if token != QUESTION]
    return [(symbols.pop() if symbols else -1) if token == QUESTION else -1 for token in tokens]

"""Repeat a sequence after it has been read.

First come symbols 0 to 7, then as many 8, each of which asks for the next of the symbols, from the first on:

    3 1 7 8 8 8

The symbols are 3 1 7. After the first 8, 3 is asked, after the second 1, after the third 7. The answer is 3 1 7.

Of an odd length, there is one symbol more than there are questions, so that the last is not asked: 3 1 7 8 8 asks for 3
and 1. Each answer is one of 8 symbols, all equally frequent. What has to be remembered grows with the length: 20
symbols, 60 bits, at length 40.

Source: Hochreiter & Schmidhuber 1997; in this form Graves, Wayne & Danihelka 2014 (Neural Turing machines), section
4.1, and Arjovsky, Shah & Bengio 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "copy"
VOCABULARY_SIZE = 9
CLASS_COUNT = 8
SHORTEST = 2
SHORTEST_MEANS = "a symbol and the question for it"
ANSWER_MEANS = "the symbols in their order, one for each 8"
ASKS = "several"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.125
ABOUT = "All symbols are to be given again in their order: what is tested is how much fits into the state."
THEORY = (
    "All symbols are to be kept in their order, so what is needed grows with the length: no state of a fixed "
    "size can copy at any length, and a larger one copies further (Jelassi et al. 2024)."
)
THEORY_CHINESE = (
    "要按顺序保留全部符号，所需的记忆随长度增长：固定大小的状态不可能复制任意长的序列，状态越大能复制得越远（"
    "Jelassi 等，2024）。"
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
    labels[:, length - asked :] = tokens[:, :asked]
    return LabelledSequences(tokens, labels)


def answer(tokens: Sequence[int]) -> list[int]:
    """The right answer after each token, -1 where nothing is asked."""
    symbols = iter([token for token in tokens if token != QUESTION])
    return [next(symbols, -1) if token == QUESTION else -1 for token in tokens]

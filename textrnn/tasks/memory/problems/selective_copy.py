"""Repeat the symbols that stood among many blanks.

Up to eight symbols 0 to 7 stand in their order at random places among blanks, which are 8; then come as many 9, each of
which asks for the next of the symbols:

    8 3 8 1 5 8 9 9 9

The symbols are 3 1 5. After the first 9, 3 is asked, after the second 1, after the third 5. The answer is 3 1 5.

A third of the tokens are symbols, rounded down, and never more than eight; the last ones, as many, are questions. So a
sequence of 24 or more has eight symbols, and the longer it is, the more blanks there are between them. Each answer is
one of 8 symbols, all equally frequent. What is tested is whether a network passes over blanks without its state
changing: one whose steps do not depend on what is read cannot.

Source: Gu & Dao 2023 (Mamba), section 4.1.1; before, with places as fixed as the ones of ``copy``, Arjovsky, Shah &
Bengio 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "selective-copy"
VOCABULARY_SIZE = 10
CLASS_COUNT = 8
SHORTEST = 3
SHORTEST_MEANS = "a symbol, a blank and the question"
ANSWER_MEANS = "the symbols in their order, one for each 9"
ASKS = "several"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.125
ABOUT = "Eight symbols among blanks are to be given again in their order: what does not count is to be passed over."
THEORY = (
    "What is kept depends on what is read, so gates must depend on the input; and each symbol belongs into a "
    "place of its own that depends on how many came before, which minGRU sees only from a second layer on (Gu & "
    "Dao 2023; Feng et al. 2024)."
)
THEORY_CHINESE = (
    "保留什么取决于读到什么，所以门必须依赖输入；每个符号该放到哪里又取决于之前有几个，而 minGRU 从第二层起才"
    "看得到（Gu 与 Dao，2023；Feng 等，2024）。"
)
EXAMPLES = (
    (8, 3, 8, 1, 5, 8, 9, 9, 9),
    (5, 8, 8, 5, 8, 8, 0, 2, 9, 9, 9, 9),
)
MOST_SYMBOLS = 8
BLANK, QUESTION = 8, 9
ROWS = 32  # of each length, times the variants


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random symbols at random places, then their questions.

    Args:
        length: T, tokens in a sequence.
    """
    count = min(MOST_SYMBOLS, length // 3)
    tokens = np.full((ROWS * variants, length), BLANK)
    tokens[:, length - count :] = QUESTION
    order = generator.permuted(np.tile(np.arange(length - count), (len(tokens), 1)), axis=1)
    places = np.sort(order[:, :count], axis=1)
    symbols = generator.integers(0, 8, places.shape)
    np.put_along_axis(tokens, places, symbols, axis=1)
    labels = np.full_like(tokens, -1)
    labels[:, length - count :] = symbols
    return LabelledSequences(tokens, labels)


def answer(tokens: Sequence[int]) -> list[int]:
    """The right answer after each token, -1 where nothing is asked."""
    symbols = iter([token for token in tokens if token < BLANK])
    return [next(symbols, -1) if token == QUESTION else -1 for token in tokens]

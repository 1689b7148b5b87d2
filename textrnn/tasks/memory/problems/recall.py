"""Which value went with a key?

Up to eight pairs of a key, 0 to 15, and a value, 16 to 31, no key twice; then blanks, which are 32; then all the keys
again in another order, each of which asks for its value (as a number from 0 to 15, which is 16 less):

    3 20 7 18 32 7 3

The pairs are 3 with 20 and 7 with 18. The first key that stands alone is 7, whose value is 18 - 16 = 2; the second is
3, whose value is 20 - 16 = 4. The answer is 2 4.

Of T tokens, there are T // 3 pairs, and never more than eight; blanks fill up what is left. So a sequence of 24 has
eight pairs and no blank, and the longer it is, the longer all of them are to be kept. Each answer is one of 16 values,
all equally frequent. A network must bind a value to its key: a state that is a matrix does so in one product, and a
vector has to spread 64 bits over its numbers in a way that it can look up.

Source: multi-query associative recall, Arora et al. 2023 (Zoology), section 3; keys and values are fewer here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textrnn.corpus.sequences import LabelledSequences

NAME = "recall"
VOCABULARY_SIZE = 33
CLASS_COUNT = 16
SHORTEST = 3
SHORTEST_MEANS = "a key, its value and the key again"
ANSWER_MEANS = "the value that went with each key that stands alone"
ASKS = "several"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.0625
ABOUT = "Eight values are to be given by their keys: what is tested is whether much can be kept and looked up."
THEORY = (
    "A matrix takes a pair in by one outer product and finds the value by one product with the key, while a "
    "vector of the same bytes must spread all pairs over its numbers and learn to look them up (Arora et al. "
    "2023)."
)
THEORY_CHINESE = (
    "矩阵状态用一次外积存入一对键和值，再与键相乘一次就能取回；同样字节数的向量状态要把所有的对分散存放，还得"
    "学会查找（Arora 等，2023）。"
)
EXAMPLES = (
    (3, 20, 7, 18, 32, 7, 3),
    (15, 16, 0, 31, 9, 16, 32, 32, 0, 9, 15),
)
KEYS = 16
MOST_PAIRS = 8
BLANK = 32
ROWS = 32  # of each length, times the variants


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random pairs, then their keys in random order.

    Args:
        length: T, tokens in a sequence.
    """
    pairs = min(MOST_PAIRS, length // 3)
    keys = generator.permuted(np.tile(np.arange(KEYS), (ROWS * variants, 1)), axis=1)[:, :pairs]
    values = generator.integers(0, 16, keys.shape)
    order = generator.permuted(np.tile(np.arange(pairs), (len(keys), 1)), axis=1)
    tokens = np.full((len(keys), length), BLANK)
    tokens[:, 0 : 2 * pairs : 2], tokens[:, 1 : 2 * pairs : 2] = keys, KEYS + values
    tokens[:, length - pairs :] = np.take_along_axis(keys, order, axis=1)
    labels = np.full_like(tokens, -1)
    labels[:, length - pairs :] = np.take_along_axis(values, order, axis=1)
    return LabelledSequences(tokens, labels)


def answer(tokens: Sequence[int]) -> list[int]:
    """The right answer after each token, -1 where nothing is asked; of a key without a pair, nothing is."""
    known: dict[int, int] = {}
    answers = []
    for token, following in zip(tokens, [*tokens[1:], BLANK], strict=True):
        is_pair = token < KEYS and KEYS <= following < BLANK
        if is_pair:
            known[token] = following - KEYS
        answers.append(known.get(token, -1) if token < KEYS and not is_pair else -1)
    return answers

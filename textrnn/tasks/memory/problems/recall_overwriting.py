"""Which value went last with a key, where later ones overwrite earlier ones?

As ``recall``, but keys come again with other values, and the last one counts: eight pairs of a key, 0 to 15, and a
value, 16 to 31, of at most four keys; then blanks, which are 32; then each of the keys once, which asks for its value
(as a number from 0 to 15, which is 16 less):

    3 20 7 18 3 25 32 7 3

The pairs are 3 with 20, 7 with 18 and 3 with 25, which overwrites the 20. The first key that stands alone is 7, whose
value is 18 - 16 = 2; the second is 3, whose value is 25 - 16 = 9. The answer is 2 9.

A fifth of the tokens, rounded up or down, are the keys at the end, and never more than four; there are twice as many
pairs, or what fits, the first of which have all the keys once, and the others any of them. Blanks fill up what is left.
Each answer is one of 16 values, all equally frequent. Adding up what belongs to a key, as plain linear attention does,
mixes its values; a delta rule takes the old one away first.

Source: Schlag, Irie & Schmidhuber 2021 (Linear transformers are secretly fast weight programmers), section 6.1, setting
2, with the form of multi-query associative recall, Arora et al. 2023 (Zoology).
"""

from __future__ import annotations

import numpy as np

from textrnn.corpus.sequences import LabelledSequences
from textrnn.tasks.memory.problems.recall import BLANK, KEYS
from textrnn.tasks.memory.problems.recall import answer as answer  # which takes the last value of a key

NAME = "recall-overwriting"
VOCABULARY_SIZE = 33
CLASS_COUNT = 16
SHORTEST = 5
SHORTEST_MEANS = "two pairs and a key"
ANSWER_MEANS = "the value that went with each key that stands alone"
ASKS = "several"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.0625
ABOUT = "As recall, but four keys get a second or third value: what was bound to a key before is to be taken away."
THEORY = (
    "A key that comes again has a new value: the delta rule takes out what the key held before, while a memory "
    "that only adds (mLSTM) mixes the old value with the new one unless it forgets all (Schlag et al. 2021)."
)
THEORY_CHINESE = (
    "同一个键再次出现时换了值：delta 规则先取出该键原有的内容；只会相加的记忆（mLSTM）除非全部遗忘，否则新旧"
    "值混在一起（Schlag 等，2021）。"
)
EXAMPLES = (
    (3, 20, 7, 18, 3, 25, 32, 7, 3),
    (0, 31, 0, 16, 32, 32, 0),
)
MOST_KEYS = 4
ROWS = 32  # of each length, times the variants


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Random pairs, then their keys in random order.

    Args:
        length: T, tokens in a sequence.
    """
    count = min(MOST_KEYS, max(1, (length + 1) // 5))
    pairs = min(2 * count, (length - count) // 2)
    rows = np.arange(ROWS * variants)[:, None]
    keys = generator.permuted(np.tile(np.arange(KEYS), (len(rows), 1)), axis=1)[:, :count]
    again = generator.integers(0, count, (len(rows), pairs - count))
    which = np.concatenate([np.tile(np.arange(count), (len(rows), 1)), again], axis=1)  # key of each pair
    written = generator.integers(0, 16, which.shape)
    values = np.empty_like(keys)
    for pair in range(pairs):
        values[rows[:, 0], which[:, pair]] = written[:, pair]
    order = generator.permuted(np.tile(np.arange(count), (len(rows), 1)), axis=1)
    tokens = np.full((len(rows), length), BLANK)
    tokens[:, 0 : 2 * pairs : 2], tokens[:, 1 : 2 * pairs : 2] = keys[rows, which], KEYS + written
    tokens[:, length - count :] = keys[rows, order]
    labels = np.full_like(tokens, -1)
    labels[:, length - count :] = values[rows, order]
    return LabelledSequences(tokens, labels)

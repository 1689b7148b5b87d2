"""How many brackets are open?

0 opens a bracket, 1 closes one, and 2 is a letter, which changes nothing. No more than eight are open at a time, and
none is closed that was not opened:

    0 0 2 1 0 0 2 1 0 0

Open are, one step after the other, 1 2 2 1 2 3 3 2 3 4. The answer is 4.

All depths from 0 to 8 are equally frequent as the last (as far as the length allows them), and so are all sequences
that end with the same. Networks learn from the depth after each token, and are judged by the last. Counting up to a
bound is what a gated cell can do exactly, and what fades in a cell that forgets a little at each step.

Source: bounded Dyck languages, Hewitt et al. 2020 (RNNs can generate bounded hierarchical languages with optimal
memory); the depth instead of the next bracket, with one kind of brackets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.sequences import LabelledSequences

NAME = "dyck-depth"
VOCABULARY_SIZE = 3
CLASS_COUNT = 9  # depths 0 to 8
SHORTEST = 3
SHORTEST_MEANS = "three tokens"
ANSWER_MEANS = "the number of open brackets, after each token"
ASKS = "running"
MIXES_LENGTHS = True
LENGTHS = (40,)
BEST_CONSTANT = 0
CHANCE = 0.11111
ABOUT = "Brackets open and close, eight deep at most: what is tested is whether a network counts up and down exactly."
THEORY = (
    "Depth is a counter that goes up and down: a cell that adds to its state (LSTM) counts exactly, one whose "
    "state is an average (GRU, sLSTM) cannot count without bound, but can up to eight (Weiss et al. 2018)."
)
THEORY_CHINESE = (
    "深度就是可增可减的计数器：能向状态累加的单元（LSTM）可以精确计数；状态是平均值的单元（GRU、sLSTM）不能无"
    "限计数，但可以数到 8（Weiss 等，2018）。"
)
EXAMPLES = (
    (0, 0, 2, 1, 0, 0, 2, 1, 0, 0),
    (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 0, 0),
)
DEEPEST = 8
OPEN, CLOSE, LETTER = 0, 1, 2
ROWS = 36  # of each length, times the variants: the nine depths four times


def sample(length: int, variants: int, generator: np.random.Generator) -> LabelledSequences:
    """Sequences drawn from their ends on: first the depth, then, step by step backwards, one of those that lead to it.

    Args:
        length: T, tokens in a sequence.
    """
    ways = _ways(length)
    reachable = min(DEEPEST, length) + 1
    depth = np.arange(ROWS * variants) % reachable
    tokens = np.empty((len(depth), length), dtype=np.int64)
    labels = np.empty_like(tokens)
    for place in range(length - 1, -1, -1):
        labels[:, place] = depth
        # Before this token, the depth was one less if it opens, one more if it closes, the same if it is a letter.
        counts = np.stack([ways[place][depth], ways[place][depth + 2], ways[place][depth + 1]], axis=1)
        bounds = counts.cumsum(axis=1)
        token = (generator.random(len(depth))[:, None] * bounds[:, -1:] >= bounds).sum(axis=1)
        tokens[:, place] = token
        depth = depth + np.array([-1, 1, 0])[token]
    order = generator.permutation(len(tokens))
    return LabelledSequences(tokens[order], labels[order])


def _ways(length: int) -> list[NDArray[np.float64]]:
    """After 0 to `length` tokens, the share of sequences at each depth, with an impossible one below 0 and above 8."""
    now = np.zeros(DEEPEST + 3)
    now[1] = 1.0
    found = [now]
    for _ in range(length):
        now = now.copy()
        now[1:-1] = now[1:-1] + now[:-2] + now[2:]
        now[[0, -1]] = 0.0
        now = now / now.sum()  # so that no number grows too large
        found.append(now)
    return found


def answer(tokens: Sequence[int]) -> list[int]:
    """The right answer after each token; what goes beyond the bounds stays at them."""
    depth, answers = 0, []
    for token in tokens:
        depth += {OPEN: 1, CLOSE: -1}.get(token, 0)
        depth = min(DEEPEST, max(0, depth))
        answers.append(depth)
    return answers

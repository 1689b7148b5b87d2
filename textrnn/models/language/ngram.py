"""A character n-gram with interpolated modified Kneser-Ney smoothing: counted in a second, and strong on little text.

Contexts form a tree: the node of a context of k characters is found from the node of its last k - 1 characters and the
one before them. Each level is a sorted array of such keys, so that a lookup is a binary search, and nothing is hashed.

Shapes: N positions, V vocabulary, K order (characters looked back).

Source: Chen & Goodman 1999, section 3 (modified Kneser-Ney); Kneser & Ney 1995.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PROBABILITIES_AT_ONCE = 1 << 22  # at most, (N, V) of them
LEVEL_TENSORS = ("keys", "starts", "tokens", "shares", "backoff")


class NgramModel:
    """p_k(x | c) = share(c, x) + backoff(c) * p_{k-1}(x | c without its first character), down to 1/V.

    Each level k (0 to K) holds, in compressed rows, the contexts of k characters that were seen:

    * ``keys``: int64, sorted: node of the shorter context times (V + 1) plus the character before it
    * ``starts``: int64, (contexts + 1,): where the row of each context starts
    * ``tokens``, ``shares``: what was seen after it, and its discounted share of the context's counts
    * ``backoff``: the mass that the discounts left to the shorter context

    The id V stands for "before the text". A context that was never seen gives the probabilities of the shorter one.
    """

    def __init__(self, vocabulary_size: int, levels: list[dict[str, Tensor]]):
        self.vocabulary_size = vocabulary_size
        self.levels = levels

    @property
    def order(self) -> int:
        """Characters looked back at most."""
        return len(self.levels) - 1

    @classmethod
    def count(cls, token_ids: NDArray[np.integer], vocabulary_size: int, order: int) -> NgramModel:
        """Count a text.

        Args:
            token_ids: (N,), at least one.
            order: K, characters of context.
        """
        ids = np.asarray(token_ids, dtype=np.int64)
        base = vocabulary_size + 1
        padded = np.concatenate([np.full(order, vocabulary_size, dtype=np.int64), ids])
        # Going down the tree: the node of every position's context, level by level.
        nodes = [np.zeros(len(ids), dtype=np.int32)]
        keys = [np.zeros(1, dtype=np.int64)]
        for k in range(1, order + 1):
            before = padded[order - k : order - k + len(ids)]
            level_keys, node = np.unique(nodes[-1].astype(np.int64) * base + before, return_inverse=True)
            nodes.append(node.astype(np.int32))
            keys.append(level_keys)
        # Coming up: the longest contexts are counted as they are, a shorter one by the different characters before it.
        levels: list[dict[str, Tensor]] = []
        longer: NDArray[np.int64] | None = None  # a position for each different (context, token) of the longer level
        for k in range(order, -1, -1):
            pairs = nodes[k].astype(np.int64) * vocabulary_size + ids
            if longer is None:
                seen, longer, counts = np.unique(pairs, return_index=True, return_counts=True)
            else:
                seen, first, counts = np.unique(pairs[longer], return_index=True, return_counts=True)
                longer = longer[first]
            context, token = np.divmod(seen, vocabulary_size)
            levels.insert(0, _level(keys[k], context, token, counts))
        return cls(vocabulary_size, levels)

    def probabilities(self, contexts: Tensor) -> Tensor:
        """What follows each context.

        Args:
            contexts: int64, (N, K): the last characters, the latest one last; ids outside the vocabulary (V: before
                the text) match nothing that was seen after the beginning of the text.

        Returns:
            (N, V), fp32, rows that sum to 1.
        """
        if len(contexts) == 1 and contexts.device.type == "cpu":
            return self._probabilities_of_one(contexts[0].tolist())
        rows = max(1, PROBABILITIES_AT_ONCE // self.vocabulary_size)
        return (
            torch.cat([self._probabilities(part) for part in contexts.split(rows)])
            if len(contexts)
            else (torch.empty(0, self.vocabulary_size, device=contexts.device))
        )

    def _probabilities(self, contexts: Tensor) -> Tensor:
        count, size = len(contexts), self.vocabulary_size
        result = torch.full((count, size), 1.0 / size, device=contexts.device)
        rows = torch.arange(count, device=contexts.device)  # those whose context is still known
        node = torch.zeros_like(rows)
        for k, level in enumerate(self.levels):
            if k:
                key = node * (size + 1) + contexts[rows, self.order - k]
                node = torch.searchsorted(level["keys"], key).clamp_(max=len(level["keys"]) - 1)
                known = level["keys"][node] == key
                rows, node = rows[known], node[known]
            if len(rows) == 0:
                break
            result[rows] *= level["backoff"][node][:, None]
            start, length = level["starts"][node], level["starts"][node + 1] - level["starts"][node]
            row = torch.repeat_interleave(rows, length)
            skipped = torch.repeat_interleave(start - (length.cumsum(0) - length), length)
            entry = torch.arange(len(row), device=rows.device) + skipped
            # Each pair of row and token occurs at most once, so no addition is lost.
            result.view(-1)[row * size + level["tokens"][entry]] += level["shares"][entry]
        return result

    @cached_property
    def _arrays(self) -> list[tuple[NDArray[Any], ...]]:
        """The levels as NumPy's arrays, in the same memory."""
        return [tuple(level[name].numpy() for name in LEVEL_TENSORS) for level in self.levels]

    def _probabilities_of_one(self, context: list[int]) -> Tensor:
        """The same of a single context, as where a text is continued: NumPy has done a small thing sooner."""
        size, node = self.vocabulary_size, 0
        result = np.full((1, size), 1.0 / size, dtype=np.float32)
        for k, (keys, starts, tokens, shares, backoff) in enumerate(self._arrays):
            if k:
                key = node * (size + 1) + context[self.order - k]
                node = int(keys.searchsorted(key))
                if node == len(keys) or keys[node] != key:
                    break
            result *= backoff[node]
            row = slice(starts[node], starts[node + 1])
            result[0, tokens[row]] += shares[row]
        return torch.from_numpy(result)

    def to(self, device: torch.device | str) -> NgramModel:
        """The same model on another device."""
        return NgramModel(
            self.vocabulary_size,
            [{name: tensor.to(device) for name, tensor in level.items()} for level in self.levels],
        )

    def to_tensors(self) -> dict[str, Tensor]:
        """Its levels as named tensors, in the smallest types that hold them."""
        small = {"keys": torch.int64, "starts": torch.int32, "tokens": torch.int32}
        return {
            f"{k}/{name}": tensor.to(small.get(name, torch.float32))
            for k, level in enumerate(self.levels)
            for name, tensor in level.items()
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], vocabulary_size: int) -> NgramModel:
        """Restore what :meth:`to_tensors` gave.

        Raises:
            ValueError: if the tensors do not make an n-gram over such a vocabulary.
        """
        levels: list[dict[str, Tensor]] = []
        while f"{len(levels)}/keys" in tensors:
            level = {name: tensors[f"{len(levels)}/{name}"] for name in LEVEL_TENSORS}
            whole = ("keys", "starts", "tokens")
            level = {name: tensor.to(torch.int64 if name in whole else torch.float32) for name, tensor in level.items()}
            longest_key = len(levels[-1]["keys"]) * (vocabulary_size + 1) if levels else 1
            if not _is_level(level, vocabulary_size, longest_key):
                raise ValueError(f"level {len(levels)} of the n-gram is damaged or of another vocabulary")
            levels.append(level)
        if not levels or len(tensors) != len(levels) * len(LEVEL_TENSORS):
            raise ValueError("the n-gram is incomplete")
        return cls(vocabulary_size, levels)


def _level(
    keys: NDArray[np.int64], context: NDArray[np.int64], token: NDArray[np.int64], counts: NDArray[np.int64]
) -> dict[str, Tensor]:
    """One level from its different (context, token) pairs, sorted, and their counts.

    The discounts of counts 1, 2 and 3 or more follow from how many pairs have the counts 1 to 4 (Chen & Goodman 1999,
    equation 17); kept away from zero, so that a text too small for the estimate still leaves mass to shorter contexts.
    """
    having = [int((counts == c).sum()) for c in (1, 2, 3, 4)]
    ratio = having[0] / max(1, having[0] + 2 * having[1])
    discount_of = np.zeros(4)
    for c in (1, 2, 3):
        estimate = c - (c + 1) * ratio * having[c] / having[c - 1] if having[c - 1] else 0.0
        discount_of[c] = min(max(estimate, 0.2 * c), 0.95 * c)
    discounts = discount_of[np.minimum(counts, 3)]
    totals = np.bincount(context, counts, minlength=len(keys))
    backoff = np.bincount(context, discounts, minlength=len(keys)) / totals
    starts = np.concatenate([[0], np.cumsum(np.bincount(context, minlength=len(keys)))])
    return {
        "keys": torch.from_numpy(keys),
        "starts": torch.from_numpy(starts.astype(np.int64)),
        "tokens": torch.from_numpy(token),
        "shares": torch.from_numpy(((counts - discounts) / totals[context]).astype(np.float32)),
        "backoff": torch.from_numpy(backoff.astype(np.float32)),
    }


def _is_level(level: Mapping[str, Tensor], vocabulary_size: int, key_bound: int) -> bool:
    """Whether the tensors of a level fit together, so that no lookup in them can go astray."""
    keys, starts, tokens, shares, backoff = (level[name] for name in LEVEL_TENSORS)
    if any(tensor.ndim != 1 for tensor in level.values()) or len(keys) == 0:
        return False
    return bool(
        len(starts) == len(keys) + 1
        and len(backoff) == len(keys)
        and len(shares) == len(tokens)
        and int(starts[0]) == 0
        and int(starts[-1]) == len(tokens)
        and (starts.diff() > 0).all()
        and (keys.diff() > 0).all()
        and int(keys[0]) >= 0
        and int(keys[-1]) < key_bound
        and ((tokens >= 0) & (tokens < vocabulary_size)).all()
        and ((shares >= 0) & (shares <= 1)).all()
        and ((backoff > 0) & (backoff <= 1)).all()
    )

"""Which texts are the same but for case, width, blanks and punctuation, and which nearly are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

# Punctuation that means nothing to a class, and what stands for a lost character. A sign or a point before a digit does
# mean something, and so does a question mark.
_IGNORED = re.compile(
    r"\s+|[-.,:](?!\d)|[!;'\"()\[\]{}_~`\u00ad\u00b7\u200b-\u200f\u2010-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2069"
    r"\u3001-\u3003\u3008-\u3011\u3014-\u301f\u30fb\ufeff\ufffd]"
)
GRAM = 3  # characters
SIGNATURE, BAND = 16, 4  # smallest hashes kept of a text, and how many of them must agree for it to be looked at
NEARLY = 0.9  # shared n-grams among all of two texts
SHORTEST = 16  # characters of a text that can be nearly another
LONGEST = 2000  # characters looked at
CHARACTERS_AT_ONCE = 2_000_000


def comparison_key(text: str) -> str:
    """A text without case, width, blanks, lost characters and most punctuation; itself where nothing is left."""
    key = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return _IGNORED.sub("", key) or text


def similar_rows(texts: Sequence[str], labels: Sequence[str], keys: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of rows of one label whose texts differ, but hardly, the earlier first; see :func:`near_duplicates`.

    Args:
        keys: of the texts.
    """
    first: dict[tuple[str, str], int] = {}
    same, distinct = list[tuple[int, int]](), list[int]()
    for i, row in enumerate(zip(keys, labels, strict=True)):
        earlier = first.setdefault(row, i)
        if earlier == i:
            distinct.append(i)
        elif texts[earlier] != texts[i]:
            same.append((earlier, i))
    nearly = ((distinct[a], distinct[b]) for a, b in near_duplicates([keys[i] for i in distinct]))
    return sorted([*same, *((a, b) for a, b in nearly if labels[a] == labels[b])], key=lambda pair: pair[1])


def near_duplicates(keys: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of different keys that have nearly all runs of three characters in common, the earlier first.

    Texts whose digits differ are not the same: results, prices and dates are news. Each text is paired once at most,
    with an earlier one. Few that are there are missed: at a similarity of 0.9, 1 in 70.

    Source: minhash signatures, Broder 1997, cut into bands as by Leskovec et al., Mining of Massive Datasets, 3.4.
    """
    indices = np.array([i for i, key in enumerate(keys) if len(key) >= SHORTEST], dtype=np.int64)
    if len(indices) < 2:
        return []
    signatures = _signatures([keys[i][:LONGEST] for i in indices])
    grams: dict[int, set[str]] = {}
    found: dict[int, int] = {}
    for start in range(0, SIGNATURE, BAND):
        for group in _equal_rows(signatures[:, start : start + BAND]):
            first, *others = sorted(int(indices[i]) for i in group)
            for other in others:
                if other not in found and keys[other] != keys[first] and _nearly(keys, first, other, grams):
                    found[other] = first
    return sorted((first, other) for other, first in found.items())


def _signatures(texts: Sequence[str]) -> NDArray[np.uint64]:
    """(texts, SIGNATURE) smallest hashes of the runs of GRAM characters of each text."""
    seeds = np.random.default_rng(0).integers(1, 2**63, size=SIGNATURE, dtype=np.uint64) | np.uint64(1)
    signatures = np.empty((len(texts), SIGNATURE), dtype=np.uint64)
    first, waiting, size = 0, list[str](), 0
    for position, text in enumerate(texts):
        waiting.append(text)
        size += len(text)
        if size > CHARACTERS_AT_ONCE or position == len(texts) - 1:
            signatures[first : position + 1] = _signatures_at_once(waiting, seeds)
            first, waiting, size = position + 1, [], 0
    return signatures


def _signatures_at_once(texts: Sequence[str], seeds: NDArray[np.uint64]) -> NDArray[np.uint64]:
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "replace"), "<u4").astype(np.uint64)
    lengths = np.array(list(map(len, texts)), dtype=np.int64)
    ends = np.cumsum(lengths)
    hashes = codes[: len(codes) - GRAM + 1].copy()
    for step in range(1, GRAM):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + codes[step : len(codes) - GRAM + 1 + step]
    inside = np.ones(len(hashes), dtype=bool)  # runs that do not go on in the next text
    for step in range(1, GRAM):
        inside[ends[:-1] - step] = False
    hashes = hashes[inside]
    starts = np.concatenate([[0], np.cumsum(lengths - GRAM + 1)[:-1]])
    columns = []
    for seed in seeds:
        mixed = hashes * seed
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
        columns.append(np.minimum.reduceat(mixed, starts))
    return np.stack(columns, axis=1)


def _equal_rows(band: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    """The indices of rows that are equal, group by group."""
    _, group_of, sizes = np.unique(band, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(group_of, kind="stable")
    ends = np.cumsum(sizes)
    for group in np.flatnonzero(sizes > 1):
        yield order[ends[group] - sizes[group] : ends[group]]


def _nearly(keys: Sequence[str], one: int, other: int, grams: dict[int, set[str]]) -> bool:
    shorter, longer = sorted((len(keys[one]), len(keys[other])))
    if shorter < NEARLY * longer:  # ha ha ha, three times and thirty times
        return False
    for index in (one, other):
        if index not in grams:
            key = keys[index][:LONGEST]
            grams[index] = {key[i : i + GRAM] for i in range(len(key) - GRAM + 1)}
    both, either = len(grams[one] & grams[other]), len(grams[one] | grams[other])
    return both >= NEARLY * either and _digits(keys[one]) == _digits(keys[other])


def _digits(key: str) -> list[str]:
    return [character for character in key if character.isnumeric()]

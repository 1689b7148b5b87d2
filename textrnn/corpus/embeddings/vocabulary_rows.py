"""The rows of a vocabulary, gathered as a file of vectors is read."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST_NUMBER = 1e6  # no vector in use has one near it; a larger one would only make training fail later


class VocabularyRows:
    """What is looked for in a file, and what was found.

    A token is looked for as it is, in lower case, in upper case and with a capital: the first of these that the file
    has is taken. Of rows that are there twice the first is.

    Attributes:
        rows: spelling -> its vector
        repeated: rows with a spelling that was there before
        not_finite: rows left out, because a number is NaN, infinite or huge
        damaged: tokens of the file, wanted or not, with bytes that are no characters
        promised: rows that the first line names but the file does not have: (named, there)
        examples: some tokens of the file

    Args:
        tokens: the vocabulary, ``<pad>`` and ``<unk>`` first.
    """

    def __init__(self, tokens: list[str]):
        self.tokens = tokens
        self.rows: dict[str, NDArray[np.float64]] = {}
        self.repeated = self.not_finite = self.damaged = 0
        self.promised: tuple[int, int] | None = None
        self.examples: tuple[str, ...] = ()
        self.spellings = {spelling for token in tokens[2:] for spelling in _spellings(token)}

    def keys(self, encoding: str) -> dict[bytes, str]:
        """Every spelling looked for, by its bytes; lone surrogates have none."""
        keys = {}
        for spelling in self.spellings:
            try:
                keys[spelling.encode(encoding)] = spelling
            except UnicodeEncodeError:
                continue
        return keys

    def add(self, spelling: str, numbers: ArrayLike) -> None:
        """A row of the file."""
        if spelling in self.rows:
            self.repeated += 1
            return
        row = np.array(numbers, dtype=np.float64)
        if (np.abs(row) < LARGEST_NUMBER).all():  # false for nan too
            self.rows[spelling] = row
        else:
            self.not_finite += 1

    def by_id(self) -> tuple[dict[int, NDArray[np.float64]], int]:
        """Token id -> vector, and how many of them were found in another case only."""
        taken, by_case = {}, 0
        for index, token in enumerate(self.tokens):
            spelling = next((s for s in _spellings(token) if s in self.rows), None) if index >= 2 else None
            if spelling is not None:
                taken[index] = self.rows[spelling]
                by_case += spelling != token
        return taken, by_case


def _spellings(token: str) -> dict[str, None]:
    """In the order in which they are tried."""
    return dict.fromkeys((token, token.lower(), token.upper(), token.capitalize()))

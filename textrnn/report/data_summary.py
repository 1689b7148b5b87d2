"""What the data is like: rows of each class, lengths, and the characters that texts are written in."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.dataset import Dataset

SPLITS = ("train", "dev", "test")
QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)
BLOCK = 1 << 20  # characters counted at a time
CODE_POINTS = 0x110000
# Scripts by the first word of a character's name, where that is not the script's name itself.
SCRIPTS = {
    "CJK": "Chinese characters", "KANGXI": "Chinese characters", "IDEOGRAPHIC": "Chinese characters",
    "HIRAGANA": "Japanese kana", "KATAKANA": "Japanese kana", "KATAKANA-HIRAGANA": "Japanese kana",
    "HALFWIDTH": "half-width letters", "FULLWIDTH": "full-width letters", "MODIFIER": "other letters",
    "FEMININE": "Latin letters", "MASCULINE": "Latin letters", "MICRO": "Greek letters",
    "BOLD": "other letters", "MATHEMATICAL": "other letters", "SUPERSCRIPT": "other letters",
}  # fmt: skip


def script_of(character: str) -> str:
    """What a character is: a letter of a script, a digit, a mark, ..."""
    category = unicodedata.category(character)
    if category[0] in "LM":
        word = unicodedata.name(character, "OTHER").split()[0]
        if word in SCRIPTS:
            return SCRIPTS[word]
        return "accents" if word in ("COMBINING", "VARIATION") else f"{word.capitalize()} letters"
    kinds = {"N": "digits and numbers", "P": "punctuation", "Z": "spaces", "S": "symbols and emoji"}
    return kinds.get(category[0], "spaces" if character.isspace() else "invisible and control characters")


def character_counts(texts: Sequence[str]) -> NDArray[np.int64]:
    """(code points,): how often each character stands in texts."""
    counts = np.zeros(CODE_POINTS, dtype=np.int64)
    block: list[str] = []
    held = 0
    for text in texts:
        block.append(text)
        held += len(text)
        if held >= BLOCK:
            counts += _counted(block)
            block, held = [], 0
    return counts + _counted(block)


def _counted(block: Sequence[str]) -> NDArray[np.int64]:
    points = np.frombuffer("".join(block).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return np.bincount(points, minlength=CODE_POINTS)


@dataclass(frozen=True)
class DataSummary:
    """Figures of the three splits."""

    dataset: Dataset

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The splits that have texts: of a saved model on other texts, the test split alone."""
        splits = (self.dataset.train, self.dataset.dev, self.dataset.test)
        return SPLITS if len(self.dataset.train) else tuple(n for n, s in zip(SPLITS, splits, strict=True) if len(s))

    @cached_property
    def class_counts(self) -> NDArray[np.int64]:
        """(C, 3): rows of each class in each split."""
        classes = len(self.dataset.class_names)
        splits = (self.dataset.train, self.dataset.dev, self.dataset.test)
        counts = [split.class_counts(classes) for split in splits]
        return np.stack(counts, axis=1)

    @cached_property
    def lengths(self) -> dict[str, NDArray[np.int64]]:
        """By split, the characters of each text."""
        splits = (self.dataset.train, self.dataset.dev, self.dataset.test)
        return {
            name: np.fromiter(map(len, split.texts), dtype=np.int64, count=len(split))
            for name, split in zip(SPLITS, splits, strict=True)
        }

    @cached_property
    def _characters(self) -> dict[str, NDArray[np.int64]]:
        splits = (self.dataset.train, self.dataset.dev, self.dataset.test)
        return {name: character_counts(split.texts) for name, split in zip(SPLITS, splits, strict=True)}

    def split_rows(self) -> list[list[str]]:
        """A header row, and of each split that has texts: rows, lengths, characters."""
        shown = ["shortest", "5 %", "median", "95 %", "longest"]
        table = [["split", "texts", *shown, "different characters", "not in train"]]
        known = self._characters["train"] > 0
        for name in self.names:
            lengths, counts = self.lengths[name], self._characters[name]
            quantiles = np.quantile(lengths, QUANTILES, method="lower") if len(lengths) else np.zeros(len(QUANTILES))
            new = int(((counts > 0) & ~known).sum())
            table.append(
                [
                    name,
                    f"{len(lengths):,}",
                    *(f"{int(value):,}" for value in quantiles),
                    f"{int((counts > 0).sum()):,}",
                    "" if name == "train" else f"{new:,}",
                ]
            )
        return table if "train" in self.names else [row[:-1] for row in table]

    def script_rows(self) -> list[list[str]]:
        """A header row, and of each kind of characters: its share of all, different ones, the commonest."""
        counts = sum(self._characters.values(), start=np.zeros(CODE_POINTS, dtype=np.int64))
        by_script: dict[str, list[int]] = {}
        for point in np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].tolist():
            by_script.setdefault(script_of(chr(point)), []).append(point)
        sizes = {script: int(counts[points].sum()) for script, points in by_script.items()}
        table = [["characters", "share", "different", "commonest"]]
        for script in sorted(sizes, key=lambda script: -sizes[script]):
            seen = [chr(point) for point in by_script[script] if chr(point).isprintable() and not chr(point).isspace()]
            share = sizes[script] / max(1, int(counts.sum()))
            shown = f"{share:.1%}".replace("%", " %") if share >= 0.001 else "< 0.1 %"
            table.append([script, shown, f"{len(by_script[script]):,}", " ".join(seen[:10])])
        return table

    def length_histogram(self) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
        """Bounds (B + 1,) in characters, and by split the share of texts (B,) in each bin; the last has all longer
        ones."""
        train = self.lengths[self.names[0] if self.names else "train"]
        longest = max(1, int(np.quantile(train, 0.99, method="higher"))) if len(train) else 1
        width = max(1, -(-(longest + 1) // 24))
        bounds = np.arange(0, longest + width + 1, width)
        shares = {}
        for name, lengths in self.lengths.items():
            at = np.minimum(lengths // width, len(bounds) - 2)
            shares[name] = np.bincount(at, minlength=len(bounds) - 1) / max(1, len(lengths))
        return bounds, shares

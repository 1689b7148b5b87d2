"""DigitSum: what is the sum of the first two digits of a long sequence?

A sequence is two digits, then zeros, one of which, anywhere, was replaced by another digit to lead astray. There are
100 pairs to begin with and 19 sums. The longer the sequence, the longer a network has to keep what it saw first.

Source: Qiu, Neural Networks and Deep Learning, exercises of chapter 6.

A file has ``digits<TAB>label`` lines: the digits separated by spaces, then the sum.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrnn.config import SHORTEST
from textrnn.corpus.readers import decode, read_bytes
from textrnn.errors import ArtifactError, ConfigError, DataError, listed, one_line
from textrnn.files import write_atomically

CLASSES = 19  # sums 0 to 18
DATA_FOLDER = Path("data") / "digit_sum"
SPLITS = {"train": 3, "dev": 1, "test": 1}  # variants of each pair


@dataclass(frozen=True)
class DigitSums:
    """Sequences and their labels.

    Attributes:
        digits: int64, (rows, T), 0 to 9
        labels: int64, (rows,), 0 to 18
    """

    digits: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.digits.tobytes() + self.labels.tobytes()).hexdigest()

    @property
    def length(self) -> int:
        """T, digits in a sequence."""
        return int(self.digits.shape[1])


def make_digit_sums(length: int, variants: int, generator: np.random.Generator) -> DigitSums:
    """All 100 pairs of digits, `variants` sequences of each.

    Args:
        length: T, digits in a sequence.
        variants: k, sequences for each pair.
        generator: draws the place and the value of the third digit.

    Raises:
        ConfigError: if `length` is below 3 or `variants` below 1.
    """
    if length < SHORTEST:
        raise ConfigError(f"--lengths {length}: expected at least {SHORTEST}, the two digits to add and one more")
    if variants < 1:
        raise ConfigError(f"k of {variants}: expected at least 1 sequence for each pair of digits")
    first, second = np.divmod(np.repeat(np.arange(100), variants), 10)
    digits = np.zeros((len(first), length), dtype=np.int64)
    digits[:, 0], digits[:, 1] = first, second
    place = generator.integers(2, length, len(first))
    digits[np.arange(len(first)), place] = generator.integers(0, 10, len(first))
    return DigitSums(digits, first + second)


def make_splits(length: int, seed: int, variants: int = SPLITS["train"]) -> dict[str, DigitSums]:
    """`variants` sequences of each pair to learn from, one for dev, one for test; all follow from length and seed."""
    generator = np.random.default_rng([seed, length])
    counts = {**SPLITS, "train": variants}
    return {split: make_digit_sums(length, count, generator) for split, count in counts.items()}


def splits_folder(length: int, seed: int, variants: int = SPLITS["train"]) -> Path:
    """``data/digit_sum/<length>``, and in it folders for other seeds than 0 and other numbers of variants."""
    folder = DATA_FOLDER / str(length)
    parts = [f"seed_{seed}"] * (seed != 0) + [f"k_{variants}"] * (variants != SPLITS["train"])
    return folder / "_".join(parts) if parts else folder


def load_splits(length: int, seed: int, variants: int = SPLITS["train"]) -> dict[str, DigitSums]:
    """The files of :func:`splits_folder`, those that are not there made first, and read back with all checks.

    Raises:
        ConfigError: if `length` is below 3 or `variants` below 1.
        DataError: with ``path:line`` for files that are not as they should be.
        ArtifactError: if they cannot be written.
    """
    folder = splits_folder(length, seed, variants)
    missing = [split for split in SPLITS if not (folder / f"{split}.txt").exists()]
    if missing:  # what is there stays; another run that makes the same files makes them the same
        made = make_splits(length, seed, variants)
        write_splits(folder, {split: made[split] for split in missing})
    try:
        splits = read_splits(folder)
    except DataError as error:
        raise DataError(f"{error} (delete the folder, and it is made anew)") from error
    found = splits["train"].length
    if found != length:
        raise DataError(f"{folder / 'train.txt'}: sequences of {found} digits; expected {length}: delete the folder")
    return splits


def to_text(sums: DigitSums) -> str:
    """``digits<TAB>label`` lines."""
    rows = zip(sums.digits.tolist(), sums.labels.tolist(), strict=True)
    return "".join(f"{' '.join(map(str, digits))}\t{label}\n" for digits, label in rows)


def write_splits(folder: Path, splits: dict[str, DigitSums]) -> None:
    """``train.txt``, ``dev.txt`` and ``test.txt`` in `folder`, as far as `splits` has them.

    Raises:
        ArtifactError: if they cannot be written.
    """
    try:
        for split, sums in splits.items():
            write_atomically(folder / f"{split}.txt", to_text(sums).encode("ascii"))
    except ArtifactError as error:
        raise ArtifactError(
            f"{folder}: the sequences cannot be written there ({one_line(error)}); expected a folder data/ that you "
            "may write to: change to another folder"
        ) from error


def read_splits(folder: Path) -> dict[str, DigitSums]:
    """What :func:`write_splits` wrote.

    Raises:
        DataError: with ``path:line`` for anything that is not as it should be.
    """
    splits = {split: read_digit_sums(folder / f"{split}.txt") for split in SPLITS}
    lengths = {split: sums.length for split, sums in splits.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{split} {length}" for split, length in lengths.items())
        raise DataError(f"{folder}: sequences of different lengths ({found}); expected one: delete the folder")
    return splits


def read_digit_sums(path: Path) -> DigitSums:
    """One file.

    Raises:
        DataError: with ``path:line`` for anything that is not as it should be.
    """
    text, _ = decode(read_bytes(path), path)
    if not text.strip():
        raise DataError(f"{path}: the file is empty; expected lines of digits, a tab and their label")
    rows: list[list[int]] = []
    labels: list[int] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        where = f"{path}:{number}"
        digits, tab, label = line.rstrip("\r").partition("\t")
        if not tab:
            raise DataError(f"{where}: no tab in {one_line(line, widest=40)!r}; expected digits, a tab and their label")
        parts = digits.split()
        wrong = [part for part in parts if not (len(part) == 1 and part in "0123456789")]
        if wrong:
            raise DataError(f"{where}: {listed(wrong, most=3)}; expected digits from 0 to 9, separated by spaces")
        if len(parts) < SHORTEST:
            raise DataError(f"{where}: {len(parts)} digits; expected at least {SHORTEST}")
        if rows and len(parts) != len(rows[0]):
            raise DataError(f"{where}: {len(parts)} digits; expected {len(rows[0])}, as on the first line")
        values = [int(part) for part in parts]
        if label.strip() != str(values[0] + values[1]):
            raise DataError(
                f"{where}: the label is {one_line(label, widest=20)}; expected {values[0] + values[1]}, the sum of the "
                "first two digits"
            )
        rows.append(values)
        labels.append(values[0] + values[1])
    return DigitSums(np.array(rows, dtype=np.int64), np.array(labels, dtype=np.int64))

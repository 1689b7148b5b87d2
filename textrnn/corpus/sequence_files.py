"""The files of the memory experiments' sequences: written once for every length and seed, then read back.

A file has ``digits<TAB>label`` lines: the tokens separated by spaces, then the answer; where something is asked at
several places, an answer for each token, ``-`` where nothing is asked. The problem decides what the answer is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.readers import decode, read_bytes
from textrnn.corpus.sequences import NOTHING, VARIANTS, Answer, LabelledSequences, SequenceProblem, make_splits
from textrnn.errors import ArtifactError, DataError, listed, one_line
from textrnn.files import write_atomically

DATA_FOLDER = Path("data")


def splits_folder(problem: SequenceProblem, length: int, seed: int, variants: int = VARIANTS["train"]) -> Path:
    """``data/<problem>/<length>``, and in it folders for other seeds than 0 and other numbers of variants."""
    folder = DATA_FOLDER / problem.name.replace("-", "_") / str(length)
    parts = [f"seed_{seed}"] * (seed != 0) + [f"k_{variants}"] * (variants != VARIANTS["train"])
    return folder / "_".join(parts) if parts else folder


@dataclass(frozen=True)
class SplitsPlace:
    """Where the sequences of a length are, and from what those that are missing there are made.

    Attributes:
        own: whether they are the user's, and not what the program makes
        missing: files that are not there, and are made
    """

    folder: Path
    seed: int
    variants: int
    own: bool
    missing: tuple[str, ...] = ()


def find_splits(problem: SequenceProblem, length: int, seed: int, variants: int = VARIANTS["train"]) -> SplitsPlace:
    """The folder of :func:`splits_folder`; or ``data/<problem>/<length>``, where that has files of the user's own.

    Those are meant for every seed and number of variants, unless the folder of that seed has others.

    Raises:
        DataError: if a file that is there cannot be read.
    """
    place = _place(problem, length, seed, variants)
    usual = _place(problem, length, 0, VARIANTS["train"])
    return usual if usual.own and not place.own else place


def _place(problem: SequenceProblem, length: int, seed: int, variants: int) -> SplitsPlace:
    folder = splits_folder(problem, length, seed, variants)
    present = [split for split in VARIANTS if (folder / f"{split}.txt").exists()]
    made = make_splits(problem, length, seed, variants) if present else {}
    own = any(
        read_bytes(folder / f"{split}.txt").replace(b"\r\n", b"\n") != to_text(made[split]).encode("ascii")
        for split in present
    )
    missing = tuple(f"{split}.txt" for split in VARIANTS if split not in present)
    return SplitsPlace(folder, seed, variants, own, missing)


def load_splits(
    problem: SequenceProblem,
    length: int,
    seed: int,
    variants: int = VARIANTS["train"],
    *,
    place: SplitsPlace | None = None,
) -> dict[str, LabelledSequences]:
    """The files of :func:`find_splits`, those that are not there made first, and read back with all checks.

    Args:
        place: what :func:`find_splits` gave, where that is known.

    Raises:
        DataError: with ``path:line`` for files that are not as they should be.
        ArtifactError: if they cannot be written.
    """
    place = place or find_splits(problem, length, seed, variants)
    folder = place.folder
    missing = [split for split in VARIANTS if not (folder / f"{split}.txt").exists()]
    if missing:  # what is there stays; another run that makes the same files makes them the same
        made = make_splits(problem, length, place.seed, place.variants)
        write_splits(folder, {split: made[split] for split in missing})
    try:
        splits = read_splits(folder, problem)
        found, what = splits["train"].length, problem.tokens_called
        if found != length and not problem.mixes_lengths:
            raise DataError(f"{folder / 'train.txt'}:1: {found} {what}; expected {length}, as the folder is named")
        for split, sequences in splits.items():
            if sequences.length > length:
                where = f"{folder / f'{split}.txt'}:{int(sequences.lengths.argmax()) + 1}"
                raise DataError(
                    f"{where}: {sequences.length} {what}; expected at most {length}, as the folder is named"
                )
    except DataError as error:
        raise DataError(f"{error} (or move the file elsewhere, and one is made)") from error
    return splits


def to_text(sequences: LabelledSequences) -> str:
    """``digits<TAB>label`` lines."""
    rows = zip(sequences.tokens.tolist(), sequences.labels.tolist(), sequences.lengths.tolist(), strict=True)
    return "".join(
        f"{' '.join(map(str, tokens[:length]))}\t{_answer_text(label[:length] if isinstance(label, list) else label)}\n"
        for tokens, label, length in rows
    )


def _answer_text(answer: Answer) -> str:
    """``13``, or ``- - 3 1``."""
    answers = answer if isinstance(answer, list) else [answer]
    return " ".join("-" if label == NOTHING else str(label) for label in answers)


def write_splits(folder: Path, splits: dict[str, LabelledSequences]) -> None:
    """``train.txt``, ``dev.txt`` and ``test.txt`` in `folder`, as far as `splits` has them.

    Raises:
        ArtifactError: if they cannot be written.
    """
    try:
        for split, sequences in splits.items():
            write_atomically(folder / f"{split}.txt", to_text(sequences).encode("ascii"))
    except ArtifactError as error:
        raise ArtifactError(
            f"{folder}: the sequences cannot be written there ({one_line(error)}); expected a folder data/ that you "
            "may write to: change to another folder"
        ) from error


def read_splits(folder: Path, problem: SequenceProblem) -> dict[str, LabelledSequences]:
    """What :func:`write_splits` wrote.

    Raises:
        DataError: with ``path:line`` for anything that is not as it should be.
    """
    splits = {split: read_sequences(folder / f"{split}.txt", problem) for split in VARIANTS}
    length = splits["train"].length
    for split, sequences in splits.items():
        if sequences.length != length and not problem.mixes_lengths:
            raise DataError(
                f"{folder / f'{split}.txt'}:1: {sequences.length} {problem.tokens_called}; expected {length}, as in "
                "train.txt"
            )
    return splits


def read_sequences(path: Path, problem: SequenceProblem) -> LabelledSequences:
    """One file.

    Raises:
        DataError: with ``path:line`` for anything that is not as it should be.
    """
    text, _ = decode(read_bytes(path), path)
    what = problem.tokens_called
    if not text.strip():
        raise DataError(f"{path}: the file is empty; expected lines of {what}, a tab and their label")
    known = {str(token): token for token in range(problem.vocabulary_size)}
    rows: list[list[int]] = []
    labels: list[Answer] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        where = f"{path}:{number}"
        tokens, tab, label = line.rstrip("\r").partition("\t")
        if not tab:
            raise DataError(f"{where}: no tab in {one_line(line, widest=40)!r}; expected {what}, a tab and their label")
        parts = tokens.split()
        wrong = [part for part in parts if part not in known]
        if wrong:
            raise DataError(
                f"{where}: {listed(wrong, most=3)}; expected {what} from 0 to {problem.vocabulary_size - 1}, separated "
                "by spaces"
            )
        if len(parts) < problem.shortest:
            raise DataError(f"{where}: {len(parts)} {what}; expected at least {problem.shortest}")
        if rows and len(parts) != len(rows[0]) and not problem.mixes_lengths:
            raise DataError(f"{where}: {len(parts)} {what}; expected {len(rows[0])}, as on the first line")
        values = [known[part] for part in parts]
        right = problem.answer(values)
        if label.split() != _answer_text(right).split():
            raise DataError(
                f"{where}: the label is {one_line(label, widest=20)}; expected {_answer_text(right)}, "
                f"{problem.answer_means}"
            )
        rows.append(values)
        labels.append(right)
    width = max(map(len, rows))
    return LabelledSequences(_rectangle(rows, width), _rectangle(labels, width))


def _rectangle(rows: Sequence[int | list[int]], width: int) -> NDArray[np.int64]:
    """Rows of numbers, the shorter ones filled up with ``NOTHING``; or one number of each row, as it is."""
    return np.array(
        [[*row, *[NOTHING] * (width - len(row))] if isinstance(row, list) else row for row in rows], np.int64
    )

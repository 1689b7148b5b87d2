"""Splits that a data set does not have, taken out of its training rows.

Source: of several labels a row, Sechidis, Tsoumakas and Vlahavas 2011, "On the stratification of multi-label data",
algorithm 1.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Sequence

from textrnn.corpus.readers import Rows
from textrnn.errors import DataError

HELD_OUT_SHARE = 0.1  # of all rows, for each split that has to be made


def make_splits(rows: dict[str, Rows], missing: list[str], seed: int) -> dict[str, Rows]:
    """Take a tenth of all rows, class by class, out of the training rows for each missing split.

    Of rows with several labels, every label has nearly the same share in each split, see :func:`_held_out_by_labels`.

    Rows with the same text stay together, so that no copy of a training text is ever scored; a text with several labels
    is kept for training. Every class that has a row keeps one for training.

    Raises:
        DataError: if the rows are too few.
    """
    train = rows["train"]
    taken = (
        _held_out_by_class(train, missing, seed)
        if train.label_sets is None
        else _held_out_by_labels(train.texts, train.label_sets, missing, seed)
    )
    for split, indices in taken.items():
        if not indices:
            raise DataError(
                f"{train.path}: {len(train)} rows are too few to make a {split} split; expected at least "
                f"{len(missing) + 1} different texts of a class, or a {split} file beside it"
            )
    held_out = {index for indices in taken.values() for index in indices}
    return {
        **rows,
        "train": train.select([index for index in range(len(train)) if index not in held_out]),
        **{split: train.select(sorted(indices)) for split, indices in taken.items()},
    }


def _held_out_by_class(train: Rows, missing: list[str], seed: int) -> dict[str, list[int]]:
    """Where each row has one label: the rows of each split that is made."""
    groups: dict[str, dict[str, list[int]]] = {}
    for index, (text, label) in enumerate(zip(train.texts, train.labels, strict=True)):
        groups.setdefault(text, {}).setdefault(label, []).append(index)
    by_class: dict[str, list[list[int]]] = {}
    for by_label in groups.values():
        for label, indices in by_label.items() if len(by_label) == 1 else ():
            by_class.setdefault(label, []).append(indices)
    generator = random.Random(seed)
    taken: dict[str, list[int]] = {split: [] for split in missing}
    for label in sorted(by_class):
        texts = by_class[label]
        generator.shuffle(texts)
        share = min(max(1, round(len(texts) * HELD_OUT_SHARE)), (len(texts) - 1) // len(missing))
        for position, split in enumerate(missing):
            for group in texts[position * share : (position + 1) * share]:
                taken[split] += group
    return taken


def _held_out_by_labels(
    texts: Sequence[str], sets: Sequence[tuple[str, ...]], missing: Sequence[str], seed: int
) -> dict[str, list[int]]:
    """Where rows have several labels: the rows of each split that is made."""
    groups: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        groups.setdefault(text, []).append(index)
    free = [rows for rows in groups.values() if len(rows) == 1 or len({frozenset(sets[i]) for i in rows}) == 1]
    generator = random.Random(seed)
    generator.shuffle(free)
    shares = [1 - HELD_OUT_SHARE * len(missing), *[HELD_OUT_SHARE] * len(missing)]
    chosen = stratified([sets[rows[0]] for rows in free], shares)
    held_out = {index for rows, split in zip(free, chosen, strict=True) if split for index in rows}
    learnt = Counter(label for index, labels in enumerate(sets) if index not in held_out for label in labels)
    for at, rows in enumerate(free):  # every label keeps a row for training
        if chosen[at] and any(not learnt[label] for label in sets[rows[0]]):
            chosen[at] = 0
            learnt.update(list(sets[rows[0]]) * len(rows))
    for split in range(1, len(shares)):  # and every split has a row
        spare = (
            at
            for at, rows in enumerate(free)
            if not chosen[at] and all(learnt[label] > len(rows) for label in sets[rows[0]])
        )
        more = len(groups) - sum(map(bool, chosen)) > 1  # texts that are learnt
        if split not in chosen and more and (place := next(spare, None)) is not None:
            chosen[place] = split
            learnt.subtract(list(sets[free[place][0]]) * len(free[place]))
    places = {name: [at for at, found in enumerate(chosen) if found == split] for split, name in enumerate(missing, 1)}
    return {name: [index for at in found for index in free[at]] for name, found in places.items()}


def stratified(sets: Sequence[Sequence[str]], shares: Sequence[float]) -> list[int]:
    """The part of each row, so that every part has nearly its share of the rows of each label, and of all rows.

    The label with the fewest rows left goes first; each of its rows goes to the part that lacks most of that label, of
    those that lack the same to the one that lacks most rows.

    Args:
        sets: the labels of each row, none twice.
        shares: of each part, 1 in sum.
    """
    rows_of: dict[str, list[int]] = {}
    for row, labels in enumerate(sets):
        for label in labels:
            rows_of.setdefault(label, []).append(row)
    left = {label: len(rows) for label, rows in rows_of.items()}
    lacking = {label: [share * count for share in shares] for label, count in left.items()}
    rows_lacking = [share * len(sets) for share in shares]
    part_of = [-1] * len(sets)
    fewest = [(count, label) for label, count in left.items()]
    heapq.heapify(fewest)

    def put(row: int, part: int) -> None:
        part_of[row] = part
        rows_lacking[part] -= 1
        for label in sets[row]:
            lacking[label][part] -= 1
            left[label] -= 1
            heapq.heappush(fewest, (left[label], label))

    while fewest:
        count, label = heapq.heappop(fewest)
        if count != left[label] or not count:
            continue  # it has fewer by now
        of_label = lacking[label]
        for row in rows_of[label]:
            if part_of[row] < 0:
                lacks = [*zip(of_label, rows_lacking, strict=True)]
                put(row, max(range(len(shares)), key=lacks.__getitem__))
    for row in range(len(sets)):
        if part_of[row] < 0:  # without any label
            put(row, max(range(len(shares)), key=rows_lacking.__getitem__))
    return part_of

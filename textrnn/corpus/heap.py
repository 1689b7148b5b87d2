"""A heap of texts without labels, to learn from beside few with: read from whatever file people have, and cleared of
what is labelled or kept for testing.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from textrnn.config import DataConfig
from textrnn.corpus.dataset import Dataset
from textrnn.corpus.readers import Reading, all_cleaned
from textrnn.corpus.readers.unlabelled import open_given
from textrnn.corpus.similar import comparison_key
from textrnn.corpus.sources.content import content_at
from textrnn.corpus.sources.splits import data_files
from textrnn.errors import DataError, user_path

AT_ONCE = 8192  # records
MOST_TEXTS = 1_000_000  # learnt from; more would fill the memory and teach little


@dataclass(frozen=True)
class Heap:
    """Texts without labels, each once.

    Attributes:
        name: where they are from
        readings: what was understood of each file
        repeated, labelled, held_out: texts that were taken out, for they stood there twice, among the labelled rows,
            among the rows of the dev and test splits
        is_cut: whether there are more, which are not read
    """

    name: str
    texts: list[str]
    readings: tuple[Reading, ...] = ()
    repeated: int = 0
    labelled: int = 0
    held_out: int = 0
    is_cut: bool = False

    def __len__(self) -> int:
        return len(self.texts)


def files_of_heap(given: str) -> list[Path]:
    """The files that a heap is read from.

    Args:
        given: the path, as it was typed.

    Raises:
        DataError: for a folder without any.
    """
    place = user_path(given, "unlabelled")
    paths = data_files(place) if place.is_dir() else [place]
    if not paths:
        raise DataError(f"{place}: no file of texts in the folder; expected one text a line, or a table of texts")
    return paths


def read_heap(given: str, config: DataConfig) -> Heap:
    """The texts of a file, or of all data files in a folder.

    Args:
        given: the path, as it was typed.
        config: how it is to be read, where that is not to be found out.

    Raises:
        DataError: if there is no such file, or no text in it.
    """
    place, paths = user_path(given, "unlabelled"), files_of_heap(given)
    readings = list[Reading]()

    def blocks() -> Iterator[list[str]]:
        for path in paths:
            found = open_given(content_at(path), config)
            readings.append(found.reading)
            for block in found.blocks(AT_ONCE):
                yield [text for at, text in enumerate(block.texts) if at not in block.errors]

    heap = _heap(str(place), blocks())
    return dataclasses.replace(heap, readings=tuple(readings))


def heap_in_memory(texts: Sequence[str], name: str = "unlabelled") -> Heap:
    """The same of texts in memory.

    Raises:
        DataError: if there is none.
    """
    return _heap(name, [list(texts)])


def _heap(name: str, blocks: Iterable[list[str]]) -> Heap:
    once: dict[str, None] = {}
    read = 0
    for texts in blocks:
        there = [text for text in all_cleaned(texts) if text.strip()]
        once.update(dict.fromkeys(there))
        read += len(there)
        if len(once) > MOST_TEXTS:  # what follows is not read
            break
    if not once:
        raise DataError(f"{name}: no text in it; expected texts like those that are labelled, one a line")
    kept = list(itertools.islice(once, MOST_TEXTS))
    return Heap(name, kept, repeated=read - len(once), is_cut=len(once) > MOST_TEXTS)


def cleared(heap: Heap, dataset: Dataset) -> Heap:
    """The heap without the texts of the data set's splits; upper case, width and punctuation make no difference.

    Raises:
        DataError: if nothing is left, as of the training file itself.
    """
    learnt = set(map(comparison_key, dataset.train.texts))
    held_out = {comparison_key(text) for split in (dataset.dev, dataset.test) for text in split.texts} - learnt
    kept, of_labelled, of_held_out = list[str](), 0, 0
    for text in heap.texts:
        key = comparison_key(text)
        of_labelled += key in learnt
        of_held_out += key in held_out
        if key not in learnt and key not in held_out:
            kept.append(text)
    if not kept:
        raise DataError(
            f"{heap.name}: all {len(heap):,} texts stand in the data set itself; expected others, without labels: name "
            "another file in `unlabelled`, or leave it out"
        )
    return dataclasses.replace(heap, texts=kept, labelled=of_labelled, held_out=of_held_out)

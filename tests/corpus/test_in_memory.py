"""Data sets of texts in memory: the splits of the command line, and its errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.factories import small_rows, write_rows
from textrnn.config import CorpusConfig, DataConfig
from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.in_memory import corpus_in_memory, dataset_in_memory, more_of_a_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.errors import DataError

TEXTS, LABELS = map(list, zip(*small_rows(60), strict=True))


@pytest.mark.parametrize("seed", [0, 5])
def test_holds_out_what_is_held_out_of_files(tmp_path: Path, seed: int) -> None:
    write_rows(tmp_path / "train.txt", small_rows(60))
    write_rows(tmp_path / "test.txt", small_rows(9, 4))
    of_files = load_dataset(find_dataset(str(tmp_path)), DataConfig(split_seed=seed))
    in_memory = dataset_in_memory((TEXTS, LABELS), split_seed=seed)
    for split in ("train", "dev"):
        one, other = getattr(of_files, split), getattr(in_memory, split)
        assert (one.texts, one.labels) == (other.texts, other.labels)
    assert in_memory.class_names == of_files.class_names
    assert [note.kind for note in in_memory.notes] == ["split_made"]


def test_weights_go_with_their_rows() -> None:
    dataset = dataset_in_memory((TEXTS, LABELS), weights=np.arange(60.0) + 1)
    for split in (dataset.train, dataset.dev):
        assert split.weights is not None
        assert [TEXTS[int(weight) - 1] for weight in split.weights] == split.texts
    for dev in ((TEXTS[:5], LABELS[:5]), (TEXTS * 2, LABELS * 2)):  # also one of more rows than there are weights
        own = dataset_in_memory((TEXTS, LABELS), dev, weights=np.arange(60.0) + 1)
        assert own.dev.weights is None
        assert own.train.weights is not None
    plain, weighted = (dataset_in_memory((TEXTS, LABELS), weights=w) for w in (None, np.arange(60.0) + 1))
    settings = DataConfig().fitted_to(words_are_spaced=False, pad_size=20)
    assert plain.encoded(settings).digest != weighted.encoded(settings).digest


def test_rows_too_few_to_be_split_are_all_learnt() -> None:
    dataset = dataset_in_memory((["a", "b", "b", "c", "c"], ["x", "y", "y", "x", "y"]))  # c is of two classes
    assert dataset.dev is dataset.train
    assert len(dataset.train) == 5


def test_more_rows_keep_classes_and_vocabulary() -> None:
    settings = DataConfig().fitted_to(words_are_spaced=False, pad_size=20)
    first = dataset_in_memory((TEXTS, LABELS))
    vocabulary = first.encoded(settings).vocabulary
    more = more_of_a_dataset((["新的字", "猫"], ["山水", "数字"]), first.class_names, vocabulary, None)
    assert more.encoded(settings).vocabulary is vocabulary
    assert more.train.labels == [0, 1]
    with pytest.raises(DataError, match=r"^labels\[0\]: 'z' is no class of the training texts; expected one of 山水"):
        more_of_a_dataset((["a"], ["z"]), first.class_names, vocabulary, None)


def test_checks_are_those_of_files() -> None:
    labels = ["a|b" if i == 7 else "ab"[i % 2] for i in range(60)]
    with pytest.raises(DataError, match=r"^texts\[7\]: 1 row with several labels in one cell: 'a\|b' is 'a' and 'b'"):
        dataset_in_memory((TEXTS, labels))


def test_a_running_text() -> None:
    corpus = corpus_in_memory("Ab c.\r\n" * 50, CorpusConfig(letters=True))
    assert corpus.train.startswith("ab c ab c")
    with pytest.raises(DataError, match=r"^texts in memory: no text in it; expected one to learn from$"):
        corpus_in_memory(" \n", CorpusConfig())
